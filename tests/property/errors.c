// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "errors.h"

#include <netinet/in.h>
#include <string.h>

#include "packets.h"
#include "translation.h"

#define ERROR_HEADER 8

/* --- making ------------------------------------------------------------------------------ */

static const uint8_t types_v4[][2] = {{3, 0},  {3, 1},	{3, 3}, {3, 4}, {11, 0},
				      {11, 1}, {12, 0}, {4, 0}, {8, 0}, {0, 0}};
static const uint8_t types_v6[][2] = {{1, 0}, {1, 3}, {1, 4}, {2, 0}, {3, 0}, {3, 1}, {4, 1}, {128, 0}, {135, 0}};

static void error_quote(struct wire_frame *quoted, const struct tuple *about, struct random *random)
{
	struct wire_packet packet = {
		.family = sr_addr_is_v4(&about->dst) ? 4 : 6,
		.proto = about->proto,
		.src = about->src,
		.dst = about->dst,
		.sport = about->sport,
		.dport = about->dport,
		.ttl = random_below(random, 64),
		.tcp_flags = FLAG_ACK,
		.seq = random_next(random),
		.payload = random_below(random, 100),
		.filler = random_next(random),
	};

	packet.no_checksum = packet.family == 4 && random_percent(random, 20);
	packet.options = packet.family == 4 && random_percent(random, 10) ? 8 : 0;
	wire_make(quoted, &packet);
}

/* As little as the ports, or all of it. */
static size_t error_quote_size(const struct wire_frame *quoted, struct random *random)
{
	size_t whole = quoted->length - WIRE_LINK, least = whole < 68 ? whole : 68;

	return random_percent(random, 50) ? whole : least + random_below(random, whole - least + 1);
}

static struct sr_addr error_speaker(const struct tuple *about, int family, struct random *random)
{
	if (random_percent(random, 60))
		return about->dst;
	return place_addr(random_percent(random, 50) ? PLACE_CLIENT_B : PLACE_REMOTE_B, family);
}

void error_make(struct wire_frame *out, struct kernel_hook *at, const struct flow *flow, struct random *random)
{
	bool about_answer = random_percent(random, 50);
	struct tuple about = about_answer ? tuple_turned(&flow->client) : flow->backend;
	int family = sr_addr_is_v4(&about.dst) ? 4 : 6;
	struct wire_packet packet = {
		.family = family, .proto = family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, .dst = about.src, .ttl = 20};
	uint8_t body[WIRE_SIZE] = {};
	struct wire_frame quoted = {};
	size_t size;

	error_quote(&quoted, &about, random);
	size = ERROR_HEADER + error_quote_size(&quoted, random);
	memcpy(body + ERROR_HEADER, quoted.bytes + WIRE_LINK, size - ERROR_HEADER);
	memcpy(body,
	       family == 4 ? types_v4[random_below(random, sizeof(types_v4) / 2)]
			   : types_v6[random_below(random, sizeof(types_v6) / 2)],
	       2);
	body[6] = 5; /* an MTU of 1280 and more, where that is what stands here */
	packet.src = error_speaker(&about, family, random);
	packet.ttl = random_percent(random, 5) ? 1 : 64;
	wire_wrap(out, &packet, body, size);
	*at = !about_answer && !flow->past ? packets_hook_out(&about.src) : packets_hook_in(&packet.src, random);
	if (place_is_host(&packet.src))
		*at = (struct kernel_hook){.hook = SR_HOOK_TO_WIRE, .device = DEVICE_ETH0, .from_host = true};
}

/* --- judging ----------------------------------------------------------------------------- */

/* What an error says: where its quote lies, and how it leaves. */
struct error {
	struct tuple quoted;
	size_t quote, l4; /* in the frame */
	const struct flow *flow;
	bool is_reply; /* the way of the flow's answers is the error's */
};

static bool error_type(uint8_t type, int family)
{
	if (family == 6)
		return type >= 1 && type <= 4;
	return type == 3 || type == 4 || type == 11 || type == 12;
}

static bool error_read(struct error *out, const struct hearing *hearing)
{
	const struct wire_view *view = &hearing->view;
	struct wire_frame inner = {};
	struct wire_view quoted;

	if (view->kind != WIRE_OTHER || view->part != WIRE_WHOLE ||
	    view->proto != (view->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) ||
	    view->end < view->l4 + ERROR_HEADER + 24 || !error_type(hearing->in->bytes[view->l4], view->family))
		return false;
	out->quote = view->l4 + ERROR_HEADER;
	inner.length = WIRE_LINK + view->end - out->quote;
	memcpy(inner.bytes + 12, view->family == 4 ? "\x08\x00" : "\x86\xdd", 2);
	memcpy(inner.bytes + WIRE_LINK, hearing->in->bytes + out->quote, view->end - out->quote);
	wire_read_ports(&quoted, &inner);
	if (quoted.family != view->family || quoted.part == WIRE_LATER || sr_addr_compare(&quoted.src, &view->dst) != 0)
		return false;
	out->quoted = tuple_of(&quoted);
	out->l4 = out->quote + quoted.l4 - WIRE_LINK;
	return true;
}

static bool error_find(struct error *out, const struct hearing *hearing)
{
	struct tuple answer;

	if (is_xdp(hearing) || !error_read(out, hearing))
		return false;
	answer = tuple_turned(&out->quoted);
	out->flow = flows_find(&answer, &out->is_reply);
	if (!out->flow || !out->is_reply)
		return out->flow;
	return is_inbound(hearing) == (out->flow->past && !out->flow->host_backend);
}

bool error_concerns(const struct hearing *hearing)
{
	struct error error = {};

	return error_find(&error, hearing);
}

/* The quoted packet as its sender sent it; SCTP's CRC is left as it is. */
static void error_write_quote(uint8_t *bytes, const struct error *error, size_t end, const struct tuple *sent)
{
	bool v4 = sr_addr_is_v4(&sent->dst), udp = sent->proto == IPPROTO_UDP;
	uint8_t *ip = bytes + error->quote, *l4 = bytes + error->l4;
	uint8_t *check = l4 + (udp ? 6 : 16), was[36], is[36] = {};
	size_t skip = v4 ? 12 : 0, size = 16 - skip;

	memset(was, 0, sizeof(was));
	memcpy(was, ip + (v4 ? 12 : 8), 2 * size);
	memcpy(was + 32, l4, 4);
	memcpy(is, sent->src.byte + skip, size);
	memcpy(is + size, sent->dst.byte + skip, size);
	memcpy(is + 32, (uint8_t[]){sent->sport >> 8, sent->sport, sent->dport >> 8, sent->dport}, 4);
	memcpy(ip + (v4 ? 12 : 8), is, 2 * size);
	memcpy(l4, is + 32, 4);
	if (v4)
		wire_sum_update(ip + 10, was, is, 8);
	if (sent->proto == IPPROTO_SCTP || check + 2 > bytes + end || (udp && !check[0] && !check[1]))
		return;
	wire_sum_update(check, was, is, sizeof(was));
	if (udp && !check[0] && !check[1])
		memset(check, 0xff, 2);
}

/* The ICMP checksum is as right as it was, over its body and, over IPv6, a pseudo header of `change`. */
static void error_write_sum(uint8_t *bytes, const struct hearing *hearing, const struct wire_change *change)
{
	const struct wire_view *view = &hearing->view;
	size_t size = view->end - view->l4;
	uint8_t was[WIRE_SIZE], is[WIRE_SIZE];

	memcpy(was, hearing->in->bytes + view->l4, size);
	memcpy(is, bytes + view->l4, size);
	memset(was + 2, 0, 2);
	memset(is + 2, 0, 2);
	size += size % 2;
	was[size - 1] = view->end % 2 ? 0 : was[size - 1];
	is[size - 1] = view->end % 2 ? 0 : is[size - 1];
	if (view->family == 6) {
		memcpy(was + size, &view->src, 16);
		memcpy(was + size + 16, &view->dst, 16);
		memcpy(is + size, &change->src, 16);
		memcpy(is + size + 16, &change->dst, 16);
		size += 32;
	}
	wire_sum_update(bytes + view->l4 + 2, was, is, size);
}

static struct wire_change error_change(const struct error *error, const struct hearing *hearing)
{
	const struct flow *flow = error->flow;
	struct tuple turned = tuple_turned(&flow->client);
	const struct tuple *leaves = error->is_reply ? &turned : &flow->backend;
	struct tuple answer = tuple_turned(&error->quoted);
	bool to_host = error->is_reply ? flow->host_client : flow->host_backend;
	struct wire_change change = {.src = hearing->view.src, .dst = leaves->dst, .hop = flow->past && !to_host};

	if (flow->snat || sr_addr_compare(&hearing->view.src, &answer.src) == 0)
		change.src = leaves->src;
	return change;
}

/* It turns where the flow's packets do, and leaves as they do; of its own end nobody is told. */
static bool error_is_lost(struct hearing *hearing, const struct wire_change *change, bool *is_fine)
{
	if (change->hop && hearing->view.ttl <= 1)
		*is_fine = judge_dropped(hearing, SR_DROP_TTL);
	else if (change->hop && !place_way(&change->dst).has_route)
		*is_fine = judge_dropped(hearing, SR_DROP_NO_ROUTE);
	else
		return false;
	return true;
}

bool judge_error(struct hearing *hearing)
{
	struct judge *judge = hearing->judge;
	struct error error = {};
	struct wire_change change;
	struct wire_frame want;
	struct tuple turned;
	bool is_fine;

	error_find(&error, hearing);
	change = error_change(&error, hearing);
	if (error_is_lost(hearing, &change, &is_fine))
		return is_fine;
	if (judge->got.reason != SR_OK || judge->got.verdict != (error.flow->past ? KERNEL_REDIRECT : KERNEL_PASS))
		return judge_fail(judge, "an error about a flow to be translated");

	/* The answers' way turns back what was sent to the backend, the other what was sent to the client. */
	turned = tuple_turned(&error.flow->backend);
	want = *hearing->in;
	error_write_quote(want.bytes, &error, hearing->view.end, error.is_reply ? &error.flow->client : &turned);
	error_write_sum(want.bytes, hearing, &change);
	wire_rewrite_ip(&want, &hearing->view, &change);
	if (error.flow->past && !change.hop)
		translation_to_host(&want, &change.src);
	return judge_same(judge, &want);
}
