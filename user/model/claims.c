// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/claims.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static bool claim_is_announced(const struct sr_frontend_spec *frontend)
{
	return frontend->kind == SR_FRONTEND_EXTERNAL_IP || frontend->kind == SR_FRONTEND_LOAD_BALANCER;
}

static int addresses_take(struct sr_addr_set *external, struct sr_addr_set *endpoints, const struct sr_service *service)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < service->num_frontends; i++)
		if (claim_is_announced(&service->frontends[i]))
			r = sr_addr_set_append(external, &service->frontends[i].at.addr);
	for (size_t i = 0; r == 0 && i < service->num_endpoints; i++)
		r = sr_addr_set_append(endpoints, &service->endpoints[i].addr);
	return r;
}

/* Of a sorted set that may hold an address twice: is this its first? */
static bool addresses_is_first(const struct sr_addr_set *set, size_t i)
{
	return i == 0 || sr_addr_compare(&set->item[i], &set->item[i - 1]) != 0;
}

int sr_claims_addresses(struct sr_addr_set *out, const struct sr_services *services, const struct sr_addr_set *own)
{
	struct sr_addr_set external = {}, endpoints = {};
	int r = 0;

	for (size_t i = 0; r == 0 && i < services->num; i++)
		r = addresses_take(&external, &endpoints, &services->item[i]);
	sr_addr_set_sort(&external);
	sr_addr_set_sort(&endpoints);
	for (size_t i = 0; r == 0 && i < external.num; i++)
		if (addresses_is_first(&external, i) && !sr_addr_set_has(own, &external.item[i]) &&
		    !sr_addr_set_has(&endpoints, &external.item[i]))
			r = sr_addr_set_append(out, &external.item[i]);
	sr_addr_set_sort(out);
	sr_addr_set_clear(&external);
	sr_addr_set_clear(&endpoints);
	return r;
}

int sr_claim_compare(const void *a, const void *b)
{
	const struct sr_claim *x = a, *y = b;
	int diff = sr_addr_compare(&x->addr, &y->addr);

	return diff ? diff : (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

int sr_claims_add(struct sr_claims *claims, const struct sr_claim *claim)
{
	struct sr_claim *new = sr_array_add(&claims->item, &claims->num, sizeof(*new));

	if (!new)
		return -ENOMEM;
	*new = *claim;
	return 0;
}

void sr_claims_sort(struct sr_claims *claims)
{
	if (claims->num)
		qsort(claims->item, claims->num, sizeof(*claims->item), sr_claim_compare);
}

struct sr_claim *sr_claims_find(const struct sr_claims *claims, const struct sr_addr *addr, uint32_t ifindex)
{
	struct sr_claim key = {.addr = *addr, .ifindex = ifindex};

	return claims->num ? bsearch(&key, claims->item, claims->num, sizeof(key), sr_claim_compare) : NULL;
}

void sr_claims_hear(struct sr_claims *claims, uint32_t ifindex, const uint8_t *our_mac,
		    const struct sr_neighbour_word *word)
{
	struct sr_claim *claim = sr_claims_find(claims, &word->addr, ifindex);
	int order = memcmp(word->mac, our_mac, SR_NEIGHBOUR_MAC);

	if (!claim || claim->state || order == 0 || (word->kind == SR_NEIGHBOUR_WANTS && order > 0))
		return;
	claim->state = SR_ANNOUNCED_IN_USE;
	memcpy(claim->mac, word->mac, SR_NEIGHBOUR_MAC);
}

struct sr_claim *sr_claims_contest(struct sr_claims *claims, uint32_t ifindex, const uint8_t *our_mac,
				   const struct sr_neighbour_word *word, int64_t now)
{
	struct sr_claim *claim = sr_claims_find(claims, &word->addr, ifindex);
	int order = memcmp(word->mac, our_mac, SR_NEIGHBOUR_MAC);
	bool again;

	if (!claim || claim->state != SR_ANNOUNCED_HELD || order == 0 || word->kind != SR_NEIGHBOUR_HAS)
		return NULL;
	again = claim->contested_at && now - claim->contested_at < SR_DEFEND_INTERVAL_MS;
	if (again && order > 0)
		return NULL;
	memcpy(claim->mac, word->mac, SR_NEIGHBOUR_MAC);
	claim->contested_at = now;
	if (again)
		claim->state = SR_ANNOUNCED_IN_USE;
	return claim;
}

void sr_claims_clear(struct sr_claims *claims)
{
	free(claims->item);
	memset(claims, 0, sizeof(*claims));
}
