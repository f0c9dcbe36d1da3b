// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a test wants programmed, planned and applied as `svcroute load` would. */
#include "services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "harness.h"
#include "kernel/maps.h"
#include "model/plan.h"

static struct sr_services desired;

static void services_die(const struct sr_error *err)
{
	fail_msg("cannot program services: %s", err->text);
}

/* Lists in the order that the planner walks them. */
static void services_apply(void)
{
	sr_autoservices struct sr_services programmed = {};
	sr_autoplan struct sr_plan plan = {};
	struct sr_error err = {};

	sr_services_sort(&desired);
	if (sr_maps_read(harness_datapath(), &programmed, &err) < 0 ||
	    sr_plan_make(&plan, &programmed, &desired, NULL, &err) < 0 ||
	    sr_maps_apply(harness_datapath(), &plan, &err) < 0)
		services_die(&err);
}

void services_forget(void)
{
	sr_services_clear(&desired);
	services_apply();
}

static struct sr_service *services_find(const char *name)
{
	for (size_t i = 0; i < desired.num; i++)
		if (strcmp(desired.item[i].name, name) == 0)
			return &desired.item[i];
	return NULL;
}

static struct sr_service *services_new(const char *name)
{
	struct sr_service *service = sr_services_add(&desired);

	if (!service || sr_string_set(&service->namespace, "test") < 0 || sr_string_set(&service->name, name) < 0 ||
	    sr_string_set(&service->port_name, "") < 0 || sr_string_set(&service->origin, "test") < 0)
		abort();
	return service;
}

static void services_read_word(struct sr_endpoint *endpoint, const char *word)
{
	if (strncmp(word, "weight=", strlen("weight=")) == 0)
		endpoint->weight = atoi(word + strlen("weight="));
	else if (strcmp(word, "on_node") == 0)
		endpoint->flags |= SR_BACKEND_ON_NODE;
	else if (strcmp(word, "local") == 0)
		endpoint->flags |= SR_BACKEND_ON_NODE | SR_BACKEND_IN_LOCAL;
	else if (strcmp(word, "only_local") == 0)
		endpoint->flags = SR_BACKEND_ON_NODE | SR_BACKEND_IN_LOCAL;
	else if (strcmp(word, "draining") == 0)
		endpoint->flags &= ~SR_BACKEND_SETS;
	else
		fail_msg("a backend '%s'?", word);
}

/* "10.244.1.7:8080,local,weight=3": harness.h has the words. */
static void services_add_endpoint(struct sr_service *service, const char *text)
{
	struct sr_endpoint endpoint = {.weight = 1, .flags = SR_BACKEND_IN_CLUSTER, .id = SR_NO_ID};
	char copy[128], *rest = copy, *word;
	struct sr_hostport at;

	snprintf(copy, sizeof(copy), "%s", text);
	at = world_hostport(strsep(&rest, ","), world.family, service->proto);
	endpoint.addr = at.addr;
	endpoint.port = at.port;
	while ((word = strsep(&rest, ",")))
		services_read_word(&endpoint, word);
	if (sr_service_add_endpoint(service, &endpoint) < 0)
		abort();
}

static void services_add_frontend(struct sr_service *service, enum sr_frontend_kind kind, const char *text)
{
	struct sr_frontend_spec frontend = {.at = world_hostport(text, world.family, world.proto), .kind = kind};

	service->family = sr_addr_family(&frontend.at.addr);
	service->proto = frontend.at.proto;
	if (sr_service_add_frontend(service, &frontend) < 0)
		abort();
}

static void services_set_kind(struct sr_service *service, enum sr_frontend_kind kind, const char *text)
{
	struct sr_hostport at = world_hostport(text, world.family, world.proto);

	for (size_t i = 0; i < service->num_frontends; i++)
		if (sr_hostport_compare(&service->frontends[i].at, &at) == 0)
			service->frontends[i].kind = kind;
}

void harness_given(enum sr_frontend_kind kind, const char *frontend, const char *const *backends)
{
	struct sr_service *service = services_find(frontend);

	if (!service) {
		service = services_new(frontend);
		services_add_frontend(service, kind, frontend);
	}
	services_set_kind(service, kind, frontend);
	free(service->endpoints);
	service->endpoints = NULL;
	service->num_endpoints = 0;

	for (; *backends; backends++)
		services_add_endpoint(service, *backends);
	services_apply();
}

static struct sr_service *services_get(const char *name)
{
	struct sr_service *service = services_find(name);

	if (!service)
		fail_msg("no service was given at %s", name);
	return service;
}

void given_frontend_kind(const char *frontend, enum sr_frontend_kind kind, const char *also)
{
	services_add_frontend(services_get(frontend), kind, also);
	services_apply();
}

static void services_drop_frontend(struct sr_service *service, const char *text)
{
	struct sr_hostport at = world_hostport(text, world.family, world.proto);

	for (size_t i = 0; i < service->num_frontends; i++)
		if (sr_hostport_compare(&service->frontends[i].at, &at) == 0)
			service->frontends[i--] = service->frontends[--service->num_frontends];
}

void given_frontend_moved(const char *from, const char *to, const char *frontend)
{
	services_drop_frontend(services_get(from), frontend);
	if (to)
		services_add_frontend(services_get(to), SR_FRONTEND_EXTERNAL_IP, frontend);
	services_apply();
}

void given_frontend(const char *frontend, const char *also)
{
	given_frontend_kind(frontend, services_get(frontend)->frontends[0].kind, also);
}

void given_policy(const char *frontend, unsigned int policies)
{
	struct sr_service *service = services_get(frontend);

	service->flags = (service->flags & SR_SERVICE_SOURCE_RANGES) | policies;
	services_apply();
}

void given_affinity(const char *frontend, uint32_t seconds)
{
	services_get(frontend)->affinity = seconds;
	services_apply();
}

static struct sr_cidr services_network(const char *text)
{
	struct sr_cidr network;
	char addr[64];

	if (sscanf(text, "%63[^/]/%hhu", addr, &network.bits) != 2)
		fail_msg("'%s' is no network", text);
	network.addr = world_addr(addr, world.family);
	if (world.family == 6 && !strchr(addr, ':'))
		network.bits *= 4;
	return network;
}

void harness_given_sources(const char *frontend, const char *const *sources)
{
	struct sr_service *service = services_get(frontend);

	free(service->sources);
	service->sources = NULL;
	service->num_sources = 0;
	service->flags &= ~SR_SERVICE_SOURCE_RANGES;
	for (; *sources; sources++) {
		struct sr_cidr network = services_network(*sources);

		if (sr_service_add_source(service, &network) < 0)
			abort();
		service->flags |= SR_SERVICE_SOURCE_RANGES;
	}
	services_apply();
}

void given_no_service(const char *frontend)
{
	struct sr_service *service = services_get(frontend);
	size_t after = desired.item + desired.num - (service + 1);

	sr_service_clear(service);
	memmove(service, service + 1, after * sizeof(*service));
	desired.num--;
	services_apply();
}
