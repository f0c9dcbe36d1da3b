/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Can a packet or a socket be any of ours? See include/svcroute/bloom.h. */
#ifndef BPF_BLOOM_H
#define BPF_BLOOM_H

#include "maps.h"
#include "svcroute/bloom.h"

static __always_inline struct sr_bloom *bloom_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sr_bloom, &zero);
}

/* May it bear frontends, or be where the answers of connections go? */
static __always_inline bool bloom_has_addr(const struct sr_addr *addr)
{
	struct sr_bloom *bloom = bloom_get();

	return !bloom || sr_bloom_has(bloom, addr, SR_BLOOM_SERVED);
}

/* May it be a connection's backend? */
static __always_inline bool bloom_has_backend(const struct sr_addr *addr, __be16 port)
{
	struct sr_bloom *bloom = bloom_get();

	return !bloom || sr_bloom_has(bloom, addr, port);
}

/* May a socket have been led there? */
static __always_inline bool bloom_has_called(const struct sr_addr *addr, __be16 port)
{
	struct sr_bloom *bloom = bloom_get();

	return !bloom || sr_bloom_has(bloom, addr, port | SR_BLOOM_CALLED);
}

static __always_inline void bloom_add_called(const struct sr_addr *addr, __be16 port)
{
	struct sr_bloom *bloom = bloom_get();

	if (bloom)
		sr_bloom_set(bloom, addr, port | SR_BLOOM_CALLED);
}

static __always_inline void bloom_add(const struct sr_conn *half, bool come_in)
{
	struct sr_bloom *bloom = bloom_get();

	if (bloom)
		sr_bloom_set_half(bloom, half, come_in);
}

#endif
