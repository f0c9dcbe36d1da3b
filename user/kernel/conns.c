// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A connection has two halves (bpf/conn.h). It is told once: by the client's, or
 * by the backend's where the client's was displaced.
 */
#include "kernel/conns.h"

#include <errno.h>
#include <string.h>

#include "kernel/conn_table.h"
#include "kernel/halves.h"
#include "kernel/instance.h"
#include "kernel/tables.h"
#include "kernel/timeouts.h"

/* --- all of them -------------------------------------------------------------------------- */

struct conns_walk {
	struct sr_datapath *datapath;
	struct sr_tables tables;
	struct sr_conn_table *table;
	struct sr_flow_clock clock;
	int (*visit)(const struct sr_conn_found *conn, void *context);
	void *context;
};

static void conns_walk_close(struct conns_walk *walk)
{
	sr_tables_close(&walk->tables);
}

static int conns_walk_open(struct conns_walk *walk, struct sr_datapath *datapath, struct sr_error *err)
{
	walk->datapath = datapath;
	walk->table = sr_datapath_conns(datapath, err);
	sr_flow_clock_get(&walk->clock);
	return !walk->table ? -EIO : sr_tables_open(&walk->tables, datapath, err);
}

static void conns_read(const struct conns_walk *walk, const struct sr_conn *half, struct sr_conn_found *out)
{
	out->half = *half;
	sr_flow_read(&out->flow, half, &walk->clock);
	out->flow.backend_gone =
		out->flow.of_service && (half->backend >= walk->tables.max_backends ||
					 walk->tables.backend[half->backend].generation != half->generation);
}

/* Is it told by its other half, or was it, and has been removed since? (Entries are read many at a time.) */
static bool conns_is_told_elsewhere(const struct conns_walk *walk, const struct sr_conn *half)
{
	struct sr_conn there;

	return half->to.flags & SR_CONN_REPLY &&
	       (sr_half_has_peer(walk->datapath, half) || !sr_half_find(walk->datapath, &half->from, &there));
}

static int conns_look(const struct sr_conn *half, void *context)
{
	const struct conns_walk *walk = context;
	struct sr_conn_found found;

	if (!sr_flow_is_live(&walk->clock, half) || conns_is_told_elsewhere(walk, half))
		return 0;
	conns_read(walk, half, &found);
	return walk->visit(&found, walk->context);
}

int sr_conns_each(struct sr_datapath *datapath, int (*visit)(const struct sr_conn_found *conn, void *context),
		  void *context, struct sr_error *err)
{
	__attribute__((cleanup(conns_walk_close))) struct conns_walk walk = {.visit = visit, .context = context};
	int r = conns_walk_open(&walk, datapath, err);

	if (r < 0)
		return r;
	r = sr_conn_table_each(walk.table, conns_look, &walk);
	/* Whoever was called may have said why it stopped. */
	return r < 0 && !(err && err->code) ? sr_fail(err, r, "cannot read the connections: %s", strerror(-r)) : r;
}

/* --- one of them -------------------------------------------------------------------------- */

int sr_conns_find(struct sr_datapath *datapath, const struct sr_hostport *src, const struct sr_hostport *dst,
		  struct sr_conn_found *out, struct sr_error *err)
{
	struct sr_tuple tuple = {
		.src = src->addr,
		.dst = dst->addr,
		.sport = src->port,
		.dport = dst->port,
		.proto = dst->proto,
	};
	__attribute__((cleanup(conns_walk_close))) struct conns_walk walk = {};
	char from[SR_HOSTPORT_TEXT], to[SR_HOSTPORT_TEXT];
	struct sr_conn half;
	int r = conns_walk_open(&walk, datapath, err);

	if (r < 0)
		return r;
	if (!sr_half_find(datapath, &tuple, &half) || !sr_flow_is_live(&walk.clock, &half)) {
		*strchr(sr_hostport_format(from, src), '/') = '\0';
		return sr_fail(err, -ENOENT, "there is no connection of packets from %s to %s", from,
			       sr_hostport_format(to, dst));
	}
	conns_read(&walk, &half, out);
	return 0;
}

/* --- to end them -------------------------------------------------------------------------- */

/* Twice: a packet that is under way may make the one half anew out of the other (conn_mend()). */
int sr_conns_remove(struct sr_datapath *datapath, const struct sr_conn *half, struct sr_error *err)
{
	struct sr_tuple peer = sr_half_peer(half);
	int r = 0;

	for (int i = 0; r == 0 && i < 2; i++) {
		bool has_peer = sr_half_has_peer(datapath, half);

		r = sr_half_remove(datapath, &half->from);
		if (r == 0 && has_peer)
			r = sr_half_remove(datapath, &peer);
	}
	return r < 0 ? sr_fail(err, r, "cannot remove a connection: %s", strerror(-r)) : 0;
}

static int conns_remove_entry(const struct sr_conn *entry, void *context)
{
	return sr_conn_table_remove(context, &entry->from);
}

int sr_conns_remove_all(struct sr_datapath *datapath, struct sr_error *err)
{
	struct sr_conn_table *table = sr_datapath_conns(datapath, err);
	int r = 0;

	if (!table)
		return -EIO;
	for (int i = 0; r == 0 && i < 2; i++)
		r = sr_conn_table_each(table, conns_remove_entry, table);
	return r < 0 ? sr_fail(err, r, "cannot remove the connections: %s", strerror(-r)) : 0;
}
