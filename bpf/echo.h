/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pings to announced addresses (RFC 792; RFC 4443, section 4.2): both address
 * pairs change places, and the request becomes a reply. All that it takes lies
 * in the first fragment; the later ones follow it, where it was turned. XDP
 * leaves fragments to tc.
 */
#ifndef BPF_ECHO_H
#define BPF_ECHO_H

#include "fragment.h"
#include "origin.h"
#include "sum.h"

#define ECHO_TTL   64
#define ECHO_CHECK 2

/* No options (which the stack would rewrite, too), and of extensions a fragment's only. */
static __always_inline bool echo_is_plain(const struct pkt *pkt)
{
	__u32 header = pkt_l4(pkt) - pkt_l3(pkt);

	if (pkt->family == 4)
		return header == sizeof(struct iphdr);
	return header == sizeof(struct ipv6hdr) + (pkt->fragment == PKT_WHOLE ? 0 : 8);
}

/* To us alone, on the link and by its addresses. */
static __always_inline bool echo_is_ours(sr_ctx *ctx, const struct pkt *pkt)
{
	__u8 link[6] = {};

	if (pkt_l3(pkt) && (ctx_read(ctx, 0, link, sizeof(link)) || link[0] & 1))
		return false;
	return origin_calls_us(ctx) && addr_is_host(&pkt->tuple.src, pkt->family) &&
	       address_is_announced(&pkt->tuple.dst, ANNOUNCED_ANYWHERE);
}

/* Nobody sends from an address that we alone answer for: the reply would come back to us. */
static __always_inline bool echo_is_forged(const struct pkt *pkt)
{
	int flags = address_flags(&pkt->tuple.src);

	return (flags >= 0 && flags & SR_ADDRESS_CLUSTER_IP) ||
	       address_is_announced(&pkt->tuple.src, ANNOUNCED_ANYWHERE);
}

/* A request that begins here, or what follows one. What precedes its first fragment is lost. */
static __always_inline bool echo_is_request(sr_ctx *ctx, struct pkt *pkt)
{
	__u8 request = pkt->family == 4 ? ICMP_ECHO : ICMPV6_ECHO_REQUEST;
	__u8 proto = pkt->tuple.proto, type[2] = {};

	if (pkt_has_transport(pkt))
		return ctx_read(ctx, pkt_l4(pkt), type, sizeof(type)) == 0 && type[0] == request && !type[1];
	return fragment_recall(pkt) && pkt->tuple.proto == proto;
}

/*
 * A reply has a way of its own before it. Whether a later fragment is a
 * request's it does not say itself: two gateways could pass one to and fro for
 * ever, were it not to grow older.
 */
static __always_inline __u8 echo_ttl(const struct pkt *pkt)
{
	return pkt_has_transport(pkt) || pkt->ttl > ECHO_TTL ? ECHO_TTL : pkt->ttl - 1;
}

static __always_inline int echo_turn_link(sr_ctx *ctx, const struct pkt *pkt)
{
	__u8 from[12], to[12];

	if (!pkt_l3(pkt))
		return 0;
	if (ctx_read(ctx, 0, from, sizeof(from)))
		return -1;
	__builtin_memcpy(to, from + 6, 6);
	__builtin_memcpy(to + 6, from, 6);
	return ctx_write(ctx, 0, to, sizeof(to));
}

static __always_inline int echo_turn_v4(sr_ctx *ctx, const struct pkt *pkt)
{
	struct iphdr *ip = ctx_data(ctx) + pkt_l3(pkt);
	__u8 ttl = echo_ttl(pkt);

	if ((void *)(ip + 1) > ctx_data_end(ctx))
		return -1;
	ip->saddr = pkt->tuple.dst.word[3];
	ip->daddr = pkt->tuple.src.word[3];
	ip->check = csum_update(ip->check, nat_word_delta(bpf_htons(pkt->ttl << 8), bpf_htons(ttl << 8)));
	ip->ttl = ttl;
	return 0;
}

static __always_inline int echo_turn_v6(sr_ctx *ctx, const struct pkt *pkt)
{
	__u16 at = pkt_l3(pkt) + offsetof(struct ipv6hdr, hop_limit);
	struct {
		struct sr_addr src, dst;
	} pair = {.src = pkt->tuple.dst, .dst = pkt->tuple.src};
	__u8 hops = echo_ttl(pkt);

	return ctx_store(ctx, at, &hops, sizeof(hops)) || ctx_write(ctx, at + 1, &pair, sizeof(pair)) ? -1 : 0;
}

static __always_inline int echo_turn_type(sr_ctx *ctx, const struct pkt *pkt)
{
	__u8 from[2] = {pkt->family == 4 ? ICMP_ECHO : ICMPV6_ECHO_REQUEST};
	__u8 to[2] = {pkt->family == 4 ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY};
	__u64 delta = (__u64)(__u16) ~*(__u16 *)from + *(__u16 *)to;

	if (!pkt_has_transport(pkt))
		return 0;
	/* The one makes up for the other, so that a sum over all bytes stays right. */
	return ctx_update_l4_csum(ctx, pkt_l4(pkt) + ECHO_CHECK, 0, delta, false) ||
			       ctx_write(ctx, pkt_l4(pkt), to, sizeof(to))
		       ? -1
		       : 0;
}

/*
 * Is the sum right, as far as one can tell? That of fragments, or of more than
 * any frame has, stays as wrong or right in the reply as it was.
 */
static __always_inline bool echo_is_right(sr_ctx *ctx, const struct pkt *pkt)
{
	return pkt->fragment != PKT_WHOLE || pkt_l4_length(pkt) > SUM_MAX || sum_is_right(ctx, pkt);
}

/* SR_OK where the packet has become the reply; SR_PASS_NOT_SERVED_PROTO: it is as it was, and none of ours. */
static __always_inline int echo_answer(sr_ctx *ctx, struct pkt *pkt)
{
	if (!echo_is_plain(pkt) || !echo_is_ours(ctx, pkt))
		return SR_PASS_NOT_SERVED_PROTO;
	if (CTX_CAN_REDO && pkt->fragment != PKT_WHOLE)
		return SR_PASS_TO_TC;
	if (!echo_is_request(ctx, pkt))
		return SR_PASS_NOT_SERVED_PROTO;
	if (echo_is_forged(pkt))
		return SR_DROP_MARTIAN;
	if (!echo_is_right(ctx, pkt))
		return SR_DROP_BAD_SUM;
	if (!pkt_has_transport(pkt) && pkt->ttl <= 1)
		return SR_DROP_TTL;
	if (pkt->fragment == PKT_FIRST_FRAGMENT)
		fragment_remember(pkt);
	if ((pkt->family == 4 ? echo_turn_v4(ctx, pkt) : echo_turn_v6(ctx, pkt)) || echo_turn_type(ctx, pkt))
		return SR_DROP_INTERNAL;
	return echo_turn_link(ctx, pkt) ? SR_DROP_INTERNAL : SR_OK;
}

#endif
