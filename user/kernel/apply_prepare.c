// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "kernel/apply.h"
#include "kernel/instance.h"
#include "kernel/map_each.h"
#include "kernel/sources.h"

static bool endpoint_at_end(const struct sr_service *service, size_t i)
{
	return !service || i == service->num_endpoints;
}

int sr_apply_endpoint_heads(const struct sr_service *a, size_t i, const struct sr_service *b, size_t j)
{
	int diff;

	if (endpoint_at_end(a, i))
		return 1;
	if (endpoint_at_end(b, j))
		return -1;
	diff = sr_addr_compare(&a->endpoints[i].addr, &b->endpoints[j].addr);
	return diff ? diff : (int)ntohs(a->endpoints[i].port) - (int)ntohs(b->endpoints[j].port);
}

static int prepare_full(const struct sr_apply *apply, enum sr_map map, struct sr_error *err)
{
	return sr_fail(err, -ENOSPC, "map %s is full: it holds %u entries, new ones beside those that they replace",
		       sr_map_names[map], sr_map_size(apply->datapath->map_fd[map]));
}

/* The next endpoint of a set, from place i on. */
static size_t prepare_next(const struct sr_service *service, size_t i, enum sr_set set)
{
	while (!endpoint_at_end(service, i) && !(service->endpoints[i].flags & 1 << set))
		i++;
	return i;
}

static bool prepare_same_set(const struct sr_op *op, enum sr_set set)
{
	const struct sr_service *was = op->was, *want = op->want;
	size_t i = prepare_next(was, 0, set), j = prepare_next(want, 0, set);

	if (!was || was->is_torn || (was->flags ^ want->flags) & SR_SERVICE_MAGLEV)
		return false;
	while (!endpoint_at_end(was, i) && !endpoint_at_end(want, j)) {
		if (sr_apply_endpoint_heads(was, i, want, j) != 0 ||
		    was->endpoints[i].weight != want->endpoints[j].weight)
			return false;
		i = prepare_next(was, i + 1, set);
		j = prepare_next(want, j + 1, set);
	}
	return endpoint_at_end(was, i) && endpoint_at_end(want, j);
}

static int prepare_gone(struct sr_apply *apply, uint32_t backend, struct sr_error *err)
{
	uint32_t *gone = sr_array_add(&apply->gone, &apply->num_gone, sizeof(*gone));

	if (!gone)
		return sr_fail(err, -ENOMEM, "no memory");
	*gone = backend;
	return 0;
}

/* An endpoint that stays keeps its index, and so its connections. */
static int prepare_backends(struct sr_apply *apply, struct sr_apply_item *item, struct sr_error *err)
{
	const struct sr_service *was = item->op->was, *want = item->op->want;
	size_t i = 0, j = 0;

	item->backend = calloc(want ? want->num_endpoints + 1 : 1, sizeof(*item->backend));
	if (!item->backend)
		return sr_fail(err, -ENOMEM, "no memory");

	while (!endpoint_at_end(was, i) || !endpoint_at_end(want, j)) {
		int heads = sr_apply_endpoint_heads(was, i, want, j);
		int r = 0;

		if (heads < 0)
			r = prepare_gone(apply, was->endpoints[i].id, err);
		else
			item->backend[j] = heads == 0 ? was->endpoints[i].id : sr_indexes_take(&apply->backends, 1);
		if (heads >= 0 && !item->backend[j])
			r = prepare_full(apply, SR_MAP_BACKENDS, err);
		if (r < 0)
			return r;
		i += heads <= 0;
		j += heads >= 0;
	}
	return 0;
}

static int prepare_run(struct sr_apply *apply, struct sr_apply_item *item, enum sr_set set, struct sr_error *err)
{
	struct sr_apply_run *run = &item->run[set];
	uint32_t base = 0;

	if (prepare_same_set(item->op, set))
		return 0;

	run->is_new = true;
	sr_shares_make(&run->shares, item->op->want, set);
	if (run->shares.total)
		base = sr_indexes_take(&apply->slots, run->shares.total);
	if (run->shares.total && !base)
		return prepare_full(apply, SR_MAP_SLOTS, err);
	run->run = sr_run(base, run->shares.total);
	return 0;
}

static int prepare_item(struct sr_apply *apply, struct sr_apply_item *item, const struct sr_op *op,
			struct sr_error *err)
{
	int r;

	item->op = op;
	item->id = op->was ? op->was->id : sr_indexes_take(&apply->services, 1);
	if (!item->id)
		return prepare_full(apply, SR_MAP_SERVICES, err);
	r = prepare_backends(apply, item, err);
	for (int set = 0; op->was && set < SR_SETS; set++)
		item->run[set].was = sr_tables_run(apply->tables, item->id, set);
	for (int set = 0; r == 0 && op->want && set < SR_SETS; set++)
		r = prepare_run(apply, item, set, err);
	return r;
}

static size_t prepare_num_new_frontends(const struct sr_plan *plan)
{
	size_t num = 0;

	for (size_t i = 0; i < plan->num; i++) {
		const struct sr_service *was = plan->op[i].was, *want = plan->op[i].want;

		for (size_t j = 0; plan->op[i].kind != SR_OP_KEEP && want && j < want->num_frontends; j++)
			num += !was || !sr_service_frontend(was, &want->frontends[j].at);
	}
	return num;
}

static int prepare_count(const void *key, const void *value, void *num)
{
	(void)key;
	(void)value;
	++*(size_t *)num;
	return 0;
}

/*
 * All that is new comes before anything goes. A frontend that moves between
 * services is counted twice: that errs on the safe side. What is there is
 * counted only if something comes.
 */
static int prepare_room(const struct sr_apply *apply, enum sr_map map, size_t num_new, struct sr_error *err)
{
	size_t num = num_new;
	int r = num_new ? sr_map_each(apply->datapath->map_fd[map], prepare_count, &num) : 0;

	if (r < 0)
		return sr_fail(err, r, "cannot read map %s: %s", sr_map_names[map], strerror(-r));
	return num > sr_map_size(apply->datapath->map_fd[map]) ? prepare_full(apply, map, err) : 0;
}

static int prepare_rooms(struct sr_apply *apply, const struct sr_plan *plan, struct sr_error *err)
{
	int r = prepare_room(apply, SR_MAP_FRONTENDS, prepare_num_new_frontends(plan), err);

	if (r == 0)
		r = prepare_room(apply, SR_MAP_SOURCES, sr_sources_num_new(plan), err);
	if (r == 0 && sr_addresses_plan(&apply->addresses, plan) < 0)
		r = sr_fail(err, -ENOMEM, "no memory");
	return r;
}

static int prepare_indexes(struct sr_apply *apply, struct sr_error *err)
{
	struct sr_tables *tables = apply->tables;
	struct sr_state state;
	int r;

	r = sr_state_read(apply->datapath, &state, err);
	if (r < 0)
		return r;
	apply->services = (struct sr_indexes){
		.live = tables->service_live, .size = tables->max_services, .fresh = state.fresh_service};
	apply->backends = (struct sr_indexes){
		.live = tables->backend_live, .size = tables->max_backends, .fresh = state.fresh_backend};
	apply->slots =
		(struct sr_indexes){.live = tables->slot_live, .size = tables->max_slots, .fresh = state.fresh_slot};
	return 0;
}

/* Who comes after us must know what is no longer fresh, even if we are killed. */
static int prepare_note_fresh(struct sr_apply *apply, struct sr_error *err)
{
	struct sr_state state;
	int r;

	r = sr_state_read(apply->datapath, &state, err);
	if (r < 0)
		return r;
	state.fresh_service = apply->services.fresh;
	state.fresh_backend = apply->backends.fresh;
	state.fresh_slot = apply->slots.fresh;
	return sr_state_write(apply->datapath, &state, err);
}

int sr_apply_prepare(struct sr_apply *apply, struct sr_datapath *datapath, const struct sr_plan *plan,
		     struct sr_error *err)
{
	int r;

	apply->datapath = datapath;
	apply->item = calloc(plan->num + 1, sizeof(*apply->item));
	if (!apply->item)
		return sr_fail(err, -ENOMEM, "no memory");

	r = sr_tables_keep(&apply->tables, datapath, err);
	if (r == 0)
		r = prepare_indexes(apply, err);
	if (r == 0)
		r = prepare_rooms(apply, plan, err);
	for (size_t i = 0; r == 0 && i < plan->num; i++)
		if (plan->op[i].kind != SR_OP_KEEP)
			r = prepare_item(apply, &apply->item[apply->num++], &plan->op[i], err);
	return r < 0 ? r : prepare_note_fresh(apply, err);
}

void sr_apply_clear(struct sr_apply *apply)
{
	for (size_t i = 0; i < apply->num; i++)
		free(apply->item[i].backend);
	free(apply->item);
	sr_addresses_clear(&apply->addresses);
	free(apply->gone);
	sr_map_put_clear(&apply->put);
}
