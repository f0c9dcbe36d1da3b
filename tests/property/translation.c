// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "translation.h"

#include <netinet/in.h>
#include <string.h>

#include "refusal.h"

enum end {
	END_PASS,     /* to the stack */
	END_REDIRECT, /* it leaves at once */
	END_BACK,     /* by XDP */
	END_TO_TC,    /* XDP cannot finish it */
	END_EXPIRED,
	END_NO_ROUTE,
	END_SCTP_FRAGMENT,
	END_TO_HOST, /* into the host's stack, by another device */
};

/* Its CRC is that of the whole packet, and must follow a change of the ports. */
static bool is_bound_by_crc(const struct hearing *hearing, const struct tuple *to)
{
	static const uint8_t none[4];
	const struct wire_view *view = &hearing->view;

	return view->proto == IPPROTO_SCTP && view->part == WIRE_FIRST &&
	       (view->sport != to->sport || view->dport != to->dport) &&
	       memcmp(hearing->in->bytes + view->l4 + 8, none, sizeof(none)) != 0;
}

/* How a half's packet leaves, once it is rewritten. */
static enum end translation_end(const struct hearing *hearing, const struct flow *flow, bool is_reply)
{
	const struct sr_addr *dst = is_reply ? &flow->client.src : &flow->backend.dst;
	struct way way = place_way(dst);

	if (!flow->past || (is_reply && !flow->snat && !is_inbound(hearing)))
		return END_PASS;
	if (is_reply ? flow->host_client : flow->host_backend)
		return is_xdp(hearing) ? END_TO_TC : END_TO_HOST;
	if (hearing->view.ttl <= 1)
		return is_xdp(hearing) ? END_TO_TC : END_EXPIRED;
	if (!is_xdp(hearing))
		return way.has_route ? END_REDIRECT : END_NO_ROUTE;
	if (way.device != hearing->at.device || !way.mac || hearing->view.end - WIRE_LINK > 1500)
		return END_TO_TC;
	return END_BACK;
}

void translation_to_host(struct wire_frame *frame, const struct sr_addr *src)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, place_way(src).device == DEVICE_ETH1 ? 0x14 : 0x04};

	memcpy(frame->bytes, mac, sizeof(mac));
}

static void translation_frame(struct wire_frame *out, const struct hearing *hearing, const struct flow *flow,
			      bool is_reply, enum end end)
{
	struct tuple turned = tuple_turned(&flow->client);
	const struct tuple *to = is_reply ? &turned : &flow->backend;
	struct wire_change change = {.src = to->src, .dst = to->dst, .sport = to->sport, .dport = to->dport};

	change.hop = end == END_BACK || end == END_REDIRECT;
	if (end == END_BACK) {
		change.src_mac = hearing->at.device == DEVICE_ETH1 ? 0x14 : 0x04;
		change.dst_mac = place_way(&to->dst).mac;
	}
	*out = *hearing->in;
	wire_rewrite(out, &hearing->view, &change);
	if (end == END_TO_HOST)
		translation_to_host(out, &to->src);
}

bool judge_translated(struct hearing *hearing, const struct flow *flow, bool is_reply)
{
	enum end end = translation_end(hearing, flow, is_reply);
	struct tuple turned = tuple_turned(&flow->client);
	struct judge *judge = hearing->judge;
	struct wire_frame want;
	enum kernel_verdict verdict = KERNEL_REDIRECT;

	if (end == END_TO_TC)
		return judge_untouched(hearing, SR_PASS_TO_TC);
	if (end == END_EXPIRED)
		return judge_refused(hearing, SR_DROP_TTL);
	if (end == END_NO_ROUTE)
		return judge_refused(hearing, SR_DROP_NO_ROUTE);
	if (is_bound_by_crc(hearing, is_reply ? &turned : &flow->backend))
		return judge_dropped(hearing, SR_DROP_SCTP_FRAGMENT);
	if (end == END_PASS || end == END_BACK)
		verdict = end == END_PASS ? KERNEL_PASS : KERNEL_BACK;
	if (judge->got.verdict != verdict || judge->got.reason != SR_OK)
		return judge_fail(judge, "to be translated (%s), to be %s", is_reply ? "an answer" : "of a known flow",
				  judge_verdict(verdict));
	translation_frame(&want, hearing, flow, is_reply, end);
	return judge_same(judge, &want);
}
