/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of connections (svcroute/conn_set.h, conn_enter.h): a packet's entry
 * looked up, entries made and removed.
 *
 * While the table is replaced, by one of another version or of another size,
 * hooks change programs one by one: so ours read the former table, too, and tell
 * it what is new. sr_beside_words is 0 at all other times, and no code of that
 * is left.
 */
#ifndef BPF_TABLE_H
#define BPF_TABLE_H

#include "conn.h"
#include "svcroute/conn_enter.h"

#define CONN_STRIDE sizeof(struct sr_conn)

static __always_inline struct sr_conn_set *conn_set(__u32 index)
{
	return bpf_map_lookup_elem(&sr_conns, &index);
}

/* Where a tuple's entry lies, or is to lie. False: there is no table. */
static __always_inline bool conn_place(struct sr_conn_place *place, const struct sr_tuple *tuple)
{
	__u64 hash = sr_conn_hash(sr_key_seed, tuple);

	place->first = conn_set(sr_conn_first_set(hash, sr_num_conn_sets));
	place->second = conn_set(sr_conn_second_set(hash, sr_num_conn_sets));
	place->stride = CONN_STRIDE;
	place->tag = sr_conn_tag(hash);
	place->home = sr_conn_home(hash);
	return place->first && place->second;
}

/* The same in the former table. */
static __always_inline bool conn_place_beside(struct sr_conn_place *place, const struct sr_tuple *tuple)
{
	__u64 hash = sr_conn_hash(sr_key_seed, tuple);
	__u32 first = sr_conn_first_set(hash, sr_beside_sets), second = sr_conn_second_set(hash, sr_beside_sets);

	place->first = bpf_map_lookup_elem(&sr_conns_beside, &first);
	place->second = bpf_map_lookup_elem(&sr_conns_beside, &second);
	place->stride = sr_beside_stride;
	place->tag = sr_conn_tag(hash);
	place->home = sr_conn_home(hash);
	return place->first && place->second;
}

/* Enter a half. enum sr_conn_inserted. */
__subprog int conn_insert(const struct sr_conn *half)
{
	struct sr_conn_clock clock = conn_clock();
	struct sr_conn_place place;

	if (!half || !conn_place(&place, &half->from))
		return SR_CONN_FULL;
	return sr_conn_insert(&place, half, &clock);
}

/* Both of scratch->reply and scratch->conn, if that is easy. */
__subprog bool conn_insert_pair(void)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn_place places[2];

	return scratch && conn_place(&places[0], &scratch->reply.from) && conn_place(&places[1], &scratch->conn.from) &&
	       sr_conn_insert_pair(places, &scratch->reply, &scratch->conn);
}

/* --- the former table ------------------------------------------------------------------ */

/* An entry of theirs as one of ours: what only we know of is 0. */
static __always_inline void conn_read_beside(struct sr_conn *out, const struct sr_conn *theirs)
{
	const __u64 *from = (const __u64 *)theirs;
	__u64 *to = (__u64 *)out;

#pragma unroll
	for (__u32 i = 0; i < sizeof(*out) / sizeof(*to); i++)
		to[i] = i < sr_beside_words ? READ_ONCE(from[i]) : 0;
}

/* What the former table has of a tuple into ours. True: it has. */
__subprog bool conn_import(const struct sr_tuple *tuple)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn_place place;
	struct sr_conn_set *set;
	struct sr_conn *theirs;
	int way;

	if (!sr_beside_words || !scratch || !tuple || !conn_place_beside(&place, tuple))
		return false;
	way = sr_conn_find(&place, tuple, &set);
	if (way < 0)
		return false;
	theirs = sr_set_at(set, way, place.stride);
	conn_read_beside(&scratch->beside, theirs);
	/* The way may be another's by now. */
	barrier();
	return sr_conn_is_of(theirs, tuple) && conn_insert(&scratch->beside) != SR_CONN_FULL;
}

/* A new half into the former table. */
__subprog int conn_export(const struct sr_conn *half)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn_clock clock = conn_clock();
	struct sr_conn_place place;

	if (!sr_beside_words || !scratch || !half)
		return 0;
	scratch->beside = *half;
	if (conn_place_beside(&place, &scratch->beside.from))
		sr_conn_insert(&place, &scratch->beside, &clock);
	return 0;
}

/* --- both ------------------------------------------------------------------------------- */

__subprog int conn_delete(const struct sr_tuple *tuple)
{
	struct sr_conn_place place;

	if (!tuple)
		return 0;
	if (conn_place(&place, tuple))
		sr_conn_remove(&place, tuple);
	if (sr_beside_words && conn_place_beside(&place, tuple))
		sr_conn_remove(&place, tuple);
	return 0;
}

#define CONN_NOWHERE (-1)

/* Set and way of a tuple's entry, as set * SR_CONN_WAYS + way, or CONN_NOWHERE. */
__subprog int conn_locate(const struct sr_tuple *tuple)
{
	struct sr_conn_set *set;
	__u32 index;
	__u64 hash;
	int way;

	if (!tuple)
		return CONN_NOWHERE;
	hash = sr_conn_hash(sr_key_seed, tuple);
	index = sr_conn_first_set(hash, sr_num_conn_sets);
	set = conn_set(index);
	if (!set)
		return CONN_NOWHERE;
	way = sr_set_find_way(set, CONN_STRIDE, sr_conn_tag(hash), tuple);
	if (way >= 0)
		return index * SR_CONN_WAYS + way;
	if (!READ_ONCE(set->spilled))
		return CONN_NOWHERE;
	index = sr_conn_second_set(hash, sr_num_conn_sets);
	set = conn_set(index);
	if (!set)
		return CONN_NOWHERE;
	way = sr_set_find_way(set, CONN_STRIDE, sr_conn_tag(hash), tuple);
	return way < 0 ? CONN_NOWHERE : (int)index * SR_CONN_WAYS + way;
}

/* The entry of a tuple; NULL if none. */
static __always_inline struct sr_conn *conn_get(const struct sr_tuple *tuple)
{
	int place = conn_locate(tuple);
	struct sr_conn_set *set;

	if (place < 0 && sr_beside_words && conn_import(tuple))
		place = conn_locate(tuple);
	set = place < 0 ? NULL : conn_set((__u32)place / SR_CONN_WAYS);
	return set ? sr_set_at(set, place, CONN_STRIDE) : NULL;
}

/* What a half's flags say by now of whether it is to be kept its set is told. */
__subprog int conn_keep(const struct sr_conn *half)
{
	int place = half ? conn_locate(&half->from) : CONN_NOWHERE;
	struct sr_conn_set *set = place < 0 ? NULL : conn_set((__u32)place / SR_CONN_WAYS);

	if (set && (READ_ONCE(set->kept) >> place % SR_CONN_WAYS & 1) != sr_conn_is_kept(half->to.flags))
		sr_set_keep(set, place, half->to.flags);
	return 0;
}

/* Of an entry that is another's by now: no copy of it was made before its tuple was read. */
static __always_inline struct sr_conn *conn_copy(struct sr_conn *conn, const struct sr_tuple *tuple,
						 struct sr_rewrite *to)
{
	*to = conn->to;
	barrier();
	return sr_conn_is_of(conn, tuple) ? conn : NULL;
}

/* The entry of a packet, and a copy of how it leaves. Mostly it is at home. */
static __always_inline struct sr_conn *conn_look(const struct sr_tuple *tuple, struct sr_rewrite *to)
{
	__u64 hash = sr_conn_hash(sr_key_seed, tuple), tags;
	struct sr_conn_set *set = conn_set(sr_conn_first_set(hash, sr_num_conn_sets));
	struct sr_conn *conn;

	if (!set)
		return NULL;
	tags = READ_ONCE(set->tags);
	if (likely(sr_set_tag_at(tags, sr_conn_home(hash)) == sr_conn_tag(hash))) {
		conn = conn_copy(sr_set_at(set, sr_conn_home(hash), CONN_STRIDE), tuple, to);
		if (likely(conn))
			return conn;
	}
	if (!sr_set_match(tags, sr_conn_tag(hash)) && !set->spilled && !sr_beside_words)
		return NULL;
	conn = conn_get(tuple);
	return conn ? conn_copy(conn, tuple, to) : NULL;
}

/* The live connection of a packet; NULL if there is none. `to` is a copy of how it leaves. */
static __always_inline struct sr_conn *conn_find(const struct sr_tuple *tuple, struct sr_rewrite *to)
{
	struct sr_conn *conn = conn_look(tuple, to);

	return conn && conn_is_live(conn, to->flags) ? conn : NULL;
}

#endif
