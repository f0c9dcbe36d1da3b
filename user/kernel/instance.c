// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What an instance has, by name; and what it remembers for those who manage it. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <bpf/bpf.h>

#include "base/hash.h"
#include "kernel/instance.h"
#include "kernel/rodata.h"

#define STATE_NAME "sr_instance"

const char *const sr_map_names[SR_MAP_MAX] = {
#define X(code, name, key_size, value_size, content) [SR_MAP_##code] = name,
	SR_MAPS(X)
#undef X
};

const struct sr_map_shape sr_map_shapes[SR_MAP_MAX] = {
#define X(code, name, key_size, value_size, content) [SR_MAP_##code] = {key_size, value_size, SR_CONTENT_##content},
	SR_MAPS(X)
#undef X
};

uint64_t sr_reasons_hash(void)
{
	static const char names[] = {
#define X(code, name, ...) name "\n"
		SR_PASS_REASONS(X) SR_DROP_REASONS(X) SR_ANSWER_REASONS(X)
#undef X
	};

	return sr_hash(SR_HASH_START, names, sizeof(names));
}

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

/* A map with this state, and its pin in place of what bears the name; of a rehearsal, without a pin. */
static int state_pin(struct sr_datapath *datapath, const struct sr_state *state, struct sr_error *err)
{
	int r;

	sr_cleanup_close(&datapath->state_fd);
	datapath->state_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, STATE_NAME, sizeof(uint32_t), sizeof(*state), 1, NULL);
	if (datapath->state_fd < 0)
		return sr_fail(err, -errno, "cannot create map " STATE_NAME ": %s", strerror(errno));
	r = sr_state_write(datapath, state, err);
	if (r < 0 || datapath->access == SR_ACCESS_REHEARSAL)
		return r;
	r = sr_pin_set(datapath, "maps", STATE_NAME, datapath->state_fd);
	return r < 0 ? sr_fail(err, r, "cannot pin map " STATE_NAME ": %s", strerror(-r)) : 0;
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
		.reasons = sr_reasons_hash(),
		.keeps_notes = 1,
	};
	int r;

	if (getrandom(state.key_seed, sizeof(state.key_seed), 0) != sizeof(state.key_seed))
		return sr_fail(err, -EIO, "the kernel gives no random numbers");

	r = state_pin(datapath, &state, err);
	datapath->is_new = r == 0;
	return r;
}

/* What we know of it; 0 what another version does not. *same: it is of our size. */
static int state_look(int fd, struct sr_state *out, bool *same)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info), zero = 0;
	sr_autofree void *value = NULL;

	*out = (struct sr_state){};
	if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
		return -errno;
	*same = info.value_size == sizeof(*out);
	value = calloc(1, info.value_size + sizeof(*out));
	if (!value)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &zero, value) < 0)
		return -errno;
	memcpy(out, value, *same || info.value_size > sizeof(*out) ? sizeof(*out) : info.value_size);
	return 0;
}

bool sr_state_is_elsewhere(const struct sr_datapath *datapath)
{
	sr_autoclose int fd = sr_pin_get(datapath, "maps", STATE_NAME);
	struct sr_state state;
	bool same;

	return fd >= 0 && state_look(fd, &state, &same) == 0 && state.layout == SR_LAYOUT_VERSION &&
	       state.netns != sr_netns_cookie();
}

int sr_state_refuse(const struct sr_datapath *datapath, struct sr_error *err)
{
	return sr_fail(
		err, -EPROTO,
		"instance '%s' was loaded by another version of svcroute: 'svcroute load' brings it to this one, "
		"with its connections",
		datapath->instance);
}

static int state_check(const struct sr_datapath *datapath, const struct sr_state *state, struct sr_error *err)
{
	if (state->layout != SR_LAYOUT_VERSION)
		return sr_fail(err, -EPROTO,
			       "instance '%s' was loaded by another version of svcroute (map layout %u, this one has "
			       "%u); 'svcroute load --recreate' replaces it, without its connections",
			       datapath->instance, state->layout, SR_LAYOUT_VERSION);
	if (state->netns != sr_netns_cookie())
		return sr_fail(err, -EPROTO,
			       "instance '%s' serves another network namespace: run this there (nsenter --net=), or "
			       "name another --instance; 'svcroute unload' removes it from anywhere",
			       datapath->instance);
	return 0;
}

int sr_state_open(struct sr_datapath *datapath, bool load, struct sr_error *err)
{
	int fd = sr_pin_get(datapath, "maps", STATE_NAME), r;
	struct sr_state state;
	bool same;

	if (fd == -ENOENT && load)
		return state_create(datapath, err);
	if (fd == -ENOENT)
		return sr_fail(err, fd, "instance '%s' is not loaded", datapath->instance);
	if (fd < 0)
		return sr_fail(err, fd, "cannot open map " STATE_NAME ": %s", strerror(-fd));

	datapath->state_fd = fd;
	r = state_look(fd, &state, &same);
	if (r < 0)
		return sr_fail(err, r, "cannot read map " STATE_NAME ": %s", strerror(-r));
	r = state_check(datapath, &state, err);
	if (r < 0 || datapath->access == SR_ACCESS_SETTINGS)
		return r;
	if (!load && (!same || state.reasons != sr_reasons_hash()))
		return sr_state_refuse(datapath, err);
	return same && datapath->access != SR_ACCESS_REHEARSAL ? 0 : state_pin(datapath, &state, err);
}
