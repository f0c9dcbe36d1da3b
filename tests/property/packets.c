// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "packets.h"

#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "errors.h"
#include "flows.h"
#include "host_ports.h"
#include "judge.h"

static const uint16_t packets_numbers[] = {53,	  80,	 8080, 8081, 30000, 30001, 30010,
					   30011, 30020, 443,  9080, 9081,  9082};

static enum device packets_uplink(struct random *random)
{
	return random_percent(random, 85) ? DEVICE_ETH0 : DEVICE_ETH1;
}

/* By which hook a packet of this source comes to us. */
struct kernel_hook packets_hook_in(const struct sr_addr *src, struct random *random)
{
	struct way way = place_way(src);

	if (way.device == DEVICE_POD1 || way.device == DEVICE_POD2)
		return (struct kernel_hook){.hook = SR_HOOK_FROM_POD, .device = way.device};
	if (way.device == PLACE_NOWHERE)
		way.device = packets_uplink(random);
	return (struct kernel_hook){.hook = random_percent(random, 50) ? SR_HOOK_XDP_UPLINK : SR_HOOK_FROM_WIRE,
				    .device = way.device};
}

/* By which it leaves towards this destination. */
struct kernel_hook packets_hook_out(const struct sr_addr *dst)
{
	struct way way = place_way(dst);

	if (way.device == DEVICE_POD1 || way.device == DEVICE_POD2)
		return (struct kernel_hook){.hook = SR_HOOK_TO_POD, .device = way.device};
	return (struct kernel_hook){.hook = SR_HOOK_TO_WIRE,
				    .device = way.device == PLACE_NOWHERE ? DEVICE_ETH0 : way.device};
}

/* What the host itself sends is met on its way out only. */
static struct kernel_hook packets_hook_host(struct random *random)
{
	return (struct kernel_hook){.hook = SR_HOOK_TO_WIRE, .device = packets_uplink(random), .from_host = true};
}

static struct kernel_hook packets_hook_any(struct random *random)
{
	static const struct kernel_hook any[] = {
		{.hook = SR_HOOK_XDP_UPLINK, .device = DEVICE_ETH0},
		{.hook = SR_HOOK_XDP_UPLINK, .device = DEVICE_ETH1},
		{.hook = SR_HOOK_FROM_WIRE, .device = DEVICE_ETH0},
		{.hook = SR_HOOK_FROM_WIRE, .device = DEVICE_ETH1},
		{.hook = SR_HOOK_TO_WIRE, .device = DEVICE_ETH0},
		{.hook = SR_HOOK_FROM_POD, .device = DEVICE_POD1},
		{.hook = SR_HOOK_FROM_POD, .device = DEVICE_POD2},
		{.hook = SR_HOOK_TO_POD, .device = DEVICE_POD1},
	};

	return any[random_below(random, ARRAY_SIZE(any))];
}

static struct sr_addr packets_target(int family, struct random *random)
{
	unsigned int kind = random_below(random, 100), index = random_below(random, CLUSTER_SERVICES);

	if (kind < 45)
		return cluster_ip(index, family);
	if (kind < 75)
		return cluster_external_ip(index % CLUSTER_EXTERNALS, family);
	if (kind < 85)
		return cluster_ingress_ip(index, family);
	if (kind < 95)
		return host_port_addr(kind == 94, family);
	return place_addr(random_below(random, NUM_PLACES), family);
}

/* What any packet may have, whoever sends it. */
static void packets_dress(struct wire_packet *out, struct random *random)
{
	static const uint8_t flags[] = {0x02, 0x10, 0x18, 0x10, 0x18, 0x12, 0x11, 0x04, 0x14};

	out->ttl = random_percent(random, 4) ? random_below(random, 3) : 30 + random_below(random, 200);
	out->tos = random_percent(random, 70) ? 0 : random_next(random);
	out->tcp_flags = flags[random_below(random, ARRAY_SIZE(flags))];
	out->seq = random_next(random);
	out->ack = random_next(random);
	out->no_checksum = (out->family == 4 || out->proto == IPPROTO_SCTP) && random_percent(random, 20);
	out->payload = random_percent(random, 90) ? random_below(random, 60) : random_below(random, 1300);
	out->filler = random_next(random);
	out->padding = random_percent(random, 90) ? 0 : random_below(random, 20);
	if (random_percent(random, 5))
		out->options = out->family == 4 ? 4 * random_below(random, 11) : random_below(random, 5);
}

static void packets_cut(struct wire_packet *out, struct random *random)
{
	out->fragment = 1 + random_below(random, 8);
	out->payload = 64 + random_below(random, 200);
	if (random_percent(random, 50)) {
		out->size = 64;
	} else {
		out->from = 64;
		out->size = random_percent(random, 50) ? 0 : 16;
	}
}

/* A byte of the headers, but of no address: by which way a strange one is reached, the model does not know. */
static size_t packets_header_byte(const struct wire_frame *frame, struct random *random)
{
	bool v4 = frame->bytes[12] == 8 && frame->bytes[13] == 0;
	size_t from = WIRE_LINK + (v4 ? 12 : 8), to = WIRE_LINK + (v4 ? 20 : 40);
	size_t at = 12 + random_below(random, 60);

	return at >= from && at < to ? WIRE_LINK + (at - from) % 8 : at;
}

/* Flips bytes of the headers mostly, cuts frames short, or makes noise of them. */
static void packets_break(struct wire_frame *frame, enum sr_hook hook, struct random *random)
{
	/* The kernel gives tc no frame that lacks an IP header (Linux 6.18). */
	size_t least = WIRE_LINK + (hook == SR_HOOK_XDP_UPLINK ? 1 : 40);
	unsigned int kind = random_below(random, 10);

	if (kind == 0 && frame->length > least) {
		frame->length = least + random_below(random, (unsigned int)(frame->length - least));
	} else if (kind == 1) {
		for (size_t i = random_percent(random, 50) ? 0 : WIRE_LINK; i < frame->length; i++)
			frame->bytes[i] = random_next(random);
	} else {
		for (unsigned int i = 1 + random_below(random, 3); i > 0; i--)
			frame->bytes[packets_header_byte(frame, random)] = random_next(random);
	}
}

/* Whoever cannot be reached calls nobody; what this host calls is met elsewhere. */
static enum place packets_caller(struct random *random)
{
	enum place place = random_below(random, NUM_PLACES);

	return place == PLACE_HOST || place == PLACE_UNREACHABLE ? PLACE_CLIENT : place;
}

/* An address of this node. */
static bool packets_is_own(const struct sr_addr *addr)
{
	for (unsigned int i = 0; i < HOST_PORT_ANY; i++) {
		struct sr_addr own = host_port_addr(i, sr_addr_is_v4(addr) ? 4 : 6);

		if (sr_addr_compare(&own, addr) == 0)
			return true;
	}
	return false;
}

static void packets_of_new(struct wire_packet *out, struct kernel_hook *at, struct random *random)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP, IPPROTO_SCTP};
	struct sr_addr src;

	out->family = random_percent(random, 50) ? 4 : 6;
	out->proto = protos[random_below(random, ARRAY_SIZE(protos))];
	src = place_addr(packets_caller(random), out->family);
	out->src = src;
	out->dst = packets_target(out->family, random);
	out->sport = 1000 + random_below(random, random_percent(random, 30) ? 4 : 60000);
	out->dport =
		packets_numbers[random_below(random, random_percent(random, 70) ? 2 : ARRAY_SIZE(packets_numbers))];
	*at = packets_hook_in(&src, random);
	/* What it sends to itself never leaves. */
	if (random_percent(random, 10) && !packets_is_own(&out->dst)) {
		out->src = place_addr(PLACE_HOST, out->family);
		*at = packets_hook_host(random);
	}
}

static void packets_of_flow(struct wire_packet *out, struct kernel_hook *at, const struct flow *flow,
			    struct random *random)
{
	bool is_reply = random_percent(random, 50), is_direct = !is_reply && !flow->snat && random_percent(random, 5);
	struct tuple turned = tuple_turned(&flow->backend);
	const struct tuple *tuple = is_reply ? &turned : is_direct ? &flow->backend : &flow->client;

	out->family = sr_addr_is_v4(&tuple->dst) ? 4 : 6;
	out->proto = tuple->proto;
	out->src = tuple->src;
	out->dst = tuple->dst;
	out->sport = tuple->sport;
	out->dport = tuple->dport;
	*at = is_reply && !flow->past ? packets_hook_out(&tuple->dst) : packets_hook_in(&tuple->src, random);
	if (place_is_host(&tuple->src))
		*at = packets_hook_host(random);
}

/* Addressed to the device that it comes by, mostly; and mostly whole. */
static void packets_spoil(struct wire_frame *frame, const struct kernel_hook *at, struct random *random)
{
	if (at->device == DEVICE_ETH1)
		frame->bytes[5] = 0x14;
	if (random_percent(random, 2))
		frame->bytes[random_below(random, 6)] ^= 1;
	if (random_percent(random, 8))
		packets_break(frame, at->hook, random);
}

void packets_make(struct wire_frame *out, struct kernel_hook *at, struct random *random)
{
	struct wire_packet packet = {};
	const struct flow *flow = random_percent(random, 60) ? flows_any(random) : NULL;

	if (flow && random_percent(random, 10)) {
		error_make(out, at, flow, random);
		packets_spoil(out, at, random);
		return;
	}
	if (flow)
		packets_of_flow(&packet, at, flow, random);
	else
		packets_of_new(&packet, at, random);
	packets_dress(&packet, random);
	if (!flow && packet.proto != IPPROTO_UDP && random_percent(random, 70))
		packet.tcp_flags = 0x02;
	if (random_percent(random, 5))
		packets_cut(&packet, random);
	/* (The host's own address elsewhere is known for what it is by what is programmed: the packet tests look at
	 * it.) */
	if (!at->from_host && random_percent(random, 5))
		*at = packets_hook_any(random);
	wire_make(out, &packet);
	packets_spoil(out, at, random);
}

static const char *packets_end(char *out, size_t size, const struct sr_addr *addr, uint16_t port)
{
	char text[SR_ADDR_TEXT];

	snprintf(out, size, sr_addr_is_v4(addr) ? "%s:%u" : "[%s]:%u", sr_addr_format(text, addr), port);
	return out;
}

static void packets_print_view(FILE *log, const struct wire_frame *frame)
{
	struct wire_view view;
	char src[SR_HOSTPORT_TEXT], dst[SR_HOSTPORT_TEXT];

	wire_read(&view, frame);
	if (!view.family) {
		fprintf(log, "%zu bytes of something else", frame->length);
		return;
	}
	fprintf(log, "%s > %s, protocol %u", packets_end(src, sizeof(src), &view.src, view.sport),
		packets_end(dst, sizeof(dst), &view.dst, view.dport), view.proto);
	if (view.proto == IPPROTO_TCP)
		fprintf(log, " flags %02x", view.tcp_flags);
	if (view.part != WIRE_WHOLE)
		fprintf(log, ", %s fragment of %x", view.part == WIRE_FIRST ? "first" : "later", view.fragment);
	fprintf(log, ", hops %u, %zu bytes", view.ttl, frame->length);
}

void packets_print(FILE *log, const struct kernel_hook *at, const struct wire_frame *in,
		   const struct kernel_result *result)
{
	static const char *const hooks[] = {"XDP", "from the wire", "to the wire", "from a pod", "to a pod"};
	static const char *const devices[] = {"eth0", "eth1", "pod1", "pod2"};
	static const char *const verdicts[] = {"passes", "is dropped", "goes back", "is redirected", "?"};

	fprintf(log, "%s, %s: ", hooks[at->hook], devices[at->device]);
	packets_print_view(log, in);
	fprintf(log, "\n    %s (%s): ", verdicts[result->verdict], judge_reason(result->reason));
	packets_print_view(log, &result->out);
	fprintf(log, "\n");
}
