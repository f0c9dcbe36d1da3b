// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A connection has two halves, each in one or both of two tables (bpf/conn.h).
 * It is told once: by the client's half, in the large table if it is there; by
 * the backend's where LRU has evicted the client's.
 */
#include "kernel/conns.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/halves.h"
#include "kernel/instance.h"
#include "kernel/map_each.h"
#include "kernel/tables.h"
#include "kernel/timeouts.h"

/* --- all of them -------------------------------------------------------------------------- */

struct conns_walk {
	const struct sr_datapath *datapath;
	struct sr_tables tables;
	struct sr_state state;
	struct sr_flow_clock clock;
	enum sr_map map; /* that is being read */
	int (*visit)(const struct sr_conn_found *conn, void *context);
	void *context;
};

static void conns_walk_close(struct conns_walk *walk)
{
	sr_tables_close(&walk->tables);
}

static int conns_walk_open(struct conns_walk *walk, struct sr_datapath *datapath, struct sr_error *err)
{
	int r = sr_state_read(datapath, &walk->state, err);

	walk->datapath = datapath;
	sr_flow_clock_get(&walk->clock);
	return r < 0 ? r : sr_tables_open(&walk->tables, datapath, err);
}

static void conns_read(const struct conns_walk *walk, const struct sr_conn *half, struct sr_conn_found *out)
{
	out->half = *half;
	sr_flow_read(&out->flow, half, &walk->clock);
	out->flow.backend_gone =
		out->flow.of_service && (half->backend >= walk->tables.max_backends ||
					 walk->tables.backend[half->backend].generation != half->generation);
}

/*
 * Is the connection told where another of its entries is met, or was it, and
 * has been removed since? (Entries are read many at a time.)
 */
static bool conns_is_told_elsewhere(const struct conns_walk *walk, const struct sr_conn_key *key,
				    const struct sr_conn *half)
{
	struct sr_conn other;

	if (walk->map == SR_MAP_CONNS_NEW && sr_half_get(walk->datapath, SR_MAP_CONNS, key, &half->from, &other))
		return true;
	if (!(half->to.flags & SR_CONN_REPLY))
		return false;
	return sr_half_has_peer(walk->datapath, &walk->state, half) ||
	       !sr_half_get(walk->datapath, walk->map, key, &half->from, &other);
}

static int conns_look(const void *key, const void *value, void *context)
{
	const struct conns_walk *walk = context;
	const struct sr_conn *half = value;
	struct sr_conn_found found;

	if (!sr_flow_is_live(&walk->clock, half) || conns_is_told_elsewhere(walk, key, half))
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
	walk.map = SR_MAP_CONNS;
	r = sr_map_each(datapath->map_fd[walk.map], conns_look, &walk);
	walk.map = SR_MAP_CONNS_NEW;
	if (r == 0)
		r = sr_map_each(datapath->map_fd[walk.map], conns_look, &walk);
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
	if (!sr_half_find(datapath, &walk.state, &tuple, &half) || !sr_flow_is_live(&walk.clock, &half)) {
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
	struct sr_state state;
	int r = sr_state_read(datapath, &state, err);

	if (r < 0)
		return r;
	for (int i = 0; r == 0 && i < 2; i++) {
		bool has_peer = sr_half_has_peer(datapath, &state, half);

		r = sr_half_remove(datapath, &state, &half->from);
		if (r == 0 && has_peer)
			r = sr_half_remove(datapath, &state, &peer);
	}
	return r < 0 ? sr_fail(err, r, "cannot remove a connection: %s", strerror(-r)) : 0;
}

static int conns_remove_entry(const void *key, const void *value, void *context)
{
	(void)value;
	if (bpf_map_delete_elem(*(const int *)context, key) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

int sr_conns_remove_all(struct sr_datapath *datapath, struct sr_error *err)
{
	static const enum sr_map maps[] = {SR_MAP_CONNS, SR_MAP_CONNS_NEW, SR_MAP_CONNS};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(maps); i++)
		r = sr_map_each(datapath->map_fd[maps[i]], conns_remove_entry, &datapath->map_fd[maps[i]]);
	return r < 0 ? sr_fail(err, r, "cannot remove the connections: %s", strerror(-r)) : 0;
}
