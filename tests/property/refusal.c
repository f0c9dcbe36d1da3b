// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "refusal.h"

#include <netinet/in.h>
#include <string.h>

/* RFC 792; RFC 4443, section 3. */
static void refusal_type(uint8_t out[2], int family, int reason)
{
	static const uint8_t port[2][2] = {{3, 3}, {1, 4}}, host[2][2] = {{3, 1}, {1, 0}},
			     expired[2][2] = {{11, 0}, {3, 0}};
	const uint8_t(*types)[2] = reason == SR_DROP_TTL ? expired : reason == SR_DROP_NO_ROUTE ? host : port;

	memcpy(out, types[family == 6], 2);
}

static bool refusal_is_turned(const struct hearing *hearing, const struct wire_frame *got)
{
	return memcmp(got->bytes, hearing->in->bytes + 6, 6) == 0 && memcmp(got->bytes + 6, hearing->in->bytes, 6) == 0;
}

/* Is it an ICMP error from `from` to the packet's sender, that quotes the packet? */
static const char *refusal_wrong(const struct hearing *hearing, const struct wire_frame *got, struct sr_addr from,
				 int reason)
{
	const uint8_t *ip = got->bytes + WIRE_LINK, *quoted = hearing->in->bytes + WIRE_LINK;
	size_t header = hearing->view.family == 4 ? 20 : 40, max = hearing->view.family == 4 ? 576 : 1280;
	size_t whole = hearing->view.end - WIRE_LINK;
	size_t quote = whole < max - header - 8 ? whole : max - header - 8;
	struct wire_view view;
	uint8_t type[2];

	wire_read(&view, got);
	refusal_type(type, hearing->view.family, reason);
	if (got->length != WIRE_LINK + header + 8 + quote || view.end != got->length || view.l4 != WIRE_LINK + header)
		return "an ICMP error of another length";
	if (view.proto != (view.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return "ICMP";
	if (sr_addr_compare(&view.src, &from) != 0 || sr_addr_compare(&view.dst, &hearing->view.src) != 0)
		return "an ICMP error from this node to the sender";
	if (memcmp(ip + header, type, 2) != 0)
		return "an ICMP error of another type";
	if (memcmp(ip + header + 8, quoted, quote) != 0)
		return "a quote of the packet as it came";
	if (view.family == 4 && wire_sum(ip, header, 0) != 0xffff)
		return "a right checksum of the IP header";
	if (wire_sum(ip + header, 8 + quote, view.family == 4 ? 0 : wire_pseudo_sum(&view, 8 + quote)) != 0xffff)
		return "a right ICMP checksum";
	return refusal_is_turned(hearing, got) ? NULL : "a frame back to where it came from";
}

static const char *reset_wrong_numbers(const struct wire_view *in, size_t payload, const struct wire_view *view)
{
	bool has_ack = in->tcp_flags & FLAG_ACK;

	if (view->tcp_flags != (has_ack ? FLAG_RST : FLAG_RST | FLAG_ACK))
		return "RST, with ACK where the packet had none";
	if (has_ack)
		return view->seq == in->ack ? NULL : "the sequence number that the packet acknowledged";
	payload += in->tcp_flags & FLAG_SYN ? 1 : 0;
	payload += in->tcp_flags & FLAG_FIN ? 1 : 0;
	return view->ack == in->seq + (uint32_t)payload ? NULL : "all of the packet to be acknowledged";
}

/* Is it a TCP reset from whom the packet called (RFC 9293, section 3.10.7.1)? */
static const char *reset_wrong(const struct hearing *hearing, const struct wire_frame *got)
{
	const struct wire_view *in = &hearing->view;
	const uint8_t *ip = got->bytes + WIRE_LINK;
	size_t header = in->family == 4 ? 20 : 40;
	struct wire_view view;

	wire_read(&view, got);
	if (got->length != WIRE_LINK + header + 20 || view.end != got->length || view.proto != IPPROTO_TCP)
		return "a reset, and no more";
	if (sr_addr_compare(&view.src, &in->dst) != 0 || sr_addr_compare(&view.dst, &in->src) != 0 ||
	    view.sport != in->dport || view.dport != in->sport)
		return "a reset by whom it called";
	if (in->family == 4 && wire_sum(ip, header, 0) != 0xffff)
		return "a right checksum of the IP header";
	if (wire_sum(ip + header, 20, wire_pseudo_sum(&view, 20)) != 0xffff)
		return "a right checksum of TCP";
	if (!refusal_is_turned(hearing, got))
		return "a frame back to where it came from";
	return reset_wrong_numbers(in, in->end - in->l4 - (hearing->in->bytes[in->l4 + 12] >> 4) * 4u, &view);
}

/* Does nobody answer such a packet? Later fragments bear no ports; errors go to hosts, not to many. */
static bool refusal_is_silent(const struct hearing *hearing)
{
	if (hearing->view.part == WIRE_LATER || hearing->in->bytes[0] & 1)
		return true;
	return !wire_is_host(&hearing->view.src, hearing->view.family);
}

bool judge_refused(struct hearing *hearing, int reason)
{
	struct judge *judge = hearing->judge;
	struct sr_addr from = place_node_address(hearing->at.device, hearing->view.family);
	const char *wrong;

	if (is_xdp(hearing))
		return judge_untouched(hearing, SR_PASS_TO_TC);
	if (refusal_is_silent(hearing))
		return judge_dropped(hearing, reason);
	if (judge->got.verdict != KERNEL_REDIRECT || judge->got.reason != reason)
		return judge_fail(judge, "a refusal (%s)", judge_reason(reason));
	if (!is_inbound(hearing))
		from = hearing->view.dst;
	wrong = refusal_wrong(hearing, &judge->got.out, from, reason);
	return wrong ? judge_fail(judge, "%s", wrong) : true;
}

bool judge_reset(struct hearing *hearing, int reason)
{
	struct judge *judge = hearing->judge;
	const char *wrong;

	if (is_xdp(hearing))
		return judge_untouched(hearing, SR_PASS_TO_TC);
	if (refusal_is_silent(hearing) || hearing->view.tcp_flags & FLAG_RST)
		return judge_dropped(hearing, reason);
	if (judge->got.verdict != KERNEL_REDIRECT || judge->got.reason != reason)
		return judge_fail(judge, "a reset (%s)", judge_reason(reason));
	wrong = reset_wrong(hearing, &judge->got.out);
	return wrong ? judge_fail(judge, "%s", wrong) : true;
}
