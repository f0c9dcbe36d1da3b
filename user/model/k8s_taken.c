// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The addresses that the objects themselves bring, so that none is given out
 * a second time.
 */
#include "model/addr_set.h"
#include "model/k8s_objects.h"

static int taken_append(struct sr_addr_set *set, const struct sr_addr *addr, size_t num)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < num; i++)
		r = sr_addr_set_append(set, &addr[i]);
	return r;
}

static int taken_append_backing(struct sr_addr_set *set, const struct sr_k8s_backing *backing)
{
	size_t i, j;
	int r = 0;

	for (i = 0; i < backing->num_subsets; i++) {
		for (j = 0; r == 0 && j < backing->subset[i].num_endpoints; j++)
			r = sr_addr_set_append(set, &backing->subset[i].endpoint[j].addr);
	}
	return r;
}

int sr_k8s_collect_hosts(const struct sr_k8s_view *view, struct sr_addr_set *set)
{
	const struct sr_k8s *k8s = view->k8s;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < k8s->num_nodes; i++)
		r = taken_append(set, k8s->nodes[i].addrs.item, k8s->nodes[i].addrs.num);
	for (i = 0; r == 0 && i < view->num_pods; i++)
		r = taken_append(set, view->pods[i]->addr, SR_K8S_FAMILIES);
	for (i = 0; r == 0 && i < view->num_backings; i++)
		r = taken_append_backing(set, view->backings[i]);

	sr_addr_set_sort(set);
	return r;
}

int sr_k8s_collect_frontends(const struct sr_k8s_view *view, struct sr_addr_set *set)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < view->num_services; i++) {
		const struct sr_k8s_service *service = view->services[i];

		r = taken_append(set, service->cluster, SR_K8S_FAMILIES);
		if (r == 0)
			r = taken_append(set, service->chosen, SR_K8S_FAMILIES);
		if (r == 0)
			r = taken_append(set, service->external.item, service->external.num);
		if (r == 0)
			r = taken_append(set, service->ingress.item, service->ingress.num);
	}

	sr_addr_set_sort(set);
	return r;
}
