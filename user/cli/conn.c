// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute conn list, get, del, flush: the connections that packets have opened. */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/conn_options.h"
#include "cli/flow_names.h"
#include "cli/flow_show.h"
#include "cli/instance.h"
#include "kernel/conns.h"

/* As many rows are held to be aligned. */
#define CONN_ROWS 1024

static const char *const conn_columns[] = {"PROTO",  "STATE",	"CLIENT", "FRONTEND", "BACKEND",
					   "SOURCE", "SERVICE", "AGE",	  "IDLE",     "LEFT"};

struct conn_walk {
	const struct sr_conn_options *options;
	bool json;
	struct sr_datapath *datapath;
	struct sr_flow_names names;
	struct sr_table table;
	uint32_t num; /* met so far */
	struct sr_error *err;
};

static void conn_walk_close(struct conn_walk *walk)
{
	sr_datapath_close(walk->datapath);
	sr_flow_names_clear(&walk->names);
	sr_table_clear(&walk->table);
}
#define conn_autowalk __attribute__((cleanup(conn_walk_close)))

static int conn_walk_open(struct conn_walk *walk, const struct sr_globals *globals, enum sr_access access)
{
	int r = sr_instance_open(&walk->datapath, globals, access, walk->err);

	walk->json = sr_globals_format(globals) == SR_FORMAT_JSON;
	if (r == 0)
		r = sr_flow_names_read(&walk->names, walk->datapath, walk->err);
	return r < 0 ? r : sr_flow_names_check(&walk->names, walk->options->flows.service, walk->err);
}

static bool conn_is_meant(const struct conn_walk *walk, const struct sr_flow *flow)
{
	return sr_flow_options_match(&walk->options->flows, flow, sr_flow_names_find(&walk->names, flow));
}

/* --- to show them ------------------------------------------------------------------------- */

static void conn_begin(struct conn_walk *walk)
{
	walk->table.columns = ARRAY_SIZE(conn_columns);
	for (size_t i = 0; i < ARRAY_SIZE(conn_columns); i++)
		sr_table_add(&walk->table, conn_columns[i]);
}

static int conn_flush_rows(struct conn_walk *walk)
{
	if (walk->json)
		return 0;
	return sr_table_flush(&walk->table, stdout) < 0 ? sr_fail(walk->err, -ENOMEM, "out of memory") : 0;
}

static int conn_show_row(struct conn_walk *walk, const struct sr_flow *flow, const struct sr_service *service)
{
	sr_table_add(&walk->table, sr_proto_name(flow->proto));
	sr_flow_add_state(&walk->table, flow);
	sr_flow_add_ends(&walk->table, flow);
	sr_flow_add_service(&walk->table, service);
	sr_flow_add_times(&walk->table, flow);
	return ++walk->num % CONN_ROWS ? 0 : conn_flush_rows(walk);
}

static int conn_show(const struct sr_conn_found *conn, void *context)
{
	struct conn_walk *walk = context;
	const struct sr_service *service = sr_flow_names_find(&walk->names, &conn->flow);

	if (!conn_is_meant(walk, &conn->flow))
		return 0;
	if (walk->json)
		return sr_json_print_line(stdout, sr_flow_json(&conn->flow, service), walk->err);
	return conn_show_row(walk, &conn->flow, service);
}

static int conn_list_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	conn_autowalk struct conn_walk walk = {.options = options, .err = err};
	int r = conn_walk_open(&walk, globals, SR_ACCESS_SETTLED);

	if (r < 0)
		return r;
	conn_begin(&walk);
	r = sr_conns_each(walk.datapath, conn_show, &walk, err);
	return r < 0 ? r : conn_flush_rows(&walk);
}

static int conn_get_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	conn_autowalk struct conn_walk walk = {.options = options, .err = err};
	struct sr_conn_found conn;
	int r = conn_walk_open(&walk, globals, SR_ACCESS_SETTLED);

	if (r == 0)
		r = sr_conns_find(walk.datapath, &walk.options->src, &walk.options->dst, &conn, err);
	if (r < 0)
		return r;
	conn_begin(&walk);
	r = conn_show(&conn, &walk);
	return r < 0 ? r : conn_flush_rows(&walk);
}

/* --- to end them -------------------------------------------------------------------------- */

static int conn_remove(const struct sr_conn_found *conn, void *context)
{
	struct conn_walk *walk = context;
	int r = 0;

	if (!conn_is_meant(walk, &conn->flow))
		return 0;
	r = sr_conns_remove(walk->datapath, &conn->half, walk->err);
	walk->num += r == 0;
	return r;
}

static int conn_remove_one(struct conn_walk *walk)
{
	struct sr_conn_found conn;
	int r = sr_conns_find(walk->datapath, &walk->options->src, &walk->options->dst, &conn, walk->err);

	return r < 0 ? r : conn_remove(&conn, walk);
}

static int conn_tell(const struct conn_walk *walk, const struct sr_globals *globals)
{
	if (!globals->quiet)
		printf("%u connection%s removed\n", walk->num, walk->num == 1 ? "" : "s");
	return 0;
}

static int conn_del_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	conn_autowalk struct conn_walk walk = {.options = options, .err = err};
	int r = conn_walk_open(&walk, globals, SR_ACCESS_WRITE);

	if (r == 0)
		r = walk.options->src.port ? conn_remove_one(&walk)
					   : sr_conns_each(walk.datapath, conn_remove, &walk, err);
	if (r < 0)
		return r;
	return walk.num ? conn_tell(&walk, globals) : sr_fail(err, -ENOENT, "no connection matches");
}

/* What can be counted is what `conn list` shows: that goes first, the rest unseen. */
static int conn_flush_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	conn_autowalk struct conn_walk walk = {.options = options, .err = err};
	int r = conn_walk_open(&walk, globals, SR_ACCESS_WRITE);

	if (r == 0)
		r = sr_conns_each(walk.datapath, conn_remove, &walk, err);
	if (r == 0 && !sr_flow_options_any(&walk.options->flows))
		r = sr_conns_remove_all(walk.datapath, err);
	return r < 0 ? r : conn_tell(&walk, globals);
}

const struct sr_command sr_command_conn_list = {
	.name = "conn list",
	.summary = "Show the connections that packets have opened",
	.details = "States are, of TCP: SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, TIME_WAIT, CLOSE; of UDP:\n"
		   "UNREPLIED, REPLIED, ASSURED; of SCTP: COOKIE_WAIT, COOKIE_ECHOED, ESTABLISHED,\n"
		   "SHUTDOWN_SENT, SHUTDOWN_ACK_SENT, CLOSED; with ',gone' where the backend gets no others.\n"
		   "LEFT is how long it may be silent yet. -o json prints an object a line.",
	.options = sr_conn_filter_options,
	.size = sizeof(struct sr_conn_options),
	.formats = SR_PRINTS(JSON),
	.check = sr_conn_filter_check,
	.run = conn_list_run,
};

const struct sr_command sr_command_conn_get = {
	.name = "conn get",
	.summary = "Show the connection that packets belong to, of either direction",
	.options = sr_conn_get_options,
	.size = sizeof(struct sr_conn_options),
	.formats = SR_PRINTS(JSON),
	.check = sr_conn_get_check,
	.run = conn_get_run,
};

const struct sr_command sr_command_conn_del = {
	.name = "conn del",
	.summary = "Forget a connection, or those that a filter means",
	.details = "Its next packet begins it anew, maybe with another backend. That there is none is an error.",
	.options = sr_conn_del_options,
	.size = sizeof(struct sr_conn_options),
	.check = sr_conn_del_check,
	.run = conn_del_run,
};

const struct sr_command sr_command_conn_flush = {
	.name = "conn flush",
	.summary = "Forget all connections, or those that a filter means",
	.options = sr_conn_filter_options,
	.size = sizeof(struct sr_conn_options),
	.check = sr_conn_filter_check,
	.run = conn_flush_run,
};
