// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/halves.h"

#include <errno.h>
#include <string.h>

#include "kernel/bloom.h"
#include "kernel/conn_table.h"
#include "kernel/timeouts.h"
#include "model/flow.h"

struct sr_tuple sr_half_peer(const struct sr_conn *half)
{
	return (struct sr_tuple){
		.src = half->to.dst,
		.dst = half->to.src,
		.sport = half->to.dport,
		.dport = half->to.sport,
		.proto = half->from.proto,
	};
}

void sr_half_invert(struct sr_conn *out, const struct sr_conn *half)
{
	*out = *half;
	out->from = sr_half_peer(half);
	out->to.src = half->from.dst;
	out->to.dst = half->from.src;
	out->to.sport = half->from.dport;
	out->to.dport = half->from.sport;
	out->to.flags ^= SR_CONN_REPLY;
	out->hop = (struct sr_hop){};
}

/* --- the table ---------------------------------------------------------------------------- */

struct sr_conn_table *sr_datapath_conns(struct sr_datapath *datapath, struct sr_error *err)
{
	sr_autofree struct sr_conn_table *table = NULL;
	struct sr_state state;
	int r;

	if (datapath->conns)
		return datapath->conns;
	if (sr_state_read(datapath, &state, err) < 0)
		return NULL;
	table = calloc(1, sizeof(*table));
	r = table ? sr_conn_table_open(table, datapath->map_fd[SR_MAP_CONNS], state.key_seed) : -ENOMEM;
	if (r < 0) {
		sr_fail(err, r, "cannot read the connections: %s", strerror(-r));
		return NULL;
	}
	return datapath->conns = TAKE_PTR(table);
}

void sr_datapath_close_conns(struct sr_datapath *datapath)
{
	if (datapath->conns)
		sr_conn_table_close(datapath->conns);
	free(datapath->conns);
	datapath->conns = NULL;
}

/* --- to read them ------------------------------------------------------------------------- */

bool sr_half_find(struct sr_datapath *datapath, const struct sr_tuple *from, struct sr_conn *out)
{
	const struct sr_conn_table *table = sr_datapath_conns(datapath, NULL);

	return table && sr_conn_table_get(table, from, out);
}

bool sr_half_find_live(struct sr_datapath *datapath, const struct sr_tuple *from, struct sr_conn *out)
{
	struct sr_flow_clock clock;

	sr_flow_clock_get(&clock);
	return sr_half_find(datapath, from, out) && sr_flow_is_live(&clock, out);
}

bool sr_half_leaves_alike(const struct sr_conn *a, const struct sr_conn *b)
{
	struct sr_tuple x = sr_half_peer(a), y = sr_half_peer(b);

	return memcmp(&x, &y, sizeof(x)) == 0;
}

bool sr_half_has_peer(struct sr_datapath *datapath, const struct sr_conn *half)
{
	struct sr_tuple peer = sr_half_peer(half), back;
	struct sr_conn other;

	if (!sr_half_find(datapath, &peer, &other))
		return false;
	back = sr_half_peer(&other);
	return memcmp(&back, &half->from, sizeof(back)) == 0;
}

/* --- to write them ------------------------------------------------------------------------ */

/* In place: its tuple stays, and so nobody takes what he reads meanwhile for another's. */
static void half_overwrite(struct sr_conn *entry, const void *context)
{
	*entry = *(const struct sr_conn *)context;
}

int sr_half_put(struct sr_datapath *datapath, const struct sr_conn *half)
{
	struct sr_conn_table *table = sr_datapath_conns(datapath, NULL);
	struct sr_flow_clock clock;
	int r;

	if (!table)
		return -EIO;
	sr_flow_clock_get(&clock);
	sr_bloom_add_half(datapath, half);
	r = sr_conn_table_insert(table, half, &clock.ticks);
	return r == -EEXIST ? sr_conn_table_change(table, &half->from, half_overwrite, half) : r;
}

/* The answers' half first: a packet that finds the client's is answered. */
int sr_half_put_both(struct sr_datapath *datapath, const struct sr_conn *half, uint32_t only_there)
{
	struct sr_conn reply, there = *half;
	int r;

	sr_half_invert(&reply, half);
	there.to.flags |= only_there;
	r = sr_half_put(datapath, &reply);
	return r < 0 ? r : sr_half_put(datapath, &there);
}

struct half_marks {
	uint32_t set, clear;
};

static void half_mark(struct sr_conn *entry, const void *context)
{
	const struct half_marks *marks = context;

	__atomic_fetch_or(&entry->to.flags, marks->set, __ATOMIC_RELAXED);
	__atomic_fetch_and(&entry->to.flags, ~marks->clear, __ATOMIC_RELAXED);
}

void sr_half_mark(struct sr_datapath *datapath, const struct sr_tuple *from, uint32_t set, uint32_t clear)
{
	struct half_marks marks = {.set = set, .clear = clear};
	struct sr_conn_table *table = sr_datapath_conns(datapath, NULL);

	if (table)
		sr_conn_table_change(table, from, half_mark, &marks);
}

int sr_half_remove(struct sr_datapath *datapath, const struct sr_tuple *from)
{
	struct sr_conn_table *table = sr_datapath_conns(datapath, NULL);

	return table ? sr_conn_table_remove(table, from) : -EIO;
}
