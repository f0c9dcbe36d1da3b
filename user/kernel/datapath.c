// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The life of an instance: opened, loaded, unloaded, closed. */
#include "kernel/datapath.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/announce.h"
#include "kernel/attach_tc.h"
#include "kernel/bloom.h"
#include "kernel/halves.h"
#include "kernel/instance.h"
#include "kernel/libbpf_log.h"
#include "kernel/migration.h"
#include "kernel/privileges.h"
#include "kernel/programs.h"
#include "kernel/rehearsal.h"
#include "kernel/tables.h"

static int datapath_new(struct sr_datapath **out, const char *instance, enum sr_access access, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = calloc(1, sizeof(*datapath));
	int r;

	if (!datapath)
		return sr_fail(err, -ENOMEM, "no memory");

	datapath->access = access;
	datapath->lock_fd = -1;
	datapath->state_fd = -1;
	for (int i = 0; i < SR_MAP_MAX; i++)
		datapath->map_fd[i] = -1;

	r = sr_pins_name(datapath, instance, err);
	if (r == 0)
		r = sr_privileges_check(err);
	if (r < 0)
		return r;

	sr_libbpf_log_start();
	*out = TAKE_PTR(datapath);
	return 0;
}

static bool datapath_is_ours(int fd, enum sr_map map)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &length) == 0 && info.key_size == sr_map_shapes[map].key_size &&
	       info.value_size == sr_map_shapes[map].value_size;
}

/* Maps a killed load did not come to make are as good as no instance. */
static int datapath_open_map(struct sr_datapath *datapath, enum sr_map map, struct sr_error *err)
{
	int fd = sr_pin_get(datapath, "maps", sr_map_names[map]);

	if (fd == -ENOENT)
		return sr_fail(err, fd, "instance '%s' is half loaded (no map %s): 'svcroute load' mends it",
			       datapath->instance, sr_map_names[map]);
	if (fd < 0)
		return sr_fail(err, fd, "cannot open map %s: %s", sr_map_names[map], strerror(-fd));
	datapath->map_fd[map] = fd;
	return datapath_is_ours(fd, map) ? 0 : sr_state_refuse(datapath, err);
}

static int datapath_open_maps(struct sr_datapath *datapath, struct sr_error *err)
{
	int r = 0;

	if (datapath->access == SR_ACCESS_SETTINGS)
		return datapath_open_map(datapath, SR_MAP_SETTINGS, err);
	for (int i = 0; r == 0 && i < SR_MAP_MAX; i++)
		r = datapath_open_map(datapath, i, err);
	if (r == 0 && datapath->access == SR_ACCESS_WRITE)
		r = sr_bloom_open(datapath, err);
	return r;
}

/* Some hooks may still hold programs that read the maps as they were before. */
static bool datapath_is_half_loaded(const struct sr_datapath *datapath)
{
	struct sr_state state;
	struct sr_error ignored;

	return sr_migration_is_open(datapath) || (sr_state_read(datapath, &state, &ignored) == 0 && !state.fingerprint);
}

static int datapath_check_settled(const struct sr_datapath *datapath, struct sr_error *err)
{
	if ((datapath->access != SR_ACCESS_WRITE && datapath->access != SR_ACCESS_SETTLED) ||
	    !datapath_is_half_loaded(datapath))
		return 0;
	return sr_fail(err, -EUCLEAN, "instance '%s' is " SR_HALF_LOADED, datapath->instance);
}

static int datapath_open(struct sr_datapath **out, const char *instance, enum sr_access access, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	bool mounted;
	int r;

	r = datapath_new(&datapath, instance, access, err);
	if (r == 0)
		r = sr_pins_look(&mounted, err);
	if (r == 0 && access == SR_ACCESS_WRITE)
		r = sr_pins_lock(datapath, false, err);
	if (r == 0)
		r = sr_state_open(datapath, false, err);
	if (r == 0)
		r = datapath_open_maps(datapath, err);
	if (r == 0)
		r = datapath_check_settled(datapath, err);
	if (r < 0)
		return r;

	*out = TAKE_PTR(datapath);
	return 0;
}

int sr_datapath_open(struct sr_datapath **out, const char *instance, enum sr_access access, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *gate = NULL;
	int r = datapath_open(out, instance, access, err);

	if (r != -EUCLEAN || access == SR_ACCESS_WRITE)
		return r;
	/* A load that is alive has the lock, and will soon be through. */
	r = datapath_new(&gate, instance, access, err);
	if (r == 0)
		r = sr_pins_lock(gate, false, err);
	return r < 0 ? r : datapath_open(out, instance, access, err);
}

int sr_datapath_rehearse(struct sr_datapath **out, const char *instance, const struct sr_sizes *sizes, char **replaced,
			 struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	bool mounted;
	int r;

	r = datapath_new(&datapath, instance, SR_ACCESS_REHEARSAL, err);
	if (r == 0)
		r = sr_pins_look(&mounted, err);
	if (r == 0)
		r = sr_state_open(datapath, true, err);
	if (r == 0)
		r = sr_rehearsal_open(datapath, sizes, replaced, err);
	if (r < 0)
		return r;

	*out = TAKE_PTR(datapath);
	return 0;
}

bool sr_datapath_is_unsettled(const struct sr_datapath *datapath)
{
	return sr_migration_is_open(datapath);
}

int sr_datapath_settle(struct sr_datapath *datapath, const struct sr_datapath_config *config, struct sr_error *err)
{
	struct sr_state state;
	int r = sr_state_read(datapath, &state, err);

	if (r < 0)
		return r;
	sr_tables_drop(datapath);
	/* The maps beside go before the programs that read them: whoever is killed in between leaves word. */
	state.fingerprint = 0;
	r = sr_state_write(datapath, &state, err);
	if (r == 0)
		r = sr_migration_finish(datapath, err);
	return r < 0 ? r : sr_programs_load(datapath, config, err);
}

/* From here on it is this version's, even if we are killed: whoever waits to undo this load may. */
static int datapath_take_over(struct sr_datapath *datapath, struct sr_error *err)
{
	struct sr_state state;
	int r = sr_state_read(datapath, &state, err);

	if (r < 0 || state.programs == sr_programs_hash())
		return r;
	datapath->is_taken_over = !datapath->is_new;
	state.programs = sr_programs_hash();
	return sr_state_write(datapath, &state, err);
}

static int datapath_fill(struct sr_datapath *datapath, const struct sr_datapath_config *config, struct sr_error *err)
{
	int r;

	sr_pins_mend(datapath);
	r = sr_state_open(datapath, true, err);
	if (r == 0)
		r = datapath_take_over(datapath, err);
	if (r == 0)
		r = sr_programs_load(datapath, config, err);
	if (r == 0)
		r = datapath_open_maps(datapath, err);
	return r < 0 ? r : sr_tables_mend(datapath, err);
}

int sr_datapath_load(struct sr_datapath **out, const char *instance, const struct sr_datapath_config *config,
		     bool *mounted_bpffs, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	int r;

	r = datapath_new(&datapath, instance, SR_ACCESS_WRITE, err);
	if (r == 0)
		r = sr_pins_mount(mounted_bpffs, err);
	if (r == 0)
		r = sr_pins_lock(datapath, true, err);
	if (r < 0)
		return r;

	r = datapath_fill(datapath, config, err);
	if (r < 0 && datapath->is_new)
		sr_pins_remove_all(datapath, NULL);
	if (r < 0)
		return r;

	*out = TAKE_PTR(datapath);
	return 0;
}

/* Programs that were ours: the kernel frees them some time after we let go. */
struct datapath_ids {
	uint32_t id[SR_NUM_PROGRAMS];
	size_t num;
};

static void datapath_program_ids(const struct sr_datapath *datapath, struct datapath_ids *out)
{
	for (size_t i = 0; i < SR_NUM_PROGRAMS; i++) {
		sr_autoclose int fd = sr_pin_get(datapath, "progs", sr_programs[i].name);

		if (fd >= 0)
			out->id[out->num++] = sr_program_id(fd);
	}
}

static bool datapath_program_exists(uint32_t id)
{
	uint32_t next;

	return bpf_prog_get_next_id(id - 1, &next) == 0 && next == id;
}

/* Programs go when the last packet has left them: see them off, for 2 s at most. */
static void datapath_wait_gone(const struct datapath_ids *ids)
{
	const struct timespec step = {.tv_nsec = 5000000};

	for (size_t i = 0, steps = 0; i < ids->num; i++)
		while (datapath_program_exists(ids->id[i]) && steps++ < 400)
			nanosleep(&step, NULL);
}

bool sr_datapath_is_taken_over(const struct sr_datapath *datapath)
{
	return datapath->is_taken_over;
}

bool sr_datapath_is_foreign(const char *instance)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	struct sr_error ignored;
	struct sr_state state;
	bool mounted;
	int r;

	if (datapath_new(&datapath, instance, SR_ACCESS_READ, &ignored) < 0 || sr_pins_look(&mounted, &ignored) < 0)
		return false;
	r = sr_state_open(datapath, false, &ignored);
	if (r == -EPROTO)
		return !sr_state_is_elsewhere(datapath);
	return r == 0 && sr_state_read(datapath, &state, &ignored) == 0 && state.programs != sr_programs_hash();
}

bool sr_datapath_is_elsewhere(const char *instance)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	struct sr_error ignored;
	bool mounted;

	return datapath_new(&datapath, instance, SR_ACCESS_READ, &ignored) == 0 &&
	       sr_pins_look(&mounted, &ignored) == 0 && sr_state_is_elsewhere(datapath);
}

int sr_datapath_unload(const char *instance, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	struct datapath_ids ids = {};
	bool mounted;
	int r;

	r = datapath_new(&datapath, instance, SR_ACCESS_WRITE, err);
	if (r == 0)
		r = sr_pins_look(&mounted, err);
	if (r == 0)
		r = sr_pins_lock(datapath, false, err);
	if (r < 0)
		return r;

	datapath_program_ids(datapath, &ids);
	if (!sr_state_is_elsewhere(datapath))
		sr_announce_leave(datapath);
	r = sr_tc_remove_filters(datapath, NULL, 0, err);
	if (r == 0)
		r = sr_pins_remove_all(datapath, err);
	if (r < 0)
		return r;

	datapath_wait_gone(&ids);
	return 0;
}

void sr_datapath_close(struct sr_datapath *datapath)
{
	if (!datapath)
		return;
	for (int i = 0; i < SR_MAP_MAX; i++)
		sr_cleanup_close(&datapath->map_fd[i]);
	sr_tables_drop(datapath);
	sr_bloom_close(datapath);
	sr_datapath_close_conns(datapath);
	sr_cleanup_close(&datapath->state_fd);
	sr_cleanup_close(&datapath->lock_fd);
	free(datapath);
}

int sr_datapath_program_fd(struct sr_datapath *datapath, const char *name)
{
	return sr_pin_get(datapath, "progs", name);
}

int sr_datapath_map_fd(struct sr_datapath *datapath, const char *name)
{
	for (int i = 0; i < SR_MAP_MAX; i++)
		if (strcmp(sr_map_names[i], name) == 0)
			return datapath->map_fd[i];
	return -ENOENT;
}

const char *sr_libbpf_version(void)
{
	/* libbpf_version_string() says "v1.1". */
	return libbpf_version_string() + 1;
}
