/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Most packets of most devices are none of ours, and deserve no search through
 * the tables: a Bloom filter tells. A bit that is not set says for certain that
 * no frontend, no ClusterIP and no connection has to do with an address; one that
 * is set says nothing.
 *
 * Bits are set before what they stand for is seen, and never cleared.
 */
#ifndef SVCROUTE_BLOOM_H
#define SVCROUTE_BLOOM_H

#include "svcroute/abi.h"

/*
 * Multiply-shift hashing: the uppermost bits of a product, whose one factor is odd.
 * An address's ports share a cache line: a host's packets, which come from ever new
 * ports, all meet the same. What is pinned is read by it: SR_LAYOUT_VERSION changes
 * with it.
 */
static inline __u32 sr_bloom_bit(const volatile __u64 *seed, const struct sr_addr *addr, __be16 port)
{
	__u64 sum = ((addr->half[0] ^ seed[0]) | 1) * (addr->half[1] + seed[1]);
	__u32 within = port * ((__u32)seed[2] | 1) >> (32 - SR_BLOOM_LINE_BITS);

	return sum >> (64 - SR_BLOOM_BITS) ^ within;
}

static inline bool sr_bloom_has(const __u64 *words, __u32 bit)
{
	return words[bit / 64 % SR_BLOOM_WORDS] >> bit % 64 & 1;
}

static inline void sr_bloom_set(__u64 *words, __u32 bit)
{
	if (!sr_bloom_has(words, bit))
		__sync_fetch_and_or(&words[bit / 64 % SR_BLOOM_WORDS], 1ULL << bit % 64);
}

/*
 * Half of a connection: by what a packet of it is known to be ours. Answers bear the
 * backend's address; `come_in`: those that are turned on their way in are known by
 * where they go.
 */
static inline void sr_bloom_set_half(struct sr_bloom *bloom, const volatile __u64 *seed, const struct sr_conn *half,
				     bool come_in)
{
	const struct sr_tuple *from = &half->from;

	if (half->to.flags & SR_CONN_REPLY)
		sr_bloom_set(bloom->backend, sr_bloom_bit(seed, &from->src, from->sport));
	if (!(half->to.flags & SR_CONN_REPLY) || come_in)
		sr_bloom_set(bloom->addr, sr_bloom_bit(seed, &from->dst, 0));
}

#endif
