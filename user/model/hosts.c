// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Services as lines of a hosts file (hosts(5)), which dnsmasq and CoreDNS read
 * as well.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/addr_set.h"
#include "model/export.h"

static int hosts_write_line(FILE *file, const struct sr_service *service, const struct sr_addr *addr)
{
	const char *name = service->name, *space = service->namespace;
	char text[SR_ADDR_TEXT];

	if (fprintf(file, "%s %s.%s.svc.cluster.local %s.%s.svc %s.%s\n", sr_addr_format(text, addr), name, space, name,
		    space, name, space) < 0)
		return -EIO;
	return 0;
}

/* The addresses of one kind of a service's ports, each once. */
static int hosts_write_kind(FILE *file, const struct sr_service *service, size_t num, enum sr_frontend_kind kind,
			    struct sr_addr_set *written)
{
	size_t i, j;
	int r = 0;

	for (i = 0; i < num; i++) {
		for (j = 0; r == 0 && j < service[i].num_frontends; j++) {
			const struct sr_frontend_spec *frontend = &service[i].frontends[j];

			if (frontend->kind != kind || sr_addr_set_has(written, &frontend->at.addr))
				continue;
			r = sr_addr_set_add(written, &frontend->at.addr);
			if (r == 0)
				r = hosts_write_line(file, service, &frontend->at.addr);
		}
	}
	return r;
}

static int hosts_write_service(FILE *file, const struct sr_service *service, size_t num)
{
	static const enum sr_frontend_kind kinds[] = {
		SR_FRONTEND_CLUSTER_IP,
		SR_FRONTEND_PASS,
		SR_FRONTEND_LOAD_BALANCER,
		SR_FRONTEND_EXTERNAL_IP,
	};
	struct sr_addr_set written = {};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < ARRAY_SIZE(kinds); i++)
		r = hosts_write_kind(file, service, num, kinds[i], &written);
	sr_addr_set_clear(&written);
	return r;
}

int sr_services_write_hosts(FILE *file, const struct sr_services *services)
{
	size_t i, end;
	int r = 0;

	for (i = 0; r == 0 && i < services->num; i = end) {
		const struct sr_service *first = &services->item[i];

		end = i + 1;
		while (end < services->num && strcmp(services->item[end].namespace, first->namespace) == 0 &&
		       strcmp(services->item[end].name, first->name) == 0)
			end++;
		if (first->namespace[0] && !sr_service_is_from_map(first))
			r = hosts_write_service(file, first, end - i);
	}
	return r;
}
