// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/rehearsal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/libbpf_log.h"
#include "kernel/map_each.h"
#include "kernel/migration.h"
#include "kernel/programs.h"
#include "kernel/sizes.h"

static void rehearsal_close(struct bpf_object **object)
{
	bpf_object__close(*object);
}
#define rehearsal_autoobject __attribute__((cleanup(rehearsal_close)))

static struct bpf_map *rehearsal_map(const struct bpf_object *object, enum sr_map map)
{
	return bpf_object__find_map_by_name(object, sr_map_names[map]);
}

/* What the programs would be told, and whether the kernel takes them, is not asked. */
static void rehearsal_set(struct bpf_object *object, const struct sr_sizes *sizes)
{
	struct bpf_program *program;

	bpf_object__for_each_program (program, object) {
		bpf_program__set_autoload(program, false);
	}
	for (int i = 0; i < SR_MAP_MAX; i++) {
		struct bpf_map *map = rehearsal_map(object, i);

		bpf_map__set_max_entries(map, sr_sizes_of(i, sizes, bpf_map__max_entries(map)));
	}
}

static int rehearsal_tell(char **out, const struct sr_migration *migration, const struct bpf_object *object)
{
	const char *between = "";
	size_t size;
	FILE *file = open_memstream(out, &size);

	if (!file)
		return -ENOMEM;
	for (int i = 0; i < SR_MAP_MAX; i++) {
		uint32_t is = bpf_map__max_entries(rehearsal_map(object, i)), was;

		if (migration->use[i] >= 0 || migration->beside[i] < 0)
			continue;
		was = sr_map_size(migration->beside[i]);
		fprintf(file, "%s%s", between, sr_map_names[i]);
		if (sr_map_shapes[i].content == SR_CONTENT_REASONS)
			fputs(" (begins empty)", file);
		else if (was != is)
			fprintf(file, " (%u -> %u)", was, is);
		between = ", ";
	}
	if (fclose(file) != 0)
		return -ENOMEM;
	if (!size)
		free(TAKE_PTR(*out));
	return 0;
}

static int rehearsal_take(struct sr_datapath *datapath, const struct bpf_object *object, struct sr_error *err)
{
	for (int i = 0; i < SR_MAP_MAX; i++) {
		datapath->map_fd[i] = fcntl(bpf_map__fd(rehearsal_map(object, i)), F_DUPFD_CLOEXEC, 0);
		if (datapath->map_fd[i] < 0)
			return sr_fail(err, -errno, "cannot copy a file descriptor: %s", strerror(errno));
	}
	return 0;
}

static int rehearsal_copy(struct sr_datapath *datapath, struct bpf_object *object, char **replaced,
			  struct sr_error *err)
{
	sr_automigration struct sr_migration migration;
	struct sr_state state;
	int r = sr_migration_begin(&migration, datapath, object, err);

	if (r == 0)
		r = sr_state_read(datapath, &state, err);
	if (r < 0)
		return r;
	r = bpf_object__load(object);
	if (r < 0)
		return sr_fail(err, r, "cannot make the maps: %s: %s", strerror(-r), sr_libbpf_log_tail());
	/* The filter in use is not ours to fill: nothing is entered. */
	migration.has_notes = true;
	r = sr_migration_copy(&migration, object, &state, err);
	if (r < 0)
		return r;
	r = rehearsal_tell(replaced, &migration, object);
	return r < 0 ? sr_fail(err, r, "out of memory") : rehearsal_take(datapath, object, err);
}

int sr_rehearsal_open(struct sr_datapath *datapath, const struct sr_sizes *sizes, char **replaced, struct sr_error *err)
{
	rehearsal_autoobject struct bpf_object *object = NULL;
	const void *elf;
	size_t size;

	elf = sr_programs_elf(&size);
	object = bpf_object__open_mem(elf, size, NULL);
	if (!object)
		return sr_fail(err, -errno, "cannot read the BPF object: %s", sr_libbpf_log_tail());
	rehearsal_set(object, sizes);
	return rehearsal_copy(datapath, object, replaced, err);
}
