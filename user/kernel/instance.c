// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What an instance has, by name; and what it remembers for those who manage it. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <bpf/bpf.h>

#include "kernel/instance.h"
#include "kernel/rodata.h"

#define STATE_NAME "sr_instance"

const char *const sr_map_names[SR_MAP_MAX] = {
#define X(code, name, writer) [SR_MAP_##code] = name,
	SR_MAPS(X)
#undef X
};

const enum sr_map_writer sr_map_writers[SR_MAP_MAX] = {
#define X(code, name, writer) [SR_MAP_##code] = SR_WRITER_##writer,
	SR_MAPS(X)
#undef X
};

int sr_state_read(const struct sr_datapath *datapath, struct sr_state *out, struct sr_error *err)
{
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(datapath->state_fd, &zero, out) < 0)
		return sr_fail(err, -errno, "cannot read map " STATE_NAME ": %s", strerror(errno));
	return 0;
}

int sr_state_write(const struct sr_datapath *datapath, const struct sr_state *state, struct sr_error *err)
{
	uint32_t zero = 0;

	if (bpf_map_update_elem(datapath->state_fd, &zero, state, BPF_ANY) < 0)
		return sr_fail(err, -errno, "cannot write map " STATE_NAME ": %s", strerror(errno));
	return 0;
}

/* Indexes start at 1: 0 in a map is what nobody wrote. */
static int state_create(struct sr_datapath *datapath, struct sr_error *err)
{
	struct sr_state state = {
		.layout = SR_LAYOUT_VERSION,
		.fresh_service = 1,
		.fresh_backend = 1,
		.fresh_slot = 1,
		.netns = sr_netns_cookie(),
	};
	int r;

	if (getrandom(state.key_seed, sizeof(state.key_seed), 0) != sizeof(state.key_seed))
		return sr_fail(err, -EIO, "the kernel gives no random numbers");

	datapath->state_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, STATE_NAME, sizeof(uint32_t), sizeof(state), 1, NULL);
	if (datapath->state_fd < 0)
		return sr_fail(err, -errno, "cannot create map " STATE_NAME ": %s", strerror(errno));
	r = sr_state_write(datapath, &state, err);
	if (r < 0)
		return r;

	r = sr_pin_set(datapath, "maps", STATE_NAME, datapath->state_fd);
	if (r < 0)
		return sr_fail(err, r, "cannot pin map " STATE_NAME ": %s", strerror(-r));
	datapath->is_new = true;
	return 0;
}

/* Zeros, where another layout has another size. */
static int state_look(int fd, struct sr_state *out)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info), zero = 0;

	*out = (struct sr_state){};
	if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
		return -errno;
	return info.value_size != sizeof(*out) || bpf_map_lookup_elem(fd, &zero, out) == 0 ? 0 : -errno;
}

bool sr_state_is_elsewhere(const struct sr_datapath *datapath)
{
	sr_autoclose int fd = sr_pin_get(datapath, "maps", STATE_NAME);
	struct sr_state state;

	return fd >= 0 && state_look(fd, &state) == 0 && state.layout == SR_LAYOUT_VERSION &&
	       state.netns != sr_netns_cookie();
}

static int state_check(const struct sr_datapath *datapath, struct sr_error *err)
{
	struct sr_state state;
	int r = state_look(datapath->state_fd, &state);

	if (r < 0)
		return sr_fail(err, r, "cannot read map " STATE_NAME ": %s", strerror(-r));
	if (state.layout != SR_LAYOUT_VERSION)
		return sr_fail(err, -EPROTO,
			       "instance '%s' was loaded by another version of svcroute (map layout %u, this one has "
			       "%u); 'svcroute load --recreate' replaces it, without its connections",
			       datapath->instance, state.layout, SR_LAYOUT_VERSION);
	if (state.netns != sr_netns_cookie())
		return sr_fail(err, -EPROTO,
			       "instance '%s' serves another network namespace: run this there (nsenter --net=), or "
			       "name another --instance; 'svcroute unload' removes it from anywhere",
			       datapath->instance);
	return 0;
}

int sr_state_open(struct sr_datapath *datapath, bool create, struct sr_error *err)
{
	int fd = sr_pin_get(datapath, "maps", STATE_NAME);

	if (fd == -ENOENT && create)
		return state_create(datapath, err);
	if (fd == -ENOENT)
		return sr_fail(err, fd, "instance '%s' is not loaded", datapath->instance);
	if (fd < 0)
		return sr_fail(err, fd, "cannot open map " STATE_NAME ": %s", strerror(-fd));

	datapath->state_fd = fd;
	return state_check(datapath, err);
}
