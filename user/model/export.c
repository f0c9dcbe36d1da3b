// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/export.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/export_parts.h"
#include "model/k8s_objects.h"

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

/*
 * spec.ports[].port: node ports have a number of their own. What is left to
 * the host does not say its kind; its node port is the larger number.
 */
static __be16 export_port(const struct sr_service *service)
{
	__be16 port = 0;
	size_t i;

	for (i = 0; i < service->num_frontends; i++) {
		const struct sr_frontend_spec *frontend = &service->frontends[i];

		if (frontend->kind == SR_FRONTEND_NODE_PORT || frontend->kind == SR_FRONTEND_RESERVED)
			continue;
		if (!port || ntohs(frontend->at.port) < ntohs(port))
			port = frontend->at.port;
	}
	return port ? port : service->frontends[0].at.port;
}

static bool export_is_node_port(const struct sr_service *service, const struct sr_frontend_spec *frontend)
{
	return frontend->kind == SR_FRONTEND_NODE_PORT ||
	       (frontend->kind == SR_FRONTEND_PASS && frontend->at.port != export_port(service));
}

/* spec.ports[].nodePort, or 0. */
static __be16 export_node_port(const struct sr_service *service)
{
	size_t i;

	for (i = 0; i < service->num_frontends; i++) {
		if (export_is_node_port(service, &service->frontends[i]))
			return service->frontends[i].at.port;
	}
	return 0;
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
static void export_name_map(struct sr_export_run *run)
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
static void export_name(struct sr_export_run *run, size_t part)
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

/* A gateway's default is told apart from what was asked for. */
static const char *export_maglev(const struct sr_export_run *run)
{
	const struct sr_service *service = run->service;

	if (service->flags & SR_SERVICE_MAGLEV)
		return "true";
	for (size_t i = 0; !run->node && i < run->num; i++)
		if (export_find(&service[i], SR_FRONTEND_EXTERNAL_IP) ||
		    export_find(&service[i], SR_FRONTEND_LOAD_BALANCER))
			return "false";
	return NULL;
}

static json_t *export_annotations(const struct sr_export_run *run)
{
	sr_export_autojson *annotations = json_pack("{ss}", SR_K8S_ORIGIN, run->service->origin);

	if (!annotations)
		return NULL;
	if (run->named && json_object_set_new(annotations, SR_K8S_NAME, json_string(run->service->name)) < 0)
		return NULL;
	if (export_find(run->service, SR_FRONTEND_PASS) &&
	    json_object_set_new(annotations, SR_K8S_PASS, json_string("true")) < 0)
		return NULL;
	if (export_maglev(run) && json_object_set_new(annotations, SR_K8S_MAGLEV, json_string(export_maglev(run))) < 0)
		return NULL;
	return json_incref(annotations);
}

const char *sr_export_proto(uint8_t proto)
{
	return proto == IPPROTO_TCP ? "TCP" : proto == IPPROTO_UDP ? "UDP" : "SCTP";
}

/* A port's families stand side by side: `*num` of them, from `first` on. One may lack the node port. */
static __be16 export_families(const struct sr_export_run *run, size_t first, size_t *num)
{
	__be16 node = 0;
	size_t i;

	for (i = first; i < run->num && export_same_port(&run->service[first], &run->service[i]); i++) {
		if (!node)
			node = export_node_port(&run->service[i]);
	}
	*num = i - first;
	return node;
}

static int export_add_ports(const struct sr_export_run *run, json_t *ports)
{
	size_t i, num;

	for (i = 0; i < run->num; i += num) {
		const struct sr_service *service = &run->service[i];
		__be16 node = export_families(run, i, &num);
		int port = ntohs(export_port(service));

		if (json_array_append_new(ports,
					  json_pack("{ss*sisssiso*}", "name",
						    service->port_name[0] ? service->port_name : NULL, "port", port,
						    "protocol", sr_export_proto(service->proto), "targetPort", port,
						    "nodePort", node ? json_integer(ntohs(node)) : NULL)) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The lists of spec, filled together. */
struct addresses {
	json_t *families;
	json_t *cluster;
	json_t *external;
};

static void addresses_clear(struct addresses *lists)
{
	json_decref(lists->families);
	json_decref(lists->cluster);
	json_decref(lists->external);
}

static int addresses_add(const struct addresses *lists, const struct sr_service *service)
{
	char text[SR_ADDR_TEXT];
	size_t i;

	for (i = 0; i < service->num_frontends; i++) {
		const struct sr_frontend_spec *frontend = &service->frontends[i];
		bool inside = frontend->kind == SR_FRONTEND_CLUSTER_IP;

		if (export_is_node_port(service, frontend))
			continue;
		/* What is left to the host is so as a whole: whichever list it stands in. */
		if (!inside && frontend->kind != SR_FRONTEND_EXTERNAL_IP && frontend->kind != SR_FRONTEND_PASS)
			continue;
		sr_addr_format(text, &frontend->at.addr);
		if (json_array_append_new(inside ? lists->cluster : lists->external, json_string(text)) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* ipFamilies[i] is that of clusterIPs[i]; those without a ClusterIP come last. */
static int addresses_add_families(const struct addresses *lists, const struct sr_export_run *run, bool inside)
{
	size_t i;

	for (i = 0; i < run->num; i++) {
		const struct sr_service *service = &run->service[i];

		if (i && service->family == run->service[0].family)
			break;
		if ((export_count_cluster_ips(service) > 0) == inside &&
		    json_array_append_new(lists->families, json_sprintf("IPv%u", service->family)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int addresses_fill(const struct addresses *lists, const struct sr_export_run *run)
{
	size_t i;

	if (!lists->families || !lists->cluster || !lists->external)
		return -ENOMEM;
	for (i = 0; i < run->num; i++) {
		if (i && run->service[i].family == run->service[0].family)
			break;
		if (addresses_add(lists, &run->service[i]) < 0)
			return -ENOMEM;
	}
	if (addresses_add_families(lists, run, true) < 0)
		return -ENOMEM;
	return addresses_add_families(lists, run, false);
}

/* Empty lists are left out. */
static int export_set_list(json_t *object, const char *key, json_t *list)
{
	return json_array_size(list) ? json_object_set(object, key, list) : 0;
}

static int export_fill_addresses(const struct sr_export_run *run, json_t *spec)
{
	__attribute__((cleanup(addresses_clear))) struct addresses lists = {
		.families = json_array(),
		.cluster = json_array(),
		.external = json_array(),
	};

	if (addresses_fill(&lists, run) < 0)
		return -ENOMEM;
	if (json_array_size(lists.cluster) && json_object_set(spec, "clusterIP", json_array_get(lists.cluster, 0)) < 0)
		return -ENOMEM;
	if (export_set_list(spec, "clusterIPs", lists.cluster) < 0 ||
	    export_set_list(spec, "externalIPs", lists.external) < 0 ||
	    export_set_list(spec, "ipFamilies", lists.families) < 0)
		return -ENOMEM;
	if (json_array_size(lists.families) < 2)
		return 0;
	return json_object_set_new(spec, "ipFamilyPolicy", json_string("PreferDualStack"));
}

static int export_fill_spec(const struct sr_export_run *run, json_t *spec)
{
	sr_export_autojson *ports = json_array();

	if (!ports || export_add_ports(run, ports) < 0 || export_fill_addresses(run, spec) < 0)
		return -ENOMEM;
	return json_object_set(spec, "ports", ports);
}

/*
 * Source ranges belong to a LoadBalancer, and externalTrafficPolicy to what may
 * be called from outside, even where this machine serves no such address of it.
 */
static const char *export_type(const struct sr_export_run *run)
{
	bool external = false, node_port = false;
	size_t i;

	for (i = 0; i < run->num; i++) {
		const struct sr_service *service = &run->service[i];

		if (export_find(service, SR_FRONTEND_LOAD_BALANCER) || service->flags & SR_SERVICE_SOURCE_RANGES)
			return "LoadBalancer";
		node_port = node_port || export_node_port(service);
		external = external || export_find(service, SR_FRONTEND_EXTERNAL_IP) ||
			   export_find(service, SR_FRONTEND_PASS);
	}
	if (run->service->flags & SR_SERVICE_EXTERNAL_LOCAL && !external)
		node_port = true;
	return node_port ? "NodePort" : "ClusterIP";
}

static int export_fill_ranges(const struct sr_export_run *run, json_t *spec)
{
	sr_export_autojson *ranges = json_array();
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
static int export_fill_policy(const struct sr_export_run *run, json_t *spec)
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
static json_t *export_status(const struct sr_export_run *run, int *r)
{
	sr_export_autojson *ingress = json_array();
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

static int export_add_service(const struct sr_export_run *run, json_t *items)
{
	sr_export_autojson *spec = json_pack("{ss}", "type", export_type(run));
	sr_export_autojson *status = NULL;
	int r;

	status = export_status(run, &r);
	if (r < 0 || !spec || export_fill_spec(run, spec) < 0 || export_fill_policy(run, spec) < 0)
		return -ENOMEM;
	return json_array_append_new(items,
				     json_pack("{ssss s{sssss o} sO sO*}", "apiVersion", "v1", "kind", "Service",
					       "metadata", "name", run->name, "namespace", run->namespace,
					       "annotations", export_annotations(run), "spec", spec, "status", status));
}

static int export_add_run(const struct sr_export_run *run, json_t *items)
{
	size_t i;

	if (export_add_service(run, items) < 0)
		return -ENOMEM;
	for (i = 0; i < run->num; i++) {
		if (sr_export_add_slices(run, &run->service[i], items) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int export_add_all(const struct sr_services *services, const struct sr_export_self *self, json_t *items)
{
	size_t i, j, length;

	for (i = 0; i < services->num; i += length) {
		const struct sr_service *first = &services->item[i];
		size_t step;

		length = export_run_length(services, i);
		step = export_fits(first, length) ? length : 1;
		for (j = 0; j < length; j += step) {
			struct sr_export_run run = {.service = &first[j], .num = step, .node = self->node};

			export_name(&run, j);
			if (first[j].num_frontends && !sr_export_is_of_a_pod(&first[j]) &&
			    export_add_run(&run, items) < 0)
				return -ENOMEM;
		}
	}
	if (self->node && self->primary && sr_export_add_node(services, self->node, items) < 0)
		return -ENOMEM;
	return sr_export_add_pods(services, self->node, items);
}

/* --- what cannot be said --------------------------------------------------------- */

/* Without a name nothing is of this node, and no policy is Local. */
static bool export_needs_node(const struct sr_service *service)
{
	size_t i;

	if (service->flags & (SR_SERVICE_INTERNAL_LOCAL | SR_SERVICE_EXTERNAL_LOCAL))
		return true;
	for (i = 0; i < service->num_endpoints; i++) {
		if (service->endpoints[i].flags & SR_BACKEND_ON_NODE)
			return true;
	}
	return false;
}

/* The range that an API server takes node ports from unless it is told otherwise. */
static bool export_guesses_node_port(const struct sr_service *service)
{
	unsigned int port = ntohs(export_node_port(service));

	return export_find(service, SR_FRONTEND_PASS) && port && (port < 30000 || port > 32767);
}

static int export_note_one(const struct sr_service *service, const char *node, struct sr_notes *notes)
{
	if (!node && export_needs_node(service))
		return sr_notes_add(notes,
				    "%s/%s: what is of this machine only, such as policy Local, is not told: it has no "
				    "name in the cluster now (--node none)",
				    service->namespace, service->name);
	if (export_guesses_node_port(service))
		return sr_notes_add(notes, "%s/%s: port %u, left to the host, is taken for its node port",
				    service->namespace, service->name, ntohs(export_node_port(service)));
	return 0;
}

static int export_note(const struct sr_services *services, const char *node, struct sr_notes *notes)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < services->num; i++)
		r = export_note_one(&services->item[i], node, notes);
	return r;
}

int sr_services_export(const struct sr_services *services, const struct sr_export_self *self, json_t **list,
		       struct sr_notes *notes)
{
	sr_export_autojson *items = json_array();

	if (!items || export_add_all(services, self, items) < 0 || export_note(services, self->node, notes) < 0)
		return -ENOMEM;

	*list = json_pack("{ss ss sO}", "apiVersion", "v1", "kind", "List", "items", items);
	return *list ? 0 : -ENOMEM;
}
