/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A connection's two halves, the client's and the backend's: kept in step, made
 * anew where one was displaced, forgotten.
 */
#ifndef BPF_HALVES_H
#define BPF_HALVES_H

#include "monitor.h"
#include "table.h"

enum conn_peer_state {
	CONN_PEER_THERE,
	CONN_PEER_GONE,	 /* displaced */
	CONN_PEER_TAKEN, /* and its tuple claimed by another connection */
};

/* Look for the other half; scratch->reply is what it should be. */
static __always_inline enum conn_peer_state conn_peer(struct sr_scratch *scratch, const struct sr_conn *conn,
						      struct sr_conn **peer)
{
	conn_invert(conn);
	*peer = conn_get(&scratch->reply.from);
	if (!*peer)
		return CONN_PEER_GONE;
	return conn_leaves_alike(*peer, &scratch->reply) ? CONN_PEER_THERE : CONN_PEER_TAKEN;
}

static __always_inline void conn_mark_half(struct sr_conn *conn, __u32 set, __u32 clear)
{
	if (set)
		__sync_fetch_and_or(&conn->to.flags, set);
	if (clear)
		__sync_fetch_and_and(&conn->to.flags, ~clear);
}

/* It lives as the other half does; its way out may have changed while it was silent. */
static __always_inline void conn_hear_of(struct sr_conn *peer, const struct sr_conn *conn)
{
	peer->hop.mtu = 0;
	peer->seen = conn->seen;
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
 * The same, of what decides whether they are kept. Mostly nothing has changed of that.
 * (Of two ends on two CPUs the later one sees both, on x86; where stores are less
 * ordered, what is over may count as kept until its set is full.)
 */
static __always_inline void conn_mark_fate(struct sr_conn *conn, __u32 set, __u32 clear)
{
	struct sr_conn *peer = conn_mark(conn, set, clear);

	if (!clear && sr_conn_is_kept(READ_ONCE(conn->to.flags)) &&
	    (!peer || sr_conn_is_kept(READ_ONCE(peer->to.flags))))
		return;
	conn_keep(conn);
	if (peer)
		conn_keep(peer);
}

/*
 * Look after the other half. It lives as long as this one does, though all the
 * packets go one way. It may have been displaced: make it anew. Where another
 * connection has claimed its tuple since, this one is over, or their answers
 * would mix.
 */
__subprog int conn_mend(struct sr_conn *conn)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn *peer;

	if (!conn || !scratch || conn_is_over(conn->to.flags))
		return 0;

	switch (conn_peer(scratch, conn, &peer)) {
	case CONN_PEER_GONE:
		conn_insert(&scratch->reply);
		break;
	case CONN_PEER_TAKEN:
		conn_delete(&conn->from);
		break;
	case CONN_PEER_THERE:
		conn_hear_of(peer, conn);
		break;
	}
	return 0;
}

/* The flow has proved itself: no flood of others displaces it now. */
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
	conn_keep(conn);
	if (state == CONN_PEER_GONE) {
		scratch->reply.to.flags |= SR_CONN_PROVEN;
		scratch->reply.seen = conn->seen;
		return conn_insert(&scratch->reply);
	}
	conn_mark_half(peer, SR_CONN_PROVEN, 0);
	conn_hear_of(peer, conn);
	return conn_keep(peer);
}

/* Both halves are forgotten. */
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
