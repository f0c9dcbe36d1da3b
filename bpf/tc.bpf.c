// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* tc on the uplink and on the pods' veths: both ways in, both ways out. */
#include "ctx_skb.h"

#include "announce.h"
#include "dsr_receive.h"
#include "icmp.h"
#include "monitor.h"
#include "refuse.h"
#include "service.h"
#include "verdict.h"

/* Which way a packet passes us. */
enum way {
	WAY_IN,
	WAY_OUT,
};

/* A packet that goes nowhere; its sender may be told. */
static __always_inline int verdict_drop(struct __sk_buff *ctx, const struct pkt *pkt, int reason, enum way way)
{
	bool is_told = refuse(ctx, pkt, reason, way == WAY_OUT) == 0;

	monitor_packet(&pkt->tuple, is_told ? SR_EVENT_REJECTED : SR_EVENT_DROPPED, reason, ctx->ifindex);
	return is_told ? bpf_redirect(ctx->ifindex, way == WAY_OUT ? BPF_F_INGRESS : 0) : TC_ACT_SHOT;
}

/* A packet that leaves past the stack, as forward.h has noted. */
static __always_inline int verdict_leave(struct __sk_buff *ctx, const struct pkt *pkt)
{
	struct bpf_redir_neigh hop = {.nh_family = pkt->out_family};
	const struct sr_scratch *scratch = conn_scratch();

	if (!pkt->out_family)
		return bpf_redirect(pkt->out_ifindex, BPF_F_INGRESS);
	if (pkt->out_family == PKT_HOP_PEER) {
		/* From a port of a bridge it is the bridge's. (Linux 6.15 sees to that itself.) */
		if (unlikely(ctx->pkt_type != PACKET_HOST))
			bpf_skb_change_type(ctx, PACKET_HOST);
		return bpf_redirect_peer(pkt->out_ifindex, 0);
	}
	/* The neighbour's address takes the place of a link header: there must be one. */
	if (!scratch || (!pkt_l3(pkt) && bpf_skb_change_head(ctx, ETH_HLEN, 0)))
		return TC_ACT_SHOT;
	if (unlikely(pkt->out_family == PKT_HOP_BY_ROUTE))
		return bpf_redirect_neigh(pkt->out_ifindex, NULL, 0, 0);
	__builtin_memcpy(hop.ipv6_nh, &scratch->hop, sizeof(scratch->hop));
	return bpf_redirect_neigh(pkt->out_ifindex, &hop, sizeof(hop), 0);
}

static __always_inline int verdict(struct __sk_buff *ctx, struct pkt *pkt, int reason, enum way way)
{
	if (likely(reason == SR_OK)) {
		verdict_count(SR_OK, ctx->len);
		return pkt->out_ifindex ? verdict_leave(ctx, pkt) : TC_ACT_UNSPEC;
	}
	verdict_count(reason, ctx->len);
	if (reason < 0)
		return verdict_drop(ctx, pkt, reason, way);
	if (sr_reason_is_answer(reason))
		return bpf_redirect(ctx->ifindex, 0);
	monitor_packet(&pkt->tuple, SR_EVENT_PASSED, reason, ctx->ifindex);
	return TC_ACT_UNSPEC;
}

/* Of what is not for this host alone only broadcasts and multicasts are answered, and nothing is served. */
static __always_inline int tc_in_many(struct __sk_buff *ctx, struct pkt *pkt, int ret)
{
	if (ctx->pkt_type != PACKET_OTHERHOST && announce_may_concern(ret))
		ret = tc_announce_answer(ctx, pkt, ret);
	return sr_reason_is_answer(ret) ? ret : SR_PASS_OTHER_HOST;
}

/* A gateway's packet comes in once more, without its outer header; any other tunnel's goes on. */
static __always_inline int tc_in_tunnel(struct __sk_buff *ctx, struct pkt *pkt)
{
	int ret = dsr_receive(ctx, pkt);

	if (ret == SR_OK)
		pkt->out_ifindex = ctx->ifindex;
	return verdict(ctx, pkt, ret, WAY_IN);
}

static __always_inline int tc_in(struct __sk_buff *ctx, enum side from, bool bare)
{
	struct pkt pkt = {};
	int ret;

	ret = pkt_parse(ctx, &pkt, (bare ? PKT_AT_BARE : 0) | (from == SIDE_WIRE ? PKT_AT_SHARED : 0));
	/* A port of a bridge is given its bridge's frames: so are pods' devices. */
	if (from == SIDE_WIRE && unlikely(!ctx_is_for_us(ctx)))
		return verdict(ctx, &pkt, tc_in_many(ctx, &pkt, ret), WAY_IN);
	if (from == SIDE_WIRE && dsr_is_tunnel(&pkt, ret))
		return tc_in_tunnel(ctx, &pkt);
	if (ret == SR_OK)
		ret = service_in(ctx, &pkt, from);
	else if (ret == SR_PASS_NOT_SERVED_PROTO)
		ret = icmp_pass(ctx, &pkt, false);
	if (announce_may_concern(ret))
		ret = tc_announce_answer(ctx, &pkt, ret);
	if (ret == SR_PASS_NOT_SERVED_PROTO)
		ret = service_refuse_stray(&pkt, from);
	if (from == SIDE_WIRE && ctx_is_unwrapped(ctx))
		ret = dsr_end(ctx, ret);
	return verdict(ctx, &pkt, ret, WAY_IN);
}

static __always_inline int tc_out(struct __sk_buff *ctx, bool to_wire, bool bare)
{
	struct pkt pkt = {};
	int ret;

	ret = pkt_parse(ctx, &pkt, bare ? PKT_AT_BARE : 0);
	if (ret == SR_OK)
		ret = service_out(ctx, &pkt, to_wire);
	else if (ret == SR_PASS_NOT_SERVED_PROTO)
		ret = icmp_pass(ctx, &pkt, true);
	if (ret == SR_PASS_NOT_SERVED_PROTO && to_wire && service_is_unmet(ctx))
		ret = service_refuse_stray(&pkt, SIDE_HOST);
	return verdict(ctx, &pkt, ret, WAY_OUT);
}

SEC("tc")
int sr_from_wire(struct __sk_buff *ctx)
{
	return tc_in(ctx, SIDE_WIRE, false);
}

SEC("tc")
int sr_from_pod(struct __sk_buff *ctx)
{
	return tc_in(ctx, SIDE_POD, false);
}

SEC("tc")
int sr_to_wire(struct __sk_buff *ctx)
{
	return tc_out(ctx, true, false);
}

SEC("tc")
int sr_to_pod(struct __sk_buff *ctx)
{
	return tc_out(ctx, false, false);
}

/* The same two where packets begin with IP: wireguard, tun. */
SEC("tc")
int sr_from_wire_l3(struct __sk_buff *ctx)
{
	return tc_in(ctx, SIDE_WIRE, true);
}

SEC("tc")
int sr_to_wire_l3(struct __sk_buff *ctx)
{
	return tc_out(ctx, true, true);
}

char _license[] SEC("license") = "Dual BSD/GPL";
