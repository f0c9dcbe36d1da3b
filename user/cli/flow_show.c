// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/flow_show.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/show.h"

#define MINUTE 60u
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

char *sr_duration_format(char *out, uint32_t seconds)
{
	if (seconds < MINUTE)
		snprintf(out, SR_DURATION_TEXT, "%us", seconds);
	else if (seconds < HOUR)
		snprintf(out, SR_DURATION_TEXT, "%um%us", seconds / MINUTE, seconds % MINUTE);
	else if (seconds < DAY)
		snprintf(out, SR_DURATION_TEXT, "%uh%um", seconds / HOUR, seconds % HOUR / MINUTE);
	else
		snprintf(out, SR_DURATION_TEXT, "%ud%uh", seconds / DAY, seconds % DAY / HOUR);
	return out;
}

static const char *flow_state(const struct sr_flow *flow)
{
	const char *name = sr_flow_state_name(flow->proto, flow->state);

	return name ? name : "?";
}

static void flow_add_end(struct sr_table *table, const struct sr_hostport *end)
{
	char text[SR_HOSTPORT_TEXT];

	sr_table_add(table, sr_show_address(text, &end->addr, end->port));
}

void sr_flow_add_ends(struct sr_table *table, const struct sr_flow *flow)
{
	flow_add_end(table, &flow->client);
	flow_add_end(table, &flow->frontend);
	flow_add_end(table, &flow->backend);
	if (sr_hostport_compare(&flow->source, &flow->client) == 0)
		sr_table_add(table, "-");
	else
		flow_add_end(table, &flow->source);
}

void sr_flow_add_service(struct sr_table *table, const struct sr_service *service)
{
	if (service)
		sr_table_take(table, sr_show_name(service));
	else
		sr_table_add(table, "-");
}

void sr_flow_add_times(struct sr_table *table, const struct sr_flow *flow)
{
	char text[SR_DURATION_TEXT];

	sr_table_add(table, sr_duration_format(text, flow->age));
	sr_table_add(table, sr_duration_format(text, flow->idle));
	sr_table_add(table, sr_duration_format(text, flow->left));
}

void sr_flow_add_state(struct sr_table *table, const struct sr_flow *flow)
{
	sr_table_addf(table, "%s%s", flow_state(flow), flow->backend_gone ? ",gone" : "");
}

static json_t *json_end(const struct sr_hostport *end)
{
	char address[SR_HOSTPORT_TEXT], ip[SR_ADDR_TEXT];

	return json_pack("{s:s, s:s, s:i}", "address", sr_show_address(address, &end->addr, end->port), "ip",
			 sr_addr_format(ip, &end->addr), "port", (int)ntohs(end->port));
}

static json_t *json_service(const struct sr_service *service)
{
	if (!service)
		return json_null();
	return json_pack("{s:s, s:s, s:s}", "namespace", service->namespace, "name", service->name, "port",
			 service->port_name);
}

json_t *sr_flow_json(const struct sr_flow *flow, const struct sr_service *service)
{
	return json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:I, s:I}", "protocol",
			 sr_proto_name(flow->proto), "family", (int)flow->family, "state", flow_state(flow), "service",
			 json_service(service), "client", json_end(&flow->client), "frontend",
			 json_end(&flow->frontend), "backend", json_end(&flow->backend), "source",
			 json_end(&flow->source), "backend_gone", flow->backend_gone, "age", (json_int_t)flow->age,
			 "idle", (json_int_t)flow->idle, "left", (json_int_t)flow->left);
}
