// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Decoding of a Service. Every field that is used is checked.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "model/k8s_objects.h"

#define SERVICE_AZURE "service.beta.kubernetes.io/azure-load-balancer-"

static int service_out_of_memory(struct sr_error *err)
{
	return sr_fail(err, -ENOMEM, "out of memory");
}

static int service_decode_target(struct sr_k8s_port *out, const struct sr_field *port, struct sr_error *err)
{
	struct sr_field target = sr_field_get(port, "targetPort");
	const char *name = NULL;
	int r;

	out->target = out->port;
	if (!json_is_string(target.value))
		return sr_field_port(&target, false, &out->target, err);

	r = sr_field_name(&target, false, &name, err);
	if (r < 0)
		return r;
	if (strspn(name, "0123456789-") == strlen(name))
		return sr_field_fail(&target, err, "\"%s\" is a string, not the name of a port nor a number", name);
	return sr_string_set(&out->target_name, name) < 0 ? service_out_of_memory(err) : 0;
}

static int service_decode_port(struct sr_k8s_port *out, const struct sr_field *port, struct sr_error *err)
{
	struct sr_field number = sr_field_get(port, "port");
	struct sr_field name = sr_field_get(port, "name");
	struct sr_field proto = sr_field_get(port, "protocol");
	struct sr_field node = sr_field_get(port, "nodePort");
	const char *text = "";
	int r;

	out->proto = IPPROTO_TCP;
	r = sr_field_object(port, err);
	if (r == 0)
		r = sr_field_require(&number, err);
	if (r == 0)
		r = sr_field_port(&number, false, &out->port, err);
	if (r == 0)
		r = sr_field_proto(&proto, &out->proto, err);
	if (r == 0)
		r = sr_field_port(&node, true, &out->node, err);
	if (r == 0 && !(json_is_string(name.value) && !json_string_length(name.value)))
		r = sr_field_name(&name, false, &text, err);
	if (r == 0)
		r = service_decode_target(out, port, err);
	if (r < 0)
		return r;
	return sr_string_set(&out->name, text) < 0 ? service_out_of_memory(err) : 0;
}

/* Is the last port's name, or its number, that of one before it? */
static int service_check_port(const struct sr_k8s_ports *ports, const struct sr_field *field, struct sr_error *err)
{
	const struct sr_k8s_port *last = &ports->item[ports->num - 1];
	size_t i;

	for (i = 0; i + 1 < ports->num; i++) {
		const struct sr_k8s_port *port = &ports->item[i];
		struct sr_field name = sr_field_get(field, "name");

		if (!port->name[0] || !last->name[0])
			return sr_field_fail(&name, err, "with several ports each one needs a name");
		if (strcmp(port->name, last->name) == 0)
			return sr_field_fail(&name, err, "\"%s\" is the name of two ports", last->name);
		if (port->port == last->port && port->proto == last->proto)
			return sr_field_fail(field, err, "%u/%s is given twice", last->port,
					     sr_proto_name(last->proto));
	}
	return 0;
}

static int service_decode_ports(struct sr_k8s_service *out, const struct sr_field *spec, struct sr_error *err)
{
	struct sr_field list = sr_field_get(spec, "ports");
	size_t i, num;
	int r;

	r = sr_field_list(&list, &num, err);
	if (r == 0 && num == 0 && !out->headless && !out->external_name)
		return sr_field_fail(&list, err, "missing (a service needs a port)");

	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&list, i);
		struct sr_k8s_port *port = sr_array_add(&out->ports.item, &out->ports.num, sizeof(*port));

		if (!port)
			return service_out_of_memory(err);
		r = service_decode_port(port, &item, err);
		if (r == 0)
			r = service_check_port(&out->ports, &item, err);
	}
	return r;
}

/* "", "None" or an address; `none` is set by "None". */
static int service_decode_cluster_ip(struct sr_addr *out, bool *none, const struct sr_field *field,
				     struct sr_error *err)
{
	const char *text = "";
	int r;

	r = sr_field_string(field, &text, err);
	if (r < 0 || !text[0])
		return r;
	if (strcmp(text, "None") == 0) {
		*none = true;
		return 0;
	}
	return sr_field_addr(field, out, err);
}

static int service_set_cluster_ip(struct sr_k8s_service *out, const struct sr_field *field, struct sr_error *err)
{
	struct sr_addr addr = {};
	unsigned int family;
	int r;

	r = service_decode_cluster_ip(&addr, &out->headless, field, err);
	if (r < 0 || sr_addr_is_zero(&addr))
		return r;

	family = sr_k8s_family(&addr);
	if (!sr_addr_is_zero(&out->cluster[family]) && sr_addr_compare(&out->cluster[family], &addr) != 0)
		return sr_field_fail(field, err, "a second address of IPv%u (one a family)", sr_addr_family(&addr));
	out->cluster[family] = addr;
	return 0;
}

static int service_decode_cluster_ips(struct sr_k8s_service *out, const struct sr_field *spec, struct sr_error *err)
{
	struct sr_field single = sr_field_get(spec, "clusterIP");
	struct sr_field list = sr_field_get(spec, "clusterIPs");
	size_t i, num;
	int r;

	r = service_set_cluster_ip(out, &single, err);
	if (r == 0)
		r = sr_field_list(&list, &num, err);
	if (r == 0 && num > SR_K8S_FAMILIES)
		return sr_field_fail(&list, err, "more than two addresses");
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&list, i);

		r = service_set_cluster_ip(out, &item, err);
	}
	return r;
}

/* spec.ipFamilies: the family of the ClusterIP at the same place. */
static int service_check_family(struct sr_k8s_service *out, const struct sr_field *spec, size_t i, int family,
				struct sr_error *err)
{
	struct sr_field families = sr_field_get(spec, "ipFamilies");
	struct sr_field list = sr_field_get(spec, "clusterIPs");
	struct sr_field field = sr_field_item(&families, i);
	struct sr_field item = sr_field_item(&list, i);
	struct sr_addr addr = {};
	bool none = false;

	if (out->families[family])
		return sr_field_fail(&field, err, "a family that is given twice");
	out->families[family] = true;
	if (i == 0)
		out->first_family = (unsigned int)family;

	if (i == 0 && !sr_field_is_set(&item))
		item = sr_field_get(spec, "clusterIP");
	if (service_decode_cluster_ip(&addr, &none, &item, err) < 0)
		return -EINVAL;
	if (!sr_addr_is_zero(&addr) && sr_k8s_family(&addr) != (unsigned int)family)
		return sr_field_fail(&field, err, "its ClusterIP, %s, is of the other family",
				     json_string_value(item.value));
	return 0;
}

static int service_decode_families(struct sr_k8s_service *out, const struct sr_field *spec, struct sr_error *err)
{
	static const char *const policies[] = {"SingleStack", "PreferDualStack", "RequireDualStack", NULL};
	static const char *const names[] = {"IPv4", "IPv6", NULL};
	struct sr_field list = sr_field_get(spec, "ipFamilies");
	struct sr_field policy = sr_field_get(spec, "ipFamilyPolicy");
	size_t i, num = 0;
	int r;

	r = sr_field_word(&policy, policies, &out->policy, err);
	if (r == 0)
		r = sr_field_list(&list, &num, err);
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&list, i);
		int family = 0;

		r = sr_field_require(&item, err);
		if (r == 0)
			r = sr_field_word(&item, names, &family, err);
		if (r == 0)
			r = service_check_family(out, spec, i, family, err);
	}
	/* An address of a family that is not listed is none. */
	for (i = 0; r == 0 && num && i < SR_K8S_FAMILIES; i++) {
		if (!out->families[i])
			memset(&out->cluster[i], 0, sizeof(out->cluster[i]));
	}
	return r;
}

static int service_decode_type(struct sr_k8s_service *out, const struct sr_field *spec, struct sr_error *err)
{
	static const char *const types[] = {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName", NULL};
	struct sr_field type = sr_field_get(spec, "type");
	struct sr_field publish = sr_field_get(spec, "publishNotReadyAddresses");
	int index = 0;
	int r;

	r = sr_field_object(spec, err);
	if (r == 0)
		r = sr_field_word(&type, types, &index, err);
	if (r == 0)
		r = sr_field_bool(&publish, &out->publish, err);

	out->node_ports = index == 1 || index == 2;
	out->balancer = index == 2;
	out->external_name = index == 3;
	return r;
}

/* status.loadBalancer.ingress: only what has an IP, and is not a proxy of its own. */
static int service_decode_ingress(struct sr_k8s_service *out, const struct sr_field *root, struct sr_error *err)
{
	static const char *const modes[] = {"VIP", "Proxy", NULL};
	struct sr_field status = sr_field_get(root, "status");
	struct sr_field balancer = sr_field_get(&status, "loadBalancer");
	struct sr_field list = sr_field_get(&balancer, "ingress");
	size_t i, num;
	int r;

	r = sr_field_list(&list, &num, err);
	out->has_ingress = num;
	out->meta.from_cluster = out->meta.from_cluster || num;
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&list, i);
		struct sr_field ip = sr_field_get(&item, "ip");
		struct sr_field mode = sr_field_get(&item, "ipMode");
		struct sr_addr addr = {};
		struct sr_addr *new;
		int index = 0;

		r = sr_field_word(&mode, modes, &index, err);
		if (r == 0 && json_string_length(ip.value))
			r = sr_field_addr(&ip, &addr, err);
		if (r < 0 || index != 0 || sr_addr_is_zero(&addr))
			continue;
		new = sr_array_add(&out->ingress.item, &out->ingress.num, sizeof(*new));
		if (!new)
			return service_out_of_memory(err);
		*new = addr;
	}
	return r;
}

static int service_choose(struct sr_k8s_service *out, const struct sr_field *field, struct sr_error *err)
{
	struct sr_addr addr = {};
	int r;

	if (json_is_string(field->value) && !json_string_length(field->value))
		return 0;
	r = sr_field_addr(field, &addr, err);
	if (r == 0 && !sr_addr_is_zero(&addr))
		out->chosen[sr_k8s_family(&addr)] = addr;
	return r;
}

/* The load balancer's address as the manifest asks for it. */
static int service_decode_choice(struct sr_k8s_service *out, const struct sr_field *root, struct sr_error *err)
{
	struct sr_field spec = sr_field_get(root, "spec");
	struct sr_field metadata = sr_field_get(root, "metadata");
	struct sr_field annotations = sr_field_get(&metadata, "annotations");
	struct sr_field single = sr_field_get(&spec, "loadBalancerIP");
	struct sr_field v4 = sr_field_get(&annotations, SERVICE_AZURE "ipv4");
	struct sr_field v6 = sr_field_get(&annotations, SERVICE_AZURE "ipv6");
	const char *subnet = NULL;
	int r;

	r = sr_k8s_annotation(root, SERVICE_AZURE "internal-subnet", &subnet, err);
	if (r == 0)
		r = service_choose(out, &single, err);
	if (r == 0)
		r = service_choose(out, &v4, err);
	if (r == 0)
		r = service_choose(out, &v6, err);
	if (r < 0)
		return r;
	return sr_string_set(&out->subnet, subnet) < 0 ? service_out_of_memory(err) : 0;
}

int sr_k8s_decode_service(struct sr_k8s_service *out, const struct sr_field *root, struct sr_error *err)
{
	struct sr_field metadata = sr_field_get(root, "metadata");
	struct sr_field labels = sr_field_get(&metadata, "labels");
	struct sr_field proxy = sr_field_get(&labels, "service.kubernetes.io/service-proxy-name");
	struct sr_field spec = sr_field_get(root, "spec");
	struct sr_field selector = sr_field_get(&spec, "selector");
	struct sr_field external = sr_field_get(&spec, "externalIPs");
	int r;

	out->other_proxy = sr_field_is_set(&proxy);
	r = sr_k8s_decode_meta(&out->meta, root, false, err);
	if (r == 0)
		r = service_decode_type(out, &spec, err);
	if (r == 0)
		r = service_decode_cluster_ips(out, &spec, err);
	if (r == 0)
		r = service_decode_families(out, &spec, err);
	if (r == 0)
		r = service_decode_ports(out, &spec, err);
	if (r == 0)
		r = sr_k8s_decode_map(&out->selector, &selector, err);
	if (r == 0)
		r = sr_k8s_decode_addrs(&out->external, &external, err);
	if (r == 0)
		r = service_decode_ingress(out, root, err);
	if (r == 0)
		r = service_decode_choice(out, root, err);
	if (r == 0)
		r = sr_k8s_decode_weights(&out->weights, root, err);
	if (r == 0)
		r = sr_k8s_decode_export(out, root, err);
	return r < 0 ? r : sr_k8s_decode_policy(out, root, err);
}

void sr_k8s_service_clear(struct sr_k8s_service *service)
{
	sr_k8s_meta_clear(&service->meta);
	sr_k8s_ports_clear(&service->ports);
	sr_k8s_map_clear(&service->selector);
	free(service->alias);
	free(service->restored_origin);
	free(service->external.item);
	free(service->ingress.item);
	free(service->subnet);
	free(service->weights.item);
	free(service->ranges.item);
}
