/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A random cluster, in the words of Kubernetes: its Services, EndpointSlices
 * and this node. Small, so that addresses and ports meet one another often.
 */
#ifndef TESTS_PROPERTY_CLUSTER_H
#define TESTS_PROPERTY_CLUSTER_H

#include <jansson.h>

#include "place.h"
#include "random.h"

#define CLUSTER_SERVICES   6
#define CLUSTER_PORTS	   3
#define CLUSTER_SLICES	   3 /* of a service */
#define CLUSTER_ENDPOINTS  5 /* of a slice */
#define CLUSTER_EXTERNALS  4 /* addresses that services share */
#define CLUSTER_RANGES	   4
#define CLUSTER_HOST_PORTS 3

/* Zones and nodes are numbers; 0 is none. */
#define CLUSTER_OUR_NODE 1
#define CLUSTER_NODES	 3
#define CLUSTER_OUR_ZONE 1
#define CLUSTER_ZONES	 2

enum condition {
	CONDITION_NIL,
	CONDITION_FALSE,
	CONDITION_TRUE,
};

struct cluster_endpoint {
	enum place place;
	enum condition ready, serving, terminating;
	int node;			   /* 0: no nodeName */
	unsigned int for_nodes, for_zones; /* bits 1 << number */
};

enum address_type {
	ADDRESSES_V4,
	ADDRESSES_V6,
	ADDRESSES_FQDN,
};

struct cluster_slice {
	enum address_type type;
	bool is_headless;		/* it bears the label */
	bool has_no_owner;		/* no label service-name */
	uint16_t number[CLUSTER_PORTS]; /* by port of the service; 0: nil */
	bool lacks[CLUSTER_PORTS];
	struct cluster_endpoint endpoint[CLUSTER_ENDPOINTS];
	unsigned int num_endpoints;
};

struct cluster_port {
	uint8_t proto;
	uint16_t number, node_port;
};

enum service_type {
	SERVICE_CLUSTER_IP,
	SERVICE_NODE_PORT,
	SERVICE_LOAD_BALANCER,
};

enum ingress_mode {
	INGRESS_NONE,
	INGRESS_NIL,
	INGRESS_VIP,
	INGRESS_PROXY,
	INGRESS_NAME, /* a hostname, no IP */
};

struct cluster_service {
	bool exists;
	enum service_type type;
	bool family[2]; /* IPv4, IPv6 */
	bool v6_first;
	bool other_proxy; /* the label service-proxy-name */
	bool passes;	  /* left to the host */
	enum condition maglev;
	bool internal_local, external_local;
	unsigned int affinity;	   /* seconds; 0: none */
	unsigned int externals;	   /* bits: which of the shared addresses are its externalIPs */
	enum ingress_mode ingress; /* of an address of its own */
	unsigned int ranges;	   /* bits: loadBalancerSourceRanges */
	struct cluster_port port[CLUSTER_PORTS];
	unsigned int num_ports;
	struct cluster_slice slice[CLUSTER_SLICES];
	unsigned int num_slices;
};

/* A port of a pod of this node that its node bears, too. */
struct cluster_host_port {
	bool exists;
	enum place pod;
	uint8_t proto;
	uint16_t number, pod_number;
	unsigned int at; /* which of host_port_addr(); HOST_PORT_ANY: no hostIP, all of them */
};

/* What `load` is told. It stays as long as programs do. */
struct cluster_options {
	bool allow_external_clusterip;
	bool cluster_cidr; /* 10.244.0.0/16 and its like are pods */
	bool service_cidr; /* 10.96.0.0/16 and its like are ClusterIPs */
	bool terminate;	   /* TCP ends with its endpoint */
	bool forward_direct;
};

struct cluster {
	struct cluster_service service[CLUSTER_SERVICES];
	struct cluster_host_port host_port[CLUSTER_HOST_PORTS];
	bool has_zone; /* this node is in CLUSTER_OUR_ZONE */
	bool is_node;  /* and has a name */
};

/* Parts of SEMANTICS that may be left out: clusters have none of it. */
#define CLUSTER_FEATURES(X)                                                                                            \
	X(POLICIES, "traffic policies")                                                                                \
	X(HINTS, "topology hints")                                                                                     \
	X(NODE_PORTS, "node ports")                                                                                    \
	X(BALANCERS, "load balancers' addresses")                                                                      \
	X(SOURCE_RANGES, "source ranges")                                                                              \
	X(AFFINITY, "session affinity")                                                                                \
	X(NO_SUCH_PORT, "undefined ports of ClusterIPs")                                                               \
	X(MAGLEV, "consistent choice")                                                                                 \
	X(PASS, "addresses left to the host")                                                                          \
	X(HOST_PORTS, "host ports")

enum cluster_feature {
#define X(name, text) FEATURE_##name,
	CLUSTER_FEATURES(X)
#undef X
		NUM_FEATURES,
};

extern const bool cluster_has[NUM_FEATURES];

void cluster_make(struct cluster *out, struct random *random);
/* One small change, as a cluster goes through. */
void cluster_change(struct cluster *cluster, struct random *random);

struct sr_addr cluster_ip(unsigned int service, int family);
struct sr_addr cluster_ingress_ip(unsigned int service, int family);
struct sr_addr cluster_external_ip(unsigned int external, int family);
/* loadBalancerSourceRanges: the network, its length as CIDR; family 4 or 6. */
const char *cluster_range(unsigned int range, int family);

/* manifest.c: an array of objects, as `load` reads them. */
json_t *cluster_manifest(const struct cluster *cluster);
const char *manifest_proto(uint8_t proto);

#endif
