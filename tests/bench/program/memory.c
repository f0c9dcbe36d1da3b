// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The memory of the maps at their usual sizes, as the kernel accounts it. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <limits.h>

#include "../figure.h"
#include "base/cleanup.h"
#include "kernel/conn_table.h"
#include "library.h"
#include "program.h"
#include "stage.h"

#define MEMORY_MIB	128
#define MEMORY_MAX_MAPS 64
#define MEMORY_PROGRAMS "/sys/fs/bpf/svcroute/" STAGE_INSTANCE "/progs"

struct map_ids {
	uint32_t id[MEMORY_MAX_MAPS];
	size_t num;
};

static void map_ids_add(struct map_ids *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->num; i++)
		if (ids->id[i] == id)
			return;
	if (ids->num < MEMORY_MAX_MAPS)
		ids->id[ids->num++] = id;
}

static void map_ids_of_program(struct map_ids *ids, const char *name)
{
	uint32_t used[MEMORY_MAX_MAPS];
	struct bpf_prog_info info = {.map_ids = (uintptr_t)used, .nr_map_ids = MEMORY_MAX_MAPS};
	uint32_t length = sizeof(info);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), MEMORY_PROGRAMS "/%s", name);
	sr_autoclose int fd = bpf_obj_get(path);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
		return;
	for (uint32_t i = 0; i < info.nr_map_ids; i++)
		map_ids_add(ids, used[i]);
}

/* All that the programs use. */
static int map_ids_find(struct map_ids *ids)
{
	sr_autoclosedir DIR *folder = opendir(MEMORY_PROGRAMS);
	const struct dirent *entry;

	if (!folder) {
		perror(MEMORY_PROGRAMS);
		return -1;
	}
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			map_ids_of_program(ids, entry->d_name);
	return 0;
}

/* "memlock:" of its fdinfo, in bytes. */
static double memory_of_fd(int fd)
{
	char path[64], line[128];
	double bytes = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	sr_autofclose FILE *file = fopen(path, "re");

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "memlock: %lf", &bytes);
	return bytes;
}

static double memory_of_maps(const struct map_ids *ids)
{
	double bytes = 0;

	for (size_t i = 0; i < ids->num; i++) {
		sr_autoclose int fd = bpf_map_get_fd_by_id(ids->id[i]);

		bytes += memory_of_fd(fd);
	}
	return bytes;
}

static double memory_of_connection(int fd, double bytes)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0 || !info.max_entries)
		return 0;
	return bytes / sr_conn_table_capacity(info.max_entries);
}

static void memory_tell(const char *name, const char *unit, double value, double bar)
{
	struct samples samples = {};

	samples_add(&samples, value);
	figure_tell(&(struct figure){PROGRAM_SUITE, name, "usual sizes", unit, NULL, &samples, NULL,
				     bar ? VALUE_AT_MOST : BAR_NONE, bar});
}

int program_memory(enum program_time time)
{
	const struct cluster cluster = {10, 10};
	struct map_ids ids = {};
	struct sr_datapath *datapath;
	double conns;
	int fd;

	(void)time;
	if (library_open(&datapath, &cluster) < 0)
		return -1;
	fd = sr_datapath_map_fd(datapath, "sr_conns");
	conns = memory_of_fd(fd);
	if (map_ids_find(&ids) == 0) {
		memory_tell("memory of all maps", "MiB", memory_of_maps(&ids) / (1 << 20), MEMORY_MIB);
		memory_tell("  of that, connections", "MiB", conns / (1 << 20), 0);
		memory_tell("memory of a connection", "bytes", memory_of_connection(fd, conns), 0);
	}
	library_close(datapath);
	return ids.num ? 0 : -1;
}
