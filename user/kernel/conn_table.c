// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/conn_table.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "kernel/map_each.h"

#define TABLE_HEADER offsetof(struct sr_conn_set, way)

/* Two entries a connection, in two thirds of the ways. */
uint32_t sr_conn_table_capacity(uint32_t num_sets)
{
	return (uint64_t)num_sets * SR_CONN_WAYS / 3;
}

uint32_t sr_conn_table_sets(uint32_t connections)
{
	return ((uint64_t)connections * 3 + SR_CONN_WAYS - 1) / SR_CONN_WAYS;
}

static size_t table_set_size(const struct sr_conn_table *table)
{
	return TABLE_HEADER + SR_CONN_WAYS * table->stride;
}

int sr_conn_table_open(struct sr_conn_table *out, int fd, const uint64_t *seed)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
		return -errno;
	*out = (struct sr_conn_table){
		.fd = fd,
		.num_sets = info.max_entries,
		.stride = (info.value_size - TABLE_HEADER) / SR_CONN_WAYS,
	};
	if (seed)
		memcpy(out->seed, seed, sizeof(out->seed));
	return 0;
}

static size_t table_size(const struct sr_conn_table *table)
{
	return table->num_sets * table_set_size(table);
}

void sr_conn_table_close(struct sr_conn_table *table)
{
	if (table->memory)
		munmap(table->memory, table_size(table));
	table->memory = NULL;
}

void sr_conn_table_touch(int fd)
{
	sr_autofree void *set = NULL;
	struct sr_conn_table table;
	uint32_t step, last;

	if (sr_conn_table_open(&table, fd, NULL) < 0)
		return;
	last = table.num_sets - 1;
	set = malloc(table_set_size(&table));
	step = (uint32_t)sysconf(_SC_PAGESIZE) / table_set_size(&table);
	for (uint32_t i = 0; set && i < last; i += step ? step : 1)
		bpf_map_lookup_elem(fd, &i, set);
	if (set)
		bpf_map_lookup_elem(fd, &last, set);
}

/* --- to read ------------------------------------------------------------------------------ */

static void table_read_entry(const struct sr_conn_table *table, const void *set, uint32_t way, struct sr_conn *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out, (const char *)set + TABLE_HEADER + (size_t)way * table->stride,
	       table->stride < sizeof(*out) ? table->stride : sizeof(*out));
}

struct table_walk {
	const struct sr_conn_table *table;
	int (*visit)(const struct sr_conn *entry, void *context);
	void *context;
};

static int table_visit_set(const void *key, const void *value, void *context)
{
	const struct table_walk *walk = context;
	struct sr_conn entry;
	uint64_t tags;
	int r = 0;

	(void)key;
	memcpy(&tags, value, sizeof(tags));
	for (uint32_t way = 0; r >= 0 && way < SR_CONN_WAYS && tags; way++, tags >>= 8) {
		if (!(tags & 0xff))
			continue;
		table_read_entry(walk->table, value, way, &entry);
		r = walk->visit(&entry, walk->context);
	}
	return r;
}

int sr_conn_table_each(const struct sr_conn_table *table, int (*visit)(const struct sr_conn *entry, void *context),
		       void *context)
{
	struct table_walk walk = {.table = table, .visit = visit, .context = context};

	return sr_map_each(table->fd, table_visit_set, &walk);
}

static bool table_find_in_copy(const struct sr_conn_table *table, const void *set, uint8_t tag,
			       const struct sr_tuple *tuple, struct sr_conn *out)
{
	uint64_t tags;

	memcpy(&tags, set, sizeof(tags));
	for (uint32_t way = 0; way < SR_CONN_WAYS; way++, tags >>= 8) {
		if ((tags & 0xff) != tag)
			continue;
		table_read_entry(table, set, way, out);
		if (sr_conn_is_of(out, tuple))
			return true;
	}
	return false;
}

bool sr_conn_table_get(const struct sr_conn_table *table, const struct sr_tuple *tuple, struct sr_conn *out)
{
	uint64_t hash = sr_conn_hash((const __u64 *)table->seed, tuple);
	uint32_t index[] = {sr_conn_first_set(hash, table->num_sets), sr_conn_second_set(hash, table->num_sets)};
	sr_autofree void *set = malloc(table_set_size(table));

	for (int i = 0; set && i < 2; i++)
		if (bpf_map_lookup_elem(table->fd, &index[i], set) == 0 &&
		    table_find_in_copy(table, set, sr_conn_tag(hash), tuple, out))
			return true;
	return false;
}

/* --- to write ----------------------------------------------------------------------------- */

static int table_map(struct sr_conn_table *table)
{
	void *memory;

	if (table->memory)
		return 0;
	memory = mmap(NULL, table_size(table), PROT_READ | PROT_WRITE, MAP_SHARED, table->fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	table->memory = memory;
	return 0;
}

/* Where a tuple's entry lies, or is to lie, in memory that the programs use, too. */
static int table_place(struct sr_conn_place *out, struct sr_conn_table *table, const struct sr_tuple *tuple)
{
	uint64_t hash = sr_conn_hash((const __u64 *)table->seed, tuple);
	int r = table_map(table);

	if (r < 0)
		return r;
	*out = (struct sr_conn_place){
		.first = table->memory + sr_conn_first_set(hash, table->num_sets) * table_set_size(table),
		.second = table->memory + sr_conn_second_set(hash, table->num_sets) * table_set_size(table),
		.stride = table->stride,
		.tag = sr_conn_tag(hash),
		.home = sr_conn_home(hash),
	};
	return 0;
}

int sr_conn_table_insert(struct sr_conn_table *table, const struct sr_conn *entry, const struct sr_conn_clock *clock)
{
	struct sr_conn_place place;
	struct {
		struct sr_conn conn;
		char zeros[SR_CONN_GROWTH];
	} longest = {.conn = *entry};
	int r = table_place(&place, table, &entry->from);

	if (r < 0)
		return r;
	switch (sr_conn_insert(&place, &longest.conn, clock)) {
	case SR_CONN_INSERTED:
		return 0;
	case SR_CONN_EXISTS:
		return -EEXIST;
	default:
		return -ENOSPC;
	}
}

int sr_conn_table_change(struct sr_conn_table *table, const struct sr_tuple *tuple,
			 void (*change)(struct sr_conn *entry, const void *context), const void *context)
{
	struct sr_conn_place place;
	struct sr_conn_set *set;
	struct sr_conn *entry;
	int way, r = table_place(&place, table, tuple);

	if (r < 0)
		return r;
	way = sr_conn_find(&place, tuple, &set);
	if (way < 0)
		return 0;
	entry = sr_set_at(set, way, place.stride);
	change(entry, context);
	sr_set_keep(set, way, entry->to.flags);
	return 0;
}

int sr_conn_table_remove(struct sr_conn_table *table, const struct sr_tuple *tuple)
{
	struct sr_conn_place place;
	int r = table_place(&place, table, tuple);

	if (r < 0)
		return r;
	return sr_conn_remove(&place, tuple) ? 0 : -EBUSY;
}
