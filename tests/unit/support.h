/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the unit tests share: manifests from text, services as text, so that a
 * test states what goes in and what comes out and no more.
 */
#ifndef SVCROUTE_UNIT_SUPPORT_H
#define SVCROUTE_UNIT_SUPPORT_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "model/k8s.h"
#include "model/manifest.h"

/* The tests run in the top folder. */
#define DATA "tests/unit/data/"

/* Write `text` to /tmp/svcroute-unit.PID/`name` and return that path (static). */
static inline const char *given_file(const char *name, const char *text)
{
	static char path[200];
	char folder[100];
	FILE *file;

	snprintf(folder, sizeof(folder), "/tmp/svcroute-unit.%d", (int)getpid());
	if (access(folder, F_OK) != 0)
		assert_int_equal(0, mkdtemp(strcpy(path, "/tmp/svcroute-unit-XXXXXX")) ? rename(path, folder) : -1);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return path;
}

static inline void drop_file(const char *path)
{
	char folder[100];

	unlink(path);
	snprintf(folder, sizeof(folder), "/tmp/svcroute-unit.%d", (int)getpid());
	rmdir(folder);
}

/* What has been read, and what came of it. */
struct world {
	struct sr_k8s *k8s;
	struct sr_k8s_options options;
	struct sr_leases leases;
	struct sr_services services;
	struct sr_notes notes;
	char text[16384];
};

static inline void world_begin(struct world *world)
{
	memset(world, 0, sizeof(*world));
	assert_int_equal(sr_k8s_new(&world->k8s), 0);
}

/* Read a manifest given as text; the file's name tells its format. */
static inline void world_read(struct world *world, const char *name, const char *text)
{
	const char *path = given_file(name, text);
	struct sr_error err = {};

	if (sr_manifest_read(world->k8s, path, &err) < 0)
		fail_msg("%s", err.text);
	drop_file(path);
}

static inline void world_resolve(struct world *world)
{
	struct sr_error err = {};

	sr_services_clear(&world->services);
	sr_notes_clear(&world->notes);
	assert_int_equal(
		sr_k8s_resolve(world->k8s, &world->options, &world->leases, &world->services, &world->notes, &err), 0);
}

/* Forget the objects, and what came of them; the leases stay. */
static inline void world_again(struct world *world)
{
	sr_k8s_free(world->k8s);
	assert_int_equal(sr_k8s_new(&world->k8s), 0);
	sr_services_clear(&world->services);
	sr_notes_clear(&world->notes);
}

static inline void world_end(struct world *world)
{
	sr_k8s_free(world->k8s);
	sr_leases_clear(&world->leases);
	sr_services_clear(&world->services);
	sr_notes_clear(&world->notes);
}

static inline void world_print(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void world_print(struct world *world, const char *format, ...)
{
	size_t length = strlen(world->text);
	va_list args;

	va_start(args, format);
	vsnprintf(world->text + length, sizeof(world->text) - length, format, args);
	va_end(args);
}

static const char *const world_kinds[] = {
	[SR_FRONTEND_CLUSTER_IP] = "",	      [SR_FRONTEND_NODE_PORT] = "node:", [SR_FRONTEND_EXTERNAL_IP] = "!",
	[SR_FRONTEND_LOAD_BALANCER] = "lb:",  [SR_FRONTEND_HOST_PORT] = "host:", [SR_FRONTEND_PASS] = "pass:",
	[SR_FRONTEND_RESERVED] = "reserved:",
};

/* In no set though it has a weight. */
static inline bool world_drains(const struct sr_endpoint *endpoint)
{
	return endpoint->weight && !(endpoint->flags & SR_BACKEND_SETS);
}

/*
 * A line a service: "shop/web:http 10.0.0.1:90/tcp !198.51.100.7:90/tcp ->
 * 10.1.1.1:85 ~10.1.1.2:85": `!` is external, other kinds stand before a colon,
 * `+` is allocated, *N a weight, `~` an endpoint that drains.
 */
static inline const char *world_text(struct world *world)
{
	char text[SR_HOSTPORT_TEXT];
	size_t i, j;

	world->text[0] = '\0';
	for (i = 0; i < world->services.num; i++) {
		const struct sr_service *service = &world->services.item[i];

		world_print(world, "%s/%s:%s", service->namespace, service->name, service->port_name);
		for (j = 0; j < service->num_frontends; j++)
			world_print(world, " %s%s%s", service->frontends[j].allocated ? "+" : "",
				    world_kinds[service->frontends[j].kind],
				    sr_hostport_format(text, &service->frontends[j].at));
		world_print(world, " ->");
		for (j = 0; j < service->num_endpoints; j++) {
			struct sr_hostport at = {.addr = service->endpoints[j].addr,
						 .port = service->endpoints[j].port};

			sr_hostport_format(text, &at);
			*strchr(text, '/') = '\0';
			world_print(world, " %s%s", world_drains(&service->endpoints[j]) ? "~" : "", text);
			if (service->endpoints[j].weight != 1)
				world_print(world, "*%u", service->endpoints[j].weight);
		}
		world_print(world, "\n");
	}
	return world->text;
}

static inline const char *world_notes(struct world *world)
{
	size_t i;

	world->text[0] = '\0';
	for (i = 0; i < world->notes.num; i++)
		world_print(world, "%s\n", world->notes.line[i]);
	return world->text;
}

#endif
