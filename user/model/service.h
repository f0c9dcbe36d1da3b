/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is to be routed: a service port of one address family, the frontends it
 * answers to and the endpoints behind them. The same struct holds what is
 * desired and what is programmed, so that the two can be compared.
 */
#ifndef SVCROUTE_MODEL_SERVICE_H
#define SVCROUTE_MODEL_SERVICE_H

#include "model/addr.h"

#define SR_ORIGIN_MAP "map add" /* origin of what `svcroute map` programmed */
#define SR_NO_ID      UINT32_MAX

struct sr_frontend_spec {
	struct sr_hostport at;
	uint8_t kind;	/* enum sr_frontend_kind */
	bool allocated; /* svcroute chose the address; only in desired state */
};

struct sr_endpoint {
	struct sr_addr addr;
	__be16 port;
	uint16_t weight; /* 1 by default; 0: it is put in no set when it is added */
	uint8_t flags;	 /* enum sr_backend_flags; in no set: it drains */
	uint32_t id;	 /* index in sr_backends, SR_NO_ID if not programmed */
};

/*
 * Identity is (namespace, name, port_name, proto, family). A service made by
 * `map add` has namespace "", name "10.0.0.7:90/tcp" and port_name "".
 * Frontends, endpoints and sources are sorted and hold no duplicates.
 */
struct sr_service {
	char *namespace;
	char *name;
	char *port_name;
	char *origin;	   /* the manifest's path, or SR_ORIGIN_MAP */
	uint8_t family;	   /* 4 or 6 */
	uint8_t proto;	   /* IPPROTO_* */
	uint8_t flags;	   /* enum sr_service_flags, without IN_USE */
	bool is_torn;	   /* programmed, but its slots are not what its endpoints say; never copied */
	uint32_t affinity; /* seconds a client stays with its backend; 0: none */
	uint32_t id;	   /* index in sr_services, SR_NO_ID if not programmed */
	struct sr_frontend_spec *frontends;
	size_t num_frontends;
	struct sr_endpoint *endpoints;
	size_t num_endpoints;
	struct sr_cidr *sources; /* with SR_SERVICE_SOURCE_RANGES; of its family */
	size_t num_sources;
};

/* An owned list of services, sorted by identity. */
struct sr_services {
	struct sr_service *item;
	size_t num;
};

int sr_service_compare(const struct sr_service *a, const struct sr_service *b);
bool sr_service_is_from_map(const struct sr_service *service);

/*
 * The arrays are filled by these functions only: their capacity follows from
 * the count (base/array.h).
 */
/* Append a zeroed service (id SR_NO_ID) and return it; NULL: no memory. */
struct sr_service *sr_services_add(struct sr_services *services);
/* Add unless it is there; 0 or -ENOMEM. Keep the list sorted. */
int sr_service_add_frontend(struct sr_service *service, const struct sr_frontend_spec *frontend);
int sr_service_add_endpoint(struct sr_service *service, const struct sr_endpoint *endpoint);
int sr_service_add_source(struct sr_service *service, const struct sr_cidr *source);
/* A service's frontend at an address and port, or NULL. */
const struct sr_frontend_spec *sr_service_frontend(const struct sr_service *service, const struct sr_hostport *at);
/* Sort by identity. */
void sr_services_sort(struct sr_services *services);
/* The service that owns a frontend, or NULL. Linear. */
struct sr_service *sr_services_find_frontend(const struct sr_services *services, const struct sr_hostport *at);
/* Deep copy of one service; 0 or -ENOMEM. `out` is set on success only. */
int sr_service_copy(struct sr_service *out, const struct sr_service *service);
void sr_service_clear(struct sr_service *service);
/* Free the items, not the struct itself. */
void sr_services_clear(struct sr_services *services);

#define sr_autoservices __attribute__((cleanup(sr_services_clear)))

#endif
