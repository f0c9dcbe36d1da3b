// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where a service's port is served in one family, and for whom.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "model/alloc.h"
#include "model/k8s_objects.h"

/* Where the frontends of one port are added. */
struct frontends {
	struct sr_service *out;
	const struct sr_k8s_service *service;
	const struct sr_k8s_port *port;
	unsigned int family;
};

static int frontends_put(const struct frontends *to, const struct sr_addr *addr, enum sr_frontend_kind kind,
			 uint16_t port, bool allocated)
{
	struct sr_frontend_spec spec = {
		.at = {.addr = *addr, .port = htons(port), .proto = to->port->proto},
		.kind = (uint8_t)(to->service->pass ? SR_FRONTEND_PASS : kind),
		.allocated = allocated,
	};

	return sr_service_add_frontend(to->out, &spec);
}

static int frontends_add(const struct frontends *to, const struct sr_addr *addr, enum sr_frontend_kind kind,
			 bool allocated)
{
	if (sr_addr_is_zero(addr) || sr_k8s_family(addr) != to->family)
		return 0;
	return frontends_put(to, addr, kind, to->port->port, allocated);
}

/* Before external IPs: of an address that is both, the source ranges hold. */
static int frontends_add_balancer(const struct frontends *to, const struct sr_alloc *alloc)
{
	const struct sr_k8s_addrs *ingress = &to->service->ingress;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < ingress->num; i++)
		r = frontends_add(to, &ingress->item[i], SR_FRONTEND_LOAD_BALANCER, false);
	if (r == 0)
		r = frontends_add(to, &alloc->balancer[to->family], SR_FRONTEND_LOAD_BALANCER,
				  !alloc->balancer_chosen[to->family]);
	return r;
}

static struct sr_addr frontends_any(unsigned int family)
{
	struct sr_addr any = {};

	if (family == 0)
		any.byte[10] = any.byte[11] = 0xff;
	return any;
}

/* And one at address 0, by which bind() finds that the number is taken. */
static int frontends_add_node_ports(const struct frontends *to, const struct sr_k8s_self *self)
{
	struct sr_addr any = frontends_any(to->family);
	bool served = false;
	size_t i;
	int r = 0;

	if (!to->service->node_ports || !to->port->node)
		return 0;

	for (i = 0; r == 0 && i < self->node_ports.num; i++) {
		const struct sr_addr *addr = &self->node_ports.item[i];

		if (sr_k8s_family(addr) != to->family)
			continue;
		served = true;
		r = frontends_put(to, addr, SR_FRONTEND_NODE_PORT, to->port->node, false);
	}
	if (r == 0 && served && !to->service->pass)
		r = frontends_put(to, &any, SR_FRONTEND_RESERVED, to->port->node, false);
	return r;
}

/* --- loadBalancerSourceRanges ------------------------------------------------- */

/* None of the family, or one that holds all of it: anybody may call. */
static bool sources_are_given(const struct sr_k8s_cidrs *ranges, unsigned int family)
{
	bool given = false;
	size_t i;

	for (i = 0; i < ranges->num; i++) {
		if (sr_k8s_family(&ranges->item[i].addr) != family)
			continue;
		if (ranges->item[i].bits == 0)
			return false;
		given = true;
	}
	return given;
}

/* Does one of the service's sources hold an address of the node? */
static bool sources_name_node(const struct sr_service *out, const struct sr_k8s_addrs *addrs)
{
	size_t i, j;

	for (i = 0; i < out->num_sources; i++) {
		for (j = 0; j < addrs->num; j++) {
			if (sr_cidr_contains(&out->sources[i], &addrs->item[j]))
				return true;
		}
	}
	return false;
}

/* A node that calls the address bears it as its source, if it is its own. */
static int sources_add_balancer(struct sr_service *out)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < out->num_frontends; i++) {
		struct sr_cidr whole = sr_cidr_of(&out->frontends[i].at.addr);

		if (out->frontends[i].kind == SR_FRONTEND_LOAD_BALANCER)
			r = sr_service_add_source(out, &whole);
	}
	return r;
}

static int frontends_add_sources(const struct frontends *to, const struct sr_k8s_self *self)
{
	const struct sr_k8s_cidrs *ranges = &to->service->ranges;
	size_t i;
	int r = 0;

	if (!to->service->balancer || !sources_are_given(ranges, to->family))
		return 0;

	to->out->flags |= SR_SERVICE_SOURCE_RANGES;
	for (i = 0; r == 0 && i < ranges->num; i++) {
		if (sr_k8s_family(&ranges->item[i].addr) == to->family)
			r = sr_service_add_source(to->out, &ranges->item[i]);
	}
	if (r == 0 && sources_name_node(to->out, &self->primary))
		r = sources_add_balancer(to->out);
	return r;
}

/* --- policies --------------------------------------------------------------------- */

static bool is_external(const struct sr_k8s_service *service)
{
	return service->node_ports || service->external.num;
}

/* A machine that is no node has no endpoints of its own: Local is Cluster there. */
static uint8_t frontends_policies(const struct sr_k8s_service *service, const struct sr_k8s_self *self)
{
	uint8_t flags = 0;

	if (!self->name)
		return 0;
	if (service->internal_local)
		flags |= SR_SERVICE_INTERNAL_LOCAL;
	if (service->external_local && is_external(service))
		flags |= SR_SERVICE_EXTERNAL_LOCAL;
	return flags;
}

static bool frontends_are_external(const struct sr_k8s_service *service, const struct sr_alloc *alloc)
{
	return service->external.num || service->ingress.num || !sr_addr_is_zero(&alloc->balancer[0]) ||
	       !sr_addr_is_zero(&alloc->balancer[1]);
}

/* Beside one gateway there may be another, to which flows move. */
static uint8_t frontends_choice(const struct sr_k8s_service *service, const struct sr_alloc *alloc,
				const struct sr_k8s_self *self)
{
	bool is_default = !self->name && !service->pass && frontends_are_external(service, alloc);

	if (service->maglev == SR_K8S_MAGLEV_DEFAULT ? is_default : service->maglev == SR_K8S_MAGLEV_YES)
		return SR_SERVICE_MAGLEV;
	return 0;
}

int sr_k8s_add_frontends(struct sr_service *out, const struct sr_k8s_service *service, const struct sr_k8s_port *port,
			 const struct sr_alloc *alloc, const struct sr_k8s_self *self)
{
	struct frontends to = {.out = out, .service = service, .port = port, .family = out->family == 4 ? 0 : 1};
	size_t i;
	int r;

	out->affinity = service->affinity;
	out->flags = frontends_policies(service, self) | frontends_choice(service, alloc, self);
	r = frontends_add(&to, &alloc->cluster[to.family], SR_FRONTEND_CLUSTER_IP,
			  sr_addr_is_zero(&service->cluster[to.family]));
	if (r == 0)
		r = frontends_add_balancer(&to, alloc);
	for (i = 0; r == 0 && i < service->external.num; i++)
		r = frontends_add(&to, &service->external.item[i], SR_FRONTEND_EXTERNAL_IP, false);
	if (r == 0)
		r = frontends_add_node_ports(&to, self);
	return r < 0 ? r : frontends_add_sources(&to, self);
}
