/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Refusals: a packet that is dropped becomes what its sender is told: an ICMP
 * error that quotes it, or a TCP reset. Here is who may be told, and how often.
 * tc only: XDP cannot make room.
 */
#ifndef BPF_REFUSE_H
#define BPF_REFUSE_H

#include "refuse_icmp.h"
#include "refuse_reset.h"

/* No error is about an error (RFC 1122, section 3.2.2; RFC 4443, section 2.4 (e)): of ICMP, echo requests only. */
static __always_inline bool refuse_is_error(sr_ctx *ctx, const struct pkt *pkt)
{
	bool v4 = pkt->family == 4;
	__u8 type;

	if (pkt->tuple.proto != (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return false;
	return pkt_l4_length(pkt) < 1 || bpf_skb_load_bytes(ctx, pkt_l4(pkt), &type, 1) ||
	       type != (v4 ? ICMP_ECHO : ICMPV6_ECHO_REQUEST);
}

/* Nothing answers an error, a part of a packet that bears no ports, or what went to many. */
static __always_inline bool refuse_may_answer(sr_ctx *ctx, const struct pkt *pkt, enum sr_refusal kind)
{
	__u8 link = 0;

	if (!pkt_has_transport(pkt) || !addr_is_host(&pkt->tuple.src, pkt->family) || refuse_is_error(ctx, pkt))
		return false;
	if (kind == SR_REFUSAL_RESET && (pkt->tuple.proto != IPPROTO_TCP || pkt->tcp_flags & TCP_FLAG_RST))
		return false;
	if (pkt_l3(pkt))
		bpf_skb_load_bytes(ctx, 0, &link, 1);
	return !(link & 1);
}

#define REFUSE_BURST 6

/*
 * May this peer be sent one more? A bucket of tokens, as the kernel limits its
 * own (net.ipv4.icmp_ratelimit); it does not limit what path-MTU discovery needs.
 */
static __always_inline bool refuse_spend(const struct sr_addr *peer)
{
	__u64 now = bpf_jiffies64(), full = (__u64)sr_refusal_cost * REFUSE_BURST;
	struct sr_refusal_budget fresh = {.refilled = now, .tokens = full - sr_refusal_cost};
	struct sr_addr key = *peer;
	struct sr_refusal_budget *budget;
	__u64 tokens;

	budget = bpf_map_lookup_elem(&sr_refusals, &key);
	if (!budget) {
		bpf_map_update_elem(&sr_refusals, &key, &fresh, BPF_ANY);
		return true;
	}
	tokens = budget->tokens + now - budget->refilled;
	if (tokens > full)
		tokens = full;
	budget->refilled = now;
	budget->tokens = tokens < sr_refusal_cost ? tokens : tokens - sr_refusal_cost;
	return tokens >= sr_refusal_cost;
}

static __always_inline bool refuse_is_limited(enum sr_refusal kind)
{
	return sr_refusal_cost && kind != SR_REFUSAL_TOO_BIG && kind != SR_REFUSAL_RESET;
}

/*
 * Who speaks: this node, by its address on the device. To the host itself that
 * would be a martian, and a reset comes from who was called: their address.
 */
static __always_inline void refuse_source(struct refusal *refusal, sr_ctx *ctx, const struct pkt *pkt, bool outgoing)
{
	struct sr_device *device = device_lookup(ctx_ifindex(ctx));

	refusal->src = pkt->tuple.dst;
	if (outgoing || refusal->kind == SR_REFUSAL_RESET || !device)
		return;
	if (pkt->family == 4 && device->snat4.half[1])
		refusal->src = device->snat4;
	if (pkt->family == 6 && device->snat6.half[0] | device->snat6.half[1])
		refusal->src = device->snat6;
}

/*
 * Turn a packet that is dropped for `reason` into what its sender is told. 0: it
 * is to go back by the device it came from; `outgoing`: the host itself sent it.
 * Else it goes nowhere.
 */
__subprog int refuse(struct __sk_buff *ctx, const struct pkt *pkt, int reason, bool outgoing)
{
	struct refusal refusal = {.kind = sr_reason_refusal(reason)};

	if (!pkt || refusal.kind == SR_REFUSAL_SILENT || !refuse_may_answer(ctx, pkt, refusal.kind))
		return -1;
	if (!outgoing && refuse_is_limited(refusal.kind) && !refuse_spend(&pkt->tuple.src))
		return -1;

	refuse_source(&refusal, ctx, pkt, outgoing);
	if (refuse_turn_link(ctx, pkt))
		return -1;
	return refusal.kind == SR_REFUSAL_RESET ? refuse_by_reset(ctx, pkt, &refusal)
						: refuse_by_icmp(ctx, pkt, &refusal);
}

#endif
