/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Direct server return, the node's half: what gateways that we were told of
 * (--dsr-from) send through tunnels to this node, and is for a frontend or of a
 * connection to what was one, loses its outer header and comes in once more. It
 * is given to this node's own backends and nobody else's, so that nothing goes
 * round in circles; other tunnels are none of our business. tc only.
 */
#ifndef BPF_DSR_RECEIVE_H
#define BPF_DSR_RECEIVE_H

#include "dsr.h"
#include "table.h"

#define DSR_ECT_1 1
#define DSR_ECT_0 2
#define DSR_CE	  3

static __always_inline bool dsr_is_tunnel(const struct pkt *pkt, int ret)
{
	return unlikely(ret == SR_PASS_NOT_SERVED_PROTO && sr_num_dsr_from &&
			pkt->tuple.proto == (pkt->family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6));
}

static __always_inline bool dsr_is_trusted(const struct sr_addr *src)
{
	for (__u32 i = 0; i < SR_MAX_DSR_SOURCES; i++)
		if (i < sr_num_dsr_from && net_contains(&sr_dsr_from[i], src))
			return true;
	return false;
}

/* An IP header at `at`, without extensions, and the ports after it. Where these are, or < 0. */
static __always_inline int dsr_read_v4(sr_ctx *ctx, __u32 at, struct sr_tuple *out)
{
	struct iphdr ip;

	if (ctx_read(ctx, at, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return -1;
	addr_from_v4(&out->src, ip.saddr);
	addr_from_v4(&out->dst, ip.daddr);
	*(__u32 *)&out->proto = ip.protocol;
	return at + ip.ihl * 4;
}

static __always_inline int dsr_read_v6(sr_ctx *ctx, __u32 at, struct sr_tuple *out)
{
	struct ipv6hdr ip;

	if (ctx_read(ctx, at, &ip, sizeof(ip)) || ip.version != 6)
		return -1;
	__builtin_memcpy(&out->src, &ip.saddr, 16);
	__builtin_memcpy(&out->dst, &ip.daddr, 16);
	*(__u32 *)&out->proto = ip.nexthdr;
	return at + sizeof(ip);
}

static __always_inline int dsr_read(sr_ctx *ctx, __u32 at, __u8 family, struct sr_tuple *out)
{
	int l4 = family == 4 ? dsr_read_v4(ctx, at, out) : dsr_read_v6(ctx, at, out);

	return l4 < 0 || ctx_read(ctx, l4, &out->sport, 4) ? -1 : l4;
}

/* Whose packet is inside, or about whose answer an error is: scratch->icmp.answer. False: it cannot be read. */
__subprog bool dsr_read_subject(struct __sk_buff *ctx, const struct pkt *pkt)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_tuple *tuple, *quoted;
	int l4;

	if (!pkt || !scratch)
		return false;
	tuple = &scratch->icmp.answer;
	quoted = &scratch->icmp.quoted;
	*tuple = *quoted = (struct sr_tuple){};
	l4 = dsr_read(ctx, pkt_l4(pkt), pkt->family, tuple);
	if (l4 < 0)
		return false;
	if (tuple->proto == (pkt->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		if (dsr_read(ctx, l4 + 8, pkt->family, quoted) < 0)
			return false;
		tuple_invert(tuple, quoted);
	}
	return true;
}

/* Of a connection that began when its service was there, or an error about its answers: it goes on without. */
static __always_inline bool dsr_goes_on(sr_ctx *ctx, const struct pkt *pkt, const struct sr_scratch *scratch)
{
	struct sr_conn *conn;

	if (!dsr_read_subject(ctx, pkt))
		return false;
	conn = conn_get(&scratch->icmp.answer);
	return conn && conn_is_live(conn, conn->to.flags);
}

/* Is the inner packet of the same family, and addressed to a frontend, or to what was one? */
static __always_inline bool dsr_is_served(sr_ctx *ctx, const struct pkt *pkt)
{
	struct sr_scratch *scratch = conn_scratch();

	if (!scratch || pkt->fragment != PKT_WHOLE || pkt_l4(pkt) != pkt_l3(pkt) + dsr_size(pkt))
		return false;
	scratch->icmp.answer = (struct sr_tuple){};
	if (dsr_read(ctx, pkt_l4(pkt), pkt->family, &scratch->icmp.answer) < 0)
		return false;
	return address_flags(&scratch->icmp.answer.dst) >= 0 || dsr_goes_on(ctx, pkt, scratch);
}

/* What the inner header says of congestion in the end; < 0: it cannot, so that the packet is dropped instead. */
static __always_inline int dsr_ecn(__u8 outer, __u8 inner)
{
	if (outer == DSR_CE)
		return inner ? DSR_CE : -1;
	return outer == DSR_ECT_1 && inner == DSR_ECT_0 ? DSR_ECT_1 : inner;
}

/* Bring what the outer header says of congestion to the inner one (RFC 6040, section 4.2). */
static __always_inline int dsr_merge_ecn(sr_ctx *ctx, const struct pkt *pkt)
{
	__u8 shift = pkt->family == 4 ? 0 : 4;
	__u8 outer, old, new;
	__sum16 check;
	int ecn;

	if (ctx_read(ctx, pkt_l3(pkt) + 1, &outer, 1) || ctx_read(ctx, pkt_l4(pkt) + 1, &old, 1))
		return SR_DROP_INTERNAL;
	ecn = dsr_ecn(outer >> shift & 3, old >> shift & 3);
	if (ecn < 0)
		return SR_DROP_TUNNEL;
	new = (old & ~(3 << shift)) | ecn << shift;
	if (likely(new == old))
		return SR_OK;
	if (bpf_skb_store_bytes(ctx, pkt_l4(pkt) + 1, &new, 1, pkt->family == 6 ? BPF_F_RECOMPUTE_CSUM : 0))
		return SR_DROP_INTERNAL;
	if (pkt->family == 6)
		return SR_OK;
	if (ctx_read(ctx, pkt_l4(pkt) + offsetof(struct iphdr, check), &check, sizeof(check)))
		return SR_DROP_INTERNAL;
	check = csum_update(check, nat_word_delta(bpf_htons(old), bpf_htons(new)));
	return bpf_skb_store_bytes(ctx, pkt_l4(pkt) + offsetof(struct iphdr, check), &check, sizeof(check), 0)
		       ? SR_DROP_INTERNAL
		       : SR_OK;
}

/* A tunnel's packet. SR_OK: it is unwrapped, and is to come in once more; else what becomes of it as it is. */
__subprog int dsr_receive(struct __sk_buff *ctx, const struct pkt *pkt)
{
	int ret;

	if (!pkt)
		return SR_DROP_INTERNAL;
	if (!dsr_is_trusted(&pkt->tuple.src) || !dsr_is_for_us(ctx, pkt) || !dsr_is_served(ctx, pkt))
		return SR_PASS_NOT_SERVED_PROTO;
	ret = dsr_merge_ecn(ctx, pkt);
	if (ret != SR_OK)
		return ret;
	if (ctx_unwrap(ctx, dsr_size(pkt)))
		return SR_DROP_INTERNAL;
	ctx->tc_index = CTX_UNWRAPPED;
	return SR_OK;
}

/* What was unwrapped is served, or goes nowhere. */
static __always_inline int dsr_end(struct __sk_buff *ctx, int ret)
{
	ctx->tc_index = 0;
	if (ret == SR_DROP_NO_LOCAL_ENDPOINT || (ret > 0 && !sr_reason_is_answer(ret)))
		return SR_DROP_TUNNEL;
	return ret;
}

#endif
