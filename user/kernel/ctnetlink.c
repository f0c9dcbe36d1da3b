// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/ctnetlink.h"

#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"

struct sr_ctnetlink {
	struct nfct_handle *handle;
};

void sr_ctnetlink_close(struct sr_ctnetlink *netlink)
{
	if (netlink && netlink->handle)
		nfct_close(netlink->handle);
	free(netlink);
}

static void ct_cleanup(struct nf_conntrack **ct)
{
	if (*ct)
		nfct_destroy(*ct);
}
#define ct_autodestroy __attribute__((cleanup(ct_cleanup)))

/* --- tuples ------------------------------------------------------------------------------- */

/* The library's names of a tuple's parts. */
struct ct_direction {
	enum nf_conntrack_attr v4_src, v4_dst, v6_src, v6_dst, sport, dport, l3, l4;
};

static const struct ct_direction ct_call = {
	ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_SRC, ATTR_ORIG_IPV6_DST,
	ATTR_ORIG_PORT_SRC, ATTR_ORIG_PORT_DST, ATTR_ORIG_L3PROTO,  ATTR_ORIG_L4PROTO,
};

static const struct ct_direction ct_answer = {
	ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV4_DST, ATTR_REPL_IPV6_SRC, ATTR_REPL_IPV6_DST,
	ATTR_REPL_PORT_SRC, ATTR_REPL_PORT_DST, ATTR_REPL_L3PROTO,  ATTR_REPL_L4PROTO,
};

static void ct_get_addr(struct sr_addr *out, const struct nf_conntrack *ct, enum nf_conntrack_attr v4,
			enum nf_conntrack_attr v6)
{
	if (nfct_attr_is_set(ct, v4) > 0) {
		out->byte[10] = out->byte[11] = 0xff;
		out->word[3] = nfct_get_attr_u32(ct, v4);
	} else if (nfct_attr_is_set(ct, v6) > 0) {
		memcpy(out->byte, nfct_get_attr(ct, v6), sizeof(out->byte));
	}
}

/* False: a protocol that services do not use. */
static bool ct_get_tuple(struct sr_tuple *out, const struct nf_conntrack *ct, const struct ct_direction *direction)
{
	ct_get_addr(&out->src, ct, direction->v4_src, direction->v6_src);
	ct_get_addr(&out->dst, ct, direction->v4_dst, direction->v6_dst);
	out->sport = nfct_get_attr_u16(ct, direction->sport);
	out->dport = nfct_get_attr_u16(ct, direction->dport);
	out->proto = nfct_get_attr_u8(ct, direction->l4);
	return out->proto == IPPROTO_TCP || out->proto == IPPROTO_UDP || out->proto == IPPROTO_SCTP;
}

static void ct_set_addr(struct nf_conntrack *ct, enum nf_conntrack_attr v4, enum nf_conntrack_attr v6,
			const struct sr_addr *addr)
{
	if (sr_addr_is_v4(addr))
		nfct_set_attr_u32(ct, v4, addr->word[3]);
	else
		nfct_set_attr(ct, v6, addr->byte);
}

static uint8_t ct_family(const struct sr_tuple *tuple)
{
	return sr_addr_is_v4(&tuple->dst) ? AF_INET : AF_INET6;
}

static void ct_set_tuple(struct nf_conntrack *ct, const struct ct_direction *direction, const struct sr_tuple *tuple)
{
	nfct_set_attr_u8(ct, direction->l3, ct_family(tuple));
	ct_set_addr(ct, direction->v4_src, direction->v6_src, &tuple->src);
	ct_set_addr(ct, direction->v4_dst, direction->v6_dst, &tuple->dst);
	nfct_set_attr_u8(ct, direction->l4, tuple->proto);
	nfct_set_attr_u16(ct, direction->sport, tuple->sport);
	nfct_set_attr_u16(ct, direction->dport, tuple->dport);
}

/* --- states ------------------------------------------------------------------------------- */

static enum sr_flow_state ct_get_tcp_state(const struct nf_conntrack *ct)
{
	static const enum sr_flow_state states[] = {
		[TCP_CONNTRACK_NONE] = SR_FLOW_NEW,	     [TCP_CONNTRACK_SYN_SENT] = SR_FLOW_NEW,
		[TCP_CONNTRACK_SYN_RECV] = SR_FLOW_ANSWERED, [TCP_CONNTRACK_ESTABLISHED] = SR_FLOW_PROVEN,
		[TCP_CONNTRACK_FIN_WAIT] = SR_FLOW_ENDING,   [TCP_CONNTRACK_CLOSE_WAIT] = SR_FLOW_ENDING,
		[TCP_CONNTRACK_LAST_ACK] = SR_FLOW_ENDED,    [TCP_CONNTRACK_TIME_WAIT] = SR_FLOW_ENDED,
		[TCP_CONNTRACK_CLOSE] = SR_FLOW_RESET,	     [TCP_CONNTRACK_SYN_SENT2] = SR_FLOW_NEW,
	};
	uint8_t state = nfct_get_attr_u8(ct, ATTR_TCP_STATE);

	return state < ARRAY_SIZE(states) ? states[state] : SR_FLOW_PROVEN;
}

static enum sr_flow_state ct_get_state(const struct nf_conntrack *ct)
{
	uint32_t status = nfct_get_attr_u32(ct, ATTR_STATUS);

	if (nfct_attr_is_set(ct, ATTR_TCP_STATE) > 0)
		return ct_get_tcp_state(ct);
	if (status & IPS_ASSURED)
		return SR_FLOW_PROVEN;
	return status & IPS_SEEN_REPLY ? SR_FLOW_ANSWERED : SR_FLOW_NEW;
}

static uint8_t ct_tcp_state(enum sr_flow_state state)
{
	static const uint8_t states[SR_FLOW_STATES] = {
		[SR_FLOW_NEW] = TCP_CONNTRACK_SYN_SENT,	      [SR_FLOW_ANSWERED] = TCP_CONNTRACK_SYN_RECV,
		[SR_FLOW_PROVEN] = TCP_CONNTRACK_ESTABLISHED, [SR_FLOW_ENDING] = TCP_CONNTRACK_CLOSE_WAIT,
		[SR_FLOW_ENDED] = TCP_CONNTRACK_TIME_WAIT,    [SR_FLOW_RESET] = TCP_CONNTRACK_CLOSE,
	};

	return states[state];
}

static uint32_t ct_status(enum sr_flow_state state)
{
	if (state == SR_FLOW_NEW)
		return IPS_CONFIRMED;
	return IPS_CONFIRMED | IPS_SEEN_REPLY | (state == SR_FLOW_ANSWERED ? 0 : IPS_ASSURED);
}

static void ct_set_liberal(struct nf_conntrack *ct)
{
	nfct_set_attr_u8(ct, ATTR_TCP_FLAGS_ORIG, IP_CT_TCP_FLAG_BE_LIBERAL);
	nfct_set_attr_u8(ct, ATTR_TCP_MASK_ORIG, IP_CT_TCP_FLAG_BE_LIBERAL);
	nfct_set_attr_u8(ct, ATTR_TCP_FLAGS_REPL, IP_CT_TCP_FLAG_BE_LIBERAL);
	nfct_set_attr_u8(ct, ATTR_TCP_MASK_REPL, IP_CT_TCP_FLAG_BE_LIBERAL);
}

/* --- reading ------------------------------------------------------------------------------ */

/* False: of another zone, or of no concern. */
static bool ct_read(struct sr_ct *out, const struct nf_conntrack *ct)
{
	if (nfct_get_attr_u16(ct, ATTR_ZONE) || !ct_get_tuple(&out->nat.call, ct, &ct_call) ||
	    !ct_get_tuple(&out->nat.answer, ct, &ct_answer))
		return false;
	out->nat.state = ct_get_state(ct);
	out->timeout = nfct_get_attr_u32(ct, ATTR_TIMEOUT);
	out->mark = nfct_get_attr_u32(ct, ATTR_MARK);
	return true;
}

struct ct_walk {
	int (*visit)(const struct sr_ct *ct, void *context);
	void *context;
	int r;
};

static int ct_visit(enum nf_conntrack_msg_type type, struct nf_conntrack *from, void *context)
{
	struct ct_walk *walk = context;
	struct sr_ct ct = {};

	(void)type;
	if (walk->r == 0 && ct_read(&ct, from))
		walk->r = walk->visit(&ct, walk->context);
	return NFCT_CB_CONTINUE;
}

int sr_ctnetlink_each(struct sr_ctnetlink *netlink, int (*visit)(const struct sr_ct *ct, void *context), void *context)
{
	struct ct_walk walk = {.visit = visit, .context = context};
	uint32_t family = AF_UNSPEC;

	nfct_callback_register(netlink->handle, NFCT_T_ALL, ct_visit, &walk);
	return nfct_query(netlink->handle, NFCT_Q_DUMP, &family) < 0 ? -errno : walk.r;
}

/* --- writing ------------------------------------------------------------------------------ */

static int ct_query(struct sr_ctnetlink *netlink, enum nf_conntrack_query query, const struct nf_conntrack *ct)
{
	return nfct_query(netlink->handle, query, ct) < 0 ? -errno : 0;
}

int sr_ctnetlink_soften(struct sr_ctnetlink *netlink, const struct sr_ct *entry)
{
	ct_autodestroy struct nf_conntrack *ct = nfct_new();

	if (!ct)
		return -ENOMEM;
	if (entry->nat.call.proto != IPPROTO_TCP)
		return 0;
	ct_set_tuple(ct, &ct_call, &entry->nat.call);
	ct_set_liberal(ct);
	return ct_query(netlink, NFCT_Q_UPDATE, ct);
}

int sr_ctnetlink_remove(struct sr_ctnetlink *netlink, const struct sr_tuple *tuple)
{
	ct_autodestroy struct nf_conntrack *ct = nfct_new();

	if (!ct)
		return -ENOMEM;
	ct_set_tuple(ct, &ct_call, tuple);
	return ct_query(netlink, NFCT_Q_DESTROY, ct);
}

/* What netfilter must be told to make `answer` the answer to `call`. */
static void ct_set_translation(struct nf_conntrack *ct, const struct sr_nat *nat)
{
	const struct sr_tuple *call = &nat->call, *answer = &nat->answer;

	if (answer->sport != call->dport || sr_addr_compare(&answer->src, &call->dst) != 0) {
		ct_set_addr(ct, ATTR_DNAT_IPV4, ATTR_DNAT_IPV6, &answer->src);
		nfct_set_attr_u16(ct, ATTR_DNAT_PORT, answer->sport);
	}
	if (answer->dport != call->sport || sr_addr_compare(&answer->dst, &call->src) != 0) {
		ct_set_addr(ct, ATTR_SNAT_IPV4, ATTR_SNAT_IPV6, &answer->dst);
		nfct_set_attr_u16(ct, ATTR_SNAT_PORT, answer->dport);
	}
}

int sr_ctnetlink_add(struct sr_ctnetlink *netlink, const struct sr_ct *entry)
{
	ct_autodestroy struct nf_conntrack *ct = nfct_new();
	struct sr_tuple back = sr_takeover_turn(&entry->nat.call);

	if (!ct)
		return -ENOMEM;
	ct_set_tuple(ct, &ct_call, &entry->nat.call);
	ct_set_tuple(ct, &ct_answer, &back);
	ct_set_translation(ct, &entry->nat);
	nfct_set_attr_u32(ct, ATTR_STATUS, ct_status(entry->nat.state));
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, entry->timeout);
	if (entry->mark)
		nfct_set_attr_u32(ct, ATTR_MARK, entry->mark);
	if (entry->nat.call.proto == IPPROTO_TCP) {
		nfct_set_attr_u8(ct, ATTR_TCP_STATE, ct_tcp_state(entry->nat.state));
		ct_set_liberal(ct);
	}
	return ct_query(netlink, NFCT_Q_CREATE, ct);
}

/* --- opened ------------------------------------------------------------------------------- */

static int ct_fail(int r, struct sr_error *err)
{
	return sr_fail(err, r, "netfilter's connections cannot be read (ctnetlink): %s", strerror(-r));
}

int sr_ctnetlink_open(struct sr_ctnetlink **out, struct sr_error *err)
{
	sr_autoctnetlink struct sr_ctnetlink *netlink = calloc(1, sizeof(*netlink));
	struct sr_tuple none = {.proto = IPPROTO_TCP};
	int r;

	if (!netlink)
		return sr_fail(err, -ENOMEM, "no memory");
	netlink->handle = nfct_open(CONNTRACK, 0);
	if (!netlink->handle)
		return ct_fail(-errno, err);
	none.src.word[2] = none.dst.word[2] = htonl(0xffff);
	/* A kernel without it, and one that does not let us, say so at the first question. */
	r = sr_ctnetlink_remove(netlink, &none);
	if (r != -ENOENT)
		return ct_fail(r ? r : -EIO, err);
	*out = TAKE_PTR(netlink);
	return 0;
}
