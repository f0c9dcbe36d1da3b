// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Choosing: first everybody who has a good lease keeps it; then the others, in
 * the order of their names, probe from a place that only their name decides.
 */
#include "model/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/pool.h"

/* One address of one family that a service is to get from a pool. */
struct alloc_request {
	const struct sr_k8s_service *service;
	struct sr_pool pool;
	struct sr_addr *out;
};

struct alloc {
	const struct sr_k8s_view *view;
	const struct sr_k8s_options *options;
	struct sr_leases *leases;
	struct sr_notes *notes;
	struct sr_addr_set hosts;    /* sr_k8s_collect_hosts() */
	struct sr_addr_set taken;    /* those, and the services' */
	struct sr_addr_set reserved; /* leases of services that are gone */
	struct alloc_request *request;
	size_t num_requests;
};

/* FNV-1a: the same on every machine and in every run. */
static uint64_t alloc_hash(const struct sr_k8s_meta *meta)
{
	const char *parts[] = {meta->namespace, "/", meta->name};
	uint64_t hash = 14695981039346656037ull;
	size_t i, j;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (j = 0; parts[i][j]; j++)
			hash = (hash ^ (uint8_t)parts[i][j]) * 1099511628211ull;
	}
	return hash ^ hash >> 32;
}

static struct sr_pool alloc_pool(const struct alloc *alloc, const char *subnet, unsigned int family)
{
	return (struct sr_pool){
		.options = alloc->options,
		.name = subnet ? subnet : SR_POOL_SERVICES,
		.is_subnet = subnet != NULL,
		.family = family ? 6 : 4,
	};
}

/* --- what is wanted ---------------------------------------------------------- */

static int alloc_add_request(struct alloc *alloc, const struct alloc_request *request)
{
	struct alloc_request *new = sr_array_add(&alloc->request, &alloc->num_requests, sizeof(*new));

	if (!new)
		return -ENOMEM;
	*new = *request;
	return 0;
}

static bool alloc_is_routed(const struct sr_k8s_service *service)
{
	return !service->external_name && !service->headless && !service->other_proxy;
}

static bool alloc_has_cluster_ip(const struct sr_k8s_service *service)
{
	return !sr_addr_is_zero(&service->cluster[0]) || !sr_addr_is_zero(&service->cluster[1]);
}

/* Objects of a cluster, and those we exported, have had their addresses decided. */
static bool alloc_is_ours(const struct sr_k8s_service *service)
{
	return alloc_is_routed(service) && !service->meta.from_cluster && !service->exported;
}

static bool alloc_wants_family(const struct alloc *alloc, const struct sr_k8s_service *service, unsigned int family)
{
	if (service->policy != SR_K8S_SINGLE_STACK || service->families[family])
		return true;
	if (service->families[0] || service->families[1])
		return false;
	return sr_k8s_family(&alloc->options->service_cidrs[0].addr) == family;
}

static int alloc_want_cluster_ips(struct alloc *alloc, const struct sr_k8s_service *service, struct sr_alloc *out)
{
	const struct sr_k8s_meta *meta = &service->meta;
	unsigned int family;
	int r = 0;

	if (!alloc->options->num_service_cidrs)
		return sr_notes_add(alloc->notes,
				    "%s/%s: skipped: no ClusterIP, and no --service-cidr to take one from",
				    meta->namespace, meta->name);

	for (family = 0; r == 0 && family < SR_K8S_FAMILIES; family++) {
		struct alloc_request request = {
			.service = service,
			.pool = alloc_pool(alloc, NULL, family),
			.out = &out->cluster[family],
		};

		if (!alloc_wants_family(alloc, service, family))
			continue;
		if (!sr_pool_is_empty(&request.pool))
			r = alloc_add_request(alloc, &request);
		else if (service->families[family] || service->policy == SR_K8S_REQUIRE_DUAL_STACK)
			r = sr_notes_add(alloc->notes, "%s/%s: no IPv%s ClusterIP: no --service-cidr of that family",
					 meta->namespace, meta->name, family ? "6" : "4");
	}
	return r;
}

/* Will the service have a ClusterIP of the family, given or allocated? */
static bool alloc_serves_family(const struct alloc *alloc, const struct sr_k8s_service *service, unsigned int family)
{
	const struct alloc_request *last = alloc->num_requests ? &alloc->request[alloc->num_requests - 1] : NULL;
	size_t i;

	if (!sr_addr_is_zero(&service->cluster[family]))
		return true;
	for (i = 0; last && i < SR_K8S_FAMILIES && i < alloc->num_requests; i++) {
		if (last[-(ptrdiff_t)i].service == service && last[-(ptrdiff_t)i].pool.family == (family ? 6 : 4))
			return true;
	}
	return false;
}

/* The address that the manifest asks for. `pool` NULL: it may be any. */
static int alloc_take_chosen(struct alloc *alloc, const struct sr_k8s_service *service, const struct sr_pool *pool,
			     const struct sr_addr *chosen, struct sr_alloc *out)
{
	unsigned int family = sr_k8s_family(chosen);
	char text[SR_ADDR_TEXT];

	sr_addr_format(text, chosen);
	if (pool && !sr_pool_contains(pool, chosen))
		return sr_notes_add(alloc->notes,
				    "%s/%s: no load-balancer address: %s, as it asks for, is not in --subnet %s",
				    service->meta.namespace, service->meta.name, text, pool->name);
	if (sr_addr_set_has(&alloc->hosts, chosen))
		return sr_notes_add(alloc->notes,
				    "%s/%s: no load-balancer address: %s, as it asks for, is a pod's or a node's",
				    service->meta.namespace, service->meta.name, text);

	out->balancer[family] = *chosen;
	out->balancer_chosen[family] = true;
	return 0;
}

static bool alloc_knows_subnet(const struct alloc *alloc, const char *name)
{
	size_t i;

	for (i = 0; i < alloc->options->num_subnets; i++) {
		if (strcmp(alloc->options->subnets[i].name, name) == 0)
			return true;
	}
	return false;
}

static int alloc_want_balancer(struct alloc *alloc, const struct sr_k8s_service *service, struct sr_alloc *out)
{
	bool known = service->subnet && alloc_knows_subnet(alloc, service->subnet);
	bool family_served[SR_K8S_FAMILIES];
	bool chosen = !sr_addr_is_zero(&service->chosen[0]) || !sr_addr_is_zero(&service->chosen[1]);
	unsigned int family;
	int r = 0;

	if (!service->subnet && !chosen)
		return sr_notes_add(alloc->notes, "%s/%s: no load-balancer address: it names neither one nor a subnet",
				    service->meta.namespace, service->meta.name);
	if (service->subnet && !known && !chosen)
		return sr_notes_add(alloc->notes, "%s/%s: no load-balancer address: no --subnet %s=CIDR is given",
				    service->meta.namespace, service->meta.name, service->subnet);

	for (family = 0; family < SR_K8S_FAMILIES; family++)
		family_served[family] = alloc_serves_family(alloc, service, family);
	for (family = 0; r == 0 && family < SR_K8S_FAMILIES; family++) {
		struct alloc_request request = {
			.service = service,
			.pool = alloc_pool(alloc, service->subnet, family),
			.out = &out->balancer[family],
		};

		if (!family_served[family])
			continue;
		if (!sr_addr_is_zero(&service->chosen[family]))
			r = alloc_take_chosen(alloc, service, known ? &request.pool : NULL, &service->chosen[family],
					      out);
		else if (known && !sr_pool_is_empty(&request.pool))
			r = alloc_add_request(alloc, &request);
	}
	return r;
}

static int alloc_collect_requests(struct alloc *alloc, struct sr_alloc *out)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < alloc->view->num_services; i++) {
		const struct sr_k8s_service *service = alloc->view->services[i];

		memcpy(out[i].cluster, service->cluster, sizeof(out[i].cluster));
		if (!alloc_is_ours(service))
			continue;
		if (!alloc_has_cluster_ip(service))
			r = alloc_want_cluster_ips(alloc, service, &out[i]);
		if (r == 0 && service->balancer)
			r = alloc_want_balancer(alloc, service, &out[i]);
	}
	return r;
}

/* --- leases --------------------------------------------------------------------- */

static int alloc_compare_lease(const struct alloc_request *request, const struct sr_lease *lease)
{
	int diff = strcmp(request->service->meta.namespace, lease->namespace);

	if (!diff)
		diff = strcmp(request->service->meta.name, lease->name);
	if (!diff)
		diff = strcmp(request->pool.name, lease->pool);
	return diff ? diff : (int)request->pool.family - (int)sr_addr_family(&lease->addr);
}

static int alloc_compare_requests(const void *a, const void *b)
{
	const struct alloc_request *x = a, *y = b;
	int diff = strcmp(x->service->meta.namespace, y->service->meta.namespace);

	if (!diff)
		diff = strcmp(x->service->meta.name, y->service->meta.name);
	if (!diff)
		diff = strcmp(x->pool.name, y->pool.name);
	return diff ? diff : (int)x->pool.family - (int)y->pool.family;
}

static int alloc_compare_key(const void *lease, const void *request)
{
	return -alloc_compare_lease(request, lease);
}

static struct alloc_request *alloc_find_request(const struct alloc *alloc, const struct sr_lease *lease)
{
	if (!alloc->num_requests)
		return NULL;
	return bsearch(lease, alloc->request, alloc->num_requests, sizeof(*alloc->request), alloc_compare_key);
}

/*
 * Give every service the address it had. A lease that is no longer good, since
 * its address left the pool or is somebody else's, is dropped; one whose
 * service is not there is kept for its return.
 */
static int alloc_renew(struct alloc *alloc)
{
	size_t i = 0;
	int r = 0;

	while (r == 0 && i < alloc->leases->num) {
		const struct sr_lease *lease = &alloc->leases->item[i];
		struct alloc_request *request = alloc_find_request(alloc, lease);

		if (!request) {
			r = sr_addr_set_add(&alloc->reserved, &lease->addr);
			i++;
		} else if (sr_addr_is_zero(request->out) && sr_pool_may_give(&request->pool, &lease->addr) &&
			   !sr_addr_set_has(&alloc->taken, &lease->addr)) {
			*request->out = lease->addr;
			r = sr_addr_set_add(&alloc->taken, &lease->addr);
			i++;
		} else {
			sr_leases_remove(alloc->leases, i);
		}
	}
	return r;
}

/* --- choosing --------------------------------------------------------------------- */

/* Only a full pool takes from those that are gone. */
static bool alloc_find(const struct alloc *alloc, const struct alloc_request *request, struct sr_addr *out)
{
	uint64_t hash = alloc_hash(&request->service->meta);

	return sr_pool_find(&request->pool, hash, &alloc->taken, &alloc->reserved, out) ||
	       sr_pool_find(&request->pool, hash, &alloc->taken, NULL, out);
}

/* The address is another's now: whoever had it will get a new one. */
static void alloc_revoke(struct alloc *alloc, const struct sr_addr *addr)
{
	size_t i;

	if (!sr_addr_set_has(&alloc->reserved, addr))
		return;

	sr_addr_set_remove(&alloc->reserved, addr);
	for (i = alloc->leases->num; i > 0; i--) {
		if (sr_addr_compare(&alloc->leases->item[i - 1].addr, addr) == 0)
			sr_leases_remove(alloc->leases, i - 1);
	}
}

static int alloc_choose(struct alloc *alloc, const struct alloc_request *request)
{
	const struct sr_k8s_meta *meta = &request->service->meta;
	struct sr_addr addr;

	if (!alloc_find(alloc, request, &addr))
		return sr_notes_add(alloc->notes, "%s/%s: no IPv%u address is free in %s%s", meta->namespace,
				    meta->name, request->pool.family, request->pool.is_subnet ? "--subnet " : "--",
				    request->pool.name);

	alloc_revoke(alloc, &addr);
	*request->out = addr;
	if (sr_addr_set_add(&alloc->taken, &addr) < 0)
		return -ENOMEM;
	return sr_leases_add(alloc->leases, meta->namespace, meta->name, request->pool.name, &addr);
}

/* What `map add` programmed stays: its addresses are not free. */
static int alloc_avoid_programmed(struct alloc *alloc)
{
	const struct sr_services *services = alloc->options->programmed;
	size_t i, j;
	int r = 0;

	for (i = 0; services && i < services->num; i++) {
		const struct sr_service *service = &services->item[i];

		if (!sr_service_is_from_map(service))
			continue;
		for (j = 0; r == 0 && j < service->num_frontends; j++)
			r = sr_addr_set_add(&alloc->taken, &service->frontends[j].at.addr);
		for (j = 0; r == 0 && j < service->num_endpoints; j++)
			r = sr_addr_set_add(&alloc->taken, &service->endpoints[j].addr);
	}
	return r;
}

static int alloc_collect_taken(struct alloc *alloc)
{
	int r = sr_k8s_collect_hosts(alloc->view, &alloc->hosts);

	if (r == 0)
		r = sr_k8s_collect_hosts(alloc->view, &alloc->taken);
	if (r == 0)
		r = sr_k8s_collect_frontends(alloc->view, &alloc->taken);
	return r < 0 ? r : alloc_avoid_programmed(alloc);
}

static bool alloc_may_give(const struct alloc *alloc)
{
	size_t i;

	for (i = 0; i < alloc->view->num_services; i++) {
		if (alloc_is_ours(alloc->view->services[i]))
			return true;
	}
	return false;
}

/* Of a cluster's own services there is nothing to decide, nor a hundred thousand endpoints to avoid. */
static int alloc_run(struct alloc *alloc, struct sr_alloc *out)
{
	size_t i;
	int r;

	r = alloc_may_give(alloc) ? alloc_collect_taken(alloc) : 0;
	if (r == 0)
		r = alloc_collect_requests(alloc, out);
	if (r < 0)
		return r;

	if (alloc->num_requests)
		qsort(alloc->request, alloc->num_requests, sizeof(*alloc->request), alloc_compare_requests);
	r = alloc_renew(alloc);
	for (i = 0; r == 0 && i < alloc->num_requests; i++) {
		if (sr_addr_is_zero(alloc->request[i].out))
			r = alloc_choose(alloc, &alloc->request[i]);
	}
	return r;
}

int sr_alloc_make(struct sr_alloc *out, const struct sr_k8s_view *view, const struct sr_k8s_options *options,
		  struct sr_leases *leases, struct sr_notes *notes)
{
	struct alloc alloc = {.view = view, .options = options, .leases = leases, .notes = notes};
	int r;

	r = alloc_run(&alloc, out);
	sr_addr_set_clear(&alloc.hosts);
	sr_addr_set_clear(&alloc.taken);
	sr_addr_set_clear(&alloc.reserved);
	free(alloc.request);
	return r;
}
