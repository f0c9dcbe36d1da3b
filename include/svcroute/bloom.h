/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Most packets of most devices are none of ours, and deserve no search through
 * the tables: a Bloom filter tells. A bit that is not set says for certain that
 * no frontend, no ClusterIP and no connection has to do with an address, or that no
 * socket was led to it; one that is set says nothing.
 *
 * Bits are set before what they stand for is seen, and never cleared.
 */
#ifndef SVCROUTE_BLOOM_H
#define SVCROUTE_BLOOM_H

#include "svcroute/abi.h"

/*
 * A port, in network byte order, is a backend's, from which answers come; with
 * SR_BLOOM_CALLED it is one that sockets were led to. SR_BLOOM_SERVED, in a port's
 * place: packets to be served go to the address.
 */
#define SR_BLOOM_SERVED 0x10000
#define SR_BLOOM_CALLED 0x20000

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SR_BLOOM_NUMBER(big_endian) __builtin_bswap64(big_endian)
#else
#define SR_BLOOM_NUMBER(big_endian) (big_endian)
#endif

/*
 * Multiply-shift hashing: the uppermost bits of a product, whose one factor is odd.
 * All bits of an address lie in a cache line: of its packets, which come from ever new
 * ports and in both ways, all meet the same. The factors are no secret: who finds what
 * collides has gained but the search that any packet to a service gets. What is pinned
 * is read by it: SR_LAYOUT_VERSION changes with it.
 */
static inline __u32 sr_bloom_bit(const struct sr_addr *addr, __u32 port)
{
	__u64 sum = SR_BLOOM_NUMBER(addr->half[0]) * 0x6a09e667f3bcc909ULL +
		    SR_BLOOM_NUMBER(addr->half[1]) * 0x9e3779b97f4a7c15ULL;
	__u32 within = port * 0x6d9e3779U >> (32 - SR_BLOOM_LINE_BITS);

	return sum >> (64 - SR_BLOOM_BITS) ^ within;
}

/* The compiler shall not know the bound, or it leaves out what the verifier wants to see. */
static inline __u64 *sr_bloom_word(struct sr_bloom *bloom, __u32 bit)
{
	asm volatile("" : "+r"(bit));
	return &bloom->word[bit / 64 % SR_BLOOM_WORDS];
}

static inline bool sr_bloom_has(struct sr_bloom *bloom, const struct sr_addr *addr, __u32 port)
{
	__u32 bit = sr_bloom_bit(addr, port);

	return *sr_bloom_word(bloom, bit) >> bit % 64 & 1;
}

static inline void sr_bloom_set(struct sr_bloom *bloom, const struct sr_addr *addr, __u32 port)
{
	__u32 bit = sr_bloom_bit(addr, port);

	if (!sr_bloom_has(bloom, addr, port))
		__sync_fetch_and_or(sr_bloom_word(bloom, bit), 1ULL << bit % 64);
}

/*
 * Half of a connection: by what a packet of it is known to be ours. Answers bear the
 * backend's address; `come_in`: those that are turned on their way in are known by
 * where they go.
 */
static inline void sr_bloom_set_half(struct sr_bloom *bloom, const struct sr_conn *half, bool come_in)
{
	const struct sr_tuple *from = &half->from;

	if (half->to.flags & SR_CONN_REPLY)
		sr_bloom_set(bloom, &from->src, from->sport);
	if (!(half->to.flags & SR_CONN_REPLY) || come_in)
		sr_bloom_set(bloom, &from->dst, SR_BLOOM_SERVED);
}

#endif
