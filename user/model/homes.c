// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/homes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/k8s_objects.h"

static int home_compare(const void *a, const void *b)
{
	const struct sr_home *x = a, *y = b;

	return sr_addr_compare(&x->addr, &y->addr);
}

/* The address of another node, or NULL. */
static const struct sr_addr *home_node(const struct sr_k8s *k8s, const char *self, const char *name,
				       unsigned int family)
{
	if (!name || (self && strcmp(name, self) == 0))
		return NULL;
	for (size_t i = k8s->num_nodes; i > 0; i--) {
		const struct sr_k8s_node *node = &k8s->nodes[i - 1];

		if (strcmp(node->meta.name, name) == 0)
			return sr_addr_is_zero(&node->internal[family]) ? NULL : &node->internal[family];
	}
	return NULL;
}

int sr_homes_add(struct sr_homes *homes, const struct sr_addr *addr, const struct sr_addr *node)
{
	struct sr_home *new = sr_array_add(&homes->item, &homes->num, sizeof(*new));

	if (!new)
		return -ENOMEM;
	*new = (struct sr_home){.addr = *addr, .node = *node};
	return 0;
}

static int home_add_known(struct sr_homes *homes, const struct sr_addr *addr, const struct sr_addr *node)
{
	return !node || sr_addr_is_zero(addr) ? 0 : sr_homes_add(homes, addr, node);
}

static int homes_of_backing(struct sr_homes *homes, const struct sr_k8s *k8s, const char *self,
			    const struct sr_k8s_backing *backing)
{
	int r = 0;

	for (size_t i = 0; i < backing->num_subsets; i++) {
		const struct sr_k8s_subset *subset = &backing->subset[i];

		for (size_t j = 0; r == 0 && j < subset->num_endpoints; j++) {
			const struct sr_k8s_endpoint *endpoint = &subset->endpoint[j];

			r = home_add_known(homes, &endpoint->addr,
					   home_node(k8s, self, endpoint->node, sr_k8s_family(&endpoint->addr)));
		}
	}
	return r;
}

static int homes_of_pod(struct sr_homes *homes, const struct sr_k8s *k8s, const char *self,
			const struct sr_k8s_pod *pod)
{
	int r = 0;

	for (unsigned int family = 0; r == 0 && !pod->finished && family < SR_K8S_FAMILIES; family++)
		r = home_add_known(homes, &pod->addr[family], home_node(k8s, self, pod->node, family));
	return r;
}

void sr_homes_sort(struct sr_homes *homes)
{
	size_t kept = 0;

	if (homes->num)
		qsort(homes->item, homes->num, sizeof(*homes->item), home_compare);
	for (size_t i = 0; i < homes->num; i++)
		if (!kept || home_compare(&homes->item[kept - 1], &homes->item[i]) != 0)
			homes->item[kept++] = homes->item[i];
	homes->num = kept;
}

int sr_homes_make(struct sr_homes *out, const struct sr_k8s *k8s, const char *self)
{
	struct sr_homes homes = {};
	int r = 0;

	for (size_t i = 0; r == 0 && i < k8s->num_backings; i++)
		r = homes_of_backing(&homes, k8s, self, &k8s->backings[i]);
	for (size_t i = 0; r == 0 && i < k8s->num_pods; i++)
		r = homes_of_pod(&homes, k8s, self, &k8s->pods[i]);
	if (r < 0) {
		sr_homes_clear(&homes);
		return r;
	}
	sr_homes_sort(&homes);
	*out = homes;
	return 0;
}

const struct sr_home *sr_homes_find(const struct sr_homes *homes, const struct sr_addr *addr)
{
	const struct sr_home key = {.addr = *addr};

	return homes->num ? bsearch(&key, homes->item, homes->num, sizeof(key), home_compare) : NULL;
}

static bool home_is_called(const struct sr_service *service)
{
	for (size_t i = 0; i < service->num_frontends; i++)
		if (service->frontends[i].kind == SR_FRONTEND_EXTERNAL_IP ||
		    service->frontends[i].kind == SR_FRONTEND_LOAD_BALANCER)
			return true;
	return false;
}

size_t sr_homes_missing(const struct sr_homes *homes, const struct sr_services *services)
{
	size_t num = 0;

	for (size_t i = 0; i < services->num; i++) {
		const struct sr_service *service = &services->item[i];

		for (size_t j = 0; home_is_called(service) && j < service->num_endpoints; j++)
			num += !(service->endpoints[j].flags & SR_BACKEND_ON_NODE) &&
			       !sr_homes_find(homes, &service->endpoints[j].addr);
	}
	return num;
}

void sr_homes_clear(struct sr_homes *homes)
{
	free(homes->item);
	*homes = (struct sr_homes){};
}
