// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the maps say, as services. */
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "kernel/instance.h"
#include "kernel/map_each.h"
#include "kernel/maps.h"
#include "kernel/sources.h"
#include "kernel/tables.h"
#include "model/shares.h"

struct read {
	const struct sr_tables *tables;
	struct sr_services services;
	uint32_t *place; /* by service index: 1 + its place in `services`, 0: none */
};

static void read_clear(struct read *read)
{
	sr_services_clear(&read->services);
	free(read->place);
}

static struct sr_service *read_service(const struct read *read, uint32_t id)
{
	if (id >= read->tables->max_services || !read->place[id])
		return NULL;
	return &read->services.item[read->place[id] - 1];
}

static int read_info(const void *key, const void *value, void *context)
{
	const struct sr_service_info *info = value;
	uint32_t id = *(const uint32_t *)key;
	struct read *read = context;
	struct sr_service *service;

	if (id >= read->tables->max_services || !read->tables->service_live[id])
		return 0;

	service = sr_services_add(&read->services);
	if (!service)
		return -ENOMEM;
	read->place[id] = read->services.num;
	service->id = id;
	service->family = info->family;
	service->proto = info->proto;
	service->namespace = strndup(info->namespace, sizeof(info->namespace));
	service->name = strndup(info->name, sizeof(info->name));
	service->port_name = strndup(info->port_name, sizeof(info->port_name));
	service->origin = strndup(info->origin, sizeof(info->origin));
	if (!service->namespace || !service->name || !service->port_name || !service->origin)
		return -ENOMEM;
	return 0;
}

static int read_frontend(const void *key, const void *value, void *context)
{
	const struct sr_frontend_key *at = key;
	const struct sr_frontend *frontend = value;
	struct sr_service *service = read_service(context, frontend->service);
	struct sr_frontend_spec spec = {
		.at = {.addr = at->addr, .port = at->port, .proto = at->proto},
		.kind = frontend->kind,
	};

	return service ? sr_service_add_frontend(service, &spec) : 0;
}

static int read_source(const void *key, const void *value, void *context)
{
	struct sr_service *service = read_service(context, ((const struct sr_source_key *)key)->service);
	struct sr_cidr network = sr_source_network(key);

	(void)value;
	return service ? sr_service_add_source(service, &network) : 0;
}

static int read_backends(const struct read *read)
{
	const struct sr_tables *tables = read->tables;
	int r = 0;

	for (uint32_t i = 1; r == 0 && i < tables->max_backends; i++) {
		const struct sr_backend *backend = &tables->backend[i];
		struct sr_service *service = tables->backend_live[i] ? read_service(read, backend->service) : NULL;
		struct sr_endpoint endpoint = {
			.addr = backend->addr,
			.port = backend->port,
			.weight = backend->weight,
			.flags = backend->flags,
			.id = i,
		};

		if (service)
			r = sr_service_add_endpoint(service, &endpoint);
	}
	return r;
}

/* Does a run hold the slots that follow from the endpoints' weights, as they are written? */
static bool read_run_is_sound(const struct sr_tables *tables, const struct sr_service *service, enum sr_set set)
{
	uint64_t run = sr_tables_run(tables, service->id, set);
	const struct sr_slot *slot = tables->slot + sr_run_base(run);
	struct sr_shares shares;

	sr_shares_make(&shares, service, set);
	if (shares.total != sr_run_count(run))
		return false;

	for (size_t i = 0; i < service->num_endpoints; i++) {
		uint32_t share = sr_shares_of(&shares, &service->endpoints[i]);

		for (uint32_t j = 0; j < share; j++)
			if ((slot++)->backend != service->endpoints[i].id)
				return false;
	}
	return true;
}

/*
 * Slots that do not say what the backends' weights and sets say were left by a
 * killed process, or are somebody else's work: the planner has them written
 * anew.
 */
static void read_service_entry(const struct sr_tables *tables, struct sr_service *service)
{
	const struct sr_service_entry *entry = &tables->service[service->id];

	service->flags = entry->flags & ~SR_SERVICE_IN_USE;
	service->affinity = entry->affinity;
	for (int set = 0; set < SR_SETS; set++)
		if (!read_run_is_sound(tables, service, set))
			service->is_torn = true;
}

static int read_all(struct read *read, const struct sr_datapath *datapath)
{
	int r;

	read->place = calloc(read->tables->max_services, sizeof(*read->place));
	if (!read->place)
		return -ENOMEM;

	r = sr_map_each(datapath->map_fd[SR_MAP_INFO], read_info, read);
	if (r == 0)
		r = sr_map_each(datapath->map_fd[SR_MAP_FRONTENDS], read_frontend, read);
	if (r == 0)
		r = sr_map_each(datapath->map_fd[SR_MAP_SOURCES], read_source, read);
	if (r == 0)
		r = read_backends(read);
	for (size_t i = 0; r == 0 && i < read->services.num; i++)
		read_service_entry(read->tables, &read->services.item[i]);
	return r;
}

int sr_maps_read(struct sr_datapath *datapath, struct sr_services *out, struct sr_error *err)
{
	sr_autotables struct sr_tables tables = {};
	__attribute__((cleanup(read_clear))) struct read read = {.tables = &tables};
	int r;

	r = sr_tables_open(&tables, datapath, err);
	if (r < 0)
		return r;
	r = read_all(&read, datapath);
	if (r < 0)
		return sr_fail(err, r, "cannot read the maps: %s", strerror(-r));

	sr_services_sort(&read.services);
	*out = read.services;
	memset(&read.services, 0, sizeof(read.services));
	return 0;
}
