// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "conns.h"

#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "harness.h"
#include "kernel/datapath.h"
#include "kernel/map_each.h"
#include "kernel/timeouts.h"

/* An entry and where it lies: the key of IPv6 is a hash that only bpf/ can make. */
struct conns_found {
	struct sr_tuple tuple;
	struct sr_conn_key key;
	struct sr_conn conn;
	bool found;
};

struct conns_list {
	struct sr_conn *item;
	size_t num;
};

struct conns_keys {
	char (*item)[sizeof(struct sr_fragment_key)];
	size_t num, size;
};

static int conns_fd(enum table table)
{
	return sr_datapath_map_fd(harness_datapath(), table == TABLE_PROVEN ? "sr_conns" : "sr_conns_new");
}

static int conns_match(const void *key, const void *value, void *context)
{
	struct conns_found *found = context;
	const struct sr_conn *conn = value;

	if (memcmp(&conn->from, &found->tuple, sizeof(found->tuple)) != 0)
		return 0;
	memcpy(&found->key, key, sizeof(found->key));
	found->conn = *conn;
	found->found = true;
	return 0;
}

static struct conns_found conns_find(enum table table, const char *from, const char *to)
{
	struct sr_hostport src = world_hostport(from, world.family, world.proto);
	struct sr_hostport dst = world_hostport(to, world.family, world.proto);
	struct conns_found found = {
		.tuple = {.src = src.addr, .dst = dst.addr, .sport = src.port, .dport = dst.port, .proto = dst.proto},
	};

	if (sr_map_each(conns_fd(table), conns_match, &found) < 0)
		fail_msg("cannot read the table of connections");
	return found;
}

bool conn_read(enum table table, const char *from, const char *to, struct sr_conn *out)
{
	struct conns_found found = conns_find(table, from, to);

	if (out)
		*out = found.conn;
	return found.found;
}

void conn_evict(enum table table, const char *from, const char *to)
{
	struct conns_found found = conns_find(table, from, to);

	if (!found.found || bpf_map_delete_elem(conns_fd(table), &found.key) < 0)
		fail_msg("no connection %s → %s to evict", from, to);
}

static __u32 conns_ticks(int seconds)
{
	struct sr_timeouts timeouts;

	sr_timeouts_get(&timeouts); /* its UDP time is 120 s */
	return (__u32)((int)timeouts.udp * seconds / 120);
}

static void conns_shift(const char *from, const char *to, __u32 seen, __u32 created)
{
	bool any = false;

	for (enum table table = TABLE_NEW; table <= TABLE_PROVEN; table++) {
		struct conns_found found = conns_find(table, from, to);

		if (!found.found)
			continue;
		found.conn.seen -= seen;
		found.conn.created -= created;
		bpf_map_update_elem(conns_fd(table), &found.key, &found.conn, BPF_EXIST);
		any = true;
	}
	if (!any)
		fail_msg("no connection %s → %s to age", from, to);
}

void conn_age(const char *from, const char *to, int seconds)
{
	conns_shift(from, to, conns_ticks(seconds), 0);
}

void conn_begin_earlier(const char *from, const char *to, int seconds)
{
	conns_shift(from, to, 0, conns_ticks(seconds));
}

static int fragments_shift(const void *key, const void *value, void *context)
{
	struct sr_fragment fragment = *(const struct sr_fragment *)value;

	fragment.seen -= conns_ticks(*(int *)context);
	bpf_map_update_elem(sr_datapath_map_fd(harness_datapath(), "sr_fragments"), key, &fragment, BPF_EXIST);
	return 0;
}

void fragments_age(int seconds)
{
	sr_map_each(sr_datapath_map_fd(harness_datapath(), "sr_fragments"), fragments_shift, &seconds);
}

static int conns_append(const void *key, const void *value, void *context)
{
	struct conns_list *list = context;
	struct sr_conn *conn = sr_array_add(&list->item, &list->num, sizeof(*conn));

	(void)key;
	if (!conn)
		abort();
	memcpy(conn, value, sizeof(*conn));
	return 0;
}

struct sr_conn *conns_all(enum table table, size_t *num)
{
	struct conns_list list = {};

	if (sr_map_each(conns_fd(table), conns_append, &list) < 0)
		fail_msg("cannot read the table of connections");
	*num = list.num;
	return list.item;
}

size_t conns_count(enum table table)
{
	size_t num;

	free(conns_all(table, &num));
	return num;
}

static int conns_note_key(const void *key, const void *value, void *context)
{
	struct conns_keys *keys = context;
	char *place = sr_array_add(&keys->item, &keys->num, sizeof(*keys->item));

	(void)value;
	if (!place)
		abort();
	memcpy(place, key, keys->size);
	return 0;
}

static void conns_empty(int fd, size_t key_size)
{
	struct conns_keys keys = {.size = key_size};

	sr_map_each(fd, conns_note_key, &keys);
	for (size_t i = 0; i < keys.num; i++)
		bpf_map_delete_elem(fd, keys.item[i]);
	free(keys.item);
}

void conns_forget(void)
{
	conns_empty(conns_fd(TABLE_NEW), sizeof(struct sr_conn_key));
	conns_empty(conns_fd(TABLE_PROVEN), sizeof(struct sr_conn_key));
	conns_empty(sr_datapath_map_fd(harness_datapath(), "sr_fragments"), sizeof(struct sr_fragment_key));
	conns_empty(sr_datapath_map_fd(harness_datapath(), "sr_announced"), sizeof(struct sr_announced_key));
}
