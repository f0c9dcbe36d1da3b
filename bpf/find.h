/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tables of connections, sr_conns (proven) and sr_conns_new (all others),
 * and an entry of a packet in them.
 *
 * While the tables are replaced, by those of another version or of another size,
 * hooks change programs one by one: so ours read the former tables, too, and tell
 * them what is new. sr_beside_words is 0 at all other times, and no code of that
 * is left.
 */
#ifndef BPF_FIND_H
#define BPF_FIND_H

#include "conn.h"

static __always_inline struct sr_conn *conn_look(const struct sr_conn_key *key)
{
	struct sr_conn *conn = bpf_map_lookup_elem(&sr_conns, key);

	return conn ? conn : bpf_map_lookup_elem(&sr_conns_new, key);
}

/* An entry of theirs as one of ours: what only we know of is 0. */
static __always_inline void conn_read_beside(struct sr_conn *out, const struct sr_conn *theirs)
{
	const __u64 *from = (const __u64 *)theirs;
	__u64 *to = (__u64 *)out;

#pragma unroll
	for (__u32 i = 0; i < sizeof(*out) / sizeof(*to); i++)
		to[i] = i < sr_beside_words ? READ_ONCE(from[i]) : 0;
}

/* What the former tables have of a tuple into ours. NULL: nothing. */
static __always_inline struct sr_conn *conn_import(const struct sr_conn_key *key, const struct sr_tuple *tuple)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn *theirs;

	if (!sr_beside_words || !scratch)
		return NULL;
	theirs = bpf_map_lookup_elem(&sr_conns_beside, key);
	if (!theirs)
		theirs = bpf_map_lookup_elem(&sr_conns_new_beside, key);
	if (!theirs)
		return NULL;
	conn_read_beside(&scratch->beside, theirs);
	if (!conn_is_of(&scratch->beside, tuple))
		return NULL;
	if (scratch->beside.to.flags & SR_CONN_PROVEN)
		bpf_map_update_elem(&sr_conns, key, &scratch->beside, BPF_NOEXIST);
	else
		bpf_map_update_elem(&sr_conns_new, key, &scratch->beside, BPF_NOEXIST);
	return conn_look(key);
}

/* A new half into the former tables. */
static __always_inline void conn_export(struct sr_scratch *scratch, const struct sr_conn *conn)
{
	struct sr_conn_key key;

	if (!sr_beside_words)
		return;
	conn_key(&key, &conn->from);
	scratch->beside = *conn;
	bpf_map_update_elem(&sr_conns_new_beside, &key, &scratch->beside, BPF_ANY);
}

static __always_inline void conn_delete(const struct sr_tuple *tuple)
{
	struct sr_conn_key key;

	conn_key(&key, tuple);
	bpf_map_delete_elem(&sr_conns, &key);
	bpf_map_delete_elem(&sr_conns_new, &key);
	if (sr_beside_words) {
		bpf_map_delete_elem(&sr_conns_beside, &key);
		bpf_map_delete_elem(&sr_conns_new_beside, &key);
	}
}

static __always_inline struct sr_conn *conn_look_or_import(const struct sr_tuple *tuple)
{
	struct sr_conn_key key;
	struct sr_conn *conn;

	conn_key(&key, tuple);
	conn = conn_look(&key);
	return conn || !sr_beside_words ? conn : conn_import(&key, tuple);
}

/* The entry of a tuple in either table, the proven one first; NULL if none. */
static __always_inline struct sr_conn *conn_get(const struct sr_tuple *tuple)
{
	struct sr_conn *conn = conn_look_or_import(tuple);

	return conn && conn_is_of(conn, tuple) ? conn : NULL;
}

/*
 * The live connection of a packet; NULL if there is none. `to` is a copy of
 * how it leaves. LRU elements are recycled under their readers: the tuple is
 * compared after the copy was made, and so vouches for it.
 */
static __always_inline struct sr_conn *conn_find(const struct sr_tuple *tuple, struct sr_rewrite *to)
{
	struct sr_conn *conn = conn_look_or_import(tuple);

	if (!conn)
		return NULL;
	*to = conn->to;
	barrier();
	if (!conn_is_of(conn, tuple) || !conn_is_live(conn, to->flags))
		return NULL;
	return conn;
}

#endif
