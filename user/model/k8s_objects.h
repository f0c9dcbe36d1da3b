/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is kept of Kubernetes' objects, in compact form. Only the k8s_*.c,
 * alloc.c and their tests look inside.
 *
 * Arrays with one element a family are indexed by sr_k8s_family(); there an
 * address of zeros is none. Ports are in host byte order.
 */
#ifndef SVCROUTE_MODEL_K8S_OBJECTS_H
#define SVCROUTE_MODEL_K8S_OBJECTS_H

#include "model/field.h"
#include "model/k8s.h"

#define SR_K8S_ORIGIN  "svcroute.io/origin"  /* where an exported service came from */
#define SR_K8S_NAME    "svcroute.io/name"    /* its name, where metadata.name cannot hold it */
#define SR_K8S_WEIGHTS "svcroute.io/weights" /* {"10.0.0.7:80": 5} */
#define SR_K8S_PASS    "svcroute.io/pass"    /* "true": its frontends are left to the host */
#define SR_K8S_MAGLEV  "svcroute.io/maglev"  /* "true", "false": is the choice of a backend consistent? */

#define SR_K8S_FAMILIES 2

static inline unsigned int sr_k8s_family(const struct sr_addr *addr)
{
	return sr_addr_is_v4(addr) ? 0 : 1;
}

/* The first member of every object's struct. */
struct sr_k8s_meta {
	const char *kind; /* static */
	char *namespace;
	char *name;
	const char *origin; /* owned by struct sr_k8s */
	char *created;	    /* creationTimestamp, or NULL */
	bool from_cluster;  /* an API server has seen it */
};

struct sr_k8s_pair {
	char *key;
	char *value;
};

/* Labels, or a selector. */
struct sr_k8s_map {
	struct sr_k8s_pair *item;
	size_t num;
};

struct sr_k8s_weight {
	struct sr_addr addr;
	__be16 port;
	uint16_t weight;
};

struct sr_k8s_weights {
	struct sr_k8s_weight *item;
	size_t num;
};

struct sr_k8s_addrs {
	struct sr_addr *item;
	size_t num;
};

struct sr_k8s_cidrs {
	struct sr_cidr *item;
	size_t num;
};

/* Of nodes, or of zones. */
struct sr_k8s_names {
	char **item;
	size_t num;
};

/* A port of a Service, a slice, an Endpoints subset, or a container. */
struct sr_k8s_port {
	char *name; /* never NULL */
	uint8_t proto;
	uint16_t port;	   /* 0: none */
	uint16_t node;	   /* of a Service: nodePort */
	uint16_t target;   /* of a Service: targetPort, if it is a number */
	char *target_name; /* ... if it is a name */
};

struct sr_k8s_ports {
	struct sr_k8s_port *item;
	size_t num;
};

enum sr_k8s_family_policy {
	SR_K8S_SINGLE_STACK,
	SR_K8S_PREFER_DUAL_STACK,
	SR_K8S_REQUIRE_DUAL_STACK,
};

enum sr_k8s_maglev {
	SR_K8S_MAGLEV_DEFAULT, /* a gateway's services with external addresses */
	SR_K8S_MAGLEV_NO,
	SR_K8S_MAGLEV_YES,
};

struct sr_k8s_service {
	struct sr_k8s_meta meta;
	bool external_name;
	bool headless;
	bool other_proxy; /* label service.kubernetes.io/service-proxy-name */
	bool balancer;	  /* type LoadBalancer */
	bool node_ports;  /* type NodePort, or that */
	bool publish;	  /* publishNotReadyAddresses */
	bool exported;	  /* written by sr_services_export() */
	bool from_map;	  /* ... and made by `map add` */
	char *alias;	  /* SR_K8S_NAME, or NULL */
	char *restored_origin;

	struct sr_addr cluster[SR_K8S_FAMILIES];
	bool families[SR_K8S_FAMILIES]; /* spec.ipFamilies */
	unsigned int first_family;
	int policy; /* enum sr_k8s_family_policy */
	struct sr_k8s_ports ports;
	struct sr_k8s_map selector;
	struct sr_k8s_addrs external;		/* spec.externalIPs */
	struct sr_k8s_addrs ingress;		/* status.loadBalancer.ingress */
	struct sr_addr chosen[SR_K8S_FAMILIES]; /* the load balancer's address, as asked for */
	char *subnet;				/* where it is to come from */
	bool has_ingress;			/* ... names something, be it a host */
	struct sr_k8s_weights weights;

	bool pass;		    /* SR_K8S_PASS */
	int maglev;		    /* SR_K8S_MAGLEV: enum sr_k8s_maglev */
	bool internal_local;	    /* internalTrafficPolicy: Local */
	bool external_local;	    /* externalTrafficPolicy: Local */
	bool health_check;	    /* healthCheckNodePort */
	uint32_t affinity;	    /* seconds; 0: none */
	struct sr_k8s_cidrs ranges; /* loadBalancerSourceRanges, of both families */
};

struct sr_k8s_endpoint {
	struct sr_addr addr;
	bool ready;
	bool serving;
	bool terminating;
	char *node; /* nodeName, or NULL */
	struct sr_k8s_names for_nodes;
	struct sr_k8s_names for_zones;
};

struct sr_k8s_subset {
	struct sr_k8s_ports ports;
	struct sr_k8s_endpoint *endpoint;
	size_t num_endpoints;
};

/* What is behind a service: an EndpointSlice, or an Endpoints object. */
struct sr_k8s_backing {
	struct sr_k8s_meta meta;
	char *service;
	bool is_slice;
	struct sr_k8s_subset *subset;
	size_t num_subsets;
	struct sr_k8s_weights weights;
};

struct sr_k8s_host_port {
	uint16_t host;
	uint16_t container;
	uint8_t proto;
	struct sr_addr at; /* hostIP; zeros: every address of the node */
};

struct sr_k8s_pod {
	struct sr_k8s_meta meta;
	struct sr_k8s_map labels;
	struct sr_addr addr[SR_K8S_FAMILIES];
	struct sr_k8s_ports ports;
	bool ready;
	bool terminating;
	bool finished; /* phase Succeeded or Failed */
	char *node;    /* spec.nodeName, or NULL */
	bool host_network;
	struct sr_k8s_host_port *host_port;
	size_t num_host_ports;
};

struct sr_k8s_node {
	struct sr_k8s_meta meta;
	struct sr_k8s_addrs addrs;		  /* InternalIP and ExternalIP */
	struct sr_addr internal[SR_K8S_FAMILIES]; /* the first of each */
	struct sr_addr external[SR_K8S_FAMILIES];
	char *zone; /* its label, or NULL */
};

struct sr_k8s_skipped {
	char *kind;
	size_t num;
};

struct sr_k8s {
	struct sr_k8s_service *services;
	size_t num_services;
	struct sr_k8s_backing *backings;
	size_t num_backings;
	struct sr_k8s_pod *pods;
	size_t num_pods;
	struct sr_k8s_node *nodes;
	size_t num_nodes;
	struct sr_k8s_skipped *skipped;
	size_t num_skipped;
	char **origins;
	size_t num_origins;
	bool has_empty_list;   /* which says that nothing is wanted */
	struct sr_notes notes; /* made while reading */
};

/*
 * The objects that count, each once, sorted by namespace and name (backings by
 * namespace and service). Of an object that was read twice the later counts.
 */
struct sr_k8s_view {
	const struct sr_k8s *k8s;
	const struct sr_k8s_service **services;
	size_t num_services;
	const struct sr_k8s_backing **backings;
	size_t num_backings;
	const struct sr_k8s_pod **pods;
	size_t num_pods;
};

/* k8s_view.c. 0 or -ENOMEM; sr_k8s_view_clear() is due in either case. */
int sr_k8s_view_make(struct sr_k8s_view *out, const struct sr_k8s *k8s, struct sr_notes *notes);
void sr_k8s_view_clear(struct sr_k8s_view *view);
/* The run of backings that belong to a service. */
const struct sr_k8s_backing **sr_k8s_view_backings(const struct sr_k8s_view *view, const struct sr_k8s_service *service,
						   size_t *num);
/* The run of pods in a namespace. */
/* NULL: there is none. */
const struct sr_k8s_service *sr_k8s_view_service(const struct sr_k8s_view *view, const char *namespace,
						 const char *name);
const struct sr_k8s_pod **sr_k8s_view_pods(const struct sr_k8s_view *view, const char *namespace, size_t *num);

/* This machine, as options and the objects say. */
struct sr_k8s_self {
	const char *name; /* of its Node; NULL: it is none of the cluster's nodes */
	const char *zone; /* NULL: not known */
	struct sr_k8s_addrs primary;
	struct sr_k8s_addrs all;
	struct sr_k8s_addrs node_ports; /* where node ports are served */
};

/* k8s_self.c: strings live in `options` and `view`. 0 or -ENOMEM; sr_k8s_self_clear() is due in either case. */
int sr_k8s_self_make(struct sr_k8s_self *out, const struct sr_k8s_view *view, const struct sr_k8s_options *options);
/* A note if Nodes were read, and this machine is none of them. 0 or -ENOMEM. */
int sr_k8s_self_note(const struct sr_k8s_self *self, const struct sr_k8s *k8s, struct sr_notes *notes);
void sr_k8s_self_clear(struct sr_k8s_self *self);

/* An endpoint that a port may have. */
struct sr_k8s_candidate {
	struct sr_k8s_endpoint state; /* borrowed */
	__be16 port;
	uint16_t weight;
	uint8_t flags; /* enum sr_backend_flags */
};

struct sr_k8s_candidates {
	struct sr_k8s_candidate *item;
	size_t num;
};

/*
 * k8s_sets.c: set each candidate's flags: which sets it is in, and whether it
 * is on this node. Each address and port is there once.
 */
void sr_k8s_choose_sets(struct sr_k8s_candidates *candidates, const struct sr_k8s_self *self);
/* ... where nothing is known of nodes, as with `map add`: both sets hold all. */
void sr_k8s_choose_all(struct sr_k8s_candidates *candidates);

/*
 * k8s_hints.c: notes on fields that nobody knows, on what a service asks for in
 * vain, and on slices of no service that was read. 0 or -ENOMEM.
 */
int sr_k8s_note_service_fields(const struct sr_k8s_meta *meta, const struct sr_field *root, struct sr_notes *notes);
int sr_k8s_note_slice_fields(const struct sr_k8s_meta *meta, const struct sr_field *root, struct sr_notes *notes);
int sr_k8s_note_service(const struct sr_k8s_view *view, const struct sr_k8s_service *service, struct sr_notes *notes);
int sr_k8s_note_orphans(const struct sr_k8s_view *view, struct sr_notes *notes);

/*
 * k8s_endpoints.c: add the endpoints of a service's port to `out`, whose
 * family says which. Those in no set drain: their flows stay. 0 or -ENOMEM.
 */
int sr_k8s_select_endpoints(const struct sr_k8s_view *view, const struct sr_k8s_self *self,
			    const struct sr_k8s_service *service, const struct sr_k8s_port *port,
			    struct sr_service *out);

/*
 * k8s_frontends.c: the addresses of a service's port in the family of `out`,
 * and who may call them: frontends, policies, affinity, sources. 0 or -ENOMEM.
 */
struct sr_alloc;
int sr_k8s_add_frontends(struct sr_service *out, const struct sr_k8s_service *service, const struct sr_k8s_port *port,
			 const struct sr_alloc *alloc, const struct sr_k8s_self *self);

/*
 * k8s_taken.c: add to a set, and sort it, the addresses of pods, nodes and
 * endpoints; those that services have or ask for. 0 or -ENOMEM.
 */
struct sr_addr_set;
int sr_k8s_collect_hosts(const struct sr_k8s_view *view, struct sr_addr_set *set);
int sr_k8s_collect_frontends(const struct sr_k8s_view *view, struct sr_addr_set *set);

/* k8s_meta.c: parts that several kinds share. All return 0 or -errno. */
int sr_k8s_decode_meta(struct sr_k8s_meta *out, const struct sr_field *root, bool dots, struct sr_error *err);
int sr_k8s_decode_map(struct sr_k8s_map *out, const struct sr_field *field, struct sr_error *err);
int sr_k8s_decode_weights(struct sr_k8s_weights *out, const struct sr_field *root, struct sr_error *err);
int sr_k8s_decode_addrs(struct sr_k8s_addrs *out, const struct sr_field *list, struct sr_error *err);
/* A string member of metadata.annotations; `out` is borrowed, unset if absent. */
int sr_k8s_annotation(const struct sr_field *root, const char *key, const char **out, struct sr_error *err);
void sr_k8s_meta_clear(struct sr_k8s_meta *meta);
/* The names in a list of {name: NAME}. */
int sr_k8s_decode_names(struct sr_k8s_names *out, const struct sr_field *list, struct sr_error *err);
void sr_k8s_names_clear(struct sr_k8s_names *names);
void sr_k8s_map_clear(struct sr_k8s_map *map);
void sr_k8s_ports_clear(struct sr_k8s_ports *ports);
/* The value of a key, or NULL. */
const char *sr_k8s_map_get(const struct sr_k8s_map *map, const char *key);
/* All of `part` is in `map`: a selector meets labels. */
bool sr_k8s_map_contains(const struct sr_k8s_map *map, const struct sr_k8s_map *part);
/* Add an item to a line of them, NULL at first. 0 or -ENOMEM. */
int sr_k8s_list_add(char **list, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* k8s_service.c, k8s_backing.c, k8s_pod.c: one kind each. `out` is zeroed. */
int sr_k8s_decode_service(struct sr_k8s_service *out, const struct sr_field *root, struct sr_error *err);
/* k8s_policy.c: who may call, and who answers; type and ports are decoded. */
int sr_k8s_decode_policy(struct sr_k8s_service *out, const struct sr_field *root, struct sr_error *err);
/* k8s_restore.c: the annotations of an exported service; the rest is decoded. */
int sr_k8s_decode_export(struct sr_k8s_service *out, const struct sr_field *root, struct sr_error *err);
void sr_k8s_service_clear(struct sr_k8s_service *service);
int sr_k8s_decode_slice(struct sr_k8s_backing *out, const struct sr_field *root, struct sr_error *err);
int sr_k8s_decode_endpoints(struct sr_k8s_backing *out, const struct sr_field *root, struct sr_error *err);
void sr_k8s_backing_clear(struct sr_k8s_backing *backing);
int sr_k8s_decode_pod(struct sr_k8s_pod *out, const struct sr_field *root, struct sr_error *err);
void sr_k8s_pod_clear(struct sr_k8s_pod *pod);
int sr_k8s_decode_node(struct sr_k8s_node *out, const struct sr_field *root, struct sr_error *err);
void sr_k8s_node_clear(struct sr_k8s_node *node);

#endif
