// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which endpoints a service port has. EndpointSlices win over Endpoints,
 * Endpoints over the selector.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "model/k8s_objects.h"

struct endpoints {
	struct sr_k8s_candidates found;
	const struct sr_k8s_service *service;
	const struct sr_k8s_port *port;
	unsigned int family;
};

static const struct sr_k8s_weight *endpoints_find_weight(const struct sr_k8s_weights *weights,
							 const struct sr_addr *addr, __be16 port)
{
	size_t i;

	for (i = 0; i < weights->num; i++) {
		const struct sr_k8s_weight *weight = &weights->item[i];

		if (weight->port == port && sr_addr_compare(&weight->addr, addr) == 0)
			return weight;
	}
	return NULL;
}

/* `weights` are the slice's own, which go before the service's; or NULL. */
static int endpoints_add(struct endpoints *endpoints, const struct sr_k8s_endpoint *state, uint16_t port,
			 const struct sr_k8s_weights *weights)
{
	struct sr_k8s_candidates *found = &endpoints->found;
	struct sr_k8s_candidate *new = sr_array_add(&found->item, &found->num, sizeof(*new));
	const struct sr_k8s_weight *weight = NULL;

	if (!new)
		return -ENOMEM;

	new->state = *state;
	new->port = htons(port);
	if (weights)
		weight = endpoints_find_weight(weights, &state->addr, new->port);
	if (!weight)
		weight = endpoints_find_weight(&endpoints->service->weights, &state->addr, new->port);
	new->weight = weight ? weight->weight : 1;
	return 0;
}

/* A slice joins by the port's name and protocol, and brings its own number. */
static int endpoints_from_subset(struct endpoints *endpoints, const struct sr_k8s_subset *subset,
				 const struct sr_k8s_weights *weights)
{
	size_t i, j;

	for (i = 0; i < subset->ports.num; i++) {
		const struct sr_k8s_port *port = &subset->ports.item[i];

		if (!port->port || port->proto != endpoints->port->proto ||
		    strcmp(port->name, endpoints->port->name) != 0)
			continue;
		for (j = 0; j < subset->num_endpoints; j++) {
			if (sr_k8s_family(&subset->endpoint[j].addr) == endpoints->family &&
			    endpoints_add(endpoints, &subset->endpoint[j], port->port, weights) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static int endpoints_from_backings(struct endpoints *endpoints, const struct sr_k8s_backing **backings, size_t num)
{
	bool slices = false;
	size_t i, j;

	for (i = 0; i < num; i++)
		slices = slices || backings[i]->is_slice;

	for (i = 0; i < num; i++) {
		for (j = 0; backings[i]->is_slice == slices && j < backings[i]->num_subsets; j++) {
			if (endpoints_from_subset(endpoints, &backings[i]->subset[j], &backings[i]->weights) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* The port's number in this pod, 0 if it has none of that name. */
static uint16_t endpoints_target(const struct sr_k8s_port *port, const struct sr_k8s_pod *pod)
{
	size_t i;

	if (!port->target_name)
		return port->target;

	for (i = 0; i < pod->ports.num; i++) {
		const struct sr_k8s_port *container = &pod->ports.item[i];

		if (container->proto == port->proto && strcmp(container->name, port->target_name) == 0)
			return container->port;
	}
	return 0;
}

static int endpoints_from_pod(struct endpoints *endpoints, const struct sr_k8s_pod *pod)
{
	const struct sr_addr *addr = &pod->addr[endpoints->family];
	uint16_t target = endpoints_target(endpoints->port, pod);
	struct sr_k8s_endpoint state = {
		.addr = *addr,
		.ready = endpoints->service->publish || (pod->ready && !pod->terminating),
		.serving = pod->ready,
		.terminating = pod->terminating,
		.node = pod->node,
	};

	if (pod->finished || sr_addr_is_zero(addr) || !target)
		return 0;
	return endpoints_add(endpoints, &state, target, NULL);
}

static int endpoints_from_pods(struct endpoints *endpoints, const struct sr_k8s_pod **pods, size_t num)
{
	size_t i;

	for (i = 0; i < num; i++) {
		if (sr_k8s_map_contains(&pods[i]->labels, &endpoints->service->selector) &&
		    endpoints_from_pod(endpoints, pods[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int endpoints_compare_places(const struct sr_k8s_candidate *a, const struct sr_k8s_candidate *b)
{
	int diff = sr_addr_compare(&a->state.addr, &b->state.addr);

	return diff ? diff : (int)ntohs(a->port) - (int)ntohs(b->port);
}

/* Of the same address and port the non-terminating comes first, then the ready. */
static int endpoints_compare(const void *a, const void *b)
{
	const struct sr_k8s_candidate *x = a, *y = b;
	int diff = endpoints_compare_places(x, y);

	if (!diff)
		diff = (int)x->state.terminating - (int)y->state.terminating;
	return diff ? diff : (int)y->state.ready - (int)x->state.ready;
}

static void endpoints_unique(struct sr_k8s_candidates *found)
{
	size_t i, kept = 0;

	if (found->num)
		qsort(found->item, found->num, sizeof(*found->item), endpoints_compare);
	for (i = 0; i < found->num; i++) {
		if (!kept || endpoints_compare_places(&found->item[kept - 1], &found->item[i]) != 0)
			found->item[kept++] = found->item[i];
	}
	found->num = kept;
}

/* What neither is ready nor serves is gone. */
static int endpoints_emit(const struct sr_k8s_candidates *found, struct sr_service *out)
{
	size_t i;

	for (i = 0; i < found->num; i++) {
		const struct sr_k8s_candidate *candidate = &found->item[i];
		struct sr_endpoint new = {
			.addr = candidate->state.addr,
			.port = candidate->port,
			.weight = candidate->weight,
			.flags = candidate->flags,
			.id = SR_NO_ID,
		};

		if (!candidate->state.ready && !candidate->state.serving)
			continue;
		if (sr_service_add_endpoint(out, &new) < 0)
			return -ENOMEM;
	}
	return 0;
}

int sr_k8s_select_endpoints(const struct sr_k8s_view *view, const struct sr_k8s_self *self,
			    const struct sr_k8s_service *service, const struct sr_k8s_port *port,
			    struct sr_service *out)
{
	struct endpoints endpoints = {.service = service, .port = port, .family = out->family == 4 ? 0 : 1};
	const struct sr_k8s_backing **backings;
	const struct sr_k8s_pod **pods;
	size_t num;
	int r = 0;

	backings = sr_k8s_view_backings(view, service, &num);
	if (num) {
		r = endpoints_from_backings(&endpoints, backings, num);
	} else if (service->selector.num) {
		pods = sr_k8s_view_pods(view, service->meta.namespace, &num);
		r = endpoints_from_pods(&endpoints, pods, num);
	}

	endpoints_unique(&endpoints.found);
	if (service->from_map)
		sr_k8s_choose_all(&endpoints.found);
	else
		sr_k8s_choose_sets(&endpoints.found, self);
	if (r == 0)
		r = endpoints_emit(&endpoints.found, out);
	free(endpoints.found.item);
	return r;
}
