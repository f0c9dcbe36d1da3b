/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of connections, as both sides see it: an array of sets of eight
 * entries, each on its own cache lines. A tuple's hash names two sets, a way of the
 * first, its home, and a tag. An entry is looked for at home, then by its tag in the
 * first set and, if that has spilled, in the second; it goes into the second where
 * that is emptier than a first one that fills up, so that hardly any set is full
 * before most are.
 *
 * Readers take no lock. Whoever writes a way holds its set's lock: the tag goes,
 * the tuple is written, then the rest, and the tag comes last. A reader copies
 * what it needs and compares the tuple afterwards, which so vouches for the copy.
 *
 * In a full set a new entry takes the place of whichever that is not kept was
 * written longest ago: so a flood of flows that prove nothing displaces only its
 * like, and costs one look at the set's head. Where all are kept, that is proven
 * and not over, as far as the set knows, they are looked at one by one
 * (sr_conn_rank()); one that is active gives way to nobody.
 */
#ifndef SVCROUTE_CONN_SET_H
#define SVCROUTE_CONN_SET_H

#include "svcroute/abi.h"

#ifndef __bpf__
#include <netinet/in.h>
#include <sched.h>
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

/* --- time ------------------------------------------------------------------------------- */

/* In ticks: now, and how long a connection may be silent. */
struct sr_conn_clock {
	__u32 now;
	__u32 tcp;
	__u32 udp;
	__u32 closing;
	__u32 unproven;
};

sr_set_inline __u32 sr_conn_timeout(const struct sr_conn_clock *clock, __u8 proto, __u32 flags)
{
	if ((flags & SR_CONN_CLOSED) == SR_CONN_CLOSED)
		return clock->closing;
	if (proto == IPPROTO_UDP)
		return clock->udp;
	return flags & (SR_CONN_PROVEN | SR_CONN_DSR) ? clock->tcp : clock->unproven;
}

/* Ticks since then. Another CPU may have seen a packet in a tick that had not begun when we looked at the clock. */
sr_set_inline __u32 sr_conn_since(const struct sr_conn_clock *clock, __u32 tick)
{
	__s32 ticks = clock->now - tick;

	return ticks < 0 ? 0 : ticks;
}

/* `flags`: a copy of the connection's, made before. */
sr_set_inline bool sr_conn_is_live(const struct sr_conn_clock *clock, const struct sr_conn *conn, __u32 flags)
{
	return sr_conn_since(clock, conn->seen) <= sr_conn_timeout(clock, conn->from.proto, flags);
}

/* --- who gives way ------------------------------------------------------------------------ */

enum sr_conn_class {
	SR_CONN_DEAD,	 /* its time is up, it is closed, or another takes its tuple */
	SR_CONN_UNSURE,	 /* unproven, or reset */
	SR_CONN_SILENT,	 /* proven, and silent for as long as a closed one is kept */
	SR_CONN_ACTIVE,	 /* proven */
	SR_CONN_CLASSES, /* nobody */
};

/* The lowest gives way first: by class, of one class who was silent longest. */
sr_set_subprog __u64 sr_conn_rank(const struct sr_conn_clock *clock, __u32 flags, __u32 proto, __u32 seen)
{
	__u64 class = SR_CONN_ACTIVE;
	__u32 silent;

	if (!clock)
		return 0;
	silent = sr_conn_since(clock, seen);
	if (silent > clock->closing)
		class = SR_CONN_SILENT;
	if (!(flags & SR_CONN_PROVEN) || flags & SR_CONN_RESET)
		class = SR_CONN_UNSURE;
	if (flags & SR_CONN_TAKEN || (flags & SR_CONN_CLOSED) == SR_CONN_CLOSED ||
	    silent > sr_conn_timeout(clock, proto, flags))
		class = SR_CONN_DEAD;
	return class << 32 | (__u32)~silent;
}

/* A way by its entry's rank, in one number: the lowest gives way. */
#define SR_VICTIM(rank, way)  ((rank)*SR_CONN_WAYS + (way))
#define SR_VICTIM_WAY(victim) ((victim) % SR_CONN_WAYS)
#define SR_VICTIM_IN(class)   SR_VICTIM((__u64)(class) << 32, 0) /* the first that there may be of that class */

sr_set_inline __u64 sr_set_victim(struct sr_conn_set *set, __u32 stride, const struct sr_conn_clock *clock)
{
	__u64 victim = SR_VICTIM_IN(SR_CONN_CLASSES);

	for (__u32 way = 0; way < SR_CONN_WAYS; way++) {
		const struct sr_conn *conn = sr_set_at(set, way, stride);
		__u64 other = SR_VICTIM(sr_conn_rank(clock, conn->to.flags, conn->from.proto, conn->seen), way);

		if (other < victim)
			victim = other;
	}
	return victim;
}

/* --- to write -------------------------------------------------------------------------------- */

/*
 * Another writer needs some ten nanoseconds; ten microseconds in memory that a
 * hypervisor has yet to map. Tries are few, for the verifier follows each of them.
 */
#define SR_SET_TRIES 256

#ifdef __bpf__
#define sr_set_wait() bpf_ktime_get_ns()
#else
#define sr_set_wait() sched_yield()
#endif

sr_set_subprog bool sr_set_take(__u32 *lock)
{
	for (int i = 0; lock && i < SR_SET_TRIES; i++) {
		if (__sync_val_compare_and_swap(lock, 0, 1) == 0)
			return true;
		sr_set_wait();
	}
	return false;
}

sr_set_inline bool sr_set_lock(struct sr_conn_set *set)
{
	return sr_set_take(&set->lock);
}

/* What was written under the lock was made visible with the tags, or is not. */
sr_set_inline void sr_set_unlock(struct sr_conn_set *set)
{
	SR_SET_ORDER();
	SR_SET_VOLATILE(set->lock) = 0;
}

/*
 * What was written before is seen before the tags. Stores of x86 are seen in their
 * order; elsewhere it takes an exchange, for BPF had no store of that kind until
 * Linux 6.15. (On x86 that would wait for all that is written to arrive.)
 */
sr_set_inline void sr_set_tag(struct sr_conn_set *set, __u32 way, __u8 tag)
{
	__u64 others = set->tags & ~(0xffULL << way % SR_CONN_WAYS * 8);
	__u64 tags = others | (__u64)tag << way % SR_CONN_WAYS * 8;

#if defined(__TARGET_ARCH_x86) || defined(__x86_64__)
	SR_SET_ORDER();
	SR_SET_VOLATILE(set->tags) = tags;
	SR_SET_ORDER();
#else
	__sync_lock_test_and_set(&set->tags, tags);
#endif
}

sr_set_inline bool sr_conn_is_kept(__u32 flags)
{
	return flags & SR_CONN_PROVEN && !(flags & SR_CONN_RESET) && (flags & SR_CONN_CLOSED) != SR_CONN_CLOSED;
}

/* Who does so while it is written, by a packet of who was there before, does no harm. */
sr_set_inline void sr_set_keep(struct sr_conn_set *set, __u32 way, __u32 flags)
{
	if (sr_conn_is_kept(flags))
		__sync_fetch_and_or(&set->kept, 1U << way % SR_CONN_WAYS);
	else if (SR_SET_VOLATILE(set->kept) >> way % SR_CONN_WAYS & 1)
		__sync_fetch_and_and(&set->kept, ~(1U << way % SR_CONN_WAYS));
}

/* The tuple first: who has read anything of the new entry reads that, too. */
sr_set_inline void sr_set_write(struct sr_conn_set *set, __u32 way, __u32 stride, __u8 tag, const struct sr_conn *entry)
{
	struct sr_conn *conn = sr_set_at(set, way, stride);

	if (sr_set_tag_at(set->tags, way))
		sr_set_tag(set, way, 0);
	conn->from = entry->from;
	SR_SET_ORDER();
	for (__u32 i = sizeof(conn->from) / 8; i < stride / 8 && i < (sizeof(*conn) + SR_CONN_GROWTH) / 8; i++)
		((__u64 *)conn)[i] = ((const __u64 *)entry)[i];
	sr_set_keep(set, way, entry->to.flags);
	set->hand = way + 1;
	sr_set_tag(set, way, tag);
}

/* Where an entry may go: its sets, which may be one. */
struct sr_conn_place {
	struct sr_conn_set *first;
	struct sr_conn_set *second;
	__u32 stride;
	__u8 tag;
	__u8 home;
};

/*
 * Where it goes is a number: a way of the first set, or SR_CONN_WAYS and a way of the
 * second, whose lock is held then as that of the first is. Less than 0: nowhere.
 */
#define SR_CONN_NOWHERE (-1)

enum sr_conn_inserted {
	SR_CONN_INSERTED = 0,
	SR_CONN_EXISTS, /* an entry of this tuple */
	SR_CONN_FULL,	/* no room, or another writer did not finish */
};

/* In the second set, whose lock is taken; the first's is held. */
sr_set_inline int sr_conn_spill(const struct sr_conn_place *place, __u32 way)
{
	SR_SET_VOLATILE(place->first->spilled) = 1;
	return SR_CONN_WAYS + way;
}

/*
 * With as many in the first set the second is looked at. So of those that fill two
 * thirds of the table, one in ten million finds both its sets full; and one in five of
 * them is not in its first set.
 */
#define SR_SET_FILLING 4

/* Where there is room without displacing anybody. The first set's lock is held. */
sr_set_inline int sr_conn_choose_free(const struct sr_conn_place *place)
{
	__u64 tags = place->first->tags;
	__u32 used = sr_set_used(tags);

	if (used >= SR_SET_FILLING && place->second != place->first &&
	    sr_set_used(SR_SET_VOLATILE(place->second->tags)) < used && sr_set_lock(place->second)) {
		__u64 free = sr_set_free(place->second->tags);

		if (free)
			return sr_conn_spill(place, sr_set_way(free));
		sr_set_unlock(place->second);
	}
	if (used == SR_CONN_WAYS)
		return SR_CONN_NOWHERE;
	return sr_set_tag_at(tags, place->home) ? sr_set_way(sr_set_free(tags)) : place->home;
}

/* In the place of the one that is not kept and was written longest ago. The set's lock is held. */
sr_set_inline int sr_conn_choose_unkept(const struct sr_conn_set *set)
{
	__u32 spare = (__u8)~SR_SET_VOLATILE(set->kept);
	__u32 hand = set->hand % SR_CONN_WAYS;
	__u32 ahead = (spare | spare << SR_CONN_WAYS) >> hand;

	return spare ? (int)((hand + sr_set_lowest(ahead)) % SR_CONN_WAYS) : SR_CONN_NOWHERE;
}

sr_set_inline int sr_conn_choose_new(const struct sr_conn_place *place)
{
	int spot = sr_conn_choose_free(place);

	return spot >= 0 ? spot : sr_conn_choose_unkept(place->first);
}

/* In the place of whom both sets, which are full of kept ones, can spare best. The first set's lock is held. */
sr_set_inline int sr_conn_choose_kept(const struct sr_conn_place *place, const struct sr_conn_clock *clock)
{
	__u64 victim = sr_set_victim(place->first, place->stride, clock);

	if (victim >= SR_VICTIM_IN(SR_CONN_DEAD + 1) && place->second != place->first && sr_set_lock(place->second)) {
		__u64 other = sr_set_victim(place->second, place->stride, clock);

		if (other < victim && other < SR_VICTIM_IN(SR_CONN_ACTIVE))
			return sr_conn_spill(place, SR_VICTIM_WAY(other));
		sr_set_unlock(place->second);
	}
	return victim < SR_VICTIM_IN(SR_CONN_ACTIVE) ? (int)SR_VICTIM_WAY(victim) : SR_CONN_NOWHERE;
}

/* The second set's lock is given back, if it was taken. */
sr_set_inline void sr_conn_release(const struct sr_conn_place *place, int spot)
{
	if (spot >= SR_CONN_WAYS)
		sr_set_unlock(place->second);
}

/* False: it has nowhere to go. */
sr_set_inline bool sr_conn_settle(const struct sr_conn_place *place, int spot, const struct sr_conn *entry)
{
	struct sr_conn_set *set = spot >= SR_CONN_WAYS ? place->second : place->first;

	if (spot < 0)
		return false;
	sr_set_write(set, spot % SR_CONN_WAYS, place->stride, place->tag, entry);
	sr_conn_release(place, spot);
	return true;
}

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

/* Who enters a tuple holds the lock of its first set, wherever the entry goes: so it is entered once. */
sr_set_inline enum sr_conn_inserted sr_conn_insert(const struct sr_conn_place *place, const struct sr_conn *entry,
						   const struct sr_conn_clock *clock)
{
	enum sr_conn_inserted inserted = SR_CONN_INSERTED;
	struct sr_conn_set *set;

	if (!sr_set_lock(place->first))
		return SR_CONN_FULL;
	if (sr_conn_find(place, &entry->from, &set) >= 0)
		inserted = SR_CONN_EXISTS;
	else if (!sr_conn_settle(place, sr_conn_choose_free(place), entry) &&
		 !sr_conn_settle(place, sr_conn_choose_unkept(place->first), entry) &&
		 !sr_conn_settle(place, sr_conn_choose_kept(place, clock), entry))
		inserted = SR_CONN_FULL;
	sr_set_unlock(place->first);
	return inserted;
}

/* Both first sets, always in the same order, so that nobody waits for who waits for him. */
sr_set_inline bool sr_conn_lock_pair(struct sr_conn_set *a, struct sr_conn_set *b)
{
	struct sr_conn_set *low = a < b ? a : b, *high = a < b ? b : a;

	if (!sr_set_lock(low))
		return false;
	if (sr_set_lock(high))
		return true;
	sr_set_unlock(low);
	return false;
}

/*
 * Both halves of a new connection at once, for the sake of speed: memory is asked for
 * all sets before any is locked, and all locks are held before anything is written; a
 * lock waits until all that was written before has arrived. False: nothing was done,
 * and they are to be entered one by one, for one is there, or finds no room so
 * easily, or the two share a set.
 */
sr_set_inline bool sr_conn_insert_pair(const struct sr_conn_place places[2], const struct sr_conn *a,
				       const struct sr_conn *b)
{
	int spot_a = SR_CONN_NOWHERE, spot_b = SR_CONN_NOWHERE;
	struct sr_conn_set *set;

	(void)SR_SET_VOLATILE(places[0].first->tags);
	(void)SR_SET_VOLATILE(places[0].second->tags);
	(void)SR_SET_VOLATILE(places[1].second->tags);
	if (places[0].first == places[1].first || places[0].first == places[1].second ||
	    places[0].second == places[1].first || places[0].second == places[1].second ||
	    !sr_conn_lock_pair(places[0].first, places[1].first))
		return false;
	if (sr_conn_find(&places[0], &a->from, &set) < 0 && sr_conn_find(&places[1], &b->from, &set) < 0) {
		spot_a = sr_conn_choose_new(&places[0]);
		spot_b = sr_conn_choose_new(&places[1]);
	}
	if (spot_a >= 0 && spot_b >= 0) {
		sr_conn_settle(&places[0], spot_a, a);
		sr_conn_settle(&places[1], spot_b, b);
	} else {
		sr_conn_release(&places[0], spot_a);
		sr_conn_release(&places[1], spot_b);
	}
	sr_set_unlock(places[1].first);
	sr_set_unlock(places[0].first);
	return spot_a >= 0 && spot_b >= 0;
}

/* The set's lock is held. */
sr_set_inline bool sr_set_remove(struct sr_conn_set *set, __u32 stride, __u8 tag, const struct sr_tuple *tuple)
{
	int way = sr_set_find_way(set, stride, tag, tuple);

	if (way >= 0)
		sr_set_tag(set, way, 0);
	return way >= 0;
}

/* False: a writer did not finish, and the entry may still be there. */
sr_set_inline bool sr_conn_remove(const struct sr_conn_place *place, const struct sr_tuple *tuple)
{
	bool done;

	if (!sr_set_lock(place->first))
		return false;
	done = sr_set_remove(place->first, place->stride, place->tag, tuple) || !place->first->spilled;
	if (!done && place->second == place->first)
		done = true;
	if (!done && sr_set_lock(place->second)) {
		sr_set_remove(place->second, place->stride, place->tag, tuple);
		sr_set_unlock(place->second);
		done = true;
	}
	sr_set_unlock(place->first);
	return done;
}

#endif
