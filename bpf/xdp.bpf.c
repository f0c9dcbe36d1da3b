// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* XDP on the uplink: service traffic from outside, the answers to it, and who asks for announced addresses. */
#include "ctx_xdp.h"

#include "announce.h"
#include "flood.h"
#include "monitor.h"
#include "service.h"
#include "verdict.h"

static __always_inline int verdict(struct xdp_md *ctx, const struct pkt *pkt, int reason)
{
	if (likely(reason == SR_OK)) {
		verdict_count(SR_OK, pkt->frame);
		return pkt->out_ifindex ? XDP_TX : XDP_PASS;
	}
	/* Whoever must be told why is told by tc. */
	if (reason < 0 && sr_reason_refusal(reason) != SR_REFUSAL_SILENT)
		reason = SR_PASS_TO_TC;
	verdict_count(reason, pkt->frame);
	if (sr_reason_is_answer(reason))
		return XDP_TX;
	monitor_packet(&pkt->tuple, reason < 0 ? SR_EVENT_DROPPED : SR_EVENT_PASSED, reason, ctx->ingress_ifindex);
	return reason < 0 ? XDP_DROP : XDP_PASS;
}

static __always_inline int xdp_serve(struct xdp_md *ctx, struct pkt *pkt)
{
	int ret = flood_check(ctx, pkt);

	return likely(ret == SR_OK) ? service_in(ctx, pkt, SIDE_WIRE) : ret;
}

SEC("xdp")
int sr_xdp_uplink(struct xdp_md *ctx)
{
	struct pkt pkt = {};
	int ret;

	ret = pkt_parse(ctx, &pkt, 0);
	if (ret == SR_OK)
		ret = xdp_serve(ctx, &pkt);
	else if (announce_may_concern(ret))
		ret = xdp_announce_answer(ctx, &pkt, ret);
	return verdict(ctx, &pkt, ret);
}

char _license[] SEC("license") = "Dual BSD/GPL";
