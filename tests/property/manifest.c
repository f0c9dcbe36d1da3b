// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The cluster written down as manifests. */
#include <netinet/in.h>
#include <stdio.h>

#include "cluster.h"
#include "host_ports.h"

static json_t *text_of(const char *format, unsigned int number)
{
	char text[64];

	snprintf(text, sizeof(text), format, number);
	return json_string(text);
}

static json_t *text_of_addr(const struct sr_addr *addr)
{
	char text[SR_ADDR_TEXT];

	return json_string(sr_addr_format(text, addr));
}

const char *manifest_proto(uint8_t proto)
{
	return proto == IPPROTO_TCP ? "TCP" : proto == IPPROTO_UDP ? "UDP" : "SCTP";
}

static json_t *manifest_port(const struct cluster_service *service, unsigned int i)
{
	const struct cluster_port *port = &service->port[i];
	json_t *out = json_object();

	json_object_set_new(out, "name", text_of("p%u", i));
	json_object_set_new(out, "protocol", json_string(manifest_proto(port->proto)));
	json_object_set_new(out, "port", json_integer(port->number));
	if (service->type != SERVICE_CLUSTER_IP && cluster_has[FEATURE_NODE_PORTS])
		json_object_set_new(out, "nodePort", json_integer(port->node_port));
	return out;
}

/* clusterIPs and ipFamilies, in the service's order. */
static void manifest_families(json_t *spec, const struct cluster_service *service, unsigned int index)
{
	json_t *ips = json_array(), *families = json_array();

	for (int i = 0; i < 2; i++) {
		int v6 = i ^ service->v6_first;
		struct sr_addr addr = cluster_ip(index, v6 ? 6 : 4);

		if (!service->family[v6])
			continue;
		json_array_append_new(ips, text_of_addr(&addr));
		json_array_append_new(families, json_string(v6 ? "IPv6" : "IPv4"));
	}
	json_object_set(spec, "clusterIP", json_array_get(ips, 0));
	json_object_set_new(spec, "clusterIPs", ips);
	json_object_set_new(spec, "ipFamilies", families);
}

static void manifest_externals(json_t *spec, const struct cluster_service *service)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < CLUSTER_EXTERNALS; i++) {
		for (int family = 4; family <= 6; family += 2) {
			struct sr_addr addr = cluster_external_ip(i, family);

			if (service->externals & 1u << i)
				json_array_append_new(list, text_of_addr(&addr));
		}
	}
	json_object_set_new(spec, "externalIPs", list);
}

static void manifest_ranges(json_t *spec, const struct cluster_service *service)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < CLUSTER_RANGES; i++) {
		if (!(service->ranges & 1u << i))
			continue;
		json_array_append_new(list, json_string(cluster_range(i, 4)));
		if (i != 3) /* the IPv4 /0 stands alone: families are filtered */
			json_array_append_new(list, json_string(cluster_range(i, 6)));
	}
	json_object_set_new(spec, "loadBalancerSourceRanges", list);
}

static json_t *manifest_spec(const struct cluster_service *service, unsigned int index)
{
	static const char *const types[] = {"ClusterIP", "NodePort", "LoadBalancer"};
	json_t *spec = json_object(), *ports = json_array();

	for (unsigned int i = 0; i < service->num_ports; i++)
		json_array_append_new(ports, manifest_port(service, i));
	json_object_set_new(spec, "type", json_string(types[service->type]));
	json_object_set_new(spec, "ports", ports);
	manifest_families(spec, service, index);
	manifest_externals(spec, service);
	if (service->ranges)
		manifest_ranges(spec, service);
	if (service->internal_local)
		json_object_set_new(spec, "internalTrafficPolicy", json_string("Local"));
	if (service->external_local && (service->type != SERVICE_CLUSTER_IP || service->externals))
		json_object_set_new(spec, "externalTrafficPolicy", json_string("Local"));
	if (service->affinity) {
		json_object_set_new(spec, "sessionAffinity", json_string("ClientIP"));
		json_object_set_new(spec, "sessionAffinityConfig",
				    json_pack("{s:{s:i}}", "clientIP", "timeoutSeconds", (int)service->affinity));
	}
	return spec;
}

static json_t *manifest_ingress(const struct cluster_service *service, unsigned int index)
{
	json_t *list = json_array();

	for (int family = 4; family <= 6; family += 2) {
		struct sr_addr addr = cluster_ingress_ip(index, family);
		json_t *item = json_object();

		if (service->ingress == INGRESS_NAME)
			json_object_set_new(item, "hostname", json_string("lb.example"));
		else
			json_object_set_new(item, "ip", text_of_addr(&addr));
		if (service->ingress == INGRESS_VIP || service->ingress == INGRESS_PROXY)
			json_object_set_new(item, "ipMode",
					    json_string(service->ingress == INGRESS_VIP ? "VIP" : "Proxy"));
		json_array_append_new(list, item);
	}
	return json_pack("{s:{s:o}}", "loadBalancer", "ingress", list);
}

static json_t *manifest_annotations(const struct cluster_service *service)
{
	json_t *out = json_object();

	if (service->passes)
		json_object_set_new(out, "svcroute.io/pass", json_string("true"));
	if (service->maglev)
		json_object_set_new(out, "svcroute.io/maglev",
				    json_string(service->maglev == CONDITION_TRUE ? "true" : "false"));
	return out;
}

static json_t *manifest_service(const struct cluster_service *service, unsigned int index)
{
	json_t *out = json_pack("{s:s, s:s, s:{s:o, s:s, s:s}}", "apiVersion", "v1", "kind", "Service", "metadata",
				"name", text_of("s%u", index), "namespace", "test", "uid", "1");

	if (service->other_proxy)
		json_object_set_new(json_object_get(out, "metadata"), "labels",
				    json_pack("{s:s}", "service.kubernetes.io/service-proxy-name", "other"));
	json_object_set_new(json_object_get(out, "metadata"), "annotations", manifest_annotations(service));
	json_object_set_new(out, "spec", manifest_spec(service, index));
	if (service->ingress)
		json_object_set_new(out, "status", manifest_ingress(service, index));
	return out;
}

static void manifest_condition(json_t *out, const char *key, enum condition condition)
{
	if (condition != CONDITION_NIL)
		json_object_set_new(out, key, json_boolean(condition == CONDITION_TRUE));
}

static json_t *manifest_names(const char *format, unsigned int bits)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < 8; i++) {
		if (bits & 1u << i)
			json_array_append_new(list, json_pack("{s:o}", "name", text_of(format, i)));
	}
	return list;
}

static json_t *manifest_endpoint(const struct cluster_endpoint *endpoint, enum address_type type)
{
	struct sr_addr addr = place_addr(endpoint->place, type == ADDRESSES_V6 ? 6 : 4);
	json_t *conditions = json_object(), *hints = json_object(), *out = json_object(), *addrs = json_array();

	manifest_condition(conditions, "ready", endpoint->ready);
	manifest_condition(conditions, "serving", endpoint->serving);
	manifest_condition(conditions, "terminating", endpoint->terminating);
	json_array_append_new(addrs, type == ADDRESSES_FQDN ? json_string("pod.example") : text_of_addr(&addr));
	json_object_set_new(out, "addresses", addrs);
	json_object_set_new(out, "conditions", conditions);
	if (endpoint->node)
		json_object_set_new(out, "nodeName", text_of("n%u", endpoint->node));
	if (endpoint->for_nodes)
		json_object_set_new(hints, "forNodes", manifest_names("n%u", endpoint->for_nodes));
	if (endpoint->for_zones)
		json_object_set_new(hints, "forZones", manifest_names("z%u", endpoint->for_zones));
	json_object_set_new(out, "hints", hints);
	return out;
}

static json_t *manifest_slice_ports(const struct cluster_service *service, const struct cluster_slice *slice)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < service->num_ports; i++) {
		json_t *port = json_object();

		json_object_set_new(port, "name", text_of("p%u", i));
		json_object_set_new(port, "protocol", json_string(manifest_proto(service->port[i].proto)));
		if (slice->number[i])
			json_object_set_new(port, "port", json_integer(slice->number[i]));
		if (slice->lacks[i])
			json_decref(port);
		else
			json_array_append_new(list, port);
	}
	return list;
}

static json_t *manifest_slice(const struct cluster_service *service, unsigned int index, unsigned int i)
{
	static const char *const types[] = {"IPv4", "IPv6", "FQDN"};
	const struct cluster_slice *slice = &service->slice[i];
	json_t *labels = json_object(), *endpoints = json_array();

	if (!slice->has_no_owner)
		json_object_set_new(labels, "kubernetes.io/service-name", text_of("s%u", index));
	if (slice->is_headless)
		json_object_set_new(labels, "service.kubernetes.io/headless", json_string(""));
	for (unsigned int j = 0; j < slice->num_endpoints; j++)
		json_array_append_new(endpoints, manifest_endpoint(&slice->endpoint[j], slice->type));
	return json_pack("{s:s, s:s, s:{s:o, s:s, s:o}, s:s, s:o, s:o}", "apiVersion", "discovery.k8s.io/v1", "kind",
			 "EndpointSlice", "metadata", "name", text_of("e%u", index * 10 + i), "namespace", "test",
			 "labels", labels, "addressType", types[slice->type], "ports",
			 manifest_slice_ports(service, slice), "endpoints", endpoints);
}

static json_t *manifest_node(const struct cluster *cluster)
{
	struct sr_addr v4 = place_addr(PLACE_HOST, 4), v6 = place_addr(PLACE_HOST, 6);
	json_t *labels = json_object();

	if (cluster->has_zone)
		json_object_set_new(labels, "topology.kubernetes.io/zone", text_of("z%u", CLUSTER_OUR_ZONE));
	return json_pack("{s:s, s:s, s:{s:o, s:o}, s:{s:[{s:s, s:o}, {s:s, s:o}]}}", "apiVersion", "v1", "kind", "Node",
			 "metadata", "name", text_of("n%u", CLUSTER_OUR_NODE), "labels", labels, "status", "addresses",
			 "type", "InternalIP", "address", text_of_addr(&v4), "type", "InternalIP", "address",
			 text_of_addr(&v6));
}

json_t *cluster_manifest(const struct cluster *cluster)
{
	json_t *list = json_array();

	json_array_append_new(list, manifest_node(cluster));
	for (unsigned int i = 0; i < CLUSTER_SERVICES; i++) {
		const struct cluster_service *service = &cluster->service[i];

		if (!service->exists)
			continue;
		json_array_append_new(list, manifest_service(service, i));
		for (unsigned int j = 0; j < service->num_slices; j++)
			json_array_append_new(list, manifest_slice(service, i, j));
	}
	for (unsigned int i = 0; i < CLUSTER_HOST_PORTS; i++) {
		if (cluster->host_port[i].exists)
			json_array_append_new(list, host_port_manifest(&cluster->host_port[i], i));
	}
	return list;
}
