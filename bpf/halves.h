/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A connection's two halves, the client's and the backend's: kept in step, moved
 * between the tables, made anew where LRU has evicted one, forgotten.
 *
 * A flood of new flows churns the small table only. A flow is copied to the
 * large one when both sides have shown themselves (conn_track); readers look
 * there first, and the small copy stays, so that no CPU sees a gap.
 */
#ifndef BPF_HALVES_H
#define BPF_HALVES_H

#include "find.h"
#include "monitor.h"

enum conn_peer_state {
	CONN_PEER_THERE,
	CONN_PEER_GONE,	 /* evicted */
	CONN_PEER_TAKEN, /* and its tuple claimed by another connection */
};

/* Look for the other half; scratch->reply is what it should be. */
static __always_inline enum conn_peer_state conn_peer(struct sr_scratch *scratch, const struct sr_conn *conn,
						      struct sr_conn **peer)
{
	conn_invert(&scratch->reply, conn);
	*peer = conn_get(&scratch->reply.from);
	if (!*peer)
		return CONN_PEER_GONE;
	return conn_leaves_alike(*peer, &scratch->reply) ? CONN_PEER_THERE : CONN_PEER_TAKEN;
}

static __always_inline void conn_mark_half(struct sr_conn *conn, __u32 set, __u32 clear)
{
	__sync_fetch_and_or(&conn->to.flags, set);
	__sync_fetch_and_and(&conn->to.flags, ~clear);
}

/* Set and clear flags of both halves. Returns the other one, NULL if it is gone. */
static __always_inline struct sr_conn *conn_mark(struct sr_conn *conn, __u32 set, __u32 clear)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn *peer;

	conn_mark_half(conn, set, clear);
	if (!scratch || conn_peer(scratch, conn, &peer) != CONN_PEER_THERE)
		return NULL;
	conn_mark_half(peer, set, clear);
	return peer;
}

/*
 * Before Linux 6.2 a subprogram's argument may not be what a map is given: so
 * it is copied to where it may. LRU may recycle an element meanwhile: whoever
 * writes one begins with its tuple, so that this vouches for what was copied
 * before it is read again.
 */
static __always_inline void conn_copy_to(void *table, const struct sr_conn *conn)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn_key key;

	if (!scratch)
		return;
	scratch->copy = *conn;
	barrier();
	if (!conn_is_of(conn, &scratch->copy.from))
		return;
	conn_key(&key, &scratch->copy.from);
	bpf_map_update_elem(table, &key, &scratch->copy, BPF_ANY);
}

static __always_inline void conn_demote_half(struct sr_conn *conn)
{
	struct sr_conn_key key;

	conn_copy_to(&sr_conns_new, conn);
	conn_key(&key, &conn->from);
	bpf_map_delete_elem(&sr_conns, &key);
}

/* The flow is over: its last packets may live in the small table. */
static __always_inline void conn_demote(struct sr_conn *conn, struct sr_conn *peer)
{
	if (peer)
		conn_demote_half(peer);
	conn_demote_half(conn);
}

/* A proven half that is left in the small table only goes back to the large. */
static __always_inline void conn_restore(struct sr_conn *conn)
{
	struct sr_conn_key key;

	conn_key(&key, &conn->from);
	if (conn->to.flags & SR_CONN_PROVEN && !bpf_map_lookup_elem(&sr_conns, &key))
		conn_copy_to(&sr_conns, conn);
}

/*
 * Look after the other half. It lives as long as this one does, though all the
 * packets go one way. LRU may have evicted it: make it anew. Where another
 * connection has claimed its tuple since, this one is over, or their answers
 * would mix.
 */
__subprog int conn_mend(struct sr_conn *conn)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn *peer;

	if (!conn || !scratch || conn_is_over(conn->to.flags))
		return 0;

	conn_restore(conn);
	switch (conn_peer(scratch, conn, &peer)) {
	case CONN_PEER_GONE:
		if (conn->to.flags & SR_CONN_PROVEN)
			conn_copy_to(&sr_conns, &scratch->reply);
		else
			conn_copy_to(&sr_conns_new, &scratch->reply);
		break;
	case CONN_PEER_TAKEN:
		conn_delete(&conn->from);
		break;
	case CONN_PEER_THERE:
		peer->seen = conn->seen;
		conn_restore(peer);
		break;
	}
	return 0;
}

/* The flow has proved itself: both halves into the large table. */
__subprog int conn_promote(struct sr_conn *conn)
{
	struct sr_scratch *scratch = conn_scratch();
	enum conn_peer_state state;
	struct sr_conn *peer;

	if (!conn || !scratch)
		return 0;
	state = conn_peer(scratch, conn, &peer);
	if (state == CONN_PEER_TAKEN)
		return 0;
	conn_mark_half(conn, SR_CONN_PROVEN, 0);
	conn->seen = conn_now();
	conn_copy_to(&sr_conns, conn);
	if (state == CONN_PEER_GONE) {
		scratch->reply.to.flags |= SR_CONN_PROVEN;
		conn_copy_to(&sr_conns, &scratch->reply);
		return 0;
	}
	conn_mark_half(peer, SR_CONN_PROVEN, 0);
	peer->seen = conn->seen;
	conn_copy_to(&sr_conns, peer);
	return 0;
}

/* Both halves are forgotten, in both tables. */
static __always_inline void conn_forget_halves(struct sr_scratch *scratch, struct sr_conn *conn)
{
	struct sr_conn *peer;

	if (conn_peer(scratch, conn, &peer) == CONN_PEER_THERE)
		conn_delete(&scratch->reply.from);
	conn_delete(&conn->from);
}

__subprog int conn_forget(struct sr_conn *conn)
{
	struct sr_scratch *scratch = conn_scratch();

	if (!conn || !scratch)
		return 0;
	if (!conn_is_over(conn->to.flags))
		monitor_conn(conn, SR_EVENT_CLOSED);
	conn_forget_halves(scratch, conn);
	return 0;
}

#endif
