// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/export.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/k8s_objects.h"

/* The services that one Service object holds: all of one namespace and name. */
struct export_run {
	const struct sr_service *service;
	size_t num;
	char name[80]; /* metadata.name */
	const char *namespace;
	bool named; /* the annotation is needed */
};

static void json_cleanup(json_t **value)
{
	json_decref(*value);
}

#define export_autojson __attribute__((cleanup(json_cleanup))) json_t

/* The service's frontends of a kind begin here; NULL: it has none. */
static const struct sr_frontend_spec *export_find(const struct sr_service *service, enum sr_frontend_kind kind)
{
	size_t i;

	for (i = 0; i < service->num_frontends; i++) {
		if (service->frontends[i].kind == kind)
			return &service->frontends[i];
	}
	return NULL;
}

/* spec.ports[].port: node ports have a number of their own. */
static __be16 export_port(const struct sr_service *service)
{
	size_t i;

	for (i = 0; i < service->num_frontends; i++) {
		if (service->frontends[i].kind != SR_FRONTEND_NODE_PORT &&
		    service->frontends[i].kind != SR_FRONTEND_RESERVED)
			return service->frontends[i].at.port;
	}
	return service->frontends[0].at.port;
}

/* --- what fits in one object ------------------------------------------------ */

static bool export_same_port(const struct sr_service *a, const struct sr_service *b)
{
	return strcmp(a->port_name, b->port_name) == 0;
}

static bool export_same_addresses(const struct sr_service *a, const struct sr_service *b)
{
	size_t i;

	if (a->num_frontends != b->num_frontends)
		return false;
	for (i = 0; i < a->num_frontends; i++) {
		if (sr_addr_compare(&a->frontends[i].at.addr, &b->frontends[i].at.addr) != 0 ||
		    a->frontends[i].kind != b->frontends[i].kind)
			return false;
	}
	return true;
}

static size_t export_count_cluster_ips(const struct sr_service *service)
{
	size_t i, num = 0;

	for (i = 0; i < service->num_frontends; i++)
		num += service->frontends[i].kind == SR_FRONTEND_CLUSTER_IP;
	return num;
}

/*
 * A Service object says that every port is served at every address. That is
 * not so where a frontend was lost to another service.
 */
static bool export_fits(const struct sr_service *service, size_t num)
{
	size_t i, j, ports = 0, families = 0, nameless = 0;

	for (i = 0; i < num; i++) {
		bool new_port = true, new_family = true;

		if (!service[i].num_frontends)
			return false;
		for (j = 0; j < i; j++) {
			if (export_same_port(&service[i], &service[j])) {
				new_port = false;
				if (service[i].proto != service[j].proto ||
				    export_port(&service[i]) != export_port(&service[j]))
					return false;
			}
			if (service[i].family == service[j].family) {
				new_family = false;
				if (!export_same_addresses(&service[i], &service[j]))
					return false;
			}
		}
		ports += new_port;
		nameless += new_port && !service[i].port_name[0];
		families += new_family;
		if (strcmp(service[i].origin, service[0].origin) != 0 || export_count_cluster_ips(&service[i]) > 1)
			return false;
	}
	return num == ports * families && (ports == 1 || !nameless);
}

static size_t export_run_length(const struct sr_services *services, size_t first)
{
	const struct sr_service *a = &services->item[first];
	size_t i = first;

	do {
		i++;
	} while (i < services->num && strcmp(services->item[i].namespace, a->namespace) == 0 &&
		 strcmp(services->item[i].name, a->name) == 0);
	return i - first;
}

/* "map-10-0-0-7-90-tcp" of "10.0.0.7:90/tcp". */
static void export_name_map(struct export_run *run)
{
	size_t i, length;

	length = (size_t)snprintf(run->name, sizeof(run->name), "map-");
	for (i = 0; run->service->name[i] && length + 1 < sizeof(run->name); i++) {
		char c = run->service->name[i];

		if (c != '[' && c != ']')
			run->name[length++] = strchr(".:/", c) ? '-' : c;
	}
	run->name[length] = '\0';
}

/* `part` counts the objects that a service which does not fit in one takes. */
static void export_name(struct export_run *run, size_t part)
{
	run->namespace = run->service->namespace;
	run->named = part > 0;
	if (sr_service_is_from_map(run->service)) {
		run->namespace = "default";
		run->named = true;
		export_name_map(run);
	} else if (part == 0) {
		snprintf(run->name, sizeof(run->name), "%s", run->service->name);
	} else {
		snprintf(run->name, sizeof(run->name), "%.50s-part-%zu", run->service->name, part + 1);
	}
}

/* --- the Service -------------------------------------------------------------- */

static json_t *export_annotations(const struct export_run *run)
{
	export_autojson *annotations = json_pack("{ss}", SR_K8S_ORIGIN, run->service->origin);

	if (!annotations)
		return NULL;
	if (run->named && json_object_set_new(annotations, SR_K8S_NAME, json_string(run->service->name)) < 0)
		return NULL;
	if (export_find(run->service, SR_FRONTEND_PASS) &&
	    json_object_set_new(annotations, SR_K8S_PASS, json_string("true")) < 0)
		return NULL;
	return json_incref(annotations);
}

/* A port is given once for each family: the first of the family tells. */
static int export_add_ports(const struct export_run *run, json_t *ports)
{
	char proto[8];
	size_t i, j;

	for (i = 0; i < run->num; i++) {
		const struct sr_service *service = &run->service[i];
		const struct sr_frontend_spec *node = export_find(service, SR_FRONTEND_NODE_PORT);
		int port = ntohs(export_port(service));

		if (i && export_same_port(service, &run->service[i - 1]))
			continue;
		snprintf(proto, sizeof(proto), "%s", sr_proto_name(service->proto));
		for (j = 0; proto[j]; j++)
			proto[j] = (char)(proto[j] - 'a' + 'A');
		if (json_array_append_new(ports, json_pack("{ss*sisssiso*}", "name",
							   service->port_name[0] ? service->port_name : NULL, "port",
							   port, "protocol", proto, "targetPort", port, "nodePort",
							   node ? json_integer(ntohs(node->at.port)) : NULL)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int export_add_addresses(const struct sr_service *service, json_t *families, json_t *cluster, json_t *external)
{
	char text[SR_ADDR_TEXT];
	size_t i;

	for (i = 0; i < service->num_frontends; i++) {
		uint8_t kind = service->frontends[i].kind;
		bool inside = kind == SR_FRONTEND_CLUSTER_IP;

		/* What is left to the host is so as a whole: whichever list it stands in. */
		if (!inside && kind != SR_FRONTEND_EXTERNAL_IP && kind != SR_FRONTEND_PASS)
			continue;
		sr_addr_format(text, &service->frontends[i].at.addr);
		if (json_array_append_new(inside ? cluster : external, json_string(text)) < 0)
			return -ENOMEM;
		if (inside && json_array_append_new(families, json_sprintf("IPv%u", service->family)) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Empty lists are left out. */
static int export_set_list(json_t *object, const char *key, json_t *list)
{
	return json_array_size(list) ? json_object_set(object, key, list) : 0;
}

static int export_fill_spec(const struct export_run *run, json_t *spec)
{
	export_autojson *ports = json_array();
	export_autojson *families = json_array();
	export_autojson *cluster = json_array();
	export_autojson *external = json_array();
	size_t i;

	if (!ports || !families || !cluster || !external || export_add_ports(run, ports) < 0)
		return -ENOMEM;
	for (i = 0; i < run->num; i++) {
		if (i && run->service[i].family == run->service[0].family)
			break;
		if (export_add_addresses(&run->service[i], families, cluster, external) < 0)
			return -ENOMEM;
	}

	if (json_array_size(cluster) && json_object_set(spec, "clusterIP", json_array_get(cluster, 0)) < 0)
		return -ENOMEM;
	if (export_set_list(spec, "clusterIPs", cluster) < 0 || export_set_list(spec, "externalIPs", external) < 0 ||
	    export_set_list(spec, "ipFamilies", families) < 0)
		return -ENOMEM;
	if (json_array_size(cluster) > 1 &&
	    json_object_set_new(spec, "ipFamilyPolicy", json_string("PreferDualStack")) < 0)
		return -ENOMEM;
	return json_object_set(spec, "ports", ports);
}

static const char *export_type(const struct sr_service *service)
{
	if (export_find(service, SR_FRONTEND_LOAD_BALANCER))
		return "LoadBalancer";
	return export_find(service, SR_FRONTEND_NODE_PORT) ? "NodePort" : "ClusterIP";
}

static int export_fill_ranges(const struct export_run *run, json_t *spec)
{
	export_autojson *ranges = json_array();
	char text[SR_ADDR_TEXT];
	size_t i, j;

	for (i = 0; i < run->num; i++) {
		if (i && run->service[i].family == run->service[0].family)
			break;
		for (j = 0; j < run->service[i].num_sources; j++) {
			const struct sr_cidr *source = &run->service[i].sources[j];

			if (json_array_append_new(ranges, json_sprintf("%s/%u", sr_addr_format(text, &source->addr),
								       source->bits)) < 0)
				return -ENOMEM;
		}
	}
	return export_set_list(spec, "loadBalancerSourceRanges", ranges);
}

/* Who may call, and who answers; what is by default is left out. */
static int export_fill_policy(const struct export_run *run, json_t *spec)
{
	const struct sr_service *service = run->service;

	if (service->flags & SR_SERVICE_INTERNAL_LOCAL &&
	    json_object_set_new(spec, "internalTrafficPolicy", json_string("Local")) < 0)
		return -ENOMEM;
	if (service->flags & SR_SERVICE_EXTERNAL_LOCAL &&
	    json_object_set_new(spec, "externalTrafficPolicy", json_string("Local")) < 0)
		return -ENOMEM;
	if (service->affinity &&
	    (json_object_set_new(spec, "sessionAffinity", json_string("ClientIP")) < 0 ||
	     json_object_set_new(spec, "sessionAffinityConfig",
				 json_pack("{s{si}}", "clientIP", "timeoutSeconds", (int)service->affinity)) < 0))
		return -ENOMEM;
	return export_fill_ranges(run, spec);
}

/* status, or NULL with *r 0 if there is no load balancer. */
static json_t *export_status(const struct export_run *run, int *r)
{
	export_autojson *ingress = json_array();
	char text[SR_ADDR_TEXT];
	size_t i, j;

	*r = -ENOMEM;
	for (i = 0; i < run->num; i++) {
		const struct sr_service *service = &run->service[i];

		if (i && service->family == run->service[0].family)
			break;
		for (j = 0; j < service->num_frontends; j++) {
			if (service->frontends[j].kind == SR_FRONTEND_LOAD_BALANCER &&
			    json_array_append_new(
				    ingress,
				    json_pack("{ss}", "ip", sr_addr_format(text, &service->frontends[j].at.addr))) < 0)
				return NULL;
		}
	}
	*r = 0;
	return json_array_size(ingress) ? json_pack("{s{sO}}", "loadBalancer", "ingress", ingress) : NULL;
}

static int export_add_service(const struct export_run *run, json_t *items)
{
	export_autojson *spec = json_pack("{ss}", "type", export_type(run->service));
	export_autojson *status = NULL;
	int r;

	status = export_status(run, &r);
	if (r < 0 || !spec || export_fill_spec(run, spec) < 0 || export_fill_policy(run, spec) < 0)
		return -ENOMEM;
	return json_array_append_new(items,
				     json_pack("{ssss s{sssss o} sO sO*}", "apiVersion", "v1", "kind", "Service",
					       "metadata", "name", run->name, "namespace", run->namespace,
					       "annotations", export_annotations(run), "spec", spec, "status", status));
}

/* --- its EndpointSlices ------------------------------------------------------------ */

/* The endpoints of one port number, and their weights. */
static int export_fill_slice(const struct sr_service *service, __be16 port, json_t *endpoints, json_t *weights)
{
	char text[SR_ADDR_TEXT], place[SR_HOSTPORT_TEXT];
	size_t i;

	for (i = 0; i < service->num_endpoints; i++) {
		const struct sr_endpoint *endpoint = &service->endpoints[i];
		struct sr_hostport at = {.addr = endpoint->addr, .port = port, .proto = service->proto};

		if (endpoint->port != port)
			continue;
		if (json_array_append_new(endpoints,
					  json_pack("{s[s]s{sb}}", "addresses", sr_addr_format(text, &endpoint->addr),
						    "conditions", "ready", 1)) < 0)
			return -ENOMEM;
		*strchr(sr_hostport_format(place, &at), '/') = '\0';
		if (endpoint->weight != 1 && json_object_set_new(weights, place, json_integer(endpoint->weight)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static json_t *export_slice_metadata(const struct export_run *run, const struct sr_service *service, __be16 port,
				     const json_t *weights)
{
	sr_autofree char *text = json_dumps(weights, JSON_COMPACT);
	json_t *annotations = NULL;

	if (!text)
		return NULL;
	if (json_object_size(weights)) {
		annotations = json_pack("{ss}", SR_K8S_WEIGHTS, text);
		if (!annotations)
			return NULL;
	}
	return json_pack("{so ss s{ss} so*}", "name",
			 json_sprintf("%s%s%s-ipv%u-%u", run->name, service->port_name[0] ? "-" : "",
				      service->port_name, service->family, ntohs(port)),
			 "namespace", run->namespace, "labels", "kubernetes.io/service-name", run->name, "annotations",
			 annotations);
}

static int export_add_slice(const struct export_run *run, const struct sr_service *service, __be16 port, json_t *items)
{
	export_autojson *endpoints = json_array();
	export_autojson *weights = json_object();
	char proto[8];
	size_t i;

	if (!endpoints || !weights || export_fill_slice(service, port, endpoints, weights) < 0)
		return -ENOMEM;

	snprintf(proto, sizeof(proto), "%s", sr_proto_name(service->proto));
	for (i = 0; proto[i]; i++)
		proto[i] = (char)(proto[i] - 'a' + 'A');
	return json_array_append_new(
		items, json_pack("{ss ss so so sO s[{ss si ss}]}", "apiVersion", "discovery.k8s.io/v1", "kind",
				 "EndpointSlice", "metadata", export_slice_metadata(run, service, port, weights),
				 "addressType", json_sprintf("IPv%u", service->family), "endpoints", endpoints, "ports",
				 "name", service->port_name, "port", ntohs(port), "protocol", proto));
}

/* A slice for each port number among the endpoints. */
static int export_add_slices(const struct export_run *run, const struct sr_service *service, json_t *items)
{
	size_t i, j;

	for (i = 0; i < service->num_endpoints; i++) {
		__be16 port = service->endpoints[i].port;

		for (j = 0; service->endpoints[j].port != port; j++)
			;
		if (j == i && export_add_slice(run, service, port, items) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int export_add_run(const struct export_run *run, json_t *items)
{
	size_t i;

	if (export_add_service(run, items) < 0)
		return -ENOMEM;
	for (i = 0; i < run->num; i++) {
		if (export_add_slices(run, &run->service[i], items) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Host ports are their pods', and no Service could say them. */
static bool export_is_of_a_service(const struct sr_service *service)
{
	return service->num_frontends && !export_find(service, SR_FRONTEND_HOST_PORT);
}

static int export_add_all(const struct sr_services *services, json_t *items)
{
	size_t i, j, length;

	for (i = 0; i < services->num; i += length) {
		const struct sr_service *first = &services->item[i];
		size_t step;

		length = export_run_length(services, i);
		step = export_fits(first, length) ? length : 1;
		for (j = 0; j < length; j += step) {
			struct export_run run = {.service = &first[j], .num = step};

			export_name(&run, j);
			if (export_is_of_a_service(&first[j]) && export_add_run(&run, items) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

int sr_services_export(const struct sr_services *services, json_t **list)
{
	export_autojson *items = json_array();

	if (!items || export_add_all(services, items) < 0)
		return -ENOMEM;

	*list = json_pack("{ss ss sO}", "apiVersion", "v1", "kind", "List", "items", items);
	return *list ? 0 : -ENOMEM;
}
