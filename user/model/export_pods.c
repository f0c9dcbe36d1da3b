// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Host ports, written as the Pods that k8s_host_ports.c made them of: each
 * service is a port and family of the pod that it is named after.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/export_parts.h"
#include "model/k8s_objects.h"

bool sr_export_is_of_a_pod(const struct sr_service *service)
{
	return service->num_frontends && service->frontends[0].kind == SR_FRONTEND_HOST_PORT;
}

static bool pod_is_same(const struct sr_service *a, const struct sr_service *b)
{
	return strcmp(a->namespace, b->namespace) == 0 && strcmp(a->name, b->name) == 0;
}

/* "hostPort-8080-192.0.2.1": the port's hostIP; "": every address of the node. */
static const char *pod_host_ip(const struct sr_service *service)
{
	const char *dash = strchr(service->port_name, '-');

	dash = dash ? strchr(dash + 1, '-') : NULL;
	return dash ? dash + 1 : "";
}

static int pod_add_port(json_t *ports, const struct sr_service *service)
{
	const char *ip = pod_host_ip(service);

	if (!service->num_endpoints)
		return 0;
	return json_array_append_new(ports,
				     json_pack("{sisissss*}", "containerPort", (int)ntohs(service->endpoints[0].port),
					       "hostPort", (int)ntohs(service->frontends[0].at.port), "protocol",
					       sr_export_proto(service->proto), "hostIP", ip[0] ? ip : NULL));
}

/* Both families of a port stand side by side: it is written once. */
static bool pod_is_other_family(const struct sr_service *service, const struct sr_service *before)
{
	return strcmp(service->port_name, before->port_name) == 0 && service->proto == before->proto;
}

/* Each family's address once. */
static int pod_add_ip(json_t *ips, const struct sr_service *service, bool *seen)
{
	char text[SR_ADDR_TEXT];

	if (*seen || !service->num_endpoints)
		return 0;
	*seen = true;
	return json_array_append_new(ips, json_pack("{ss}", "ip", sr_addr_format(text, &service->endpoints[0].addr)));
}

static int pod_fill(const struct sr_service *first, size_t num, json_t *ports, json_t *ips)
{
	bool seen[SR_K8S_FAMILIES] = {};
	const struct sr_service *before = NULL;
	size_t i;

	for (i = 0; i < num; i++) {
		const struct sr_service *service = &first[i];

		if (!pod_is_same(service, first))
			break;
		if (!sr_export_is_of_a_pod(service))
			continue;
		if ((!before || !pod_is_other_family(service, before)) && pod_add_port(ports, service) < 0)
			return -ENOMEM;
		if (pod_add_ip(ips, service, &seen[service->family == 6]) < 0)
			return -ENOMEM;
		before = service;
	}
	return 0;
}

static int pod_add(const struct sr_service *first, size_t num, const char *node, json_t *items)
{
	sr_export_autojson *ports = json_array();
	sr_export_autojson *ips = json_array();

	if (!ports || !ips || pod_fill(first, num, ports, ips) < 0)
		return -ENOMEM;
	return json_array_append_new(items, json_pack("{ss ss s{ss ss s{ss}} s{ss s[{ss sO}]} s{ss sO}}", "apiVersion",
						      "v1", "kind", "Pod", "metadata", "name", first->name, "namespace",
						      first->namespace, "annotations", SR_K8S_ORIGIN, first->origin,
						      "spec", "nodeName", node, "containers", "name", "host-ports",
						      "ports", ports, "status", "phase", "Running", "podIPs", ips));
}

int sr_export_add_pods(const struct sr_services *services, const char *node, json_t *items)
{
	const struct sr_service *last = NULL;
	size_t i;

	for (i = 0; node && i < services->num; i++) {
		const struct sr_service *service = &services->item[i];

		if (!sr_export_is_of_a_pod(service) || (last && pod_is_same(last, service)))
			continue;
		last = service;
		if (pod_add(service, services->num - i, node, items) < 0)
			return -ENOMEM;
	}
	return 0;
}
