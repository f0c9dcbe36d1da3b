/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses of 16 bytes, IPv4 as ::ffff:a.b.c.d. */
#ifndef BPF_ADDR_H
#define BPF_ADDR_H

#include "net.h"

#include "svcroute/abi.h"

#define ADDR_V4_PREFIX bpf_htonl(0xffff)

/*
 * Two words side by side in memory, as one. What is read as one is written as one:
 * a load that spans two stores waits for both to reach the cache, some 12 cycles.
 */
static __always_inline __u64 word_pair(__u32 first, __u32 second)
{
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		return first | (__u64)second << 32;
	return (__u64)first << 32 | second;
}

static __always_inline void addr_from_v4(struct sr_addr *addr, __be32 v4)
{
	addr->half[0] = 0;
	addr->half[1] = word_pair(ADDR_V4_PREFIX, v4);
}

static __always_inline void addr_from_v6(struct sr_addr *addr, const struct in6_addr *v6)
{
	const __be32 *word = (const __be32 *)v6;

	addr->half[0] = word_pair(word[0], word[1]);
	addr->half[1] = word_pair(word[2], word[3]);
}

static __always_inline bool addr_is_equal(const struct sr_addr *a, const struct sr_addr *b)
{
	return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

static __always_inline bool addr_is_v4(const struct sr_addr *addr)
{
	return addr->half[0] == 0 && addr->word[2] == ADDR_V4_PREFIX;
}

/* One host, not many, none, or this one by a name of its own (RFC 1122, section 3.2.1.3; RFC 4291, section 2.5). */
static __always_inline bool addr_is_host(const struct sr_addr *addr, __u8 family)
{
	__u8 first = family == 4 ? addr->byte[12] : addr->byte[0];

	if (family == 4)
		return first != 0 && first != 127 && first < 224;
	return first != 0xff && (addr->half[0] || addr->word[2] || bpf_ntohl(addr->word[3]) > 1);
}

#endif
