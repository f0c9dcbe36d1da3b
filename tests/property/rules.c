// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rules.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "host_ports.h"

/* An endpoint with what makes it eligible. */
struct eligible {
	struct rules_endpoint is;
	const struct cluster_endpoint *of;
	bool ready, serving, terminating, local;
};

struct choice {
	struct eligible item[RULES_ENDPOINTS];
	unsigned int num;
	bool by_node, by_zone;
};

/* --- which endpoints --------------------------------------------------------------------- */

static bool or_true(enum condition condition)
{
	return condition != CONDITION_FALSE;
}

static bool or_false(enum condition condition)
{
	return condition == CONDITION_TRUE;
}

static bool slice_counts(const struct cluster_slice *slice, int v6)
{
	return slice->type == (v6 ? ADDRESSES_V6 : ADDRESSES_V4) && !slice->is_headless && !slice->has_no_owner;
}

static void choice_add(struct choice *choice, const struct cluster *cluster, const struct cluster_endpoint *endpoint,
		       int v6, uint16_t port)
{
	choice->item[choice->num++] = (struct eligible){
		.is = {.addr = place_addr(endpoint->place, v6 ? 6 : 4), .port = port},
		.of = endpoint,
		.ready = or_true(endpoint->ready),
		.serving = or_true(endpoint->serving),
		.terminating = or_false(endpoint->terminating),
		.local = cluster->is_node && endpoint->node == CLUSTER_OUR_NODE,
	};
}

static void choice_collect(struct choice *choice, const struct cluster *cluster, const struct cluster_service *service,
			   unsigned int port, int v6)
{
	for (unsigned int i = 0; i < service->num_slices; i++) {
		const struct cluster_slice *slice = &service->slice[i];

		if (!slice_counts(slice, v6) || slice->lacks[port] || !slice->number[port])
			continue;
		for (unsigned int j = 0; j < slice->num_endpoints; j++)
			choice_add(choice, cluster, &slice->endpoint[j], v6, slice->number[port]);
	}
}

/* Hints count only if every ready endpoint has them and one of them means us. */
static void choice_hints(struct choice *choice, const struct cluster *cluster)
{
	bool all_nodes = true, all_zones = true, our_node = false, our_zone = false;

	for (unsigned int i = 0; i < choice->num; i++) {
		const struct cluster_endpoint *of = choice->item[i].of;

		if (!choice->item[i].ready)
			continue;
		all_nodes = all_nodes && of->for_nodes;
		all_zones = all_zones && of->for_zones;
		our_node = our_node || (of->for_nodes & 1u << CLUSTER_OUR_NODE);
		our_zone = our_zone || (of->for_zones & 1u << CLUSTER_OUR_ZONE);
	}
	choice->by_node = cluster->is_node && all_nodes && our_node;
	choice->by_zone = !choice->by_node && cluster->is_node && cluster->has_zone && all_zones && our_zone;
}

static bool choice_is_near(const struct choice *choice, const struct eligible *item)
{
	if (choice->by_node)
		return item->of->for_nodes & 1u << CLUSTER_OUR_NODE;
	if (choice->by_zone)
		return item->of->for_zones & 1u << CLUSTER_OUR_ZONE;
	return true;
}

static void choice_sets(struct choice *choice)
{
	bool any = false, any_local = false;
	unsigned int i;

	for (i = 0; i < choice->num; i++) {
		struct eligible *item = &choice->item[i];

		item->is.in_cluster = item->ready && choice_is_near(choice, item);
		item->is.in_local = item->ready && item->local;
		any = any || item->ready;
		any_local = any_local || item->is.in_local;
	}
	for (i = 0; i < choice->num; i++) {
		struct eligible *item = &choice->item[i];
		bool last_resort = item->serving && item->terminating;

		if (!any)
			item->is.in_cluster = last_resort;
		if (!any_local)
			item->is.in_local = last_resort && item->local;
	}
}

/* --- identity ---------------------------------------------------------------------------- */

uint64_t rules_identity(const struct rules_port *was, const struct rules_endpoint *endpoint)
{
	for (unsigned int i = 0; was->served && i < was->num_endpoints; i++) {
		if (sr_addr_compare(&was->endpoint[i].addr, &endpoint->addr) == 0 &&
		    was->endpoint[i].port == endpoint->port)
			return was->endpoint[i].identity;
	}
	return 0;
}

static void port_fill(struct rules *rules, struct rules_port *port, const struct choice *choice)
{
	struct rules_port was = *port;

	port->num_endpoints = 0;
	for (unsigned int i = 0; i < choice->num; i++) {
		struct rules_endpoint *new = &port->endpoint[port->num_endpoints];

		/* What neither is ready nor serves takes nothing and keeps nothing. */
		if (!choice->item[i].ready && !choice->item[i].serving)
			continue;
		*new = choice->item[i].is;
		new->identity = rules_identity(&was, new);
		if (!new->identity)
			new->identity = ++rules->last_identity;
		port->num_endpoints++;
	}
	port->served = true;
}

/* As it is asked; else where there may be another gateway beside this one. */
static bool service_agrees(const struct rules *rules, const struct cluster_service *service)
{
	if (service->maglev)
		return service->maglev == CONDITION_TRUE;
	return !rules->cluster.is_node && !service->passes &&
	       (service->externals || service->ingress == INGRESS_NIL || service->ingress == INGRESS_VIP);
}

static void rules_take_port(struct rules *rules, unsigned int index, unsigned int number, int v6)
{
	struct rules_port *port = &rules->port[index][number][v6];
	const struct cluster_service *service = &rules->cluster.service[index];
	struct choice choice = {};

	if (!service->exists || service->other_proxy || number >= service->num_ports || !service->family[v6]) {
		*port = (struct rules_port){};
		return;
	}
	if (port->served && port->proto != service->port[number].proto)
		*port = (struct rules_port){};
	port->proto = service->port[number].proto;
	port->number = service->port[number].number;
	port->node_port = service->type == SERVICE_CLUSTER_IP ? 0 : service->port[number].node_port;
	port->passes = service->passes;
	port->agrees = service_agrees(rules, service);
	port->service = service;
	choice_collect(&choice, &rules->cluster, service, number, v6);
	choice_hints(&choice, &rules->cluster);
	choice_sets(&choice);
	port_fill(rules, port, &choice);
}

void rules_take(struct rules *rules, const struct cluster *cluster)
{
	rules->cluster = *cluster;
	for (unsigned int i = 0; i < CLUSTER_SERVICES; i++) {
		for (unsigned int j = 0; j < CLUSTER_PORTS; j++) {
			rules_take_port(rules, i, j, 0);
			rules_take_port(rules, i, j, 1);
		}
	}
	host_ports_take(rules);
}

const struct rules_endpoint *rules_endpoint(const struct rules_port *port, uint64_t identity)
{
	for (unsigned int i = 0; port->served && i < port->num_endpoints; i++) {
		if (port->endpoint[i].identity == identity)
			return &port->endpoint[i];
	}
	return NULL;
}

/* --- whose address ----------------------------------------------------------------------- */

static bool is_equal(struct sr_addr a, const struct sr_addr *b)
{
	return sr_addr_compare(&a, b) == 0;
}

static enum rules_frontend frontend_kind(const struct rules_port *port, unsigned int index, int family,
					 const struct sr_addr *addr)
{
	const struct cluster_service *service = port->service;

	if (is_equal(cluster_ip(index, family), addr))
		return RULES_CLUSTER_IP;
	for (unsigned int i = 0; i < CLUSTER_EXTERNALS; i++) {
		if (service->externals & 1u << i && is_equal(cluster_external_ip(i, family), addr))
			return RULES_EXTERNAL_IP;
	}
	if ((service->ingress == INGRESS_NIL || service->ingress == INGRESS_VIP) &&
	    is_equal(cluster_ingress_ip(index, family), addr))
		return RULES_BALANCER;
	return RULES_NONE;
}

struct rules_port *rules_find(struct rules *rules, const struct sr_addr *addr, uint16_t number, uint8_t proto,
			      enum rules_frontend *kind)
{
	int v6 = !sr_addr_is_v4(addr);
	struct rules_port *host;

	for (unsigned int i = 0; i < CLUSTER_SERVICES * CLUSTER_PORTS; i++) {
		unsigned int index = i / CLUSTER_PORTS;
		struct rules_port *port = &rules->port[index][i % CLUSTER_PORTS][v6];

		if (!port->served || port->passes || port->proto != proto)
			continue;
		*kind = port->number == number ? frontend_kind(port, index, v6 ? 6 : 4, addr) : RULES_NONE;
		if (port->node_port == number && number && cluster_has[FEATURE_NODE_PORTS] && rules->cluster.is_node &&
		    is_equal(place_addr(PLACE_HOST, v6 ? 6 : 4), addr))
			*kind = RULES_NODE_PORT;
		if (*kind)
			return port;
	}
	host = host_ports_find(rules, addr, number, proto);
	*kind = host ? RULES_HOST_PORT : RULES_NONE;
	return host;
}

static bool is_cluster_ip(const struct rules *rules, const struct sr_addr *addr, bool or_passes)
{
	int v6 = !sr_addr_is_v4(addr);

	for (unsigned int i = 0; i < CLUSTER_SERVICES; i++) {
		const struct rules_port *port = &rules->port[i][0][v6];

		if (port->served && (or_passes || !port->passes) && is_equal(cluster_ip(i, v6 ? 6 : 4), addr))
			return true;
	}
	return false;
}

bool rules_is_cluster_ip(const struct rules *rules, const struct sr_addr *addr)
{
	return is_cluster_ip(rules, addr, false);
}

bool rules_is_unallocated(const struct rules *rules, const struct sr_addr *addr)
{
	struct sr_addr one = cluster_ip(0, sr_addr_is_v4(addr) ? 4 : 6);

	return rules->options->service_cidr && memcmp(addr, &one, sr_addr_is_v4(addr) ? 14 : 8) == 0 &&
	       !is_cluster_ip(rules, addr, true);
}

bool rules_is_pod(const struct rules *rules, const struct sr_addr *addr)
{
	static const uint8_t v4[14] = {[10] = 0xff, [11] = 0xff, [12] = 10, [13] = 244};
	static const uint8_t v6[8] = {0xfd, [3] = 10, [7] = 244};

	if (!rules->options->cluster_cidr)
		return false;
	return memcmp(addr, v4, sizeof(v4)) == 0 || memcmp(addr, v6, sizeof(v6)) == 0;
}

/* As cluster_range() has them: the host, the net around it, all pods. */
static bool range_has(unsigned int range, const struct sr_addr *addr)
{
	struct sr_addr client = place_addr(PLACE_CLIENT, sr_addr_is_v4(addr) ? 4 : 6);
	struct sr_addr pod = place_addr(PLACE_POD1, sr_addr_is_v4(addr) ? 4 : 6);

	if (range == 0)
		return is_equal(client, addr);
	if (sr_addr_is_v4(addr))
		return memcmp(addr, range == 1 ? &client : &pod, range == 1 ? 15 : 14) == 0;
	return memcmp(addr, range == 1 ? &client : &pod, range == 1 ? 12 : 8) == 0;
}

bool rules_is_listed(const struct rules_port *port, enum rules_frontend kind, const struct sr_addr *src)
{
	unsigned int ranges = port->service->ranges;
	bool v4 = sr_addr_is_v4(src);

	if (kind != RULES_BALANCER || !ranges)
		return true;
	if (ranges & 8 && v4)
		return true; /* a /0 is no filter */
	if (!v4 && !(ranges & 7))
		return true; /* no range of its family */
	for (unsigned int i = 0; i < 3; i++) {
		if (ranges & 1u << i && range_has(i, src))
			return true;
	}
	return false;
}

bool rules_is_local(const struct rules *rules, const struct rules_port *port, enum rules_frontend kind,
		    enum rules_caller caller, const struct sr_addr *src)
{
	/* A machine that is no node has no endpoints of its own to keep to. */
	if (!rules->cluster.is_node)
		return false;
	if (kind == RULES_CLUSTER_IP)
		return port->service->internal_local;
	return port->service->external_local && caller == CALLER_WIRE && !rules_is_pod(rules, src);
}
