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

const char *sr_show_kind(uint8_t kind)
{
	static const char *const kinds[SR_FRONTEND_KINDS] = {
		[SR_FRONTEND_CLUSTER_IP] = "ClusterIP",	  [SR_FRONTEND_NODE_PORT] = "NodePort",
		[SR_FRONTEND_EXTERNAL_IP] = "ExternalIP", [SR_FRONTEND_LOAD_BALANCER] = "LoadBalancer",
		[SR_FRONTEND_HOST_PORT] = "HostPort",	  [SR_FRONTEND_PASS] = "pass",
		[SR_FRONTEND_RESERVED] = "reserved",
	};

	return kind < SR_FRONTEND_KINDS ? kinds[kind] : "unknown";
}

const char *sr_show_scope(uint8_t kind)
{
	return kind == SR_FRONTEND_CLUSTER_IP ? "cluster" : "external";
}

static void show_sources(FILE *file, const struct sr_service *service)
{
	char text[SR_ADDR_TEXT];

	for (size_t i = 0; i < service->num_sources; i++)
		fprintf(file, "%s%s/%u", i ? "," : "", sr_addr_format(text, &service->sources[i].addr),
			service->sources[i].bits);
	if (!service->num_sources)
		fputs("nobody", file);
}

char *sr_show_policy(const struct sr_service *service)
{
	const char *comma = "";
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	if (service->flags & SR_SERVICE_INTERNAL_LOCAL) {
		fputs("internal=Local", file);
		comma = ",";
	}
	if (service->flags & SR_SERVICE_EXTERNAL_LOCAL) {
		fprintf(file, "%sexternal=Local", comma);
		comma = ",";
	}
	if (service->affinity) {
		fprintf(file, "%saffinity=%us", comma, service->affinity);
		comma = ",";
	}
	if (service->flags & SR_SERVICE_MAGLEV) {
		fprintf(file, "%smaglev", comma);
		comma = ",";
	}
	if (service->flags & SR_SERVICE_SOURCE_RANGES) {
		fprintf(file, "%sfrom=", comma);
		show_sources(file, service);
	}
	return fclose(file) == 0 ? text : NULL;
}

const char *sr_show_state(const struct sr_endpoint *endpoint)
{
	if (!(endpoint->flags & SR_BACKEND_SETS))
		return "draining";
	return endpoint->flags & SR_BACKEND_IN_CLUSTER ? "ready" : "ready-local";
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
	json = json_pack("{s:s, s:s, s:i, s:s, s:s}", "address", address, "ip", sr_addr_format(ip, &frontend->at.addr),
			 "port", (int)ntohs(frontend->at.port), "kind", sr_show_kind(frontend->kind), "scope",
			 sr_show_scope(frontend->kind));
	if (frontend->allocated)
		json_object_set_new(json, "allocated", json_true());
	return json;
}

/* The sets it is in, as the traffic policies are called. */
static json_t *show_sets(const struct sr_endpoint *endpoint)
{
	json_t *list = json_array();

	if (endpoint->flags & SR_BACKEND_IN_CLUSTER)
		json_array_append_new(list, json_string("Cluster"));
	if (endpoint->flags & SR_BACKEND_IN_LOCAL)
		json_array_append_new(list, json_string("Local"));
	return list;
}

static json_t *show_endpoint(const struct sr_endpoint *endpoint, const struct sr_conn_counts *counts)
{
	char address[SR_HOSTPORT_TEXT], ip[SR_ADDR_TEXT];
	json_t *json;

	sr_show_address(address, &endpoint->addr, endpoint->port);
	json = json_pack("{s:s, s:s, s:i, s:i, s:s, s:b, s:o}", "address", address, "ip",
			 sr_addr_format(ip, &endpoint->addr), "port", (int)ntohs(endpoint->port), "weight",
			 (int)endpoint->weight, "state", endpoint->flags & SR_BACKEND_SETS ? "ready" : "draining",
			 "local", !!(endpoint->flags & SR_BACKEND_ON_NODE), "sets", show_sets(endpoint));
	if (counts)
		json_object_set_new(json, "connections", json_integer(sr_show_connections(endpoint, counts)));
	return json;
}

static json_t *show_frontends(const struct sr_service *service)
{
	sr_autojson json_t *list = json_array();

	for (size_t i = 0; i < service->num_frontends; i++) {
		if (service->frontends[i].kind == SR_FRONTEND_RESERVED)
			continue;
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

static const char *show_traffic_policy(const struct sr_service *service, uint8_t local)
{
	return service->flags & local ? "Local" : "Cluster";
}

/* As the fields of a Service are called; null where they do not apply. */
static int show_add_policies(json_t *json, const struct sr_service *service)
{
	sr_autojson json_t *sources = json_array();
	char text[SR_ADDR_TEXT];

	for (size_t i = 0; i < service->num_sources; i++)
		json_array_append_new(sources, json_sprintf("%s/%u", sr_addr_format(text, &service->sources[i].addr),
							    (unsigned int)service->sources[i].bits));
	if (json_array_size(sources) < service->num_sources)
		return -1;
	return json_object_update_new(
		json, json_pack("{s:s, s:s, s:b, s:o, s:o}", "internalTrafficPolicy",
				show_traffic_policy(service, SR_SERVICE_INTERNAL_LOCAL), "externalTrafficPolicy",
				show_traffic_policy(service, SR_SERVICE_EXTERNAL_LOCAL), "maglev",
				!!(service->flags & SR_SERVICE_MAGLEV), "affinitySeconds",
				service->affinity ? json_integer(service->affinity) : json_null(), "sourceRanges",
				service->flags & SR_SERVICE_SOURCE_RANGES ? json_incref(sources) : json_null()));
}

json_t *sr_show_json(const struct sr_service *service, const struct sr_conn_counts *counts)
{
	sr_autojson json_t *json = NULL;

	json = json_pack("{s:s, s:s, s:s, s:s, s:i, s:o}", "namespace", service->namespace, "name", service->name,
			 "port", service->port_name, "protocol", sr_proto_name(service->proto), "family",
			 (int)service->family, "origin", sr_json_text(service->origin));
	if (!json || show_add_policies(json, service) < 0 ||
	    json_object_set_new(json, "frontends", show_frontends(service)) < 0 ||
	    json_object_set_new(json, "endpoints", show_endpoints(service, counts)) < 0)
		return NULL;
	return TAKE_PTR(json);
}
