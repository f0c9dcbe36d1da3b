// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cluster.h"
#include "host_ports.h"

#include <netinet/in.h>
#include <string.h>

const bool cluster_has[NUM_FEATURES] = {
	[FEATURE_POLICIES] = true,     [FEATURE_HINTS] = true,	       [FEATURE_NODE_PORTS] = true,
	[FEATURE_BALANCERS] = true,    [FEATURE_SOURCE_RANGES] = true, [FEATURE_AFFINITY] = true,
	[FEATURE_NO_SUCH_PORT] = true, [FEATURE_MAGLEV] = true,	       [FEATURE_PASS] = true,
	[FEATURE_HOST_PORTS] = true,
};

static struct sr_addr cluster_numbered(uint8_t b, uint8_t c, uint8_t d, int family)
{
	struct sr_addr addr = {.byte = {[10] = 0xff, [11] = 0xff, [12] = 10, [13] = b, [14] = c, [15] = d}};

	if (family == 4)
		return addr;
	return (struct sr_addr){.byte = {0xfd, [3] = 10, [7] = b, [11] = c, [15] = d}};
}

struct sr_addr cluster_ip(unsigned int service, int family)
{
	return cluster_numbered(96, 0, 10 + service, family);
}

struct sr_addr cluster_ingress_ip(unsigned int service, int family)
{
	return cluster_numbered(98, 0, 20 + service, family);
}

struct sr_addr cluster_external_ip(unsigned int external, int family)
{
	return cluster_numbered(99, 0, 30 + external, family);
}

const char *cluster_range(unsigned int range, int family)
{
	static const char *const v4[CLUSTER_RANGES] = {"203.0.113.9/32", " 203.0.113.0/24", "10.244.0.0/16 ",
						       "0.0.0.0/0"};
	static const char *const v6[CLUSTER_RANGES] = {"fd00:cb::71:0:9/128", "fd00:cb:0:0:0:71::/96",
						       "fd00:a:0:f4::/64", "::/0"};

	return family == 4 ? v4[range] : v6[range];
}

static enum condition make_condition(struct random *random, unsigned int percent_nil, unsigned int percent_true)
{
	if (random_percent(random, percent_nil))
		return CONDITION_NIL;
	return random_percent(random, percent_true) ? CONDITION_TRUE : CONDITION_FALSE;
}

static int make_node(struct random *random, enum place place)
{
	bool is_ours = place <= PLACE_POD2 || place == PLACE_HOST;

	if (random_percent(random, 5))
		return 0;
	return is_ours ? CLUSTER_OUR_NODE : 2 + (int)random_below(random, CLUSTER_NODES - 1);
}

static void make_hints(struct cluster_endpoint *out, struct random *random)
{
	unsigned int kind = cluster_has[FEATURE_HINTS] ? random_below(random, 8) : 7;

	out->for_nodes = out->for_zones = 0;
	if (kind < 2)
		out->for_nodes = (1 + random_below(random, 7)) << 1;
	if (kind == 1 || kind == 2)
		out->for_zones = (1 + random_below(random, 3)) << 1;
}

static void make_conditions(struct cluster_endpoint *out, struct random *random)
{
	out->ready = make_condition(random, 30, 75);
	out->terminating = make_condition(random, 60, 50);
	out->serving = make_condition(random, 50, 75);
}

/* An endpoint may be named twice if exactly one of them terminates: only that has a rule. */
static bool make_is_unique(const struct cluster_service *service, const struct cluster_endpoint *new)
{
	unsigned int i, j, num = 0;

	for (i = 0; i < service->num_slices; i++) {
		for (j = 0; j < service->slice[i].num_endpoints; j++) {
			const struct cluster_endpoint *endpoint = &service->slice[i].endpoint[j];

			if (endpoint->place == new->place)
				num++;
		}
	}
	return num == 0;
}

static void make_endpoint(struct cluster_service *service, struct cluster_slice *slice, struct random *random)
{
	struct cluster_endpoint new = {.place = random_below(random, PLACE_CLIENT)};

	new.node = make_node(random, new.place);
	make_hints(&new, random);
	make_conditions(&new, random);
	if (slice->num_endpoints < CLUSTER_ENDPOINTS && make_is_unique(service, &new))
		slice->endpoint[slice->num_endpoints++] = new;
}

static void make_slice(struct cluster_service *service, struct random *random)
{
	struct cluster_slice *slice = &service->slice[service->num_slices++];
	unsigned int i, num = random_below(random, CLUSTER_ENDPOINTS);
	bool v6 = service->family[1] && (!service->family[0] || random_percent(random, 50));

	memset(slice, 0, sizeof(*slice));
	slice->type = v6 ? ADDRESSES_V6 : ADDRESSES_V4;
	if (random_percent(random, 5))
		slice->type = ADDRESSES_FQDN;
	slice->is_headless = random_percent(random, 3);
	slice->has_no_owner = random_percent(random, 3);
	for (i = 0; i < CLUSTER_PORTS; i++) {
		slice->number[i] = random_percent(random, 5) ? 0 : 8080 + random_below(random, 2);
		slice->lacks[i] = random_percent(random, 5);
	}
	for (i = 0; i < num; i++)
		make_endpoint(service, slice, random);
}

/* Numbers of node ports differ; a port's number and protocol do within a service. */
static void make_ports(struct cluster_service *service, unsigned int index, struct random *random)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_SCTP, IPPROTO_UDP};
	static const uint16_t numbers[] = {53, 80, 80};

	service->num_ports = 1 + random_below(random, CLUSTER_PORTS);
	for (unsigned int i = 0; i < service->num_ports; i++) {
		struct cluster_port *port = &service->port[i];

		port->number = numbers[i];
		port->proto = i == 2 ? IPPROTO_UDP : protos[random_below(random, i == 0 ? 3 : 2)];
		port->node_port = 30000 + 10 * index + (i == 2 ? 1 : i); /* 80/tcp and 80/udp share one */
	}
}

static void make_policies(struct cluster_service *service, struct random *random)
{
	static const unsigned int timeouts[] = {60, 600, 10800};

	service->internal_local = cluster_has[FEATURE_POLICIES] && random_percent(random, 25);
	service->external_local = cluster_has[FEATURE_POLICIES] && random_percent(random, 40);
	service->affinity =
		cluster_has[FEATURE_AFFINITY] && random_percent(random, 30) ? timeouts[random_below(random, 3)] : 0;
}

/* The k-th shared address is for the services that share no port with its owner: here one each. */
static void make_addresses(struct cluster_service *service, unsigned int index, struct random *random)
{
	if (cluster_has[FEATURE_NODE_PORTS] || cluster_has[FEATURE_BALANCERS])
		service->type = random_below(random, 3);
	if (index < CLUSTER_EXTERNALS && random_percent(random, 50))
		service->externals = 1u << index;
	if (service->type == SERVICE_LOAD_BALANCER && cluster_has[FEATURE_BALANCERS])
		service->ingress = random_below(random, 5);
	if (cluster_has[FEATURE_SOURCE_RANGES] && random_percent(random, 40))
		service->ranges = random_below(random, 1 << CLUSTER_RANGES);
}

static void make_service(struct cluster *cluster, unsigned int index, struct random *random)
{
	struct cluster_service *service = &cluster->service[index];
	unsigned int i, stack = random_below(random, 4), num;

	memset(service, 0, sizeof(*service));
	service->exists = true;
	service->family[0] = stack != 0;
	service->family[1] = stack != 1;
	service->v6_first = random_percent(random, 50);
	service->other_proxy = random_percent(random, 4);
	service->passes = cluster_has[FEATURE_PASS] && random_percent(random, 5);
	service->maglev = cluster_has[FEATURE_MAGLEV] ? random_below(random, 3) : CONDITION_FALSE;
	make_addresses(service, index, random);
	make_policies(service, random);
	make_ports(service, index, random);
	num = random_below(random, CLUSTER_SLICES + 1);
	for (i = 0; i < num; i++)
		make_slice(service, random);
}

void cluster_make(struct cluster *out, struct random *random)
{
	unsigned int num = 1 + random_below(random, CLUSTER_SERVICES);

	memset(out, 0, sizeof(*out));
	out->is_node = random_percent(random, 90);
	out->has_zone = random_percent(random, 80);
	for (unsigned int i = 0; i < num; i++)
		make_service(out, i, random);
	for (unsigned int i = 0; i < CLUSTER_HOST_PORTS; i++)
		host_port_make(&out->host_port[i], i, random);
}

/* --- change ------------------------------------------------------------------------------ */

static void change_endpoints(struct cluster_service *service, struct cluster_slice *slice, struct random *random)
{
	unsigned int i = random_below(random, slice->num_endpoints + 1);

	if (i == slice->num_endpoints) {
		make_endpoint(service, slice, random);
		return;
	}
	switch (random_below(random, 4)) {
	case 0:
		slice->endpoint[i] = slice->endpoint[--slice->num_endpoints];
		break;
	case 1:
		make_hints(&slice->endpoint[i], random);
		break;
	case 2: /* it begins to terminate */
		slice->endpoint[i].ready = CONDITION_FALSE;
		slice->endpoint[i].serving = slice->endpoint[i].terminating = CONDITION_TRUE;
		break;
	default:
		make_conditions(&slice->endpoint[i], random);
	}
}

static void change_slices(struct cluster_service *service, struct random *random)
{
	unsigned int i = random_below(random, CLUSTER_SLICES);

	if (i >= service->num_slices)
		make_slice(service, random);
	else if (random_percent(random, 15))
		service->slice[i] = service->slice[--service->num_slices];
	else if (random_percent(random, 10))
		service->slice[i].number[random_below(random, CLUSTER_PORTS)] ^= 1;
	else
		change_endpoints(service, &service->slice[i], random);
}

void cluster_change(struct cluster *cluster, struct random *random)
{
	unsigned int i = random_below(random, CLUSTER_SERVICES);
	struct cluster_service *service = &cluster->service[i];

	if (i < CLUSTER_HOST_PORTS && random_percent(random, 10))
		host_port_make(&cluster->host_port[i], i, random);
	else if (!service->exists)
		make_service(cluster, i, random);
	else if (random_percent(random, 8))
		service->exists = false;
	else if (random_percent(random, 5))
		service->other_proxy = !service->other_proxy;
	else if (cluster_has[FEATURE_PASS] && random_percent(random, 4))
		service->passes = !service->passes;
	else if (cluster_has[FEATURE_MAGLEV] && random_percent(random, 5))
		service->maglev = random_below(random, 3);
	else if (random_percent(random, 10))
		make_policies(service, random);
	else if (random_percent(random, 5))
		service->externals = 0;
	else
		change_slices(service, random);
}
