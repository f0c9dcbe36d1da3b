// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * svcroute trace: what becomes of a packet. It runs through a copy of the loaded
 * programs, hook by hook; between them the kernel is asked how it would route it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/trace.h"
#include "kernel/programs.h"
#include "kernel/route_ask.h"

/* The least of the ephemeral ports (RFC 6335, section 6). */
#define TRACE_PORT_LOW 49152

void sr_trace_say(json_t *json, const char *key, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_object_set_new(json, key, sr_json_text(text));
}

/* --- the packet --------------------------------------------------------------------------- */

static bool trace_find(struct sr_datapath *datapath, const struct sr_tuple *tuple, struct sr_conn_found *out)
{
	struct sr_hostport src = {.addr = tuple->src, .port = tuple->sport, .proto = tuple->proto};
	struct sr_hostport dst = {.addr = tuple->dst, .port = tuple->dport, .proto = tuple->proto};

	return sr_proto_number(sr_proto_name(tuple->proto)) && sr_conns_find(datapath, &src, &dst, out, NULL) == 0;
}

/* A source port that no connection to the destination has, or an echo's identifier. */
static void trace_choose_port(struct sr_trace *trace)
{
	struct sr_conn_found conn;
	uint16_t drawn = 0;

	for (int i = 0; i < 100; i++) {
		if (getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn))
			drawn = (uint16_t)i;
		trace->tuple.sport = htons(TRACE_PORT_LOW | drawn);
		if (!trace_find(trace->datapath, &trace->tuple, &conn))
			return;
	}
}

static void trace_make(const struct sr_trace *trace, struct sr_packet *out)
{
	struct sr_packet_spec spec = {.tuple = trace->tuple};
	struct sr_conn_found conn;

	spec.begins = !trace_find(trace->datapath, &trace->tuple, &conn);
	for (size_t i = 0; i < trace->netdevs.num; i++)
		if (trace->netdevs.item[i].index == trace->ifindex)
			memcpy(spec.to, trace->netdevs.item[i].mac, sizeof(spec.to));
	sr_packet_make(out, &spec);
}

/* --- what is told ------------------------------------------------------------------------- */

/* From byte `first` on. */
static void trace_say_bytes(json_t *json, const char *key, const struct sr_packet *packet, size_t first)
{
	char text[2 * SR_PACKET_SIZE + 1] = "";

	for (size_t i = first; i < packet->length && i < SR_PACKET_SIZE; i++)
		snprintf(text + 2 * (i - first), 3, "%02x", packet->bytes[i]);
	json_object_set_new(json, key, json_string(text));
}

static void trace_say_packet(json_t *json, const char *key, const struct sr_packet *packet)
{
	struct sr_packet_view view;
	char text[SR_PACKET_TEXT];

	if (sr_packet_read(&view, packet) == 0)
		sr_trace_say(json, key, "%s", sr_packet_format(text, &view));
}

static void trace_end(struct sr_trace *trace, const struct sr_packet *packet, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void trace_end(struct sr_trace *trace, const struct sr_packet *packet, const char *format, ...)
{
	struct sr_packet_view view;
	char text[SR_PACKET_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sr_trace_say(trace->root, "end", "%s", text);
	if (!packet || sr_packet_read(&view, packet) < 0)
		return;
	view.length -= trace->skip;
	sr_trace_say(trace->root, "out", "%s", sr_packet_format(text, &view));
	trace_say_bytes(trace->root, "bytes", packet, trace->skip);
}

/*
 * What the kernel does to what it sends by `route`: the frame is from that device,
 * and to the next hop, if its link address is known.
 */
static void trace_address(struct sr_trace *trace, const struct sr_route *route, struct sr_packet *packet)
{
	const struct sr_netdev *netdev = sr_trace_netdev(trace, route->ifindex);
	uint8_t mac[SR_PACKET_MAC] = {};
	struct sr_packet_view view;

	if (!netdev || sr_packet_read(&view, packet) < 0)
		return;
	trace->skip = netdev->is_bare ? SR_PACKET_LINK : 0;
	if (netdev->is_bare)
		return;
	if (sr_route_neighbour(mac, route, &view.tuple.dst))
		sr_trace_say(trace->root, "neighbour", "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
			     mac[4], mac[5]);
	else
		sr_trace_say(trace->root, "neighbour",
			     "not known yet: the kernel asks for its link address first, which is zeros here");
	sr_packet_address(packet, netdev->mac, mac);
}

/* " by eth0, next hop 10.240.0.1". `out` has 128 bytes; returns it. */
static const char *trace_way(const struct sr_trace *trace, const struct sr_route *route, char *out)
{
	char hop[SR_ADDR_TEXT];
	bool has_hop = !sr_addr_is_zero(&route->hop);

	snprintf(out, 128, "by %s%s%s", sr_trace_device(trace, route->ifindex), has_hop ? ", next hop " : "",
		 has_hop ? sr_addr_format(hop, &route->hop) : "");
	return out;
}

/* --- from hook to hook -------------------------------------------------------------------- */

static int trace_step(struct sr_trace *trace, const struct sr_attachment *at, const struct sr_trial *trial,
		      struct sr_trial_end *end)
{
	struct sr_trace_step step = {.json = json_object(), .is_out = strstr(at->hook, "egress")};
	int r;

	json_array_append_new(json_object_get(trace->root, "steps"), step.json);
	sr_trace_say(step.json, "hook", "%s", at->hook);
	sr_trace_say(step.json, "device", "%s", at->where);
	sr_trace_say(step.json, "program", "%s", at->program);
	trace_say_packet(step.json, "parsed", &trial->packet);
	sr_packet_read(&step.in, &trial->packet);
	step.has_conn = trace_find(sr_tracer_copy(trace->tracer), &step.in.tuple, &step.conn);
	r = sr_tracer_run(trace->tracer, trial, &step.end, trace->err);
	if (r < 0)
		return r;
	sr_trace_explain(trace, &step);
	*end = step.end;
	return 0;
}

/* Where a packet goes that a program sent off by itself. */
static int trace_sent(struct sr_trace *trace, const struct sr_trial *trial, struct sr_trial_end *end)
{
	const char *device = sr_trace_device(trace, trial->ifindex);
	struct sr_packet_view view = {};
	struct sr_addr any = {};
	struct sr_route route;
	char way[128];
	int r;

	if (end->verdict == SR_VERDICT_BACK || end->reason != SR_OK) {
		trace_end(trace, &end->packet, "it leaves, back %s %s",
			  trace->side == SR_TRACE_HOST ? "to this host by" : "by", device);
		return 0;
	}
	sr_packet_read(&view, &end->packet);
	r = sr_route_ask(&route, &any, &view.tuple.dst, 0, trace->err);
	if (r < 0)
		return r;
	if (route.kind != SR_ROUTE_DEVICE) {
		trace_end(trace, &end->packet, "it is given to this host");
		return 0;
	}
	trace_address(trace, &route, &end->packet);
	trace_end(trace, &end->packet, "it leaves %s, past this host's stack", trace_way(trace, &route, way));
	return 0;
}

/* 1: it goes on; 0: it ended; -errno. */
static int trace_hook(struct sr_trace *trace, const char *hook, uint32_t ifindex, struct sr_trial *trial)
{
	const char *device = sr_trace_device(trace, ifindex);
	struct sr_trial_end end;
	int r = 0;

	trial->ifindex = ifindex;
	for (size_t i = 0; i < trace->attachments.num; i++) {
		const struct sr_attachment *at = &trace->attachments.item[i];

		if (strcmp(at->where, device) != 0 || strcmp(at->hook, hook) != 0)
			continue;
		trial->program = at->program;
		r = trace_step(trace, at, trial, &end);
		if (r < 0)
			return r;
		if (end.verdict == SR_VERDICT_DROP)
			trace_end(trace, NULL, "it is dropped, and nobody is told");
		if (end.verdict == SR_VERDICT_BACK || end.verdict == SR_VERDICT_REDIRECT)
			r = trace_sent(trace, trial, &end);
		if (r < 0 || end.verdict != SR_VERDICT_PASS)
			return r;
		trial->packet = end.packet;
	}
	return 1;
}

/* 1: it is to leave by a device, as it is now; 0: it ended; -errno. */
static int trace_route(struct sr_trace *trace, struct sr_packet *packet, struct sr_route *out)
{
	json_t *json = json_object();
	struct sr_packet_view view = {};
	char way[128];
	int r;

	json_array_append_new(json_object_get(trace->root, "steps"), json);
	sr_trace_say(json, "hook", "routing");
	sr_packet_read(&view, packet);
	r = sr_route_ask(out, &view.tuple.src, &view.tuple.dst, trace->side == SR_TRACE_HOST ? 0 : trace->ifindex,
			 trace->err);
	if (r < 0)
		return r;
	if (out->kind == SR_ROUTE_LOCAL) {
		sr_trace_say(json, "route", "to this host itself");
		trace_end(trace, packet, "it is given to this host");
		return 0;
	}
	if (out->kind == SR_ROUTE_NONE) {
		sr_trace_say(json, "route", "none: %s", strerror(-out->error));
		trace_end(trace, NULL, "the kernel drops it");
		return 0;
	}
	sr_trace_say(json, "route", "%s", trace_way(trace, out, way));
	if (trace->side != SR_TRACE_HOST)
		sr_packet_age(packet);
	trace_address(trace, out, packet);
	return 1;
}

static int trace_walk(struct sr_trace *trace)
{
	struct sr_trial trial = {};
	struct sr_route route;
	char way[128];
	int r = 1;

	trace_make(trace, &trial.packet);
	trace_say_packet(trace->root, "packet", &trial.packet);
	sr_trace_say(trace->root, "from", "%s%s%s",
		     trace->side == SR_TRACE_HOST  ? "this host"
		     : trace->side == SR_TRACE_POD ? "a pod, by "
						   : "outside, by ",
		     trace->side == SR_TRACE_HOST ? "" : sr_trace_device(trace, trace->ifindex), "");
	sr_trace_explain_socket(trace);
	json_object_set_new(trace->root, "steps", json_array());
	if (trace->side != SR_TRACE_HOST) {
		trial.ingress = trace->ifindex;
		r = trace_hook(trace, "xdp", trace->ifindex, &trial);
		if (r > 0)
			r = trace_hook(trace, "tc ingress", trace->ifindex, &trial);
	}
	if (r > 0)
		r = trace_route(trace, &trial.packet, &route);
	if (r > 0)
		r = trace_hook(trace, "tc egress", route.ifindex, &trial);
	if (r > 0)
		trace_end(trace, &trial.packet, "it leaves %s", trace_way(trace, &route, way));
	return r < 0 ? r : 0;
}

static int trace_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	__attribute__((cleanup(sr_trace_close))) struct sr_trace trace = {.err = err};
	int r = sr_trace_open(&trace, globals, options);

	if (r < 0)
		return r;
	if (!trace.tuple.sport)
		trace_choose_port(&trace);
	r = sr_tracer_open(&trace.tracer, trace.datapath, &trace.tuple, err);
	if (r == 0)
		r = trace_walk(&trace);
	if (r < 0)
		return r;
	if (sr_globals_format(globals) == SR_FORMAT_JSON)
		return sr_json_print(stdout, trace.root, err);
	sr_trace_print(trace.root);
	return 0;
}

const struct sr_command sr_command_trace = {
	.name = "trace",
	.summary = "Say what becomes of a packet, and why",
	.details = "A packet is made, and runs through a copy of the loaded programs, hook by hook; the kernel is\n"
		   "asked how it routes it. Nothing is sent, and nothing that is loaded changes. A tuple that a\n"
		   "connection has continues it; else the packet begins one.",
	.options = sr_trace_option_table,
	.size = sizeof(struct sr_trace_options),
	.formats = SR_PRINTS(JSON),
	.check = sr_trace_check,
	.run = trace_run,
};
