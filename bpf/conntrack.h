/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The life of a connection: what its packets say of it.
 *
 * A flood of new flows churns the small table only. A flow is copied to the
 * large one when both sides have shown themselves (conn_track); readers look
 * there first, and the small copy stays, so that no CPU sees a gap.
 */
#ifndef BPF_CONNTRACK_H
#define BPF_CONNTRACK_H

#include "conn.h"

/* Ticks between two looks whether the other half is still there: 16. */
#define CONN_MEND_SHIFT 4

/* How far the client's first acknowledgement may lie from the SYN-ACK. */
#define CONN_PROOF_WINDOW 65536

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

/* Set flags on both halves. Returns the other one, NULL if it is gone. */
static __always_inline struct sr_conn *conn_mark(struct sr_conn *conn, __u32 flags)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn *peer;

	__sync_fetch_and_or(&conn->to.flags, flags);
	if (!scratch || conn_peer(scratch, conn, &peer) != CONN_PEER_THERE)
		return NULL;
	__sync_fetch_and_or(&peer->to.flags, flags);
	return peer;
}

/*
 * Before Linux 6.2 a subprogram's argument may not be what a map is given: so
 * it is copied to where it may.
 */
static __always_inline void conn_copy_to(void *table, const struct sr_conn *conn)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn_key key;

	if (!scratch)
		return;
	scratch->copy = *conn;
	conn_key(&key, &conn->from);
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

static __always_inline void conn_delete(const struct sr_tuple *tuple)
{
	struct sr_conn_key key;

	conn_key(&key, tuple);
	bpf_map_delete_elem(&sr_conns, &key);
	bpf_map_delete_elem(&sr_conns_new, &key);
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

	if (!conn || !scratch || conn_is_closing(conn->to.flags))
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
	struct sr_conn *peer;

	if (!conn)
		return 0;
	peer = conn_mark(conn, SR_CONN_PROVEN);
	conn->seen = conn_now();
	conn_copy_to(&sr_conns, conn);
	if (!peer)
		return 0;
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

	if (conn && scratch)
		conn_forget_halves(scratch, conn);
	return 0;
}

/* TCP's handshake and its end (RFC 9293, sections 3.5 and 3.6); SCTP's in the same words. */
__subprog int conn_track_tcp(struct sr_conn *conn, const struct pkt *pkt)
{
	struct sr_conn *peer;
	__u32 flags, end = 0;

	if (!conn || !pkt)
		return 0;

	flags = conn->to.flags;
	if (flags & SR_CONN_REPLY && pkt->tcp_flags & TCP_FLAG_SYN) {
		peer = conn_mark(conn, SR_CONN_ANSWERED);
		if (peer)
			peer->isn = pkt->seq;
	}
	/* Whoever acknowledges the SYN-ACK has seen it: no forged source can. */
	if (!(flags & (SR_CONN_REPLY | SR_CONN_PROVEN)) && flags & SR_CONN_ANSWERED && pkt->tcp_flags & TCP_FLAG_ACK &&
	    pkt->ack - conn->isn - 1 < CONN_PROOF_WINDOW)
		conn_promote(conn);
	/* A backend that goes on from there has heard its client: also of what began before us, or was evicted. */
	if (pkt->tuple.proto == IPPROTO_TCP && (flags & (SR_CONN_REPLY | SR_CONN_PROVEN)) == SR_CONN_REPLY &&
	    !(pkt->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_FIN | TCP_FLAG_RST)))
		conn_promote(conn);

	if (pkt->tcp_flags & TCP_FLAG_FIN)
		end |= flags & SR_CONN_REPLY ? SR_CONN_FIN_SERVER : SR_CONN_FIN_CLIENT;
	if (pkt->tcp_flags & TCP_FLAG_RST)
		end |= SR_CONN_RESET;
	if (end & ~flags) {
		peer = conn_mark(conn, end);
		if (flags & SR_CONN_PROVEN && conn_is_closing(flags | end))
			conn_demote(conn, peer);
	}
	return 0;
}

/* UDP is a conversation when both sides have spoken for a while. */
__subprog int conn_track_udp(struct sr_conn *conn)
{
	__u32 flags;

	if (!conn)
		return 0;

	flags = conn->to.flags;
	if (flags & SR_CONN_REPLY && !(flags & SR_CONN_ANSWERED))
		conn_mark(conn, SR_CONN_ANSWERED);
	if (!(flags & SR_CONN_REPLY) && flags & SR_CONN_ANSWERED && conn_now() - conn->created >= sr_prove_udp)
		conn_promote(conn);
	return 0;
}

/* Take note of a packet of a connection. `flags` are those conn_find() copied. */
static __always_inline void conn_track(struct sr_conn *conn, struct pkt *pkt, __u32 flags)
{
	__u32 now = conn_now();
	__u32 seen = conn->seen;

	if (seen != now) {
		conn->seen = now;
		if ((seen ^ now) >> CONN_MEND_SHIFT)
			conn_mend(conn);
	}

	if (pkt->tuple.proto != IPPROTO_UDP) {
		if (pkt->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_FIN | TCP_FLAG_RST) || !(flags & SR_CONN_PROVEN))
			conn_track_tcp(conn, pkt);
	} else if (!(flags & SR_CONN_PROVEN)) {
		conn_track_udp(conn);
	}
}

/* Does --terminate end this connection? Not the next one, which a SYN begins. */
static __always_inline bool conn_is_terminated(const struct sr_conn *conn, const struct pkt *pkt)
{
	return sr_terminate && pkt->tuple.proto == IPPROTO_TCP &&
	       (pkt->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) != TCP_FLAG_SYN &&
	       !backend_is_current(conn->backend, conn->generation);
}

/*
 * May this packet go where its connection goes? Not if it begins a new one on
 * the same tuple, nor if it is UDP whose backend is gone.
 */
static __always_inline bool conn_goes_on(const struct sr_conn *conn, const struct pkt *pkt, __u32 flags)
{
	if (pkt->tuple.proto == IPPROTO_UDP)
		return backend_is_current(conn->backend, conn->generation);
	if (likely((pkt->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) != TCP_FLAG_SYN))
		return true;
	return !conn_is_closing(flags) && backend_is_ready(conn->backend, conn->generation);
}

#endif
