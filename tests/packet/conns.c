// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "conns.h"

#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "harness.h"
#include "kernel/conn_table.h"
#include "kernel/conns.h"
#include "kernel/halves.h"
#include "kernel/map_each.h"
#include "kernel/timeouts.h"

struct conns_list {
	enum standing standing;
	struct sr_conn *item;
	size_t num;
};

struct conns_keys {
	char (*item)[sizeof(struct sr_fragment_key)];
	size_t num, size;
};

static struct sr_conn_table *conns_table(void)
{
	struct sr_conn_table *table = sr_datapath_conns(harness_datapath(), NULL);

	if (!table)
		fail_msg("cannot open the table of connections");
	return table;
}

static struct sr_tuple conns_tuple(const char *from, const char *to)
{
	struct sr_hostport src = world_hostport(from, world.family, world.proto);
	struct sr_hostport dst = world_hostport(to, world.family, world.proto);

	return (struct sr_tuple){
		.src = src.addr, .dst = dst.addr, .sport = src.port, .dport = dst.port, .proto = dst.proto};
}

static bool conns_has_standing(const struct sr_conn *conn, enum standing standing)
{
	return standing == ANY_CONN || sr_conn_is_kept(conn->to.flags);
}

bool conn_read(enum standing standing, const char *from, const char *to, struct sr_conn *out)
{
	struct sr_tuple tuple = conns_tuple(from, to);
	struct sr_conn conn;

	if (!sr_conn_table_get(conns_table(), &tuple, &conn) || !conns_has_standing(&conn, standing))
		return false;
	if (out)
		*out = conn;
	return true;
}

bool conn_is_kept(const char *from, const char *to)
{
	const struct sr_conn_table *table = conns_table();
	struct sr_tuple tuple = conns_tuple(from, to);
	__u64 hash = sr_conn_hash((const __u64 *)table->seed, &tuple);
	uint32_t index[] = {sr_conn_first_set(hash, table->num_sets), sr_conn_second_set(hash, table->num_sets)};
	struct sr_conn_set set;
	int way = -1;

	for (size_t i = 0; way < 0 && i < ARRAY_SIZE(index); i++)
		if (bpf_map_lookup_elem(table->fd, &index[i], &set) == 0)
			way = sr_set_find_way(&set, table->stride, sr_conn_tag(hash), &tuple);
	if (way < 0)
		fail_msg("no connection %s → %s", from, to);
	return set.kept >> way & 1;
}

void conn_evict(const char *from, const char *to)
{
	struct sr_tuple tuple = conns_tuple(from, to);

	if (!conn_read(ANY_CONN, from, to, NULL) || sr_conn_table_remove(conns_table(), &tuple) < 0)
		fail_msg("no connection %s → %s to evict", from, to);
}

static __u32 conns_ticks(int seconds)
{
	struct sr_timeouts timeouts;

	sr_timeouts_get(&timeouts); /* its UDP time is 120 s */
	return (__u32)((int)timeouts.udp * seconds / 120);
}

struct shift {
	__u32 seen, created;
};

static void conns_shift_entry(struct sr_conn *conn, const void *context)
{
	const struct shift *shift = context;

	conn->seen -= shift->seen;
	conn->created -= shift->created;
}

static void conns_shift(const char *from, const char *to, __u32 seen, __u32 created)
{
	struct sr_tuple tuple = conns_tuple(from, to);
	struct shift shift = {seen, created};

	if (!conn_read(ANY_CONN, from, to, NULL) ||
	    sr_conn_table_change(conns_table(), &tuple, conns_shift_entry, &shift) < 0)
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

static int conns_append(const struct sr_conn *entry, void *context)
{
	struct conns_list *list = context;
	struct sr_conn *conn;

	if (!conns_has_standing(entry, list->standing))
		return 0;
	conn = sr_array_add(&list->item, &list->num, sizeof(*conn));
	if (!conn)
		abort();
	*conn = *entry;
	return 0;
}

struct sr_conn *conns_all(enum standing standing, size_t *num)
{
	struct conns_list list = {.standing = standing};

	if (sr_conn_table_each(conns_table(), conns_append, &list) < 0)
		fail_msg("cannot read the table of connections");
	*num = list.num;
	return list.item;
}

size_t conns_count(enum standing standing)
{
	size_t num;

	free(conns_all(standing, &num));
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

void clients_forget(void)
{
	conns_empty(sr_datapath_map_fd(harness_datapath(), "sr_affinity"), sizeof(struct sr_affinity_key));
	conns_empty(sr_datapath_map_fd(harness_datapath(), "sr_trusted"), sizeof(struct sr_addr));
}

void conns_forget(void)
{
	struct sr_error err = {};

	if (sr_conns_remove_all(harness_datapath(), &err) < 0)
		fail_msg("%s", err.text);
	conns_empty(sr_datapath_map_fd(harness_datapath(), "sr_fragments"), sizeof(struct sr_fragment_key));
	conns_empty(sr_datapath_map_fd(harness_datapath(), "sr_announced"), sizeof(struct sr_announced_key));
}
