// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A plan into the maps, make before break. Killed after any line, what is left
 * is the old state or the new one of each service, and garbage that nothing
 * refers to.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/apply.h"
#include "kernel/flows.h"
#include "kernel/instance.h"
#include "kernel/maps.h"
#include "kernel/sockets.h"
#include "kernel/sources.h"

/* The generation comes last: with it the entry is in use. */
static void write_backend(struct sr_tables *tables, const struct sr_apply_item *item, size_t position)
{
	const struct sr_endpoint *endpoint = &item->op->want->endpoints[position];
	struct sr_backend *backend = &tables->backend[item->backend[position]];
	uint32_t generation = (backend->generation + 1) | 1;

	backend->addr = endpoint->addr;
	backend->port = endpoint->port;
	backend->proto = item->op->want->proto;
	backend->flags = endpoint->flags;
	backend->service = item->id;
	backend->weight = endpoint->weight;
	backend->position = position;
	__atomic_store_n(&backend->generation, generation, __ATOMIC_RELEASE);
}

static void write_new_backends(struct sr_apply *apply, const struct sr_apply_item *item)
{
	const struct sr_service *was = item->op->was, *want = item->op->want;
	size_t i = 0, j = 0;

	while (want && j < want->num_endpoints) {
		int heads = sr_apply_endpoint_heads(was, i, want, j);

		if (heads > 0)
			write_backend(apply->tables, item, j);
		i += heads <= 0;
		j += heads >= 0;
	}
}

static void write_slots(struct sr_apply *apply, const struct sr_apply_item *item, enum sr_set set)
{
	const struct sr_apply_run *run = &item->run[set];
	struct sr_slot *slot = apply->tables->slot + sr_run_base(run->run);
	const struct sr_service *want = item->op->want;

	for (size_t i = 0; run->is_new && i < want->num_endpoints; i++) {
		uint32_t share = sr_shares_of(&run->shares, &want->endpoints[i]);

		for (uint32_t j = 0; j < share; j++)
			(slot++)->backend = item->backend[i];
	}
}

/*
 * A backend that begins to drain says so before its slots go, or it would look
 * like garbage to whoever comes after a kill.
 */
static void write_draining(struct sr_apply *apply, const struct sr_apply_item *item)
{
	const struct sr_service *want = item->op->want;

	for (size_t i = 0; want && i < want->num_endpoints; i++)
		if (!(want->endpoints[i].flags & SR_BACKEND_SETS))
			__atomic_store_n(&apply->tables->backend[item->backend[i]].flags, want->endpoints[i].flags,
					 __ATOMIC_RELEASE);
}

static void write_runs(struct sr_apply *apply, const struct sr_apply_item *item)
{
	struct sr_service_entry *entry = &apply->tables->service[item->id];

	for (int set = 0; set < SR_SETS; set++) {
		write_slots(apply, item, set);
		if (item->run[set].is_new)
			__atomic_store_n(&entry->run[set], item->run[set].run, __ATOMIC_RELEASE);
	}
}

/* What a service's packets are told at once: not yet to heed source ranges that are to come. */
static uint32_t write_early_flags(const struct sr_service *was, const struct sr_service *want)
{
	uint32_t late = SR_SERVICE_SOURCE_RANGES & ~(was ? was->flags : 0);

	return SR_SERVICE_IN_USE | (want->flags & ~late);
}

/*
 * The moment of change: one word a set, and packets see its new backends. A
 * policy that goes does so before the runs change, and one that comes after
 * them: none is followed into a set that is not there yet, or no longer.
 */
static void write_service(struct sr_apply *apply, const struct sr_apply_item *item)
{
	struct sr_service_entry *entry = &apply->tables->service[item->id];
	const struct sr_service *was = item->op->was, *want = item->op->want;

	if (!want)
		return;
	__atomic_store_n(&entry->flags, SR_SERVICE_IN_USE | (was ? was->flags & want->flags : 0), __ATOMIC_RELEASE);
	write_runs(apply, item);
	__atomic_store_n(&entry->affinity, want->affinity, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->flags, write_early_flags(was, want), __ATOMIC_RELEASE);
}

/*
 * Source ranges are written for a service that exists, so that a kill leaves
 * none behind for the next one of its number, and followed when all are there.
 */
static int write_sources(struct sr_apply *apply, const struct sr_apply_item *item, struct sr_error *err)
{
	struct sr_service_entry *entry = &apply->tables->service[item->id];
	int r = sr_sources_write(apply->datapath, item->id, item->op, err);

	if (r == 0 && item->op->want)
		__atomic_store_n(&entry->flags, SR_SERVICE_IN_USE | item->op->want->flags, __ATOMIC_RELEASE);
	return r;
}

/*
 * Weights and sets are told after the slots that follow from them: whoever
 * finds the old ones beside new slots will do it over.
 */
static void write_weights(struct sr_apply *apply, const struct sr_apply_item *item)
{
	const struct sr_service *want = item->op->want;

	for (size_t i = 0; want && i < want->num_endpoints; i++) {
		struct sr_backend *backend = &apply->tables->backend[item->backend[i]];

		__atomic_store_n(&backend->weight, want->endpoints[i].weight, __ATOMIC_RELAXED);
		__atomic_store_n(&backend->flags, want->endpoints[i].flags, __ATOMIC_RELAXED);
		__atomic_store_n(&backend->position, i, __ATOMIC_RELAXED);
	}
}

static int write_failed(const struct sr_apply *apply, int r, struct sr_error *err)
{
	return sr_fail(err, r, "cannot write map %s: %s", sr_map_names[apply->map], strerror(-r));
}

static int write_element(struct sr_apply *apply, const void *key, const void *value, struct sr_error *err)
{
	int r = sr_map_put(&apply->put, key, value);

	return r < 0 ? write_failed(apply, r, err) : 0;
}

static int write_info(struct sr_apply *apply, const struct sr_apply_item *item, struct sr_error *err)
{
	const struct sr_service *want = item->op->want;
	struct sr_service_info info = {};

	if (!want)
		return 0;
	info.family = want->family;
	info.proto = want->proto;
	/* Cut where they are too long: nothing but people reads them. */
	if (snprintf(info.namespace, sizeof(info.namespace), "%s", want->namespace) < 0 ||
	    snprintf(info.name, sizeof(info.name), "%s", want->name) < 0 ||
	    snprintf(info.port_name, sizeof(info.port_name), "%s", want->port_name) < 0 ||
	    snprintf(info.origin, sizeof(info.origin), "%s", want->origin) < 0)
		return sr_fail(err, -EINVAL, "service %s: a name that cannot be written", want->name);

	return write_element(apply, &item->id, &info, err);
}

static const struct sr_frontend_spec *frontend_find(const struct sr_service *service, const struct sr_hostport *at)
{
	return service ? sr_service_frontend(service, at) : NULL;
}

static struct sr_frontend_key frontend_key(const struct sr_frontend_spec *spec)
{
	return (struct sr_frontend_key){.addr = spec->at.addr, .port = spec->at.port, .proto = spec->at.proto};
}

/* One that led to another service is led here without a gap. */
static int write_frontends(struct sr_apply *apply, const struct sr_apply_item *item, struct sr_error *err)
{
	const struct sr_service *was = item->op->was, *want = item->op->want;
	int r = 0;

	for (size_t i = 0; r == 0 && want && i < want->num_frontends; i++) {
		const struct sr_frontend_spec *spec = &want->frontends[i], *old = frontend_find(was, &spec->at);
		struct sr_frontend value = {.self = frontend_key(spec), .service = item->id, .kind = spec->kind};

		if (!old || old->kind != spec->kind)
			r = write_element(apply, &value.self, &value, err);
	}
	return r;
}

/* Unless it leads to another service by now. */
static int delete_frontend(struct sr_apply *apply, uint32_t service, const struct sr_frontend_spec *spec,
			   struct sr_error *err)
{
	int fd = apply->datapath->map_fd[SR_MAP_FRONTENDS];
	struct sr_frontend_key key = frontend_key(spec);
	struct sr_frontend value;

	if (bpf_map_lookup_elem(fd, &key, &value) < 0 || value.service != service)
		return 0;
	if (bpf_map_delete_elem(fd, &key) < 0 && errno != ENOENT)
		return sr_fail(err, -errno, "cannot delete from map sr_frontends: %s", strerror(errno));
	return 0;
}

static int delete_frontends(struct sr_apply *apply, const struct sr_apply_item *item, struct sr_error *err)
{
	const struct sr_service *was = item->op->was;
	int r = 0;

	for (size_t i = 0; r == 0 && was && i < was->num_frontends; i++)
		if (!frontend_find(item->op->want, &was->frontends[i].at))
			r = delete_frontend(apply, item->id, &was->frontends[i], err);
	return r;
}

static int delete_sources(struct sr_apply *apply, const struct sr_apply_item *item, struct sr_error *err)
{
	return sr_sources_delete(apply->datapath, item->id, item->op, err);
}

static int delete_service(struct sr_apply *apply, const struct sr_apply_item *item, struct sr_error *err)
{
	struct sr_service_entry *entry = &apply->tables->service[item->id];

	if (item->op->want)
		return 0;
	if (bpf_map_delete_elem(apply->datapath->map_fd[SR_MAP_INFO], &item->id) < 0 && errno != ENOENT)
		return sr_fail(err, -errno, "cannot delete from map sr_info: %s", strerror(errno));
	for (int set = 0; set < SR_SETS; set++)
		__atomic_store_n(&entry->run[set], 0, __ATOMIC_RELEASE);
	entry->affinity = 0;
	entry->flags = 0;
	return 0;
}

static void apply_write_services(struct sr_apply *apply)
{
	if (apply->services.reused || apply->backends.reused || apply->slots.reused)
		sr_tables_wait_for_packets();

	for (size_t i = 0; i < apply->num; i++) {
		write_new_backends(apply, &apply->item[i]);
		write_draining(apply, &apply->item[i]);
		write_service(apply, &apply->item[i]);
		write_weights(apply, &apply->item[i]);
	}
}

static int apply_each(struct sr_apply *apply,
		      int (*step)(struct sr_apply *, const struct sr_apply_item *, struct sr_error *),
		      struct sr_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < apply->num; i++)
		r = step(apply, &apply->item[i], err);
	return r;
}

/* All that a step writes is in the map when this returns. */
static int apply_write_map(struct sr_apply *apply, enum sr_map map,
			   int (*step)(struct sr_apply *, const struct sr_apply_item *, struct sr_error *),
			   struct sr_error *err)
{
	int r;

	sr_map_put_clear(&apply->put);
	apply->map = map;
	apply->put = (struct sr_map_put){
		.fd = apply->datapath->map_fd[map],
		.key_size = sr_map_shapes[map].key_size,
		.value_size = sr_map_shapes[map].value_size,
	};
	r = apply_each(apply, step, err);
	if (r < 0)
		return r;
	r = sr_map_put_rest(&apply->put);
	return r < 0 ? write_failed(apply, r, err) : 0;
}

static int apply_make(struct sr_apply *apply, struct sr_error *err)
{
	int r;

	apply_write_services(apply);
	r = apply_write_map(apply, SR_MAP_INFO, write_info, err);
	if (r == 0)
		r = apply_each(apply, write_sources, err);
	if (r == 0)
		r = sr_addresses_begin(apply->datapath, &apply->addresses, err);
	if (r == 0)
		r = apply_write_map(apply, SR_MAP_FRONTENDS, write_frontends, err);
	return r < 0 ? r : sr_addresses_settle(apply->datapath, &apply->addresses, err);
}

/* No packet finds a backend gone that it was led to: they are seen off first. */
static int apply_break(struct sr_apply *apply, struct sr_error *err)
{
	int r = apply_each(apply, delete_frontends, err);

	if (r == 0)
		r = sr_addresses_end(apply->datapath, &apply->addresses, err);
	if (r == 0)
		r = apply_each(apply, delete_sources, err);
	if (r == 0)
		r = apply_each(apply, delete_service, err);
	if (r < 0)
		return r;

	if (apply->num_gone)
		sr_tables_wait_for_packets();
	for (size_t i = 0; i < apply->num_gone; i++)
		sr_tables_free_backend(apply->tables, apply->gone[i]);
	return 0;
}

/*
 * Flows that do not notice the change by themselves; and a connected socket's
 * packets pass no program that would move them. That it could not be done is no
 * failure of the plan: `status` tells.
 */
static void apply_to_flows(const struct sr_apply *apply)
{
	bool touched = sr_flows_are_touched(apply);
	struct sr_state state;

	if (touched)
		sr_flows_forget_stale(apply->datapath, apply->tables);
	if ((touched || apply->num_gone) && sr_state_read(apply->datapath, &state, NULL) == 0)
		sr_sockets_destroy_stale(apply->datapath, apply->tables, state.terminate);
}

/* So that `want` can be the `was` of another plan. */
static void note_ids(const struct sr_apply_item *item)
{
	struct sr_service *want = item->op->want;

	want->id = item->id;
	for (size_t i = 0; i < want->num_endpoints; i++)
		want->endpoints[i].id = item->backend[i];
}

/* What an item's service had, and has no longer, is free for the next plan. */
static void note_free(struct sr_apply *apply, const struct sr_apply_item *item)
{
	const struct sr_service *want = item->op->want;

	for (int set = 0; set < SR_SETS; set++)
		if (!want || item->run[set].is_new)
			sr_tables_unmark_run(apply->tables, item->run[set].was);
	if (!want)
		apply->tables->service_live[item->id] = 0;
}

/* A torn service's run may be another's, too: then what lives is to be found anew. */
static void apply_note(struct sr_apply *apply)
{
	bool any_torn = false;

	for (size_t i = 0; i < apply->num; i++) {
		const struct sr_op *op = apply->item[i].op;

		any_torn |= op->was && op->was->is_torn;
		note_free(apply, &apply->item[i]);
		if (op->want)
			note_ids(&apply->item[i]);
	}
	if (any_torn)
		sr_tables_drop(apply->datapath);
}

int sr_maps_apply(struct sr_datapath *datapath, const struct sr_plan *plan, struct sr_error *err)
{
	sr_autoapply struct sr_apply apply = {};
	int r;

	r = sr_apply_prepare(&apply, datapath, plan, err);
	if (r == 0)
		r = apply_make(&apply, err);
	if (r == 0)
		r = apply_break(&apply, err);
	if (r < 0) {
		sr_tables_drop(datapath);
		return r;
	}
	apply_to_flows(&apply);
	apply_note(&apply);
	return 0;
}

int sr_maps_check(struct sr_datapath *datapath, const struct sr_plan *plan, struct sr_error *err)
{
	sr_autoapply struct sr_apply apply = {};

	return sr_apply_prepare(&apply, datapath, plan, err);
}
