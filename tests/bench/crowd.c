// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../packet/world.h"
#include "base/array.h"
#include "flows.h"
#include "kernel/conn_table.h"
#include "kernel/halves.h"
#include "kernel/timeouts.h"
#include "model/service.h"

static void crowd_add_service(struct sr_services *services, uint32_t i)
{
	struct sr_service *service = sr_services_add(services);
	struct sr_frontend_spec frontend = {
		.at = {.addr = world_addr("10.96.0.0", 4), .port = htons(80), .proto = IPPROTO_TCP},
		.kind = SR_FRONTEND_CLUSTER_IP,
	};
	struct sr_endpoint endpoint = {
		.addr = world_addr("10.128.0.0", 4),
		.port = htons(8080),
		.weight = 1,
		.flags = SR_BACKEND_IN_CLUSTER,
		.id = SR_NO_ID,
	};
	char name[16];

	snprintf(name, sizeof(name), "svc-%u", i);
	frontend.at.addr.word[3] |= htonl(0x10000 + i);
	endpoint.addr.word[3] |= htonl(i);
	if (!service || sr_string_set(&service->namespace, "crowd") < 0 || sr_string_set(&service->name, name) < 0 ||
	    sr_string_set(&service->port_name, "") < 0 || sr_string_set(&service->origin, "bench") < 0)
		abort();
	service->family = 4;
	service->proto = IPPROTO_TCP;
	if (sr_service_add_frontend(service, &frontend) < 0 || sr_service_add_endpoint(service, &endpoint) < 0)
		abort();
}

void crowd_add_services(struct sr_services *services, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		crowd_add_service(services, i);
}

int crowd_connect(int family, uint32_t num)
{
	struct sr_conn_table *table = sr_datapath_conns(run_datapath(), NULL);
	struct sr_tuple tuple = flows_tuple(SAMPLE_TO_POD_HERE, family, IPPROTO_TCP);
	struct sr_conn first, half, reply;
	struct sr_flow_clock clock;

	if (!table || !sr_conn_table_get(table, &tuple, &first)) {
		fprintf(stderr, "bench: the first connection of a crowd is not there\n");
		return -1;
	}
	sr_flow_clock_get(&clock);
	for (uint32_t i = 0; i < num; i++) {
		half = first;
		half.seen = clock.ticks.now;
		run_crowd_end(i, &half.from.src.word[3], &half.from.sport);
		half.to.src = half.from.src;
		half.to.sport = half.from.sport;
		sr_half_invert(&reply, &half);
		if (sr_conn_table_insert(table, &half, &clock.ticks) == -ENOSPC ||
		    sr_conn_table_insert(table, &reply, &clock.ticks) == -ENOSPC) {
			fprintf(stderr, "bench: no room for a crowd of %u\n", num);
			return -1;
		}
	}
	return 0;
}
