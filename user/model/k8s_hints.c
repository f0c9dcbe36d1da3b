// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a manifest's writer should hear of: what is asked for in vain, names
 * that do not meet, fields that nobody knows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "model/k8s_objects.h"

#define HINTS_NAMED 3 /* things of a kind that one line names */

static const char *const service_fields[] = {"apiVersion", "kind", "metadata", "spec", "status", NULL};
static const char *const service_spec_fields[] = {
	"allocateLoadBalancerNodePorts",
	"clusterIP",
	"clusterIPs",
	"externalIPs",
	"externalName",
	"externalTrafficPolicy",
	"healthCheckNodePort",
	"internalTrafficPolicy",
	"ipFamilies",
	"ipFamily", /* until 1.19 */
	"ipFamilyPolicy",
	"loadBalancerClass",
	"loadBalancerIP",
	"loadBalancerSourceRanges",
	"ports",
	"publishNotReadyAddresses",
	"selector",
	"sessionAffinity",
	"sessionAffinityConfig",
	"topologyKeys", /* until 1.21 */
	"trafficDistribution",
	"type",
	NULL,
};
static const char *const service_port_fields[] = {
	"appProtocol", "name", "nodePort", "port", "protocol", "targetPort", NULL,
};
static const char *const slice_fields[] = {
	"addressType", "apiVersion", "endpoints", "kind", "metadata", "ports", NULL,
};
static const char *const slice_endpoint_fields[] = {
	"addresses", "conditions", "deprecatedTopology", "hints", "hostname", "nodeName", "targetRef", "zone", NULL,
};
static const char *const slice_condition_fields[] = {"ready", "serving", "terminating", NULL};
static const char *const slice_port_fields[] = {"appProtocol", "name", "port", "protocol", NULL};

static bool hints_have(const char *const *words, const char *word)
{
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

struct unknown {
	const struct sr_k8s_meta *meta;
	struct sr_notes *notes;
};

/* `field` has no keys but these. `path` is where it is, with a dot at its end. */
static int hints_check_keys(const struct unknown *unknown, const struct sr_field *field, const char *path,
			    const char *const *known)
{
	const struct sr_k8s_meta *meta = unknown->meta;
	const json_t *value;
	const char *key;

	/* jansson's iteration asks for one that may be changed. */
	json_object_foreach ((json_t *)field->value, key, value) {
		if (!hints_have(known, key) && sr_notes_add(unknown->notes, "%s/%s: %s%s is not a field of %s",
							    meta->namespace, meta->name, path, key, meta->kind) < 0)
			return -ENOMEM;
	}
	return 0;
}

int sr_k8s_note_service_fields(const struct sr_k8s_meta *meta, const struct sr_field *root, struct sr_notes *notes)
{
	const struct unknown unknown = {.meta = meta, .notes = notes};
	struct sr_field spec = sr_field_get(root, "spec"), ports = sr_field_get(&spec, "ports");
	int r = hints_check_keys(&unknown, root, "", service_fields);

	if (r == 0)
		r = hints_check_keys(&unknown, &spec, "spec.", service_spec_fields);
	for (size_t i = 0; r == 0 && i < json_array_size(ports.value); i++) {
		struct sr_field port = sr_field_item(&ports, i);

		r = hints_check_keys(&unknown, &port, "spec.ports[].", service_port_fields);
	}
	return r;
}

/* Of a slice's endpoints the first: who misspells, misspells them all, and there may be a hundred thousand. */
int sr_k8s_note_slice_fields(const struct sr_k8s_meta *meta, const struct sr_field *root, struct sr_notes *notes)
{
	const struct unknown unknown = {.meta = meta, .notes = notes};
	struct sr_field endpoints = sr_field_get(root, "endpoints"), ports = sr_field_get(root, "ports");
	struct sr_field endpoint = sr_field_item(&endpoints, 0), port = sr_field_item(&ports, 0);
	struct sr_field conditions = sr_field_get(&endpoint, "conditions");
	int r = hints_check_keys(&unknown, root, "", slice_fields);

	if (r == 0)
		r = hints_check_keys(&unknown, &endpoint, "endpoints[].", slice_endpoint_fields);
	if (r == 0)
		r = hints_check_keys(&unknown, &conditions, "endpoints[].conditions.", slice_condition_fields);
	return r < 0 ? r : hints_check_keys(&unknown, &port, "ports[].", slice_port_fields);
}

static bool hints_ports_have(const struct sr_k8s_ports *ports, const char *name, uint8_t proto)
{
	for (size_t i = 0; i < ports->num; i++)
		if (ports->item[i].proto == proto && strcmp(ports->item[i].name, name) == 0)
			return true;
	return false;
}

/* There are endpoints, and none of them has the port by this name and protocol. */
static bool hints_slices_lack(const struct sr_k8s_backing *const *backings, size_t num, const struct sr_k8s_port *port)
{
	bool any = false;

	for (size_t i = 0; i < num; i++) {
		for (size_t j = 0; j < backings[i]->num_subsets; j++) {
			const struct sr_k8s_subset *subset = &backings[i]->subset[j];

			if (hints_ports_have(&subset->ports, port->name, port->proto))
				return false;
			any = any || subset->num_endpoints;
		}
	}
	return any;
}

/* Pods are selected, and none of them names a port so. */
static bool hints_pods_lack(const struct sr_k8s_view *view, const struct sr_k8s_service *service,
			    const struct sr_k8s_port *port)
{
	const struct sr_k8s_pod **pods;
	bool any = false;
	size_t num;

	if (!port->target_name || !service->selector.num)
		return false;
	pods = sr_k8s_view_pods(view, service->meta.namespace, &num);
	for (size_t i = 0; i < num; i++) {
		if (!sr_k8s_map_contains(&pods[i]->labels, &service->selector))
			continue;
		if (hints_ports_have(&pods[i]->ports, port->target_name, port->proto))
			return false;
		any = true;
	}
	return any;
}

static int hints_note_port(const struct sr_k8s_view *view, const struct sr_k8s_service *service,
			   const struct sr_k8s_port *port, struct sr_notes *notes)
{
	const struct sr_k8s_meta *meta = &service->meta;
	const char *proto = sr_proto_name(port->proto);
	const struct sr_k8s_backing **backings;
	size_t num;

	backings = sr_k8s_view_backings(view, service, &num);
	if (num && hints_slices_lack((const struct sr_k8s_backing *const *)backings, num, port))
		return sr_notes_add(notes,
				    "%s/%s: port %u has no endpoints: in none of its %s objects is a %s port %s%s",
				    meta->namespace, meta->name, port->port, backings[0]->meta.kind, proto,
				    *port->name ? "named " : "without a name", port->name);
	if (!num && hints_pods_lack(view, service, port))
		return sr_notes_add(notes, "%s/%s: port %u has no endpoints: no pod it selects has a %s port named %s",
				    meta->namespace, meta->name, port->port, proto, port->target_name);
	return 0;
}

static bool hints_lack_node_port(const struct sr_k8s_service *service)
{
	for (size_t i = 0; i < service->ports.num; i++) {
		if (!service->ports.item[i].node)
			return service->node_ports && !service->balancer && !service->exported;
	}
	return false;
}

int sr_k8s_note_service(const struct sr_k8s_view *view, const struct sr_k8s_service *service, struct sr_notes *notes)
{
	const struct sr_k8s_meta *meta = &service->meta;
	int r = 0;

	if (service->health_check)
		r = sr_notes_add(notes, "%s/%s: not served yet: healthCheckNodePort", meta->namespace, meta->name);
	if (r == 0 && hints_lack_node_port(service))
		r = sr_notes_add(notes, "%s/%s: no node port: spec.ports[].nodePort gives no number", meta->namespace,
				 meta->name);
	if (r == 0 && service->balancer && meta->from_cluster && !service->has_ingress)
		r = sr_notes_add(notes, "%s/%s: no load-balancer address: status.loadBalancer.ingress is empty",
				 meta->namespace, meta->name);
	for (size_t i = 0; r == 0 && i < service->ports.num; i++)
		r = hints_note_port(view, service, &service->ports.item[i], notes);
	return r;
}

static bool hints_is_orphan(const struct sr_k8s_view *view, const struct sr_k8s_backing *backing)
{
	return backing->is_slice && backing->service &&
	       !sr_k8s_view_service(view, backing->meta.namespace, backing->service);
}

int sr_k8s_note_orphans(const struct sr_k8s_view *view, struct sr_notes *notes)
{
	sr_autofree char *list = NULL;
	size_t num = 0;

	for (size_t i = 0; i < view->num_backings; i++) {
		const struct sr_k8s_backing *backing = view->backings[i];

		if (!hints_is_orphan(view, backing) || num++ >= HINTS_NAMED)
			continue;
		if (sr_k8s_list_add(&list, "%s/%s (of '%s')", backing->meta.namespace, backing->meta.name,
				    backing->service) < 0)
			return -ENOMEM;
	}
	if (!num)
		return 0;
	return sr_notes_add(notes, "%zu EndpointSlice%s of services that are not there: %s%s", num, num == 1 ? "" : "s",
			    list, num > HINTS_NAMED ? ", ..." : "");
}
