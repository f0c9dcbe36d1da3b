/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A flood of SYNs: when more flows begin on a CPU than it should enter, whoever
 * calls has to show first that its address is its own.
 *
 * A SYN that would begin a flow is turned into a SYN-ACK whose acknowledgement is
 * wrong, a cookie. Whoever sent the SYN resets what it never asked for, and that
 * reset bears the cookie (RFC 9293, section 3.10.7.3); a forged source tells
 * nothing, and nothing is kept of it. Then the client sends its SYN again (Linux
 * at once, all others by their timer), and is served. So a flood costs a look or
 * two a packet, and enters nobody.
 *
 * XDP only: where it is off, a flood is tc's to bear.
 */
#ifndef BPF_FLOOD_H
#define BPF_FLOOD_H

#include "conn.h"
#include "dispatch.h"

/* Ticks: how long an address is trusted; how long after a flood resets are looked at. */
#define FLOOD_TRUST_SHIFT 8 /* a minute, about: 1 << 8 of a quarter of a second */
#define FLOOD_LINGER	  16

/* A cookie is good for as long as its epoch, of 16 ticks, and the next one. */
#define FLOOD_EPOCH_SHIFT 4

#define FLOOD_TTL 64

static __always_inline struct sr_flood *flood_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sr_flood, &zero);
}

/* A flow has begun on this CPU. */
static __always_inline void flood_count(const struct pkt *pkt)
{
	struct sr_flood *flood;
	__u32 now = conn_now();

	if (!CTX_CAN_REDO || pkt->tuple.proto != IPPROTO_TCP)
		return;
	flood = flood_get();
	if (!flood)
		return;
	if (flood->tick != now)
		flood->begun = 0;
	flood->tick = now;
	if (++flood->begun >= sr_flood_limit)
		flood->until = now + FLOOD_LINGER;
}

/* A mix of the tuple and secrets that are used for nothing else: others see it. */
static __always_inline __u32 flood_cookie(const struct sr_tuple *tuple, __u32 epoch)
{
	const __u64 *word = (const __u64 *)tuple;
	__u64 sum = sr_key_seed[SR_COOKIE_SEED] ^ epoch;

	for (int i = 0; i < 5; i++) {
		sum = (sum ^ word[i]) * 0x9e3779b97f4a7c15ULL;
		sum ^= sum >> 32;
	}
	return ((sum ^ sr_key_seed[SR_COOKIE_SEED + 1]) * 0xff51afd7ed558ccdULL) >> 32;
}

static __always_inline bool flood_is_cookie(const struct pkt *pkt)
{
	__u32 epoch = conn_now() >> FLOOD_EPOCH_SHIFT;

	return pkt->seq == flood_cookie(&pkt->tuple, epoch) || pkt->seq == flood_cookie(&pkt->tuple, epoch - 1);
}

/* Has the address shown itself a short while ago? (Elements are recycled: then another's tick counts, once.) */
static __always_inline bool flood_trusts(const struct sr_addr *addr)
{
	struct sr_addr key = *addr;
	__u32 *tick = bpf_map_lookup_elem(&sr_trusted, &key);

	return tick && (conn_now() - *tick) >> FLOOD_TRUST_SHIFT == 0;
}

static __always_inline void flood_trust(const struct sr_addr *addr)
{
	struct sr_addr key = *addr;
	__u32 now = conn_now();

	bpf_map_update_elem(&sr_trusted, &key, &now, BPF_ANY);
}

static __always_inline int flood_turn_ip(sr_ctx *ctx, const struct pkt *pkt)
{
	struct iphdr *ip = ctx_data(ctx) + ETH_HLEN;
	struct ipv6hdr *ip6 = ctx_data(ctx) + ETH_HLEN;

	if (pkt->family == 6) {
		if ((void *)(ip6 + 1) > ctx_data_end(ctx))
			return -1;
		ip6->hop_limit = FLOOD_TTL;
		__builtin_memcpy(&ip6->saddr, &pkt->tuple.dst, 16);
		__builtin_memcpy(&ip6->daddr, &pkt->tuple.src, 16);
		return 0;
	}
	if ((void *)(ip + 1) > ctx_data_end(ctx))
		return -1;
	ip->check = csum_update(ip->check, (__u64)(__u16)~bpf_htons(ip->ttl << 8) + bpf_htons(FLOOD_TTL << 8));
	ip->ttl = FLOOD_TTL;
	ip->saddr = pkt->tuple.dst.word[3];
	ip->daddr = pkt->tuple.src.word[3];
	return 0;
}

/* Ends that change places leave every sum as it is: what is new is the acknowledgement, and that there is one. */
static __always_inline int flood_turn_tcp(sr_ctx *ctx, const struct pkt *pkt)
{
	struct tcphdr *tcp = ctx_data(ctx) + pkt_l4(pkt);
	__be32 ack = bpf_htonl(flood_cookie(&pkt->tuple, conn_now() >> FLOOD_EPOCH_SHIFT));

	if ((void *)(tcp + 1) > ctx_data_end(ctx))
		return -1;
	tcp->check = csum_update(tcp->check, (__u64)(__u32)~tcp->ack_seq + ack + bpf_htons(TCP_FLAG_ACK));
	tcp->ack_seq = ack;
	tcp->ack = 1;
	tcp->source = pkt->tuple.dport;
	tcp->dest = pkt->tuple.sport;
	return 0;
}

static __always_inline int flood_turn_link(sr_ctx *ctx)
{
	struct ethhdr *eth = ctx_data(ctx);
	__u8 to[6];

	if ((void *)(eth + 1) > ctx_data_end(ctx))
		return -1;
	__builtin_memcpy(to, eth->h_source, 6);
	__builtin_memcpy(eth->h_source, eth->h_dest, 6);
	__builtin_memcpy(eth->h_dest, to, 6);
	return 0;
}

static __always_inline int flood_challenge(sr_ctx *ctx, const struct pkt *pkt)
{
	if (flood_turn_tcp(ctx, pkt) || flood_turn_ip(ctx, pkt) || flood_turn_link(ctx))
		return SR_DROP_INTERNAL;
	return SR_ANSWER_CHALLENGE;
}

/* A SYN, while no more flows shall begin: SR_OK if it may all the same, or is not for a service. */
static __always_inline int flood_meet_syn(sr_ctx *ctx, const struct pkt *pkt, const struct sr_flood *flood)
{
	struct frontend frontend;

	if (flood->tick != conn_now() || flood->begun < sr_flood_limit || pkt->tcp_flags & TCP_FLAG_ACK)
		return SR_OK;
	if (frontend_read(&pkt->tuple.dst, pkt->tuple.dport, pkt->tuple.proto, &frontend) != SR_OK ||
	    !frontend_is_served(&frontend))
		return SR_OK;
	if (!dispatch_is_reachable(frontend.kind, SIDE_WIRE))
		return SR_DROP_NOT_REACHABLE;
	return flood_trusts(&pkt->tuple.src) ? SR_OK : flood_challenge(ctx, pkt);
}

static __noinline __attribute__((unused)) int flood_meet(sr_ctx *ctx, const struct pkt *pkt)
{
	struct sr_flood *flood = flood_get();

	if (!flood || !pkt || pkt->tuple.proto != IPPROTO_TCP)
		return SR_OK;
	if (!(pkt->tcp_flags & TCP_FLAG_RST))
		return flood_meet_syn(ctx, pkt, flood);
	if ((__s32)(flood->until - conn_now()) < 0 || !flood_is_cookie(pkt))
		return SR_OK;
	flood_trust(&pkt->tuple.src);
	return SR_DROP_CHALLENGE_MET;
}

/* SR_OK: the packet goes its way. */
static __always_inline int flood_check(sr_ctx *ctx, const struct pkt *pkt)
{
	return likely(!(pkt->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_RST))) ? SR_OK : flood_meet(ctx, pkt);
}

#endif
