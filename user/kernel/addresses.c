// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/addresses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "kernel/bloom.h"
#include "kernel/instance.h"
#include "kernel/map_each.h"
#include "kernel/map_put.h"

/* Beside enum sr_address_flags, and never written: the address has an entry. */
#define ADDRESS_EXISTS (1u << 31)

/*
 * An address that `map add` was told may be a pod's or a host's, with ports of
 * its own: only Kubernetes' ClusterIPs are nothing but their services.
 */
static uint32_t address_flags(uint8_t kind, bool is_from_map)
{
	if (kind == SR_FRONTEND_RESERVED)
		return 0;
	return ADDRESS_EXISTS | (kind == SR_FRONTEND_CLUSTER_IP && !is_from_map ? SR_ADDRESS_CLUSTER_IP : 0);
}

void sr_addresses_clear(struct sr_addresses *addresses)
{
	free(addresses->item);
	memset(addresses, 0, sizeof(*addresses));
}

static int address_compare(const void *a, const void *b)
{
	const struct sr_address_change *x = a, *y = b;

	return sr_addr_compare(&x->addr, &y->addr);
}

static int address_add(struct sr_addresses *addresses, const struct sr_addr *addr, uint32_t was, uint32_t want)
{
	struct sr_address_change *new = sr_array_add(&addresses->item, &addresses->num, sizeof(*new));

	if (!new)
		return -ENOMEM;
	*new = (struct sr_address_change){.addr = *addr, .was = was, .want = want};
	return 0;
}

/* Sort, and make one of those that are equal. */
static void address_merge(struct sr_addresses *addresses)
{
	struct sr_address_change *last = addresses->item;

	if (!addresses->num)
		return;
	qsort(addresses->item, addresses->num, sizeof(*addresses->item), address_compare);
	for (size_t i = 1; i < addresses->num; i++) {
		struct sr_address_change *next = &addresses->item[i];

		if (address_compare(last, next) != 0) {
			*++last = *next;
			continue;
		}
		last->was |= next->was;
		last->want |= next->want;
	}
	addresses->num = last + 1 - addresses->item;
}

/* --- of a plan -------------------------------------------------------------------- */

static bool address_has_frontend(const struct sr_service *service, const struct sr_frontend_spec *frontend)
{
	const struct sr_frontend_spec *same = service ? sr_service_frontend(service, &frontend->at) : NULL;

	return same && same->kind == frontend->kind;
}

/* The addresses of those frontends of `a` that `b` lacks. */
static int address_add_unlike(struct sr_addresses *out, const struct sr_service *a, const struct sr_service *b)
{
	int r = 0;

	for (size_t i = 0; a && r == 0 && i < a->num_frontends; i++)
		if (!address_has_frontend(b, &a->frontends[i]))
			r = address_add(out, &a->frontends[i].at.addr, 0, 0);
	return r;
}

/* What a service's frontends make of the addresses, among those that may change. */
static void address_count(struct sr_addresses *addresses, const struct sr_service *service, bool wanted)
{
	for (size_t i = 0; service && i < service->num_frontends; i++) {
		const struct sr_frontend_spec *frontend = &service->frontends[i];
		struct sr_address_change *change =
			bsearch(&(struct sr_address_change){.addr = frontend->at.addr}, addresses->item, addresses->num,
				sizeof(*change), address_compare);

		if (change)
			*(wanted ? &change->want : &change->was) |=
				address_flags(frontend->kind, sr_service_is_from_map(service));
	}
}

int sr_addresses_plan(struct sr_addresses *out, const struct sr_plan *plan)
{
	sr_autoaddresses struct sr_addresses addresses = {};
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->num; i++) {
		const struct sr_op *op = &plan->op[i];

		if (op->kind == SR_OP_KEEP)
			continue;
		r = address_add_unlike(&addresses, op->was, op->want);
		if (r == 0)
			r = address_add_unlike(&addresses, op->want, op->was);
	}
	if (r < 0)
		return r;

	address_merge(&addresses);
	for (size_t i = 0; addresses.num && i < plan->num; i++) {
		address_count(&addresses, plan->op[i].was, false);
		address_count(&addresses, plan->op[i].want, true);
	}
	*out = addresses;
	memset(&addresses, 0, sizeof(addresses));
	return 0;
}

/* --- into the map --------------------------------------------------------------------- */

static int address_fail(const struct sr_datapath *datapath, int r, struct sr_error *err)
{
	if (r == -E2BIG)
		return sr_fail(err, -ENOSPC, "map sr_addresses is full: it holds %u addresses",
			       sr_map_size(datapath->map_fd[SR_MAP_ADDRESSES]));
	return sr_fail(err, r, "cannot write map sr_addresses: %s", strerror(-r));
}

static int address_put(const struct sr_datapath *datapath, struct sr_map_put *put, const struct sr_addr *addr,
		       uint32_t flags)
{
	struct sr_address value = {.self = *addr, .flags = flags & ~ADDRESS_EXISTS};

	sr_bloom_add_address(datapath, addr);
	return sr_map_put(put, addr, &value);
}

/* What is written of a change now, without ADDRESS_EXISTS nothing. */
static uint32_t address_begins_as(const struct sr_address_change *change)
{
	return change->want && !change->was ? ADDRESS_EXISTS : 0;
}

static uint32_t address_settles_as(const struct sr_address_change *change)
{
	uint32_t there = change->was ? change->was : ADDRESS_EXISTS;

	return change->want != there ? change->want : 0;
}

static int address_put_all(const struct sr_datapath *datapath, const struct sr_addresses *addresses,
			   uint32_t (*becomes)(const struct sr_address_change *), struct sr_error *err)
{
	sr_automapput struct sr_map_put put = {
		.fd = datapath->map_fd[SR_MAP_ADDRESSES],
		.key_size = sizeof(struct sr_addr),
		.value_size = sizeof(struct sr_address),
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < addresses->num; i++) {
		uint32_t flags = becomes(&addresses->item[i]);

		if (flags)
			r = address_put(datapath, &put, &addresses->item[i].addr, flags);
	}
	if (r == 0)
		r = sr_map_put_rest(&put);
	return r < 0 ? address_fail(datapath, r, err) : 0;
}

int sr_addresses_begin(const struct sr_datapath *datapath, const struct sr_addresses *addresses, struct sr_error *err)
{
	return address_put_all(datapath, addresses, address_begins_as, err);
}

int sr_addresses_settle(const struct sr_datapath *datapath, const struct sr_addresses *addresses, struct sr_error *err)
{
	return address_put_all(datapath, addresses, address_settles_as, err);
}

int sr_addresses_end(const struct sr_datapath *datapath, const struct sr_addresses *addresses, struct sr_error *err)
{
	for (size_t i = 0; i < addresses->num; i++) {
		const struct sr_address_change *change = &addresses->item[i];

		if (change->want || !change->was)
			continue;
		if (bpf_map_delete_elem(datapath->map_fd[SR_MAP_ADDRESSES], &change->addr) < 0 && errno != ENOENT)
			return sr_fail(err, -errno, "cannot delete from map sr_addresses: %s", strerror(errno));
	}
	return 0;
}

/* --- after a crash ----------------------------------------------------------------------- */

/* What the maps say of addresses, and which services are from `map add`. */
struct address_survey {
	struct sr_addresses addresses;
	uint8_t *is_from_map; /* by service */
	uint32_t max_services;
};

static void address_survey_clear(struct address_survey *survey)
{
	sr_addresses_clear(&survey->addresses);
	free(survey->is_from_map);
}

static int address_take_info(const void *key, const void *value, void *context)
{
	const struct sr_service_info *info = value;
	struct address_survey *survey = context;
	uint32_t service = *(const uint32_t *)key;

	if (service < survey->max_services)
		survey->is_from_map[service] = strncmp(info->origin, SR_ORIGIN_MAP, sizeof(info->origin)) == 0;
	return 0;
}

static int address_take_frontend(const void *key, const void *value, void *context)
{
	const struct sr_frontend *frontend = value;
	const struct sr_frontend_key *at = key;
	struct address_survey *survey = context;
	bool is_from_map = frontend->service < survey->max_services && survey->is_from_map[frontend->service];

	return address_add(&survey->addresses, &at->addr, 0, address_flags(frontend->kind, is_from_map));
}

static int address_take_entry(const void *key, const void *value, void *context)
{
	struct address_survey *survey = context;

	return address_add(&survey->addresses, key, ADDRESS_EXISTS | ((const struct sr_address *)value)->flags, 0);
}

static int address_survey_maps(struct address_survey *survey, const struct sr_datapath *datapath)
{
	int r;

	survey->max_services = sr_map_size(datapath->map_fd[SR_MAP_SERVICES]);
	survey->is_from_map = calloc(survey->max_services, 1);
	if (!survey->is_from_map)
		return -ENOMEM;

	r = sr_map_each(datapath->map_fd[SR_MAP_INFO], address_take_info, survey);
	if (r == 0)
		r = sr_map_each(datapath->map_fd[SR_MAP_FRONTENDS], address_take_frontend, survey);
	if (r == 0)
		r = sr_map_each(datapath->map_fd[SR_MAP_ADDRESSES], address_take_entry, survey);
	return r;
}

int sr_addresses_mend(const struct sr_datapath *datapath, struct sr_error *err)
{
	__attribute__((cleanup(address_survey_clear))) struct address_survey survey = {};
	int r = address_survey_maps(&survey, datapath);

	if (r < 0)
		return sr_fail(err, r, "cannot read the maps: %s", strerror(-r));

	address_merge(&survey.addresses);
	r = sr_addresses_begin(datapath, &survey.addresses, err);
	if (r == 0)
		r = sr_addresses_settle(datapath, &survey.addresses, err);
	return r < 0 ? r : sr_addresses_end(datapath, &survey.addresses, err);
}
