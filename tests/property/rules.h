/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The model of SEMANTICS, first half: what a cluster means. Which addresses are
 * whose, and among which endpoints a caller's service chooses.
 */
#ifndef TESTS_PROPERTY_RULES_H
#define TESTS_PROPERTY_RULES_H

#include "cluster.h"

#define RULES_ENDPOINTS (CLUSTER_SLICES * CLUSTER_ENDPOINTS)

/* As long as an endpoint serves, it is the same one; when it comes back it is another. */
struct rules_endpoint {
	struct sr_addr addr;
	uint16_t port;
	uint64_t identity;
	bool in_cluster, in_local;
};

/* A port of a service in one family. */
struct rules_port {
	bool served;
	bool passes;	 /* to the host */
	bool agrees;	 /* the choice is consistent */
	unsigned int at; /* of a host port: where */
	uint8_t proto;
	uint16_t number, node_port;
	const struct cluster_service *service;
	struct rules_endpoint endpoint[RULES_ENDPOINTS];
	unsigned int num_endpoints;
};

struct rules {
	const struct cluster_options *options;
	struct cluster cluster;
	struct rules_port port[CLUSTER_SERVICES][CLUSTER_PORTS][2];
	struct rules_port host_port[CLUSTER_HOST_PORTS][2];
	uint64_t last_identity;
};

/* What kind of address a service was called by. */
enum rules_frontend {
	RULES_NONE,
	RULES_CLUSTER_IP,
	RULES_NODE_PORT,
	RULES_EXTERNAL_IP,
	RULES_BALANCER,
	RULES_HOST_PORT,
};

/* Who calls. */
enum rules_caller {
	CALLER_POD,  /* by a pod's device of this node */
	CALLER_WIRE, /* by an uplink */
	CALLER_HOST, /* this host itself */
};

/* The cluster has become another: endpoints that stay keep their identity. */
void rules_take(struct rules *rules, const struct cluster *cluster);
/* The service port that an address and port belongs to; NULL: none. */
struct rules_port *rules_find(struct rules *rules, const struct sr_addr *addr, uint16_t port, uint8_t proto,
			      enum rules_frontend *kind);
/* Is it a service's ClusterIP, of any port? */
bool rules_is_cluster_ip(const struct rules *rules, const struct sr_addr *addr);
/* Is it where ClusterIPs come from, and no service's? */
bool rules_is_unallocated(const struct rules *rules, const struct sr_addr *addr);
/* Is it a pod's address, as far as we were told? */
bool rules_is_pod(const struct rules *rules, const struct sr_addr *addr);
bool rules_is_listed(const struct rules_port *port, enum rules_frontend kind, const struct sr_addr *src);
/* Does policy Local hold for this caller? */
bool rules_is_local(const struct rules *rules, const struct rules_port *port, enum rules_frontend kind,
		    enum rules_caller caller, const struct sr_addr *src);
/* The endpoint's identity in what the port was; 0: it was not there. */
uint64_t rules_identity(const struct rules_port *was, const struct rules_endpoint *endpoint);
/* The endpoint with an identity, NULL: it is gone. */
const struct rules_endpoint *rules_endpoint(const struct rules_port *port, uint64_t identity);

#endif
