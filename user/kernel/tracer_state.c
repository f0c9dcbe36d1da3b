// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/tracer_state.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "kernel/conn_table.h"
#include "kernel/halves.h"
#include "kernel/map_each.h"

struct state_walk {
	struct sr_tracer_state *state;
	const struct sr_tuple *about;
};

static bool state_is_equal(const struct sr_addr *a, const struct sr_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool state_has_end(const struct sr_conn *conn, const struct sr_addr *addr)
{
	return state_is_equal(&conn->from.src, addr) || state_is_equal(&conn->from.dst, addr) ||
	       state_is_equal(&conn->to.src, addr) || state_is_equal(&conn->to.dst, addr);
}

/*
 * Whose tuples may be looked up: those of the flow itself, of its answers, and
 * those that it may claim for them, which bear its client or, where we take that
 * one's place, any port of ours.
 */
static bool state_matters(const struct sr_conn *conn, const struct sr_tuple *about)
{
	return conn->from.proto == about->proto &&
	       (sr_conn_is_masked(&conn->from, &conn->to) || state_has_end(conn, &about->src) ||
		state_has_end(conn, &about->dst));
}

static int state_keep_conn(const struct sr_conn *conn, void *context)
{
	const struct state_walk *walk = context;
	struct sr_conn *kept;

	if (!state_matters(conn, walk->about))
		return 0;
	kept = sr_array_add(&walk->state->conns, &walk->state->num_conns, sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	*kept = *conn;
	return 0;
}

static int state_keep_client(const void *key, const void *value, void *context)
{
	const struct state_walk *walk = context;
	struct sr_tracer_client *kept;

	if (!state_is_equal(&((const struct sr_affinity_key *)key)->client, &walk->about->src))
		return 0;
	kept = sr_array_add(&walk->state->clients, &walk->state->num_clients, sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	memcpy(&kept->key, key, sizeof(kept->key));
	memcpy(&kept->affinity, value, sizeof(kept->affinity));
	return 0;
}

int sr_tracer_state_read(struct sr_tracer_state *out, struct sr_datapath *datapath, const struct sr_tuple *about,
			 struct sr_error *err)
{
	struct state_walk walk = {.state = out, .about = about};
	const struct sr_conn_table *table = sr_datapath_conns(datapath, err);
	int r = table ? sr_conn_table_each(table, state_keep_conn, &walk) : -EIO;

	if (r == 0)
		r = sr_map_each(datapath->map_fd[SR_MAP_AFFINITY], state_keep_client, &walk);
	out->told = about->src;
	out->has_budget = bpf_map_lookup_elem(datapath->map_fd[SR_MAP_REFUSALS], &out->told, &out->budget) == 0;
	return r < 0 ? sr_fail(err, r, "cannot read the connections: %s", strerror(-r)) : 0;
}

static int state_write(int fd, const void *key, const void *value)
{
	return bpf_map_update_elem(fd, key, value, BPF_ANY) < 0 ? -errno : 0;
}

int sr_tracer_state_write(const struct sr_tracer_state *state, struct sr_datapath *copy, struct sr_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < state->num_conns; i++)
		r = sr_half_put(copy, &state->conns[i]);
	for (size_t i = 0; r == 0 && i < state->num_clients; i++)
		r = state_write(copy->map_fd[SR_MAP_AFFINITY], &state->clients[i].key, &state->clients[i].affinity);
	if (r == 0 && state->has_budget)
		r = state_write(copy->map_fd[SR_MAP_REFUSALS], &state->told, &state->budget);
	return r < 0 ? sr_fail(err, r, "cannot copy the connections: %s", strerror(-r)) : 0;
}

void sr_tracer_state_clear(struct sr_tracer_state *state)
{
	free(state->conns);
	free(state->clients);
	memset(state, 0, sizeof(*state));
}
