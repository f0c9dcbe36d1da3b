/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The life of a connection: what its packets say of it, and which packets are its own. */
#ifndef BPF_CONNTRACK_H
#define BPF_CONNTRACK_H

#include "halves.h"

/* Ticks between two looks whether the other half is still there: 16. */
#define CONN_MEND_SHIFT 4

/* How far the client's first acknowledgement may lie from the SYN-ACK. */
#define CONN_PROOF_WINDOW 65536

/*
 * Whoever acknowledges the SYN-ACK has seen it: no forged source can. A backend
 * that goes on from there has heard its client: also of what began before us,
 * or was evicted.
 */
static __always_inline bool conn_proves_itself(const struct sr_conn *conn, const struct pkt *pkt, __u32 flags)
{
	/* Its answers are not seen: it must have gone on for a while. */
	if (flags & SR_CONN_DSR)
		return !(pkt->tcp_flags & TCP_FLAG_SYN) && conn_now() - conn->created >= sr_prove_udp;
	if (flags & SR_CONN_REPLY)
		return pkt->tuple.proto == IPPROTO_TCP &&
		       !(pkt->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_FIN | TCP_FLAG_RST));
	return flags & SR_CONN_ANSWERED && pkt->tcp_flags & TCP_FLAG_ACK &&
	       pkt->ack - conn->isn - 1 < CONN_PROOF_WINDOW;
}

/* What a packet says of its side's end. */
static __always_inline __u32 conn_ending(const struct pkt *pkt, __u32 flags)
{
	__u32 end = 0;

	if (pkt->tcp_flags & TCP_FLAG_FIN)
		end |= flags & SR_CONN_REPLY ? SR_CONN_FIN_SERVER : SR_CONN_FIN_CLIENT;
	/* The backend's is not seen: the client's must do for both. */
	if (end && flags & SR_CONN_DSR)
		end = SR_CONN_CLOSED;
	if (pkt->tcp_flags & TCP_FLAG_RST)
		end |= SR_CONN_RESET;
	return end & ~flags;
}

/* `flags` are those before. What is over is not kept. */
static __always_inline void conn_end(struct sr_conn *conn, __u32 flags, __u32 end)
{
	conn_mark_fate(conn, end, 0);
	if (!conn_is_over(flags) && conn_is_over(READ_ONCE(conn->to.flags)))
		monitor_conn(conn, SR_EVENT_CLOSED);
}

/*
 * A packet that is neither SYN nor RST, after a reset: its ends did not believe
 * that, as if it lay out of their window (RFC 5961, section 3).
 */
static __always_inline void conn_take_reset_back(struct sr_conn *conn, const struct pkt *pkt, __u32 flags)
{
	if (flags & SR_CONN_RESET && !(pkt->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_RST)))
		conn_mark_fate(conn, 0, SR_CONN_RESET);
}

/*
 * TCP's handshake and its end (RFC 9293, sections 3.5 and 3.6); SCTP's in the
 * same words. True: conn_promote() is due. (Not called from here: the stacks of
 * both would not fit.)
 */
__subprog int conn_track_tcp(struct sr_conn *conn, const struct pkt *pkt)
{
	struct sr_conn *peer;
	__u32 flags, end;

	if (!conn || !pkt)
		return false;

	flags = conn->to.flags;
	if (pkt->tcp_flags & TCP_FLAG_SYN) {
		peer = conn_mark(conn, flags & SR_CONN_REPLY ? SR_CONN_ANSWERED : 0, 0);
		if (peer)
			peer->isn = pkt->seq;
	}
	/* The next connection on this tuple, with the same backend: nobody has ended that. */
	if ((pkt->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN && flags & SR_CONN_CLOSED) {
		conn_mark_fate(conn, 0, SR_CONN_CLOSED);
		flags &= ~SR_CONN_CLOSED;
	}
	end = conn_ending(pkt, flags);
	if (end)
		conn_end(conn, flags, end);
	if (conn_is_closed(flags | end))
		return false;
	conn_take_reset_back(conn, pkt, flags);
	return !(flags & SR_CONN_PROVEN) && conn_proves_itself(conn, pkt, flags);
}

/* UDP is a conversation when both sides have spoken for a while. True as above. */
__subprog int conn_track_udp(struct sr_conn *conn)
{
	__u32 flags;

	if (!conn)
		return false;

	flags = conn->to.flags;
	if (flags & SR_CONN_REPLY && !(flags & SR_CONN_ANSWERED))
		conn_mark(conn, SR_CONN_ANSWERED, 0);
	return !(flags & SR_CONN_REPLY) && flags & (SR_CONN_ANSWERED | SR_CONN_DSR) &&
	       conn_now() - conn->created >= sr_prove_udp;
}

/* Can the packet change more than the time when the connection was seen? */
static __always_inline bool conn_is_news(const struct pkt *pkt, __u32 flags)
{
	if ((flags & (SR_CONN_PROVEN | SR_CONN_RESET)) != SR_CONN_PROVEN)
		return true;
	return pkt->tuple.proto != IPPROTO_UDP && pkt->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_FIN | TCP_FLAG_RST);
}

/*
 * Is there nothing to note of a packet, and nothing to ask? So it is with nearly
 * all: their connection is proven, and was heard of in this very tick.
 */
static __always_inline bool conn_is_routine(const struct sr_conn *conn, const struct pkt *pkt, __u32 flags)
{
	if (conn->seen != conn_now() || conn_is_news(pkt, flags))
		return false;
	if (pkt->tuple.proto == IPPROTO_UDP)
		return flags & SR_CONN_REPLY || backend_is_current(conn->backend, conn->generation);
	return !sr_terminate;
}

/* What is known of a packet's connection. */
enum conn_met {
	CONN_MET_NONE,
	CONN_MET_OVERDUE, /* its time is up: a new one takes its place */
	CONN_MET_LIVE,
	CONN_MET_ROUTINE, /* and conn_is_routine() */
};

/* The connection of a packet, and a copy of how it leaves: nothing in `to`, and `*conn` NULL, only if there is none. */
static __always_inline enum conn_met conn_meet(const struct pkt *pkt, struct sr_conn **conn, struct sr_rewrite *to)
{
	*conn = conn_look(&pkt->tuple, to);
	if (!*conn)
		return CONN_MET_NONE;
	if (likely(conn_is_routine(*conn, pkt, to->flags)))
		return CONN_MET_ROUTINE;
	return conn_is_live(*conn, to->flags) ? CONN_MET_LIVE : CONN_MET_OVERDUE;
}

/* Take note of a packet of a connection. `flags` are those that were copied. */
static __always_inline void conn_track(struct sr_conn *conn, struct pkt *pkt, __u32 flags)
{
	__u32 now = conn_now();
	__u32 seen = conn->seen;
	/* Who begins on the tuple of what was left behind waits for an answer. */
	bool is_due = (pkt->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN;

	/* That a proven connection is alive no SYN says. */
	if (seen != now && !(pkt->tcp_flags & TCP_FLAG_SYN && flags & SR_CONN_PROVEN)) {
		conn->seen = now;
		is_due = is_due || (seen ^ now) >> CONN_MEND_SHIFT;
	}
	if (is_due)
		conn_mend(conn);

	if (likely(!conn_is_news(pkt, flags)))
		return;
	if (pkt->tuple.proto == IPPROTO_UDP ? conn_track_udp(conn) : conn_track_tcp(conn, pkt))
		conn_promote(conn);
}

/* Does --terminate end this connection? Not the next one, which a SYN begins. */
static __always_inline bool conn_is_terminated(const struct sr_conn *conn, const struct pkt *pkt)
{
	return sr_terminate && pkt->tuple.proto == IPPROTO_TCP &&
	       (pkt->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) != TCP_FLAG_SYN &&
	       !backend_is_current(conn->backend, conn->generation);
}

/* (A SYN does not count: conn_track().) */
static __always_inline bool conn_is_quiet(const struct sr_conn *conn)
{
	return (__s32)(conn_now() - conn->seen) > (__s32)sr_grace_new;
}

/*
 * Does a SYN belong to this connection? It begins another where this one is
 * closed, or was reset, or was not proven and has no backend. Else it may be
 * forged, and the reset before it: what is proven and was heard of a moment ago
 * is given up for neither, nor what drains for a SYN alone.
 */
static __always_inline bool conn_bears_syn(const struct sr_conn *conn, __u32 flags)
{
	bool is_current;

	if (conn_is_closed(flags))
		return false;
	is_current = backend_is_current(conn->backend, conn->generation);
	if (flags & SR_CONN_RESET)
		return flags & SR_CONN_PROVEN && is_current && !conn_is_quiet(conn);
	if (flags & SR_CONN_DIRECT || backend_is_ready(conn->backend, conn->generation))
		return true;
	if (!(flags & SR_CONN_PROVEN) || is_current)
		return flags & SR_CONN_PROVEN;
	return !sr_terminate && !conn_is_quiet(conn);
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
	return conn_bears_syn(conn, flags);
}

#endif
