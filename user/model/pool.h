/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A pool of addresses of one family: the networks of --service-cidr, or of one
 * --subnet, and which of their addresses may be given out.
 */
#ifndef SVCROUTE_MODEL_POOL_H
#define SVCROUTE_MODEL_POOL_H

#include "model/addr_set.h"
#include "model/k8s.h"

#define SR_POOL_SERVICES "service-cidr" /* the name of --service-cidr's pool */

struct sr_pool {
	const struct sr_k8s_options *options;
	const char *name;
	bool is_subnet;
	uint8_t family; /* 4 or 6 */
};

bool sr_pool_is_empty(const struct sr_pool *pool);
/* Does the address lie in one of the pool's networks? */
bool sr_pool_contains(const struct sr_pool *pool, const struct sr_addr *addr);
/* ... and is it none of those that are never given out? */
bool sr_pool_may_give(const struct sr_pool *pool, const struct sr_addr *addr);
/*
 * An address that is in neither set (`reserved` may be NULL), sought from a
 * place that `hash` decides; false: there is none.
 */
bool sr_pool_find(const struct sr_pool *pool, uint64_t hash, const struct sr_addr_set *taken,
		  const struct sr_addr_set *reserved, struct sr_addr *out);

#endif
