// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/carry.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/conn_table.h"
#include "kernel/map_each.h"
#include "kernel/timeouts.h"

struct carry {
	enum sr_map map;
	int to;
	struct bpf_map_info old;
	struct bpf_map_info new;
	uint32_t slots; /* that there will be */
	uint64_t flags; /* BPF_ANY or BPF_NOEXIST */
	struct sr_flow_clock clock;
	struct sr_conn_table table; /* that connections are entered into */
	const uint64_t *seed;
	uint32_t live; /* connections' halves */
	void *value;   /* as the new map has it */
	struct sr_error *err;
};

static bool carry_is_array(const struct carry *carry)
{
	return carry->old.type == BPF_MAP_TYPE_ARRAY;
}

static int carry_refuse(const struct carry *carry)
{
	return sr_fail(carry->err, -ENOSPC,
		       "map %s cannot have %u elements: more is in use, or some that is in use has a higher number",
		       sr_map_names[carry->map], carry->new.max_entries);
}

/* Runs of a service lie in sr_slots: what no run has is free, whatever it says. */
static bool carry_has_its_slots(const struct carry *carry, const struct sr_service_entry *service)
{
	for (int set = 0; set < SR_SETS; set++)
		if ((uint64_t)sr_run_base(service->run[set]) + sr_run_count(service->run[set]) > carry->slots)
			return false;
	return true;
}

/* Is the element of an array anything but free? */
static bool carry_is_in_use(const struct carry *carry)
{
	switch (carry->map) {
	case SR_MAP_SERVICES:
		return ((const struct sr_service_entry *)carry->value)->flags & SR_SERVICE_IN_USE;
	case SR_MAP_BACKENDS:
		return ((const struct sr_backend *)carry->value)->generation & 1;
	default:
		return false;
	}
}

static int carry_element(struct carry *carry, const void *key)
{
	if (carry_is_array(carry) && *(const uint32_t *)key >= carry->new.max_entries)
		return carry_is_in_use(carry) ? carry_refuse(carry) : 0;
	if (carry->map == SR_MAP_SERVICES && carry_is_in_use(carry) && !carry_has_its_slots(carry, carry->value))
		return carry_refuse(carry);
	if (bpf_map_update_elem(carry->to, key, carry->value, carry->flags) == 0 || errno == EEXIST)
		return 0;
	if (errno == E2BIG || errno == ENOSPC)
		return carry_refuse(carry);
	return -errno;
}

static bool carry_is_zero(const void *value, size_t size)
{
	const char *byte = value;

	return !size || (!byte[0] && memcmp(byte, byte + 1, size - 1) == 0);
}

/* The value as the new map has it. */
static void carry_convert(struct carry *carry, const void *value)
{
	size_t common = carry->old.value_size < carry->new.value_size ? carry->old.value_size : carry->new.value_size;

	memset(carry->value, 0, carry->new.value_size);
	memcpy(carry->value, value, common);
}

static int carry_visit(const void *key, const void *value, void *context)
{
	struct carry *carry = context;

	if (carry_is_array(carry) && carry_is_zero(value, carry->old.value_size))
		return 0;
	carry_convert(carry, value);
	return carry_element(carry, key);
}

static int carry_enter_connection(const struct sr_conn *entry, void *context)
{
	struct carry *carry = context;
	int r;

	if (!sr_flow_is_live(&carry->clock, entry))
		return 0;
	r = sr_conn_table_insert(&carry->table, entry, &carry->clock.ticks);
	/* What there is no room for has been silent for longer than what is there. */
	return r == -EEXIST || r == -ENOSPC ? 0 : r;
}

/* What is not proven, or over, may be displaced at any time. */
static int carry_count_connection(const struct sr_conn *entry, void *context)
{
	struct carry *carry = context;

	if (!sr_conn_is_kept(entry->to.flags) || !sr_flow_is_live(&carry->clock, entry))
		return 0;
	return ++carry->live > 2 * sr_conn_table_capacity(carry->new.max_entries) ? carry_refuse(carry) : 0;
}

static int carry_missing_connections(struct carry *carry, const struct sr_conn_table *old)
{
	int r = sr_conn_table_open(&carry->table, carry->to, carry->seed);

	if (r < 0)
		return r;
	r = sr_conn_table_each(old, carry_enter_connection, carry);
	sr_conn_table_close(&carry->table);
	return r;
}

static int carry_connections(struct carry *carry, int fd, enum sr_carry what)
{
	struct sr_conn_table old;
	int r = sr_conn_table_open(&old, fd, NULL);

	if (r < 0)
		return r;
	sr_flow_clock_get(&carry->clock);
	if (what == SR_CARRY_MISSING)
		return carry_missing_connections(carry, &old);
	return carry->new.max_entries < carry->old.max_entries ? sr_conn_table_each(&old, carry_count_connection, carry)
							       : 0;
}

static int carry_run(struct carry *carry, int fd, enum sr_carry what)
{
	switch (sr_map_shapes[carry->map].content) {
	case SR_CONTENT_CONNECTIONS:
		return carry_connections(carry, fd, what);
	case SR_CONTENT_NOTES:
	case SR_CONTENT_REASONS:
		return 0;
	default:
		return sr_map_each(fd, carry_visit, carry);
	}
}

static int carry_info(int fd, struct bpf_map_info *out)
{
	uint32_t length = sizeof(*out);

	return bpf_obj_get_info_by_fd(fd, out, &length) < 0 ? -errno : 0;
}

int sr_carry(enum sr_map map, int fd, const int to[SR_MAP_MAX], const struct sr_state *state, enum sr_carry what,
	     struct sr_error *err)
{
	struct carry carry = {
		.map = map,
		.to = to[map],
		.flags = what == SR_CARRY_MISSING ? BPF_NOEXIST : BPF_ANY,
		.seed = state->key_seed,
		.slots = sr_map_size(to[SR_MAP_SLOTS]),
		.err = err,
	};
	sr_autofree void *value = NULL;
	int r;

	r = carry_info(fd, &carry.old);
	if (r == 0)
		r = carry_info(to[map], &carry.new);
	carry.value = value = calloc(1, carry.new.value_size + 1);
	if (r == 0 && !value)
		r = -ENOMEM;
	if (r == 0)
		r = carry_run(&carry, fd, what);
	return r < 0 && r != -ENOSPC ? sr_fail(err, r, "cannot carry over map %s: %s", sr_map_names[map], strerror(-r))
				     : r;
}
