// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/migration.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/bloom.h"
#include "kernel/carry.h"
#include "kernel/conn_table.h"
#include "kernel/tables.h"

#define BESIDE	      "_beside"
#define BESIDE_LENGTH 64

static char *beside_name(char out[BESIDE_LENGTH], enum sr_map map)
{
	snprintf(out, BESIDE_LENGTH, "%s" BESIDE, sr_map_names[map]);
	return out;
}

static int beside_get(const struct sr_datapath *datapath, enum sr_map map)
{
	char name[BESIDE_LENGTH];

	return sr_pin_get(datapath, "maps", beside_name(name, map));
}

void sr_migration_clear(struct sr_migration *migration)
{
	for (int i = 0; i < SR_MAP_MAX; i++) {
		sr_cleanup_close(&migration->use[i]);
		sr_cleanup_close(&migration->beside[i]);
	}
}

/* --- which maps ------------------------------------------------------------------------------ */

enum fit {
	FIT_AS_IT_IS,
	FIT_TO_CARRY, /* what it holds */
	FIT_NOT,
};

static enum fit migration_fit(const struct bpf_map_info *info, const struct bpf_map *map)
{
	if (info->type != bpf_map__type(map) || info->key_size != bpf_map__key_size(map))
		return FIT_NOT;
	return info->value_size == bpf_map__value_size(map) && info->max_entries == bpf_map__max_entries(map) &&
			       info->map_flags == bpf_map__map_flags(map)
		       ? FIT_AS_IT_IS
		       : FIT_TO_CARRY;
}

static int migration_look(int fd, const struct bpf_map *map, enum fit *fit, struct sr_error *err)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
		return sr_fail(err, -errno, "cannot look at map %s: %s", bpf_map__name(map), strerror(errno));
	*fit = migration_fit(&info, map);
	return 0;
}

/* The one that is beside may be just what is wanted, where a load was killed or is undone. */
static int migration_choose(struct sr_migration *migration, const struct sr_datapath *datapath, enum sr_map i,
			    const struct bpf_map *map, struct sr_error *err)
{
	sr_autoclose int fd = sr_pin_get(datapath, "maps", sr_map_names[i]), other = beside_get(datapath, i);
	enum fit fit, other_fit = FIT_NOT;
	int r;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return sr_fail(err, fd, "cannot open map %s: %s", sr_map_names[i], strerror(-fd));
	r = migration_look(fd, map, &fit, err);
	if (r == 0 && other >= 0)
		r = migration_look(other, map, &other_fit, err);
	if (r < 0)
		return r;
	if (fit == FIT_NOT)
		return sr_fail(err, -EPROTO,
			       "map %s has other keys than this svcroute's; 'svcroute unload' removes the instance",
			       sr_map_names[i]);
	if (fit == FIT_AS_IT_IS) {
		migration->use[i] = TAKE_FD(fd);
		migration->beside[i] = other < 0 ? -1 : TAKE_FD(other);
	} else if (other_fit == FIT_AS_IT_IS) {
		migration->use[i] = TAKE_FD(other);
		migration->beside[i] = TAKE_FD(fd);
		migration->is_pinned = false;
	} else {
		migration->beside[i] = TAKE_FD(fd);
	}
	return 0;
}

static void migration_replace(struct sr_migration *migration, enum sr_map map)
{
	if (migration->use[map] < 0)
		return;
	sr_cleanup_close(&migration->beside[map]);
	migration->beside[map] = TAKE_FD(migration->use[map]);
}

static bool migration_is_replaced(const struct sr_migration *migration, enum sr_map map)
{
	return migration->beside[map] >= 0;
}

/* What reasons mean is nothing that the kernel could tell. */
static int migration_choose_all(struct sr_migration *migration, const struct sr_datapath *datapath,
				const struct bpf_object *object, struct sr_error *err)
{
	struct sr_state state;
	int r = sr_state_read(datapath, &state, err);

	for (int i = 0; r == 0 && i < SR_MAP_MAX; i++)
		r = migration_choose(migration, datapath, i, bpf_object__find_map_by_name(object, sr_map_names[i]),
				     err);
	for (int i = 0; r == 0 && i < SR_MAP_MAX; i++)
		if (sr_map_shapes[i].content == SR_CONTENT_REASONS && state.reasons != sr_reasons_hash())
			migration_replace(migration, i);
	migration->has_notes = r == 0 && state.keeps_notes;
	return r;
}

static int migration_look_beside(struct sr_migration *migration)
{
	struct sr_conn_table table;
	int r;

	if (!migration_is_replaced(migration, SR_MAP_CONNS))
		return 0;
	r = sr_conn_table_open(&table, migration->beside[SR_MAP_CONNS], NULL);
	if (r < 0)
		return r;
	migration->sets = table.num_sets;
	migration->stride = table.stride;
	migration->words = (table.stride < sizeof(struct sr_conn) ? table.stride : sizeof(struct sr_conn)) / 8;
	return 0;
}

static struct bpf_map *beside_map(const struct bpf_object *object, enum sr_map map)
{
	char name[BESIDE_LENGTH];

	return bpf_object__find_map_by_name(object, beside_name(name, map));
}

int sr_migration_leave_out(struct bpf_object *object)
{
	return bpf_map__set_autocreate(beside_map(object, SR_MAP_CONNS), false);
}

static int migration_use_beside(struct sr_migration *migration, struct bpf_object *object)
{
	int r = migration_look_beside(migration);

	if (r < 0)
		return r;
	if (!migration->words)
		return sr_migration_leave_out(object);
	return bpf_map__reuse_fd(beside_map(object, SR_MAP_CONNS), migration->beside[SR_MAP_CONNS]);
}

static int migration_use(struct sr_migration *migration, struct bpf_object *object, struct sr_error *err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < SR_MAP_MAX; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, sr_map_names[i]);

		if (migration->use[i] >= 0)
			r = bpf_map__reuse_fd(map, migration->use[i]);
		else
			migration->is_pinned = false;
		if (r < 0)
			return sr_fail(err, r, "cannot use map %s: %s", sr_map_names[i], strerror(-r));
	}
	r = migration_use_beside(migration, object);
	return r < 0 ? sr_fail(err, r, "cannot use the former table of connections: %s", strerror(-r)) : 0;
}

void sr_migration_of_nothing(struct sr_migration *out)
{
	*out = (struct sr_migration){.has_notes = true};
	for (int i = 0; i < SR_MAP_MAX; i++)
		out->use[i] = out->beside[i] = -1;
}

int sr_migration_begin(struct sr_migration *out, const struct sr_datapath *datapath, struct bpf_object *object,
		       struct sr_error *err)
{
	int r;

	sr_migration_of_nothing(out);
	out->is_pinned = true;
	r = migration_choose_all(out, datapath, object, err);
	return r < 0 ? r : migration_use(out, object, err);
}

/* --- what they hold -------------------------------------------------------------------------- */

/* Whoever entered connections before us did not note them, or notes them elsewhere. */
static int migration_fill_notes(const struct sr_migration *migration, int fd, struct sr_error *err)
{
	int r = migration->has_notes && !migration_is_replaced(migration, SR_MAP_BLOOM) ? 0 : sr_bloom_fill(fd);

	return r < 0 ? sr_fail(err, r, "cannot write map sr_bloom: %s", strerror(-r)) : 0;
}

int sr_migration_copy(const struct sr_migration *migration, const struct bpf_object *object,
		      const struct sr_state *state, struct sr_error *err)
{
	int fd[SR_MAP_MAX], r = 0;

	for (int i = 0; i < SR_MAP_MAX; i++)
		fd[i] = bpf_map__fd(bpf_object__find_map_by_name(object, sr_map_names[i]));
	for (int i = 0; r == 0 && i < SR_MAP_MAX; i++)
		if (migration->use[i] < 0 && migration_is_replaced(migration, i))
			r = sr_carry(i, migration->beside[i], fd, state, SR_CARRY_ALL, err);
	return r < 0 ? r : migration_fill_notes(migration, fd[SR_MAP_BLOOM], err);
}

static int migration_pin_beside(const struct sr_migration *migration, const struct sr_datapath *datapath,
				enum sr_map map, struct sr_error *err)
{
	char name[BESIDE_LENGTH];
	int r;

	if (!migration_is_replaced(migration, map))
		return 0;
	r = sr_pin_set(datapath, "maps", beside_name(name, map), migration->beside[map]);
	return r < 0 ? sr_fail(err, r, "cannot pin map %s: %s", name, strerror(-r)) : 0;
}

int sr_migration_pin(const struct sr_migration *migration, const struct sr_datapath *datapath,
		     const struct bpf_object *object, struct sr_error *err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < SR_MAP_MAX; i++) {
		r = migration_pin_beside(migration, datapath, i, err);
		if (r < 0)
			return r;
		r = sr_pin_set(datapath, "maps", sr_map_names[i],
			       bpf_map__fd(bpf_object__find_map_by_name(object, sr_map_names[i])));
		if (r < 0)
			return sr_fail(err, r, "cannot pin map %s: %s", sr_map_names[i], strerror(-r));
	}
	return r;
}

bool sr_migration_is_open(const struct sr_datapath *datapath)
{
	for (int i = 0; i < SR_MAP_MAX; i++) {
		sr_autoclose int fd = beside_get(datapath, i);

		if (fd >= 0)
			return true;
	}
	return false;
}

int sr_migration_finish(struct sr_datapath *datapath, struct sr_error *err)
{
	char name[BESIDE_LENGTH];
	struct sr_state state;
	int num = 0, r = sr_state_read(datapath, &state, err);

	sr_tables_wait_for_packets();
	for (int i = 0; r == 0 && i < SR_MAP_MAX; i++) {
		sr_autoclose int fd = beside_get(datapath, i);

		if (fd < 0)
			continue;
		num++;
		if (sr_map_shapes[i].content != SR_CONTENT_GIVEN)
			r = sr_carry(i, fd, datapath->map_fd, &state, SR_CARRY_MISSING, err);
		if (r == 0)
			sr_pin_remove(datapath, "maps", beside_name(name, i));
	}
	return r < 0 ? r : num;
}
