// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

int sr_service_compare(const struct sr_service *a, const struct sr_service *b)
{
	int diff = strcmp(a->namespace, b->namespace);

	if (!diff)
		diff = strcmp(a->name, b->name);
	if (!diff)
		diff = strcmp(a->port_name, b->port_name);
	if (!diff)
		diff = (int)a->proto - (int)b->proto;
	return diff ? diff : (int)a->family - (int)b->family;
}

bool sr_service_is_from_map(const struct sr_service *service)
{
	return service->origin && strcmp(service->origin, SR_ORIGIN_MAP) == 0;
}

struct sr_service *sr_services_add(struct sr_services *services)
{
	struct sr_service *service = sr_array_add(&services->item, &services->num, sizeof(*service));

	if (service)
		service->id = SR_NO_ID;
	return service;
}

static int frontend_compare_at(const void *frontend, const void *at)
{
	return sr_hostport_compare(&((const struct sr_frontend_spec *)frontend)->at, at);
}

/* The first frontend that is not before `at`. */
static size_t service_frontend_place(const struct sr_service *service, const struct sr_hostport *at)
{
	return sr_array_place(service->frontends, service->num_frontends, sizeof(*service->frontends), at,
			      frontend_compare_at);
}

const struct sr_frontend_spec *sr_service_frontend(const struct sr_service *service, const struct sr_hostport *at)
{
	size_t place = service_frontend_place(service, at);

	if (place == service->num_frontends || sr_hostport_compare(&service->frontends[place].at, at) != 0)
		return NULL;
	return &service->frontends[place];
}

int sr_service_add_frontend(struct sr_service *service, const struct sr_frontend_spec *frontend)
{
	size_t place = service_frontend_place(service, &frontend->at);
	struct sr_frontend_spec *new;

	if (place < service->num_frontends && !sr_hostport_compare(&service->frontends[place].at, &frontend->at))
		return 0;

	new = sr_array_insert(&service->frontends, &service->num_frontends, sizeof(*new), place);
	if (!new)
		return -ENOMEM;
	*new = *frontend;
	return 0;
}

static int endpoint_compare(const void *item, const void *key)
{
	const struct sr_endpoint *a = item, *b = key;
	int diff = sr_addr_compare(&a->addr, &b->addr);

	return diff ? diff : (int)ntohs(a->port) - (int)ntohs(b->port);
}

int sr_service_add_endpoint(struct sr_service *service, const struct sr_endpoint *endpoint)
{
	size_t place = sr_array_place(service->endpoints, service->num_endpoints, sizeof(*endpoint), endpoint,
				      endpoint_compare);
	struct sr_endpoint *new;

	if (place < service->num_endpoints && !endpoint_compare(&service->endpoints[place], endpoint))
		return 0;

	new = sr_array_insert(&service->endpoints, &service->num_endpoints, sizeof(*new), place);
	if (!new)
		return -ENOMEM;
	*new = *endpoint;
	if (!new->weight)
		new->flags &= ~SR_BACKEND_SETS;
	return 0;
}

static int source_compare(const void *item, const void *key)
{
	const struct sr_cidr *a = item, *b = key;
	int diff = sr_addr_compare(&a->addr, &b->addr);

	return diff ? diff : (int)a->bits - (int)b->bits;
}

int sr_service_add_source(struct sr_service *service, const struct sr_cidr *source)
{
	size_t place = sr_array_place(service->sources, service->num_sources, sizeof(*source), source, source_compare);
	struct sr_cidr *new;

	if (place < service->num_sources && !source_compare(&service->sources[place], source))
		return 0;

	new = sr_array_insert(&service->sources, &service->num_sources, sizeof(*new), place);
	if (!new)
		return -ENOMEM;
	*new = *source;
	return 0;
}

static int service_compare_items(const void *a, const void *b)
{
	return sr_service_compare(a, b);
}

void sr_services_sort(struct sr_services *services)
{
	if (services->num)
		qsort(services->item, services->num, sizeof(*services->item), service_compare_items);
}

struct sr_service *sr_services_find_frontend(const struct sr_services *services, const struct sr_hostport *at)
{
	size_t i;

	for (i = 0; i < services->num; i++)
		if (sr_service_frontend(&services->item[i], at))
			return &services->item[i];
	return NULL;
}

static void service_cleanup(struct sr_service *service)
{
	sr_service_clear(service);
}

static int service_copy_strings(struct sr_service *out, const struct sr_service *service)
{
	if (sr_string_set(&out->namespace, service->namespace) < 0 || sr_string_set(&out->name, service->name) < 0 ||
	    sr_string_set(&out->port_name, service->port_name) < 0 || sr_string_set(&out->origin, service->origin) < 0)
		return -ENOMEM;
	return 0;
}

int sr_service_copy(struct sr_service *out, const struct sr_service *service)
{
	__attribute__((cleanup(service_cleanup))) struct sr_service copy = {
		.family = service->family,
		.proto = service->proto,
		.flags = service->flags,
		.affinity = service->affinity,
		.id = service->id,
	};
	size_t i;

	if (service_copy_strings(&copy, service) < 0)
		return -ENOMEM;
	for (i = 0; i < service->num_frontends; i++) {
		if (sr_service_add_frontend(&copy, &service->frontends[i]) < 0)
			return -ENOMEM;
	}
	for (i = 0; i < service->num_endpoints; i++) {
		if (sr_service_add_endpoint(&copy, &service->endpoints[i]) < 0)
			return -ENOMEM;
	}
	for (i = 0; i < service->num_sources; i++) {
		if (sr_service_add_source(&copy, &service->sources[i]) < 0)
			return -ENOMEM;
	}

	*out = copy;
	memset(&copy, 0, sizeof(copy));
	return 0;
}

void sr_service_clear(struct sr_service *service)
{
	free(service->namespace);
	free(service->name);
	free(service->port_name);
	free(service->origin);
	free(service->frontends);
	free(service->endpoints);
	free(service->sources);
	memset(service, 0, sizeof(*service));
}

void sr_services_clear(struct sr_services *services)
{
	size_t i;

	for (i = 0; i < services->num; i++)
		sr_service_clear(&services->item[i]);
	free(services->item);
	memset(services, 0, sizeof(*services));
}
