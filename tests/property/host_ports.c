// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "host_ports.h"

#include <netinet/in.h>
#include <string.h>

struct sr_addr host_port_addr(unsigned int at, int family)
{
	return at == 0 ? place_addr(PLACE_HOST, family) : place_node_address(DEVICE_ETH1, family);
}

/* Each has a number of its own: two pods of a node never share one. */
void host_port_make(struct cluster_host_port *out, unsigned int index, struct random *random)
{
	static const enum place pods[] = {PLACE_POD1, PLACE_POD1B, PLACE_POD2};
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};

	*out = (struct cluster_host_port){
		.exists = cluster_has[FEATURE_HOST_PORTS] && random_percent(random, 60),
		.pod = pods[random_below(random, 3)],
		.proto = protos[random_below(random, 3)],
		.number = 9080 + index,
		.pod_number = 8080 + random_below(random, 2),
		.at = random_below(random, HOST_PORT_ANY + 1),
	};
}

static json_t *text_of(struct sr_addr addr)
{
	char text[SR_ADDR_TEXT];

	return json_string(sr_addr_format(text, &addr));
}

/* A hostIP is of one family: the second port is for the other. */
static json_t *manifest_ports(const struct cluster_host_port *port)
{
	json_t *list = json_array();

	for (int family = 4; family <= 6; family += 2) {
		json_t *item = json_pack("{s:i, s:i, s:s}", "containerPort", port->pod_number, "hostPort", port->number,
					 "protocol", manifest_proto(port->proto));

		if (port->at != HOST_PORT_ANY)
			json_object_set_new(item, "hostIP", text_of(host_port_addr(port->at, family)));
		json_array_append_new(list, item);
	}
	return list;
}

json_t *host_port_manifest(const struct cluster_host_port *port, unsigned int index)
{
	char name[16];

	snprintf(name, sizeof(name), "pod%u", index);
	return json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s, s:[{s:s, s:o}]}, s:{s:s, s:o, s:[{s:o}, {s:o}]}}",
			 "apiVersion", "v1", "kind", "Pod", "metadata", "name", name, "namespace", "test", "spec",
			 "nodeName", "n1", "containers", "name", "c", "ports", manifest_ports(port), "status", "phase",
			 "Running", "podIP", text_of(place_addr(port->pod, 4)), "podIPs", "ip",
			 text_of(place_addr(port->pod, 4)), "ip", text_of(place_addr(port->pod, 6)));
}

static void host_port_take(struct rules *rules, struct rules_port *out, const struct cluster_host_port *port,
			   int family)
{
	/* No policy, no affinity, no source ranges. */
	static const struct cluster_service plain = {.exists = true};
	struct rules_endpoint endpoint = {
		.addr = place_addr(port->pod, family),
		.port = port->pod_number,
		.in_cluster = true,
		.in_local = true,
	};
	struct rules_port was = *out;

	*out = (struct rules_port){.proto = port->proto, .number = port->number, .at = port->at, .service = &plain};
	if (!port->exists || !rules->cluster.is_node)
		return;
	endpoint.identity = was.proto == port->proto && was.at == port->at ? rules_identity(&was, &endpoint) : 0;
	if (!endpoint.identity)
		endpoint.identity = ++rules->last_identity;
	out->endpoint[0] = endpoint;
	out->num_endpoints = 1;
	out->served = true;
}

void host_ports_take(struct rules *rules)
{
	for (unsigned int i = 0; i < CLUSTER_HOST_PORTS; i++) {
		host_port_take(rules, &rules->host_port[i][0], &rules->cluster.host_port[i], 4);
		host_port_take(rules, &rules->host_port[i][1], &rules->cluster.host_port[i], 6);
	}
}

static bool is_at(const struct cluster_host_port *port, const struct sr_addr *addr)
{
	for (unsigned int i = 0; i < HOST_PORT_ANY; i++) {
		struct sr_addr own = host_port_addr(i, sr_addr_is_v4(addr) ? 4 : 6);

		if ((port->at == i || port->at == HOST_PORT_ANY) && sr_addr_compare(&own, addr) == 0)
			return true;
	}
	return false;
}

struct rules_port *host_ports_find(struct rules *rules, const struct sr_addr *addr, uint16_t number, uint8_t proto)
{
	for (unsigned int i = 0; i < CLUSTER_HOST_PORTS; i++) {
		struct rules_port *port = &rules->host_port[i][!sr_addr_is_v4(addr)];

		if (port->served && port->number == number && port->proto == proto &&
		    is_at(&rules->cluster.host_port[i], addr))
			return port;
	}
	return NULL;
}
