// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/show.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/output.h"

char *sr_show_name(const struct sr_service *service)
{
	char *text;

	if (asprintf(&text, "%s%s%s%s%s", service->namespace, service->namespace[0] ? "/" : "", service->name,
		     service->port_name[0] ? ":" : "", service->port_name) < 0)
		return NULL;
	return text;
}

char *sr_show_address(char *out, const struct sr_addr *addr, __be16 port)
{
	bool v4 = sr_addr_is_v4(addr);
	char text[SR_ADDR_TEXT];

	snprintf(out, SR_HOSTPORT_TEXT, "%s%s%s:%u", v4 ? "" : "[", sr_addr_format(text, addr), v4 ? "" : "]",
		 (unsigned int)ntohs(port));
	return out;
}

const char *sr_show_scope(uint8_t scope)
{
	return scope == SR_FRONTEND_EXTERNAL_IP ? "external" : "cluster";
}

const char *sr_show_state(const struct sr_endpoint *endpoint)
{
	return endpoint->flags & SR_BACKEND_SETS ? "ready" : "draining";
}

uint32_t sr_show_connections(const struct sr_endpoint *endpoint, const struct sr_conn_counts *counts)
{
	return endpoint->id < counts->num ? counts->item[endpoint->id] : 0;
}

static json_t *show_frontend(const struct sr_frontend_spec *frontend)
{
	char address[SR_HOSTPORT_TEXT], ip[SR_ADDR_TEXT];
	json_t *json;

	sr_show_address(address, &frontend->at.addr, frontend->at.port);
	json = json_pack("{s:s, s:s, s:i, s:s}", "address", address, "ip", sr_addr_format(ip, &frontend->at.addr),
			 "port", (int)ntohs(frontend->at.port), "scope", sr_show_scope(frontend->kind));
	if (frontend->allocated)
		json_object_set_new(json, "allocated", json_true());
	return json;
}

static json_t *show_endpoint(const struct sr_endpoint *endpoint, const struct sr_conn_counts *counts)
{
	char address[SR_HOSTPORT_TEXT], ip[SR_ADDR_TEXT];
	json_t *json;

	sr_show_address(address, &endpoint->addr, endpoint->port);
	json = json_pack("{s:s, s:s, s:i, s:i, s:s}", "address", address, "ip", sr_addr_format(ip, &endpoint->addr),
			 "port", (int)ntohs(endpoint->port), "weight", (int)endpoint->weight, "state",
			 sr_show_state(endpoint));
	if (counts)
		json_object_set_new(json, "connections", json_integer(sr_show_connections(endpoint, counts)));
	return json;
}

static json_t *show_frontends(const struct sr_service *service)
{
	sr_autojson json_t *list = json_array();

	for (size_t i = 0; i < service->num_frontends; i++) {
		if (json_array_append_new(list, show_frontend(&service->frontends[i])) < 0)
			return NULL;
	}
	return TAKE_PTR(list);
}

static json_t *show_endpoints(const struct sr_service *service, const struct sr_conn_counts *counts)
{
	sr_autojson json_t *list = json_array();

	for (size_t i = 0; i < service->num_endpoints; i++) {
		if (json_array_append_new(list, show_endpoint(&service->endpoints[i], counts)) < 0)
			return NULL;
	}
	return TAKE_PTR(list);
}

json_t *sr_show_json(const struct sr_service *service, const struct sr_conn_counts *counts)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:o}", "namespace", service->namespace, "name",
			 service->name, "port", service->port_name, "protocol", sr_proto_name(service->proto), "family",
			 (int)service->family, "origin", sr_json_text(service->origin), "frontends",
			 show_frontends(service), "endpoints", show_endpoints(service, counts));
}
