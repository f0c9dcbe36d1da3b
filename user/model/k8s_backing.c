// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Decoding of what is behind a service: EndpointSlice, and the older
 * Endpoints, which becomes the same struct.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "model/k8s_objects.h"

static int backing_out_of_memory(struct sr_error *err)
{
	return sr_fail(err, -ENOMEM, "out of memory");
}

/* A port that is absent or 0 is kept as 0: nothing joins it. */
static int backing_decode_ports(struct sr_k8s_ports *out, const struct sr_field *parent, struct sr_error *err)
{
	struct sr_field list = sr_field_get(parent, "ports");
	size_t i, num;
	int r;

	r = sr_field_list(&list, &num, err);
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&list, i);
		struct sr_field name = sr_field_get(&item, "name");
		struct sr_field proto = sr_field_get(&item, "protocol");
		struct sr_field number = sr_field_get(&item, "port");
		struct sr_k8s_port *port = sr_array_add(&out->item, &out->num, sizeof(*port));
		const char *text = "";

		if (!port)
			return backing_out_of_memory(err);
		port->proto = IPPROTO_TCP;
		r = sr_field_object(&item, err);
		if (r == 0)
			r = sr_field_string(&name, &text, err);
		if (r == 0)
			r = sr_field_proto(&proto, &port->proto, err);
		if (r == 0)
			r = sr_field_port(&number, true, &port->port, err);
		if (r == 0 && sr_string_set(&port->name, text) < 0)
			r = backing_out_of_memory(err);
	}
	return r;
}

static struct sr_k8s_subset *backing_add_subset(struct sr_k8s_backing *out)
{
	return sr_array_add(&out->subset, &out->num_subsets, sizeof(struct sr_k8s_subset));
}

/* nil ready and serving mean true, nil terminating false. */
static int slice_decode_conditions(struct sr_k8s_endpoint *out, const struct sr_field *endpoint, struct sr_error *err)
{
	struct sr_field conditions = sr_field_get(endpoint, "conditions");
	struct sr_field ready = sr_field_get(&conditions, "ready");
	struct sr_field serving = sr_field_get(&conditions, "serving");
	struct sr_field terminating = sr_field_get(&conditions, "terminating");
	int r;

	out->ready = true;
	out->serving = true;
	r = sr_field_object(&conditions, err);
	if (r == 0)
		r = sr_field_bool(&ready, &out->ready, err);
	if (r == 0)
		r = sr_field_bool(&serving, &out->serving, err);
	if (r == 0)
		r = sr_field_bool(&terminating, &out->terminating, err);
	return r;
}

/* Where the endpoint is, and for whom it is meant. */
static int slice_decode_place(struct sr_k8s_endpoint *out, const struct sr_field *endpoint, struct sr_error *err)
{
	struct sr_field node = sr_field_get(endpoint, "nodeName");
	struct sr_field hints = sr_field_get(endpoint, "hints");
	struct sr_field nodes = sr_field_get(&hints, "forNodes");
	struct sr_field zones = sr_field_get(&hints, "forZones");
	const char *name = NULL;
	int r;

	r = sr_field_string(&node, &name, err);
	if (r == 0 && sr_string_set(&out->node, name) < 0)
		r = backing_out_of_memory(err);
	if (r == 0)
		r = sr_field_object(&hints, err);
	if (r == 0)
		r = sr_k8s_decode_names(&out->for_nodes, &nodes, err);
	return r < 0 ? r : sr_k8s_decode_names(&out->for_zones, &zones, err);
}

/* Only addresses[0] of an endpoint counts. */
static int slice_decode_endpoint(struct sr_k8s_endpoint *out, const struct sr_field *field, unsigned int family,
				 struct sr_error *err)
{
	struct sr_field addresses = sr_field_get(field, "addresses");
	struct sr_field first = sr_field_item(&addresses, 0);
	size_t num;
	int r;

	r = sr_field_object(field, err);
	if (r == 0)
		r = sr_field_require(&addresses, err);
	if (r == 0)
		r = sr_field_list(&addresses, &num, err);
	if (r == 0)
		r = sr_field_require(&first, err);
	if (r == 0)
		r = sr_field_addr(&first, &out->addr, err);
	if (r < 0)
		return r;
	if (sr_k8s_family(&out->addr) != family)
		return sr_field_fail(&first, err, "%s is not an IPv%s address, as addressType says",
				     json_string_value(first.value), family ? "6" : "4");

	r = slice_decode_place(out, field, err);
	return r < 0 ? r : slice_decode_conditions(out, field, err);
}

/* The service it belongs to; NULL: none, or not for proxies. */
static int slice_decode_labels(struct sr_k8s_backing *out, const struct sr_field *root, bool *headless,
			       struct sr_error *err)
{
	struct sr_field metadata = sr_field_get(root, "metadata");
	struct sr_field labels = sr_field_get(&metadata, "labels");
	struct sr_field service = sr_field_get(&labels, "kubernetes.io/service-name");
	struct sr_field mark = sr_field_get(&labels, "service.kubernetes.io/headless");
	const char *name = NULL;
	int r;

	*headless = sr_field_is_set(&mark);
	r = sr_field_object(&labels, err);
	if (r == 0)
		r = sr_field_string(&service, &name, err);
	if (r == 0 && sr_string_set(&out->service, name) < 0)
		r = backing_out_of_memory(err);
	return r;
}

static int slice_decode_endpoints(struct sr_k8s_backing *out, const struct sr_field *root, unsigned int family,
				  struct sr_error *err)
{
	struct sr_field list = sr_field_get(root, "endpoints");
	struct sr_k8s_subset *subset = backing_add_subset(out);
	size_t i, num = 0;
	int r;

	if (!subset)
		return backing_out_of_memory(err);

	r = backing_decode_ports(&subset->ports, root, err);
	if (r == 0)
		r = sr_field_list(&list, &num, err);
	if (r < 0 || !num)
		return r;
	/* As many as there are: none is added to it later. */
	subset->endpoint = calloc(num, sizeof(*subset->endpoint));
	if (!subset->endpoint)
		return backing_out_of_memory(err);
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&list, i);

		r = slice_decode_endpoint(&subset->endpoint[subset->num_endpoints++], &item, family, err);
	}
	return r;
}

int sr_k8s_decode_slice(struct sr_k8s_backing *out, const struct sr_field *root, struct sr_error *err)
{
	static const char *const types[] = {"IPv4", "IPv6", "FQDN", NULL};
	struct sr_field type = sr_field_get(root, "addressType");
	bool headless = false;
	int family = 0;
	int r;

	out->is_slice = true;
	r = sr_k8s_decode_meta(&out->meta, root, true, err);
	if (r == 0)
		r = slice_decode_labels(out, root, &headless, err);
	if (r == 0)
		r = sr_field_require(&type, err);
	if (r == 0)
		r = sr_field_word(&type, types, &family, err);
	if (r == 0)
		r = sr_k8s_decode_weights(&out->weights, root, err);
	if (r < 0 || headless || family == 2)
		return r;
	return slice_decode_endpoints(out, root, (unsigned int)family, err);
}

/* subsets[].addresses, or notReadyAddresses. */
static int endpoints_decode_addresses(struct sr_k8s_subset *out, const struct sr_field *field, const char *key,
				      bool ready, struct sr_error *err)
{
	struct sr_field list = sr_field_get(field, key);
	size_t i, num;
	int r;

	r = sr_field_list(&list, &num, err);
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&list, i);
		struct sr_field ip = sr_field_get(&item, "ip");
		struct sr_field node = sr_field_get(&item, "nodeName");
		struct sr_k8s_endpoint *endpoint;
		const char *name = NULL;

		endpoint = sr_array_add(&out->endpoint, &out->num_endpoints, sizeof(*endpoint));
		if (!endpoint)
			return backing_out_of_memory(err);
		endpoint->ready = ready;
		endpoint->serving = ready;
		r = sr_field_object(&item, err);
		if (r == 0)
			r = sr_field_require(&ip, err);
		if (r == 0)
			r = sr_field_addr(&ip, &endpoint->addr, err);
		if (r == 0)
			r = sr_field_string(&node, &name, err);
		if (r == 0 && sr_string_set(&endpoint->node, name) < 0)
			r = backing_out_of_memory(err);
	}
	return r;
}

int sr_k8s_decode_endpoints(struct sr_k8s_backing *out, const struct sr_field *root, struct sr_error *err)
{
	struct sr_field subsets = sr_field_get(root, "subsets");
	size_t i, num;
	int r;

	r = sr_k8s_decode_meta(&out->meta, root, true, err);
	if (r == 0 && sr_string_set(&out->service, out->meta.name) < 0)
		return backing_out_of_memory(err);
	if (r == 0)
		r = sr_k8s_decode_weights(&out->weights, root, err);
	if (r == 0)
		r = sr_field_list(&subsets, &num, err);

	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&subsets, i);
		struct sr_k8s_subset *subset = backing_add_subset(out);

		if (!subset)
			return backing_out_of_memory(err);
		r = sr_field_object(&item, err);
		if (r == 0)
			r = backing_decode_ports(&subset->ports, &item, err);
		if (r == 0)
			r = endpoints_decode_addresses(subset, &item, "addresses", true, err);
		if (r == 0)
			r = endpoints_decode_addresses(subset, &item, "notReadyAddresses", false, err);
	}
	return r;
}

static void subset_clear(struct sr_k8s_subset *subset)
{
	size_t i;

	sr_k8s_ports_clear(&subset->ports);
	for (i = 0; i < subset->num_endpoints; i++) {
		free(subset->endpoint[i].node);
		sr_k8s_names_clear(&subset->endpoint[i].for_nodes);
		sr_k8s_names_clear(&subset->endpoint[i].for_zones);
	}
	free(subset->endpoint);
}

void sr_k8s_backing_clear(struct sr_k8s_backing *backing)
{
	size_t i;

	for (i = 0; i < backing->num_subsets; i++)
		subset_clear(&backing->subset[i]);
	free(backing->subset);
	free(backing->service);
	free(backing->weights.item);
	sr_k8s_meta_clear(&backing->meta);
}
