/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Writing the table of connections (conn_set.h): entries are locked for, given a
 * place, written, removed.
 *
 * Whoever writes a way holds its set's lock: the tag goes, the tuple is written, then
 * the rest, and the tag comes last. An entry goes into its second set where that is
 * emptier than a first one that fills up, so that hardly any set is full before most
 * are.
 *
 * In a full set a new entry takes the place of whichever that is not kept was
 * written longest ago: so a flood of flows that prove nothing displaces only its
 * like, and costs one look at the set's head. Where all are kept, see conn_rank.h.
 */
#ifndef SVCROUTE_CONN_ENTER_H
#define SVCROUTE_CONN_ENTER_H

#include "svcroute/conn_rank.h"

#ifndef __bpf__
#include <sched.h>
#endif

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

/*
 * Who enters a tuple holds the lock of its first set, wherever the entry goes: so it is
 * entered once. (Each choice is settled by itself: that takes less of BPF's stack.)
 */
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
 * lock waits until all that was written before has arrived. (Second sets only if that of
 * `b`, which was looked at before, fills up: then others do, too.) False: nothing was
 * done, and they are to be entered one by one, for one is there, or finds no room so
 * easily, or the two share a set.
 */
sr_set_inline bool sr_conn_insert_pair(const struct sr_conn_place places[2], const struct sr_conn *a,
				       const struct sr_conn *b)
{
	int spot_a = SR_CONN_NOWHERE, spot_b = SR_CONN_NOWHERE;
	struct sr_conn_set *set;

	(void)SR_SET_VOLATILE(places[0].first->tags);
	if (sr_set_used(SR_SET_VOLATILE(places[1].first->tags)) >= SR_SET_FILLING) {
		(void)SR_SET_VOLATILE(places[0].second->tags);
		(void)SR_SET_VOLATILE(places[1].second->tags);
	}
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
