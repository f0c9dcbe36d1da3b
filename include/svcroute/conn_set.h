/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of connections, as both sides see it: an array of sets of eight
 * entries. A tuple's hash names two sets, a way of the first, its home, and a tag. An
 * entry is looked for at home, then by its tag in the first set and, if that has
 * spilled, in the second.
 *
 * Readers take no lock. A reader copies what it needs and compares the tuple
 * afterwards, which so vouches for the copy. Writing is conn_enter.h's, and who gives
 * way where there is no room conn_rank.h's.
 */
#ifndef SVCROUTE_CONN_SET_H
#define SVCROUTE_CONN_SET_H

#include "svcroute/abi.h"

#ifndef __bpf__
#include <stdbool.h>
#include <stddef.h>
#endif

#define sr_set_inline static inline __attribute__((always_inline))

/* What the verifier shall prove once, by itself: of its result it knows nothing, so that paths do not multiply. */
#ifdef __bpf__
#define sr_set_subprog __attribute__((weak, noinline))
#else
#define sr_set_subprog static inline
#endif

#define SR_SET_VOLATILE(x) (*(volatile typeof(x) *)&(x))
/* What comes before is done before what follows, as far as the compiler goes. */
#define SR_SET_ORDER() asm volatile("" ::: "memory")

/* --- where an entry may lie ---------------------------------------------------------- */

#define SR_CONN_SEEDS 5

/*
 * NH, a universal hash (RFC 4418, section 5.2): sums and products of word pairs,
 * with secret seeds; of IPv4 only of those that differ. Then mixed, for the bits
 * are used apart. What is pinned is read by it: SR_LAYOUT_VERSION changes with it.
 */
sr_set_inline __u64 sr_conn_hash(const volatile __u64 seed[SR_CONN_SEEDS], const struct sr_tuple *tuple)
{
	const volatile __u32 *secret = (const volatile __u32 *)seed;
	const __u32 *word = (const __u32 *)tuple;
	__u64 sum = (__u64)(word[3] + secret[0]) * (word[7] + secret[1]) +
		    (__u64)(word[8] + secret[2]) * (word[9] + secret[3]);

	if (tuple->dst.half[0])
		sum += (__u64)(word[0] + secret[4]) * (word[4] + secret[5]) +
		       (__u64)(word[1] + secret[6]) * (word[5] + secret[7]) +
		       (__u64)(word[2] + secret[8]) * (word[6] + secret[9]);
	sum ^= sum >> 32;
	return sum * 0x9e3779b97f4a7c15ULL;
}

/* The two sets, of `num`: by the hash's upper half, and by other bits of it. */
sr_set_inline __u32 sr_conn_first_set(__u64 hash, __u32 num)
{
	return (hash >> 32) * num >> 32;
}

sr_set_inline __u32 sr_conn_second_set(__u64 hash, __u32 num)
{
	return (__u64)((__u32)hash * 0x85ebca6bU) * num >> 32;
}

sr_set_inline __u8 sr_conn_tag(__u64 hash)
{
	return 0x80 | (hash >> 32);
}

/*
 * The way that an entry takes of its first set, if it is free: where it is looked for
 * before tags are compared, so that no load waits for that.
 */
sr_set_inline __u32 sr_conn_home(__u64 hash)
{
	return (hash >> 39) % SR_CONN_WAYS;
}

/* --- the ways of a set ---------------------------------------------------------------- */

#define SR_SET_ONES  0x0101010101010101ULL
#define SR_SET_HIGHS 0x8080808080808080ULL

/* The upper bit of each byte that is 0. (One of a byte 1 above such a byte, too: no tag is 1.) */
sr_set_inline __u64 sr_set_zeros(__u64 bytes)
{
	return (bytes - SR_SET_ONES) & ~bytes & SR_SET_HIGHS;
}

/* Ways that may have the tag, as bits for sr_set_way(). */
sr_set_inline __u64 sr_set_match(__u64 tags, __u8 tag)
{
	return sr_set_zeros(tags ^ tag * SR_SET_ONES);
}

sr_set_inline __u64 sr_set_free(__u64 tags)
{
	return ~tags & SR_SET_HIGHS;
}

sr_set_inline __u8 sr_set_tag_at(__u64 tags, __u32 way)
{
	return tags >> way % SR_CONN_WAYS * 8;
}

sr_set_inline __u32 sr_set_used(__u64 tags)
{
	return ((tags & SR_SET_HIGHS) >> 7) * SR_SET_ONES >> 56;
}

/* The first way of such bits. */
sr_set_inline __u32 sr_set_way(__u64 bits)
{
	return (((bits & -bits) >> 7) * 0x0001020304050607ULL >> 56) % SR_CONN_WAYS;
}

/* The lowest bit that is set, which is one of the lower eight: by a de Bruijn sequence. */
sr_set_inline __u32 sr_set_lowest(__u32 bits)
{
	return 0x56374210U >> ((bits & -bits) * 0x17 % 256 / 32 * 4) & 7;
}

/* `stride`: bytes of an entry, for another version's may be longer. */
sr_set_inline struct sr_conn *sr_set_at(struct sr_conn_set *set, __u32 way, __u32 stride)
{
	return (void *)set + offsetof(struct sr_conn_set, way) + way % SR_CONN_WAYS * stride;
}

sr_set_inline bool sr_conn_is_of(const struct sr_conn *conn, const struct sr_tuple *tuple)
{
	const __u64 *a = (const __u64 *)&conn->from;
	const __u64 *b = (const __u64 *)tuple;

	return a[4] == b[4] && a[3] == b[3] && a[1] == b[1] && a[0] == b[0] && a[2] == b[2];
}

/*
 * Does the backend see an address of ours, or a port of the host's flow that we drew, in
 * place of its client's? Not where a flow only passes the stack by (--forward direct).
 * `from` as it arrives, `to` as it leaves.
 */
sr_set_inline bool sr_conn_is_masked(const struct sr_tuple *from, const struct sr_rewrite *to)
{
	const struct sr_addr *was = &from->src, *is = &to->src;

	if (!(to->flags & SR_CONN_PAST))
		return false;
	if (to->flags & (SR_CONN_CLIENT_HOST | SR_CONN_BACKEND_HOST))
		return true;
	if (to->flags & SR_CONN_REPLY) {
		was = &from->dst;
		is = &to->dst;
	}
	return was->half[0] != is->half[0] || was->half[1] != is->half[1];
}

/* The way of a tuple's entry, or -1. */
sr_set_inline int sr_set_find_way(struct sr_conn_set *set, __u32 stride, __u8 tag, const struct sr_tuple *tuple)
{
	__u64 match = sr_set_match(SR_SET_VOLATILE(set->tags), tag);

	for (int i = 0; i < SR_CONN_WAYS && match; i++) {
		__u32 way = sr_set_way(match);

		if (sr_conn_is_of(sr_set_at(set, way, stride), tuple))
			return way;
		match &= match - 1;
	}
	return -1;
}

/* Where an entry may go: its sets, which may be one. */
struct sr_conn_place {
	struct sr_conn_set *first;
	struct sr_conn_set *second;
	__u32 stride;
	__u8 tag;
	__u8 home;
};

/* The way of a tuple's entry, and in `set` which of its sets it is in; -1: there is none. */
sr_set_inline int sr_conn_find(const struct sr_conn_place *place, const struct sr_tuple *tuple,
			       struct sr_conn_set **set)
{
	int way;

	*set = place->first;
	way = sr_set_find_way(place->first, place->stride, place->tag, tuple);
	if (way >= 0 || !SR_SET_VOLATILE(place->first->spilled))
		return way;
	*set = place->second;
	return sr_set_find_way(place->second, place->stride, place->tag, tuple);
}

#endif
