// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/tracer_object.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/conn_table.h"
#include "kernel/libbpf_log.h"
#include "kernel/migration.h"
#include "kernel/programs.h"
#include "svcroute.skel.h"

/* Any of the programs that packets meet: all are told the same. */
#define OBJECT_PROGRAM "sr_from_wire"
#define OBJECT_RODATA  ".rodata"

#define OBJECT_MAPS 64

/*
 * Tables that the programs fill need not be large for one flow; but what they begin
 * with has room, so that none of it is displaced.
 */
#define OBJECT_TABLE 1024

struct object_sizes {
	uint32_t conn_sets;
	uint32_t clients;
};

static struct object_sizes object_sizes(size_t num_conns, size_t num_clients)
{
	return (struct object_sizes){
		.conn_sets = OBJECT_TABLE + sr_conn_table_sets(num_conns / 2 + 1),
		/* An LRU table may give up what is in use when less than all is. */
		.clients = OBJECT_TABLE + 2 * num_clients,
	};
}

static struct bpf_map *object_rodata(const struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, object) {
		if (bpf_map__is_internal(map) && strstr(bpf_map__name(map), OBJECT_RODATA))
			return map;
	}
	return NULL;
}

/* A new fd of the constants of a loaded program, and how many bytes they are; -errno. */
static int object_loaded_rodata(int program, uint32_t *size)
{
	uint32_t id[OBJECT_MAPS], length = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = {.nr_map_ids = OBJECT_MAPS, .map_ids = (uintptr_t)id};

	if (bpf_obj_get_info_by_fd(program, &info, &length) < 0)
		return -errno;
	for (uint32_t i = 0; i < info.nr_map_ids && i < OBJECT_MAPS; i++) {
		sr_autoclose int fd = bpf_map_get_fd_by_id(id[i]);
		struct bpf_map_info map = {};

		length = sizeof(map);
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &map, &length) < 0 || !strstr(map.name, OBJECT_RODATA))
			continue;
		*size = map.value_size;
		return TAKE_FD(fd);
	}
	return -ENOENT;
}

static int object_read_rodata(int program, void *out, size_t size)
{
	uint32_t loaded_size = 0, zero = 0;
	sr_autoclose int fd = object_loaded_rodata(program, &loaded_size);

	if (fd < 0)
		return fd;
	if (loaded_size != size)
		return -EPROTO;
	return bpf_map_lookup_elem(fd, &zero, out) < 0 ? -errno : 0;
}

static int object_set_rodata(struct bpf_map *map, void *bytes, size_t size, const struct object_sizes *sizes)
{
	struct svcroute_bpf__rodata *told = bytes;

	if (size < sizeof(*told))
		return -EPROTO;
	told->sr_num_conn_sets = sizes->conn_sets;
	return bpf_map__set_initial_value(map, bytes, size);
}

/* What the loaded programs were told the copy is told, too: timeouts, seeds, ports. Its table of connections is small.
 */
static int object_copy_rodata(struct bpf_object *object, const struct sr_datapath *datapath,
			      const struct object_sizes *sizes, struct sr_error *err)
{
	sr_autoclose int program = sr_program_open(datapath, OBJECT_PROGRAM, err);
	struct bpf_map *map = object_rodata(object);
	sr_autofree void *bytes = NULL;
	size_t size = map ? bpf_map__value_size(map) : 0;
	int r;

	if (program < 0)
		return program;
	bytes = calloc(1, size ? size : 1);
	if (!bytes)
		return sr_fail(err, -ENOMEM, "out of memory");
	r = object_read_rodata(program, bytes, size);
	if (r == 0)
		r = object_set_rodata(map, bytes, size, sizes);
	if (r == -EPROTO)
		return sr_fail(err, r, SR_TRACER_OTHER);
	return r < 0 ? sr_fail(err, r, "cannot read what the programs were told: %s", strerror(-r)) : 0;
}

static int object_size(struct bpf_map *map, enum sr_map which, const struct object_sizes *sizes)
{
	if (which == SR_MAP_CONNS)
		return bpf_map__set_max_entries(map, sizes->conn_sets);
	if (which == SR_MAP_AFFINITY)
		return bpf_map__set_max_entries(map, sizes->clients);
	return bpf_map__type(map) == BPF_MAP_TYPE_LRU_HASH ? bpf_map__set_max_entries(map, OBJECT_TABLE) : 0;
}

static int object_lend(struct bpf_object *object, const struct sr_datapath *datapath, const struct object_sizes *sizes,
		       struct sr_error *err)
{
	int r = sr_migration_leave_out(object);

	for (int i = 0; r == 0 && i < SR_MAP_MAX; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, sr_map_names[i]);

		if (!map)
			return sr_fail(err, -EINVAL, "the BPF object has no map %s", sr_map_names[i]);
		if (sr_map_shapes[i].content == SR_CONTENT_GIVEN)
			r = bpf_map__reuse_fd(map, datapath->map_fd[i]);
		else
			r = object_size(map, i, sizes);
	}
	return r < 0 ? sr_fail(err, r, "cannot prepare the programs' copy: %s", strerror(-r)) : 0;
}

/* Those that devices hold; sockets' cannot be run on trial. */
static void object_choose_programs(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program (program, object) {
		bpf_program__set_autoload(program, bpf_program__type(program) == BPF_PROG_TYPE_SCHED_CLS ||
							   bpf_program__type(program) == BPF_PROG_TYPE_XDP);
	}
}

int sr_tracer_object_open(struct bpf_object **out, const struct sr_datapath *datapath, size_t num_conns,
			  size_t num_clients, struct sr_error *err)
{
	struct object_sizes sizes = object_sizes(num_conns, num_clients);
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "svcroute_trace");
	struct bpf_object *object;
	const void *elf;
	size_t size;
	int r;

	elf = sr_programs_elf(&size);
	object = bpf_object__open_mem(elf, size, &options);
	if (!object)
		return sr_fail(err, -errno, "cannot read the BPF object: %s", sr_libbpf_log_tail());

	r = object_copy_rodata(object, datapath, &sizes, err);
	if (r == 0)
		r = object_lend(object, datapath, &sizes, err);
	if (r < 0) {
		bpf_object__close(object);
		return r;
	}
	object_choose_programs(object);
	*out = object;
	return 0;
}
