/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where backends live: the address of the other node that each one's address belongs to. */
#ifndef SVCROUTE_MODEL_HOMES_H
#define SVCROUTE_MODEL_HOMES_H

#include "model/k8s.h"

struct sr_home {
	struct sr_addr addr; /* the backend's */
	struct sr_addr node; /* the first InternalIP of its Node, of the same family */
};

/* Owned; sorted by `addr`, each once. */
struct sr_homes {
	struct sr_home *item;
	size_t num;
};

/* One by one, then sr_homes_sort(). 0 or -ENOMEM. */
int sr_homes_add(struct sr_homes *homes, const struct sr_addr *addr, const struct sr_addr *node);
void sr_homes_sort(struct sr_homes *homes);

/* Of all endpoints and pods that name a Node which is known, and is not `self` (NULL: none is). 0 or -ENOMEM. */
int sr_homes_make(struct sr_homes *out, const struct sr_k8s *k8s, const char *self);
const struct sr_home *sr_homes_find(const struct sr_homes *homes, const struct sr_addr *addr);

/* Endpoints elsewhere, behind addresses that the outside calls, whose home is not known. */
size_t sr_homes_missing(const struct sr_homes *homes, const struct sr_services *services);
void sr_homes_clear(struct sr_homes *homes);

#endif
