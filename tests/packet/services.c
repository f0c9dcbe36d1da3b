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

/* "10.244.1.7:8080" or "10.244.1.7:8080,weight=3". */
static void services_add_endpoint(struct sr_service *service, const char *text)
{
	char address[128];
	unsigned int weight = 1;
	struct sr_hostport at;

	if (sscanf(text, "%127[^,],weight=%u", address, &weight) < 1)
		abort();
	at = world_hostport(address, world.family, service->proto);
	if (sr_service_add_endpoint(
		    service,
		    &(struct sr_endpoint){.addr = at.addr, .port = at.port, .weight = weight, .id = SR_NO_ID}) < 0)
		abort();
}

static void services_add_frontend(struct sr_service *service, int scope, const char *text)
{
	struct sr_frontend_spec frontend = {.at = world_hostport(text, world.family, world.proto), .kind = scope};

	service->family = sr_addr_family(&frontend.at.addr);
	service->proto = frontend.at.proto;
	if (sr_service_add_frontend(service, &frontend) < 0)
		abort();
}

void harness_given(int scope, const char *frontend, const char *const *backends)
{
	struct sr_service *service = services_find(frontend);

	if (!service) {
		service = services_new(frontend);
		services_add_frontend(service, scope, frontend);
	}
	free(service->endpoints);
	service->endpoints = NULL;
	service->num_endpoints = 0;

	for (; *backends; backends++)
		services_add_endpoint(service, *backends);
	services_apply();
}

void given_frontend(const char *frontend, const char *also)
{
	struct sr_service *service = services_find(frontend);

	services_add_frontend(service, service->frontends[0].kind, also);
	services_apply();
}

void given_no_service(const char *frontend)
{
	struct sr_service *service = services_find(frontend);
	size_t after = desired.item + desired.num - (service + 1);

	sr_service_clear(service);
	memmove(service, service + 1, after * sizeof(*service));
	desired.num--;
	services_apply();
}
