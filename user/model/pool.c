// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/pool.h"

#include <arpa/inet.h>
#include <string.h>

/* The network `index` of the pool; NULL: no more. */
static const struct sr_cidr *pool_cidr(const struct sr_pool *pool, size_t index)
{
	const struct sr_k8s_options *options = pool->options;
	size_t i, num = pool->is_subnet ? options->num_subnets : options->num_service_cidrs;

	for (i = 0; i < num; i++) {
		const struct sr_cidr *cidr = pool->is_subnet ? &options->subnets[i].cidr : &options->service_cidrs[i];

		if (sr_addr_family(&cidr->addr) != pool->family)
			continue;
		if (pool->is_subnet && strcmp(options->subnets[i].name, pool->name) != 0)
			continue;
		if (index-- == 0)
			return cidr;
	}
	return NULL;
}

/*
 * The offsets that may be given out, `first` up to but not `end`: not the
 * network, the first usable address (often a gateway or a DNS service) and the
 * broadcast address; Azure keeps the first four of a subnet. A large IPv6
 * network is used in its first 2^32 addresses.
 */
static void pool_range(const struct sr_pool *pool, const struct sr_cidr *cidr, uint64_t *first, uint64_t *end)
{
	unsigned int host_bits = (pool->family == 4 ? 32u : 128u) - cidr->bits;

	*first = pool->is_subnet ? 4 : 2;
	*end = (1ull << (host_bits < 32 ? host_bits : 32)) - 1;
	if (*end < *first)
		*end = *first;
}

static struct sr_addr pool_at(const struct sr_cidr *cidr, uint64_t offset)
{
	struct sr_addr addr = cidr->addr;

	addr.word[3] = htonl(ntohl(addr.word[3]) + (uint32_t)offset);
	return addr;
}

bool sr_pool_is_empty(const struct sr_pool *pool)
{
	return !pool_cidr(pool, 0);
}

bool sr_pool_contains(const struct sr_pool *pool, const struct sr_addr *addr)
{
	const struct sr_cidr *cidr;
	size_t i;

	for (i = 0; (cidr = pool_cidr(pool, i)); i++) {
		if (sr_cidr_contains(cidr, addr))
			return true;
	}
	return false;
}

bool sr_pool_may_give(const struct sr_pool *pool, const struct sr_addr *addr)
{
	const struct sr_cidr *cidr;
	size_t i;

	for (i = 0; (cidr = pool_cidr(pool, i)); i++) {
		uint64_t first, end, offset = ntohl(addr->word[3]) - ntohl(cidr->addr.word[3]);
		struct sr_addr same = pool_at(cidr, offset);

		pool_range(pool, cidr, &first, &end);
		if (sr_addr_compare(&same, addr) == 0 && offset >= first && offset < end)
			return true;
	}
	return false;
}

bool sr_pool_find(const struct sr_pool *pool, uint64_t hash, const struct sr_addr_set *taken,
		  const struct sr_addr_set *reserved, struct sr_addr *out)
{
	const struct sr_cidr *cidr;
	uint64_t first, end, j;
	size_t i;

	for (i = 0; (cidr = pool_cidr(pool, i)); i++) {
		pool_range(pool, cidr, &first, &end);
		for (j = 0; j < end - first; j++) {
			struct sr_addr addr = pool_at(cidr, first + (hash % (end - first) + j) % (end - first));

			if (sr_addr_set_has(taken, &addr) || (reserved && sr_addr_set_has(reserved, &addr)))
				continue;
			*out = addr;
			return true;
		}
	}
	return false;
}
