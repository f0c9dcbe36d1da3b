// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Endpoints, written as EndpointSlices from which k8s_sets.c makes the same
 * sets again.
 *
 * The maps hold sets, not conditions. What is in the Cluster set was ready, or
 * a last resort that another load would choose again if it said so: it is
 * written as ready. What is in the Local set only was either passed over by
 * hints, or a last resort beside ready endpoints of other nodes. What is in
 * none drains: it serves, and no policy takes it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/export_parts.h"
#include "model/k8s_objects.h"

#define SLICE_OTHER_NODE "another-node-than-" /* with our name after it: no node's name that is ours */

/* A slice in the making: the endpoints of one port number. */
struct slice {
	const struct sr_export_run *run;
	const struct sr_service *service;
	__be16 port;
	bool hinted; /* its service's ready endpoints need hints */
	json_t *endpoints;
	json_t *weights;
};

static bool slice_is_local_only(const struct sr_endpoint *endpoint)
{
	return (endpoint->flags & SR_BACKEND_SETS) == SR_BACKEND_IN_LOCAL;
}

/*
 * A ready endpoint of this node is in the Local set, and no last resort is
 * beside it: then one that is in this set only was passed over by hints.
 */
static bool slice_needs_hints(const struct sr_service *service)
{
	bool near = false, passed_over = false;
	size_t i;

	for (i = 0; i < service->num_endpoints; i++) {
		near = near || (service->endpoints[i].flags & SR_BACKEND_SETS) == SR_BACKEND_SETS;
		passed_over = passed_over || slice_is_local_only(&service->endpoints[i]);
	}
	return near && passed_over;
}

static json_t *slice_conditions(const struct slice *slice, const struct sr_endpoint *endpoint)
{
	/* Nothing was ever asked of one without a weight. */
	bool chosen = !endpoint->weight || endpoint->flags & SR_BACKEND_SETS;
	bool last_resort = endpoint->weight && !slice->hinted && slice_is_local_only(endpoint);

	return json_pack("{sbsbsb}", "ready", chosen && !last_resort, "serving", 1, "terminating", last_resort);
}

/* hints.forNodes: this one, or one that is not. */
static json_t *slice_hints(const struct slice *slice, const struct sr_endpoint *endpoint)
{
	const char *other = slice_is_local_only(endpoint) ? SLICE_OTHER_NODE : "";

	return json_pack("{s[{so}]}", "forNodes", "name", json_sprintf("%s%s", other, slice->run->node));
}

static json_t *slice_endpoint(const struct slice *slice, const struct sr_endpoint *endpoint)
{
	const char *node = slice->run->node;
	sr_export_autojson *json = NULL;
	char text[SR_ADDR_TEXT];

	json = json_pack("{s[s]so}", "addresses", sr_addr_format(text, &endpoint->addr), "conditions",
			 slice_conditions(slice, endpoint));
	if (!json)
		return NULL;
	if (node && endpoint->flags & SR_BACKEND_ON_NODE &&
	    json_object_set_new(json, "nodeName", json_string(node)) < 0)
		return NULL;
	if (slice->hinted && endpoint->flags & SR_BACKEND_SETS &&
	    json_object_set_new(json, "hints", slice_hints(slice, endpoint)) < 0)
		return NULL;
	return json_incref(json);
}

static int slice_fill(const struct slice *slice)
{
	char place[SR_HOSTPORT_TEXT];
	size_t i;

	for (i = 0; i < slice->service->num_endpoints; i++) {
		const struct sr_endpoint *endpoint = &slice->service->endpoints[i];
		struct sr_hostport at = {
			.addr = endpoint->addr,
			.port = endpoint->port,
			.proto = slice->service->proto,
		};

		if (endpoint->port != slice->port)
			continue;
		if (json_array_append_new(slice->endpoints, slice_endpoint(slice, endpoint)) < 0)
			return -ENOMEM;
		*strchr(sr_hostport_format(place, &at), '/') = '\0';
		if (endpoint->weight != 1 &&
		    json_object_set_new(slice->weights, place, json_integer(endpoint->weight)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static json_t *slice_metadata(const struct slice *slice)
{
	const struct sr_export_run *run = slice->run;
	const struct sr_service *service = slice->service;
	sr_autofree char *text = json_dumps(slice->weights, JSON_COMPACT);
	json_t *annotations = NULL;

	if (!text)
		return NULL;
	if (json_object_size(slice->weights)) {
		annotations = json_pack("{ss}", SR_K8S_WEIGHTS, text);
		if (!annotations)
			return NULL;
	}
	return json_pack("{so ss s{ss} so*}", "name",
			 json_sprintf("%s%s%s-ipv%u-%u", run->name, service->port_name[0] ? "-" : "",
				      service->port_name, service->family, ntohs(slice->port)),
			 "namespace", run->namespace, "labels", "kubernetes.io/service-name", run->name, "annotations",
			 annotations);
}

static int slice_add(const struct sr_export_run *run, const struct sr_service *service, __be16 port, json_t *items)
{
	sr_export_autojson *endpoints = json_array();
	sr_export_autojson *weights = json_object();
	struct slice slice = {
		.run = run,
		.service = service,
		.port = port,
		.hinted = run->node && slice_needs_hints(service),
		.endpoints = endpoints,
		.weights = weights,
	};

	if (!endpoints || !weights || slice_fill(&slice) < 0)
		return -ENOMEM;
	return json_array_append_new(
		items, json_pack("{ss ss so so sO s[{ss si ss}]}", "apiVersion", "discovery.k8s.io/v1", "kind",
				 "EndpointSlice", "metadata", slice_metadata(&slice), "addressType",
				 json_sprintf("IPv%u", service->family), "endpoints", endpoints, "ports", "name",
				 service->port_name, "port", ntohs(port), "protocol", sr_export_proto(service->proto)));
}

/* A slice for each port number among the endpoints. */
int sr_export_add_slices(const struct sr_export_run *run, const struct sr_service *service, json_t *items)
{
	size_t i, j;

	for (i = 0; i < service->num_endpoints; i++) {
		__be16 port = service->endpoints[i].port;

		for (j = 0; service->endpoints[j].port != port; j++)
			;
		if (j == i && slice_add(run, service, port, items) < 0)
			return -ENOMEM;
	}
	return 0;
}
