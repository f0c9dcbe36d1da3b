/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Kubernetes objects in, services out: the rules of a Service live here.
 */
#ifndef SVCROUTE_MODEL_K8S_H
#define SVCROUTE_MODEL_K8S_H

#include <jansson.h>

#include "model/service.h"

struct sr_k8s; /* the objects read so far, in our own compact form */

/* A pool of addresses: --subnet NAME=CIDR. */
struct sr_subnet {
	const char *name;
	struct sr_cidr cidr;
};

/* An address that was given to a service before, and stays with it. */
struct sr_lease {
	char *namespace;
	char *name;
	char *pool; /* "service-cidr", or a subnet's name */
	struct sr_addr addr;
};

struct sr_leases {
	struct sr_lease *item;
	size_t num;
};

/* Where node ports are served: --nodeport-addresses. */
enum sr_node_ports {
	SR_NODE_PORTS_DEFAULT, /* PRIMARY on a node; nowhere on a machine that is none */
	SR_NODE_PORTS_PRIMARY, /* the Node's InternalIPs, else the uplinks' */
	SR_NODE_PORTS_ALL,     /* every address of the host */
	SR_NODE_PORTS_CIDRS,   /* those of them that lie in one of the networks */
};

struct sr_k8s_options {
	const char *node;		    /* this node's name; NULL: a machine that is no node of the cluster */
	const char *zone;		    /* its zone; NULL: as its Node object says */
	const struct sr_addr *uplink_addrs; /* the primary address of each uplink and family */
	size_t num_uplink_addrs;
	const struct sr_addr *host_addrs; /* all of the host, but for pods' devices */
	size_t num_host_addrs;
	enum sr_node_ports node_ports;
	const struct sr_cidr *node_port_cidrs;
	size_t num_node_port_cidrs;
	const struct sr_cidr *service_cidrs;
	size_t num_service_cidrs;
	const struct sr_subnet *subnets;
	size_t num_subnets;
	/* What is programmed, or NULL: addresses of `map add` are not given out. */
	const struct sr_services *programmed;
};

/* Lines for the user: what was skipped, what is not served yet. Owned. */
struct sr_notes {
	char **line;
	size_t num;
};

int sr_k8s_new(struct sr_k8s **out);
void sr_k8s_free(struct sr_k8s *k8s);
static inline void sr_k8s_cleanup(struct sr_k8s **k8s)
{
	sr_k8s_free(*k8s);
}
#define sr_autok8s __attribute__((cleanup(sr_k8s_cleanup)))

/*
 * Take one object (borrowed). `origin` is the manifest's path, copied. A fault
 * is told as "field.path: what is wrong (what was expected)" and -EINVAL; the
 * caller puts file and line before it.
 */
int sr_k8s_add(struct sr_k8s *k8s, const json_t *object, const char *origin, struct sr_error *err);

/* A list without items was read: to want nothing is meant. */
void sr_k8s_add_empty_list(struct sr_k8s *k8s);

/* -ENODATA: objects were read, but not one of a kind that counts, nor an empty list. */
int sr_k8s_check(const struct sr_k8s *k8s, struct sr_error *err);

/*
 * Turn the objects into services, sorted. `leases` is read and extended by the
 * addresses allocated now. `notes` takes a line per thing left out.
 */
int sr_k8s_resolve(const struct sr_k8s *k8s, const struct sr_k8s_options *options, struct sr_leases *leases,
		   struct sr_services *out, struct sr_notes *notes, struct sr_error *err);

int sr_notes_add(struct sr_notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sr_notes_clear(struct sr_notes *notes);
/* Copies the strings. 0 or -ENOMEM. */
int sr_leases_add(struct sr_leases *leases, const char *namespace, const char *name, const char *pool,
		  const struct sr_addr *addr);
void sr_leases_remove(struct sr_leases *leases, size_t index);
void sr_leases_clear(struct sr_leases *leases);

#endif
