// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Decoding of Pods (endpoints of services that have only a selector) and Nodes.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "model/k8s_objects.h"

static int pod_out_of_memory(struct sr_error *err)
{
	return sr_fail(err, -ENOMEM, "out of memory");
}

/* Unset, and the unspecified address of either family, are every address. */
static int pod_decode_host_ip(struct sr_addr *out, const struct sr_field *field, struct sr_error *err)
{
	const char *text = "";
	struct sr_addr addr;
	int r = sr_field_string(field, &text, err);

	if (r < 0 || !text[0])
		return r;
	if (sr_addr_parse(&addr, text) < 0)
		return sr_field_fail(field, err, "\"%.80s\" is not an IP address", text);
	if (!sr_addr_is_zero(&addr))
		*out = addr;
	return 0;
}

static int pod_decode_host_port(struct sr_k8s_pod *out, const struct sr_k8s_port *port, const struct sr_field *field,
				struct sr_error *err)
{
	struct sr_k8s_host_port new = {.container = port->port, .proto = port->proto}, *added;
	struct sr_field number = sr_field_get(field, "hostPort");
	struct sr_field ip = sr_field_get(field, "hostIP");
	int r;

	r = sr_field_port(&number, true, &new.host, err);
	if (r == 0)
		r = pod_decode_host_ip(&new.at, &ip, err);
	if (r < 0 || !new.host)
		return r;

	added = sr_array_add(&out->host_port, &out->num_host_ports, sizeof(*added));
	if (!added)
		return pod_out_of_memory(err);
	*added = new;
	return 0;
}

static int pod_decode_port(struct sr_k8s_pod *out, const struct sr_field *field, struct sr_error *err)
{
	struct sr_field number = sr_field_get(field, "containerPort");
	struct sr_field name = sr_field_get(field, "name");
	struct sr_field proto = sr_field_get(field, "protocol");
	struct sr_k8s_port *port;
	const char *text = "";
	int r;

	port = sr_array_add(&out->ports.item, &out->ports.num, sizeof(*port));
	if (!port)
		return pod_out_of_memory(err);
	port->proto = IPPROTO_TCP;

	r = sr_field_object(field, err);
	if (r == 0)
		r = sr_field_require(&number, err);
	if (r == 0)
		r = sr_field_port(&number, false, &port->port, err);
	if (r == 0)
		r = sr_field_proto(&proto, &port->proto, err);
	if (r == 0)
		r = sr_field_string(&name, &text, err);
	if (r == 0 && sr_string_set(&port->name, text) < 0)
		r = pod_out_of_memory(err);
	return r < 0 ? r : pod_decode_host_port(out, port, field, err);
}

static int pod_decode_container(struct sr_k8s_pod *out, const struct sr_field *container, struct sr_error *err)
{
	struct sr_field ports = sr_field_get(container, "ports");
	size_t i, num;
	int r;

	r = sr_field_object(container, err);
	if (r == 0)
		r = sr_field_list(&ports, &num, err);
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&ports, i);

		r = pod_decode_port(out, &item, err);
	}
	return r;
}

/* Of the init containers only those count that go on running (sidecars). */
static int pod_decode_containers(struct sr_k8s_pod *out, const struct sr_field *spec, const char *key, bool sidecars,
				 struct sr_error *err)
{
	struct sr_field list = sr_field_get(spec, key);
	size_t i, num;
	int r;

	r = sr_field_list(&list, &num, err);
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&list, i);
		struct sr_field restart = sr_field_get(&item, "restartPolicy");
		const char *policy = "";

		r = sr_field_string(&restart, &policy, err);
		if (r == 0 && (!sidecars || strcmp(policy, "Always") == 0))
			r = pod_decode_container(out, &item, err);
	}
	return r;
}

static int pod_decode_ip(struct sr_k8s_pod *out, const struct sr_field *ip, struct sr_error *err)
{
	struct sr_addr addr = {};
	int r;

	if (json_is_string(ip->value) && !json_string_length(ip->value))
		return 0;
	r = sr_field_addr(ip, &addr, err);
	if (r == 0 && !sr_addr_is_zero(&addr) && sr_addr_is_zero(&out->addr[sr_k8s_family(&addr)]))
		out->addr[sr_k8s_family(&addr)] = addr;
	return r;
}

static int pod_decode_ips(struct sr_k8s_pod *out, const struct sr_field *status, struct sr_error *err)
{
	struct sr_field single = sr_field_get(status, "podIP");
	struct sr_field list = sr_field_get(status, "podIPs");
	size_t i, num;
	int r;

	r = pod_decode_ip(out, &single, err);
	if (r == 0)
		r = sr_field_list(&list, &num, err);
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&list, i);
		struct sr_field ip = sr_field_get(&item, "ip");

		r = sr_field_object(&item, err);
		if (r == 0)
			r = pod_decode_ip(out, &ip, err);
	}
	return r;
}

/* The condition of type Ready decides. */
static int pod_decode_ready(struct sr_k8s_pod *out, const struct sr_field *status, struct sr_error *err)
{
	struct sr_field list = sr_field_get(status, "conditions");
	size_t i, num;
	int r;

	r = sr_field_list(&list, &num, err);
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&list, i);
		struct sr_field type = sr_field_get(&item, "type");
		struct sr_field state = sr_field_get(&item, "status");
		const char *type_text = "", *state_text = "";

		r = sr_field_string(&type, &type_text, err);
		if (r == 0)
			r = sr_field_string(&state, &state_text, err);
		if (r == 0 && strcmp(type_text, "Ready") == 0)
			out->ready = strcmp(state_text, "True") == 0;
	}
	return r;
}

static int pod_decode_status(struct sr_k8s_pod *out, const struct sr_field *root, struct sr_error *err)
{
	struct sr_field status = sr_field_get(root, "status");
	struct sr_field phase = sr_field_get(&status, "phase");
	const char *text = "";
	int r;

	r = sr_field_object(&status, err);
	if (r == 0)
		r = sr_field_string(&phase, &text, err);
	if (r == 0)
		r = pod_decode_ips(out, &status, err);
	if (r == 0)
		r = pod_decode_ready(out, &status, err);

	out->finished = strcmp(text, "Succeeded") == 0 || strcmp(text, "Failed") == 0;
	return r;
}

int sr_k8s_decode_pod(struct sr_k8s_pod *out, const struct sr_field *root, struct sr_error *err)
{
	struct sr_field metadata = sr_field_get(root, "metadata");
	struct sr_field labels = sr_field_get(&metadata, "labels");
	struct sr_field deletion = sr_field_get(&metadata, "deletionTimestamp");
	struct sr_field spec = sr_field_get(root, "spec");
	struct sr_field node = sr_field_get(&spec, "nodeName");
	struct sr_field network = sr_field_get(&spec, "hostNetwork");
	const char *name = NULL;
	int r;

	out->terminating = sr_field_is_set(&deletion);
	r = sr_k8s_decode_meta(&out->meta, root, true, err);
	if (r == 0)
		r = sr_k8s_decode_map(&out->labels, &labels, err);
	if (r == 0)
		r = sr_field_object(&spec, err);
	if (r == 0)
		r = sr_field_string(&node, &name, err);
	if (r == 0 && sr_string_set(&out->node, name) < 0)
		r = pod_out_of_memory(err);
	if (r == 0)
		r = sr_field_bool(&network, &out->host_network, err);
	if (r == 0)
		r = pod_decode_containers(out, &spec, "containers", false, err);
	if (r == 0)
		r = pod_decode_containers(out, &spec, "initContainers", true, err);
	return r < 0 ? r : pod_decode_status(out, root, err);
}

void sr_k8s_pod_clear(struct sr_k8s_pod *pod)
{
	sr_k8s_meta_clear(&pod->meta);
	sr_k8s_map_clear(&pod->labels);
	sr_k8s_ports_clear(&pod->ports);
	free(pod->node);
	free(pod->host_port);
}

/* One of status.addresses; names are passed over. */
static int node_decode_address(struct sr_k8s_node *out, const struct sr_field *item, struct sr_error *err)
{
	static const char *const types[] = {"InternalIP", "ExternalIP", "Hostname", "InternalDNS", "ExternalDNS", NULL};
	struct sr_field type = sr_field_get(item, "type");
	struct sr_field address = sr_field_get(item, "address");
	struct sr_addr addr = {}, *first, *new;
	int index = 2;
	int r;

	r = sr_field_word(&type, types, &index, err);
	if (r < 0 || index > 1)
		return r;
	r = sr_field_addr(&address, &addr, err);
	if (r < 0 || sr_addr_is_zero(&addr))
		return r;

	new = sr_array_add(&out->addrs.item, &out->addrs.num, sizeof(*new));
	if (!new)
		return pod_out_of_memory(err);
	*new = addr;
	first = index == 0 ? &out->internal[sr_k8s_family(&addr)] : &out->external[sr_k8s_family(&addr)];
	if (sr_addr_is_zero(first))
		*first = addr;
	return 0;
}

int sr_k8s_decode_node(struct sr_k8s_node *out, const struct sr_field *root, struct sr_error *err)
{
	struct sr_field metadata = sr_field_get(root, "metadata");
	struct sr_field labels = sr_field_get(&metadata, "labels");
	struct sr_field zone = sr_field_get(&labels, "topology.kubernetes.io/zone");
	struct sr_field status = sr_field_get(root, "status");
	struct sr_field list = sr_field_get(&status, "addresses");
	const char *zone_text = NULL;
	size_t i, num;
	int r;

	r = sr_k8s_decode_meta(&out->meta, root, true, err);
	if (r == 0)
		r = sr_field_string(&zone, &zone_text, err);
	if (r == 0 && sr_string_set(&out->zone, zone_text) < 0)
		r = pod_out_of_memory(err);
	if (r == 0)
		r = sr_field_list(&list, &num, err);
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&list, i);

		r = node_decode_address(out, &item, err);
	}
	return r;
}

void sr_k8s_node_clear(struct sr_k8s_node *node)
{
	sr_k8s_meta_clear(&node->meta);
	free(node->addrs.item);
	free(node->zone);
}
