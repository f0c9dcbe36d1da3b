// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute monitor: what happens to connections and packets, line by line. */
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/flow_names.h"
#include "cli/flow_show.h"
#include "cli/instance.h"
#include "cli/monitor_options.h"
#include "cli/show.h"
#include "kernel/events.h"

/* Names may change: what has none is looked up again, but not more often. */
#define MONITOR_NAMES_SEC 1

/* A line is written when it comes: columns are wide enough for most of IPv4 from the start. */
static const struct {
	const char *name;
	size_t width;
} monitor_columns[] = {
	{"TIME", 15},	 {"EVENT", 8},	 {"PROTO", 0},	  {"CLIENT", 21}, {"FRONTEND", 21},
	{"BACKEND", 21}, {"SOURCE", 21}, {"SERVICE", 16}, {"REASON", 0},
};

struct monitor {
	const struct sr_monitor_options *options;
	bool json;
	struct sr_datapath *datapath;
	struct sr_flow_names names;
	time_t names_read;
	struct sr_table table;
	uint32_t num; /* told */
	struct sr_error *err;
};

static volatile sig_atomic_t monitor_is_over;

static void monitor_stop(int signal)
{
	(void)signal;
	monitor_is_over = 1;
}

/* Not restarted: they end a wait for events. */
static void monitor_catch_signals(void)
{
	struct sigaction action = {.sa_handler = monitor_stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void monitor_close(struct monitor *monitor)
{
	sr_datapath_close(monitor->datapath);
	sr_flow_names_clear(&monitor->names);
	sr_table_clear(&monitor->table);
}

/* --- which connection, and which service -------------------------------------------------- */

static bool event_is_of_connection(const struct sr_event *event)
{
	return event->kind == SR_EVENT_NEW || event->kind == SR_EVENT_CLOSED;
}

/* A packet that was not translated has a client and what it called, no more. */
static void event_read(const struct sr_event *event, struct sr_flow *out)
{
	static const struct sr_flow_clock no_clock = {.jiffies_per_second = 1};
	struct sr_conn half = {.from = event->tuple, .to = event->to, .service = event->service};

	sr_flow_read(out, &half, &no_clock);
	if (event_is_of_connection(event))
		return;
	out->backend = out->source = (struct sr_hostport){};
}

static int monitor_read_names(struct monitor *monitor)
{
	struct sr_flow_names names = {};
	int r = sr_flow_names_read(&names, monitor->datapath, monitor->err);

	if (r < 0) {
		sr_flow_names_clear(&names);
		return r;
	}
	sr_flow_names_clear(&monitor->names);
	monitor->names = names;
	monitor->names_read = time(NULL);
	return 0;
}

static const struct sr_service *monitor_find(const struct monitor *monitor, const struct sr_event *event,
					     const struct sr_flow *flow)
{
	if (event_is_of_connection(event))
		return sr_flow_names_find(&monitor->names, flow);
	return sr_flow_names_called(&monitor->names, &flow->frontend);
}

/* *out: NULL where it has none. */
static int monitor_service(struct monitor *monitor, const struct sr_event *event, const struct sr_flow *flow,
			   const struct sr_service **out)
{
	int r = 0;

	*out = monitor_find(monitor, event, flow);
	if (*out || !flow->of_service || event->kind == SR_EVENT_PASSED ||
	    time(NULL) - monitor->names_read < MONITOR_NAMES_SEC)
		return 0;
	r = monitor_read_names(monitor);
	*out = monitor_find(monitor, event, flow);
	return r;
}

/* --- how it is told ----------------------------------------------------------------------- */

static void monitor_add_time(struct sr_table *table, const struct timespec *when)
{
	struct tm local;
	char text[32];

	localtime_r(&when->tv_sec, &local);
	strftime(text, sizeof(text), "%H:%M:%S", &local);
	sr_table_addf(table, "%s.%06ld", text, when->tv_nsec / 1000);
}

static json_t *json_time(const struct timespec *when)
{
	struct tm utc;
	char text[64];

	gmtime_r(&when->tv_sec, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	return json_sprintf("%s.%06ldZ", text, when->tv_nsec / 1000);
}

static void monitor_add_packet(struct sr_table *table, const struct sr_flow *flow)
{
	char text[SR_HOSTPORT_TEXT];

	if (sr_addr_is_zero(&flow->client.addr))
		sr_table_add(table, "-");
	else
		sr_table_add(table, sr_show_address(text, &flow->client.addr, flow->client.port));
	sr_table_add(table, sr_show_address(text, &flow->frontend.addr, flow->frontend.port));
	sr_table_add(table, "-");
	sr_table_add(table, "-");
}

static int monitor_show_row(struct monitor *monitor, const struct sr_event *event, const struct sr_flow *flow,
			    const struct sr_service *service)
{
	struct timespec when = sr_events_time(event);
	struct sr_table *table = &monitor->table;

	monitor_add_time(table, &when);
	sr_table_add(table, sr_event_kind_name(event->kind));
	sr_table_add(table, sr_proto_name(flow->proto));
	if (event_is_of_connection(event))
		sr_flow_add_ends(table, flow);
	else
		monitor_add_packet(table, flow);
	sr_flow_add_service(table, service);
	sr_table_add(table, sr_event_reason_name(event));
	return sr_table_flush(table, stdout) < 0 ? sr_fail(monitor->err, -ENOMEM, "out of memory") : 0;
}

/* As a connection's, without what an event does not know. */
static int monitor_show_json(struct monitor *monitor, const struct sr_event *event, const struct sr_flow *flow,
			     const struct sr_service *service)
{
	static const char *const of_connections[] = {"state", "backend_gone", "age", "idle", "left"};
	struct timespec when = sr_events_time(event);
	const char *reason = sr_event_reason_name(event);
	json_t *json = sr_flow_json(flow, service);
	char device[IF_NAMESIZE];

	for (size_t i = 0; i < ARRAY_SIZE(of_connections); i++)
		json_object_del(json, of_connections[i]);
	if (!event_is_of_connection(event)) {
		json_object_set_new(json, "backend", json_null());
		json_object_set_new(json, "source", json_null());
	}
	if (sr_addr_is_zero(&flow->client.addr))
		json_object_set_new(json, "client", json_null());
	json_object_set_new(json, "time", json_time(&when));
	json_object_set_new(json, "event", json_string(sr_event_kind_name(event->kind)));
	json_object_set_new(json, "reason", strcmp(reason, "-") == 0 ? json_null() : json_string(reason));
	json_object_set_new(json, "device",
			    if_indextoname(event->ifindex, device) ? sr_json_text(device) : json_null());
	return sr_json_print_line(stdout, json, monitor->err);
}

/* -ECANCELED: that was the last one wanted. */
static int monitor_tell(const struct sr_event *event, void *context)
{
	struct monitor *monitor = context;
	const struct sr_service *service;
	struct sr_flow flow;
	int r;

	if (!sr_monitor_wants(monitor->options, event) || !event->tuple.proto)
		return 0;
	event_read(event, &flow);
	r = monitor_service(monitor, event, &flow, &service);
	if (r < 0 || !sr_flow_options_match(&monitor->options->flows, &flow, service))
		return r;
	r = monitor->json ? monitor_show_json(monitor, event, &flow, service)
			  : monitor_show_row(monitor, event, &flow, service);
	if (r == 0 && ++monitor->num == monitor->options->count)
		r = -ECANCELED;
	return r;
}

static int monitor_tell_lost(const struct monitor *monitor, uint64_t lost)
{
	if (lost && monitor->json)
		return sr_json_print_line(stdout, json_pack("{s:s, s:I}", "event", "lost", "count", (json_int_t)lost),
					  monitor->err);
	if (lost)
		fprintf(stderr, "svcroute: %" PRIu64 " events were lost: they came faster than they were read\n", lost);
	return 0;
}

static int monitor_begin(struct monitor *monitor)
{
	struct sr_table *table = &monitor->table;

	table->columns = ARRAY_SIZE(monitor_columns);
	for (size_t i = 0; i < ARRAY_SIZE(monitor_columns); i++) {
		sr_table_add(table, monitor_columns[i].name);
		sr_table_widen(table, i, monitor_columns[i].width);
	}
	if (!monitor->json && sr_table_flush(table, stdout) < 0)
		return sr_fail(monitor->err, -ENOMEM, "out of memory");
	fflush(stdout);
	return 0;
}

/* Until a signal comes, enough was told, or nobody reads what we write. */
static int monitor_follow(struct monitor *monitor, struct sr_events *events)
{
	int r = monitor_begin(monitor);

	while (r == 0 && !monitor_is_over && !ferror(stdout)) {
		r = sr_events_read(events, monitor_tell, monitor, monitor->err);
		if (r == 0 || r == -ECANCELED)
			r = monitor_tell_lost(monitor, sr_events_lost(events)) < 0 ? -ENOMEM : r;
		fflush(stdout);
	}
	return r == -ECANCELED ? 0 : r;
}

static int monitor_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	__attribute__((cleanup(monitor_close))) struct monitor monitor = {.options = options, .err = err};
	sr_autoevents struct sr_events *events = NULL;
	int r;

	monitor.json = sr_globals_format(globals) == SR_FORMAT_JSON;
	r = sr_instance_open(&monitor.datapath, globals, SR_ACCESS_READ, err);
	if (r == 0)
		r = monitor_read_names(&monitor);
	if (r == 0)
		r = sr_flow_names_check(&monitor.names, monitor.options->flows.service, err);
	if (r == 0)
		r = sr_events_open(&events, monitor.datapath, sr_monitor_wishes(options), err);
	if (r < 0)
		return r;
	monitor_catch_signals();
	return monitor_follow(&monitor, events);
}

const struct sr_command sr_command_monitor = {
	.name = "monitor",
	.summary = "Tell what happens to connections and packets, until it is stopped",
	.details = "new: a connection begins; closed: it was ended or reset, or goes elsewhere (what ends by\n"
		   "silence is not told); dropped: a packet is, with the reason; rejected: its sender is told;\n"
		   "not-translated: a packet is left as it is, which is told only of what should not be so,\n"
		   "unless --event or --reason asks for it. -o json prints an object a line.\n"
		   "Events cost something only while they are asked for. Those that come faster than they\n"
		   "are read are lost, and counted.",
	.options = sr_monitor_options,
	.size = sizeof(struct sr_monitor_options),
	.formats = SR_PRINTS(JSON),
	.check = sr_monitor_check,
	.run = monitor_run,
};
