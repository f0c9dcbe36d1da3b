/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections: which flow was given which backend, and how its answers turn
 * back. This file owns sr_conns (proven) and sr_conns_new (all others).
 *
 * A flood of new flows churns the small table only. A flow is copied to the
 * large one when both sides have shown themselves (conn_track); readers look
 * there first, and the small copy stays, so that no CPU sees a gap.
 */
#ifndef BPF_CONNTRACK_H
#define BPF_CONNTRACK_H

#include "config.h"
#include "lookup.h"
#include "packet.h"

#define CONN_CLOSING_BITS (SR_CONN_FIN_CLIENT | SR_CONN_FIN_SERVER)

/* Ticks between two looks whether the other half is still there: 16. */
#define CONN_MEND_SHIFT 4

/* How far the client's first acknowledgement may lie from the SYN-ACK. */
#define CONN_PROOF_WINDOW 65536

static __always_inline __u32 conn_now(void)
{
	return bpf_jiffies64() >> SR_TICK_SHIFT;
}

/* NH, a universal hash (RFC 4418, section 5.2): sums and products of word pairs. */
static __always_inline __u64 conn_hash(const struct sr_tuple *tuple, int seed)
{
	const __u32 *word = (const __u32 *)tuple;
	__u64 sum = 0;

	for (int i = 0; i < 5; i++) {
		__u64 key = sr_key_seed[seed + i];

		sum += (__u64)(__u32)(word[2 * i] + (__u32)key) * (__u32)(word[2 * i + 1] + (__u32)(key >> 32));
	}
	return sum;
}

/* IPv4: the tuple itself. IPv6: a digest, which sr_conn.from confirms. */
static __always_inline void conn_key(struct sr_conn_key *key, const struct sr_tuple *tuple)
{
	if (addr_is_v4(&tuple->dst)) {
		key->half[0] = (__u64)tuple->src.word[3] << 32 | tuple->dst.word[3];
		key->half[1] = 4ULL << 56 | (__u64)tuple->proto << 32 | *(const __u32 *)&tuple->sport;
		return;
	}
	key->half[0] = conn_hash(tuple, 0);
	key->half[1] = 6ULL << 56 | conn_hash(tuple, 5) >> 8;
}

static __always_inline bool conn_is_of(const struct sr_conn *conn, const struct sr_tuple *tuple)
{
	const __u64 *a = (const __u64 *)&conn->from;
	const __u64 *b = (const __u64 *)tuple;

	return a[3] == b[3] && a[4] == b[4] && a[1] == b[1] && a[0] == b[0] && a[2] == b[2];
}

static __always_inline bool conn_is_closing(__u32 flags)
{
	return flags & SR_CONN_RESET || (flags & CONN_CLOSING_BITS) == CONN_CLOSING_BITS;
}

static __always_inline __u32 conn_timeout(__u8 proto, __u32 flags)
{
	if (conn_is_closing(flags))
		return sr_timeout_closing;
	if (proto == IPPROTO_UDP)
		return sr_timeout_udp;
	return flags & SR_CONN_PROVEN ? sr_timeout_tcp : sr_timeout_new;
}

static __always_inline bool conn_is_live(const struct sr_conn *conn, __u32 flags)
{
	/* Another CPU may have seen a packet in a tick that had not begun when we looked at the clock. */
	return (__s32)(conn_now() - conn->seen) <= (__s32)conn_timeout(conn->from.proto, flags);
}

/* The entry of a tuple in either table, the proven one first; NULL if none. */
static __always_inline struct sr_conn *conn_get(const struct sr_tuple *tuple)
{
	struct sr_conn_key key;
	struct sr_conn *conn;

	conn_key(&key, tuple);
	conn = bpf_map_lookup_elem(&sr_conns, &key);
	if (!conn)
		conn = bpf_map_lookup_elem(&sr_conns_new, &key);
	return conn && conn_is_of(conn, tuple) ? conn : NULL;
}

/*
 * The live connection of a packet; NULL if there is none. `to` is a copy of
 * how it leaves. LRU elements are recycled under their readers: the tuple is
 * compared after the copy was made, and so vouches for it.
 */
static __always_inline struct sr_conn *conn_find(const struct sr_tuple *tuple, struct sr_rewrite *to)
{
	struct sr_conn_key key;
	struct sr_conn *conn;

	conn_key(&key, tuple);
	conn = bpf_map_lookup_elem(&sr_conns, &key);
	if (!conn)
		conn = bpf_map_lookup_elem(&sr_conns_new, &key);
	if (!conn)
		return NULL;

	*to = conn->to;
	barrier();
	if (!conn_is_of(conn, tuple) || !conn_is_live(conn, to->flags))
		return NULL;
	return conn;
}

/* Room on this CPU for a connection's two halves: the stack has 512 bytes only. */
static __always_inline struct sr_scratch *conn_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sr_scratch, &zero);
}

/* The other half, made from this one. */
static __always_inline void conn_invert(struct sr_conn *out, const struct sr_conn *conn)
{
	*out = *conn;
	out->from.src = conn->to.dst;
	out->from.dst = conn->to.src;
	out->from.sport = conn->to.dport;
	out->from.dport = conn->to.sport;
	out->to.src = conn->from.dst;
	out->to.dst = conn->from.src;
	out->to.sport = conn->from.dport;
	out->to.dport = conn->from.sport;
	out->to.flags = conn->to.flags ^ SR_CONN_REPLY;
}

static __always_inline bool conn_leaves_alike(const struct sr_conn *a, const struct sr_conn *b)
{
	return addr_is_equal(&a->to.src, &b->to.src) && addr_is_equal(&a->to.dst, &b->to.dst) &&
	       *(const __u32 *)&a->to.sport == *(const __u32 *)&b->to.sport;
}

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

/* Nobody will miss it: closed, or a handshake that should be over. (UDP has none.) */
static __always_inline bool conn_is_idle_claim(const struct sr_conn *held, __u32 flags)
{
	if (conn_is_closing(flags))
		return true;
	return held->from.proto != IPPROTO_UDP && !(flags & SR_CONN_PROVEN) &&
	       (__s32)(conn_now() - held->created) > (__s32)sr_grace_new;
}

/*
 * May the claim of another connection be taken over? If its time is up; and,
 * when free tuples are hard to find (`eager`), if nobody will miss it: else
 * forged SYNs would hold all of a backend's ports. Of several CPUs one is told
 * so.
 */
static __always_inline bool conn_take(struct sr_conn *held, bool eager)
{
	__u32 flags = READ_ONCE(held->to.flags);

	if (flags & SR_CONN_TAKEN || (conn_is_live(held, flags) && !(eager && conn_is_idle_claim(held, flags))))
		return false;
	return __sync_val_compare_and_swap(&held->to.flags, flags, flags | SR_CONN_TAKEN) == flags;
}

enum conn_claim {
	CONN_CLAIMED = 0,
	CONN_HELD,  /* by another connection */
	CONN_TAKEN, /* by another, which is over: conn_replace() it */
};

/* Claim the tuple on which the answers will arrive, that of scratch->reply. */
__subprog int conn_claim(bool eager)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn_key key;
	struct sr_conn *held;

	if (!scratch)
		return CONN_HELD;
	conn_key(&key, &scratch->reply.from);
	held = bpf_map_lookup_elem(&sr_conns, &key);
	if (!held) {
		if (bpf_map_update_elem(&sr_conns_new, &key, &scratch->reply, BPF_NOEXIST) == 0)
			return CONN_CLAIMED;
		held = bpf_map_lookup_elem(&sr_conns_new, &key);
	}
	if (!held || !conn_is_of(held, &scratch->reply.from))
		return CONN_HELD;

	/* Another CPU, with a packet of the same flow, was faster: agree. */
	if (conn_leaves_alike(held, &scratch->reply)) {
		bool is_over = !conn_is_live(held, held->to.flags);

		bpf_map_update_elem(&sr_conns_new, &key, &scratch->reply, BPF_ANY);
		/* What is left of an old one in the large table would hide it. */
		if (is_over)
			bpf_map_delete_elem(&sr_conns, &key);
		return CONN_CLAIMED;
	}
	return conn_take(held, eager) ? CONN_TAKEN : CONN_HELD;
}

/* Forget the connection that holds scratch->reply's tuple, and claim it. */
__subprog int conn_replace(void)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn_key key;
	struct sr_conn *held;

	if (!scratch)
		return CONN_HELD;
	held = conn_get(&scratch->reply.from);
	if (held)
		conn_forget_halves(scratch, held);
	conn_invert(&scratch->reply, &scratch->conn);
	conn_key(&key, &scratch->reply.from);
	return bpf_map_update_elem(&sr_conns_new, &key, &scratch->reply, BPF_NOEXIST) ? CONN_HELD : CONN_CLAIMED;
}

/* So many tuples are tried, the later ones with less respect for the closed. */
#define CONN_MAX_CLAIMS	  16
#define CONN_EAGER_CLAIMS 6

static __always_inline __be16 conn_draw_port(void)
{
	__u32 range = (__u32)sr_snat_port_high - sr_snat_port_low + 1;

	return bpf_htons(sr_snat_port_low + (__u32)(((__u64)bpf_get_prandom_u32() * range) >> 32));
}

/*
 * If the tuple has an entry already: join it where it lives, forget it where
 * its time is up. True: `conn` leaves as the entry says.
 */
static __always_inline bool conn_join(struct sr_conn *conn)
{
	struct sr_conn *held = conn_get(&conn->from);

	if (!held)
		return false;
	if (held->to.flags & SR_CONN_REPLY || !conn_is_live(held, held->to.flags)) {
		conn_forget(held);
		return false;
	}
	conn->to = held->to;
	barrier();
	return conn_is_of(held, &conn->from);
}

/*
 * Enter a new flow. `scratch->conn` is its forward half, complete but for the
 * source port if that is translated; on success it says how the packet leaves.
 *
 * The reverse half is claimed first: nothing is forwarded whose answers could
 * not be turned back. A flow that keeps its client's address tries its port
 * first; where that collides the port is translated, too.
 */
__subprog int conn_open(void)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn_key key;
	int i, claim;

	if (!scratch)
		return SR_DROP_INTERNAL;
	if (conn_join(&scratch->conn))
		return SR_OK;

	for (i = 0; i < CONN_MAX_CLAIMS; i++) {
		if (i || scratch->conn.to.flags & SR_CONN_SNAT)
			scratch->conn.to.sport = conn_draw_port();
		conn_invert(&scratch->reply, &scratch->conn);
		claim = conn_claim(i >= CONN_EAGER_CLAIMS);
		if (claim == CONN_TAKEN)
			claim = conn_replace();
		if (claim == CONN_CLAIMED)
			break;
	}
	if (i == CONN_MAX_CLAIMS)
		return SR_DROP_NO_PORT;

	conn_key(&key, &scratch->conn.from);
	if (bpf_map_update_elem(&sr_conns_new, &key, &scratch->conn, BPF_NOEXIST) == 0)
		return SR_OK;

	/* Another CPU entered the same flow meanwhile: its choice counts. If it is ours, so is its claim. */
	scratch->copy = scratch->conn;
	if (conn_join(&scratch->conn) && conn_leaves_alike(&scratch->conn, &scratch->copy))
		return SR_OK;
	conn_key(&key, &scratch->reply.from);
	bpf_map_delete_elem(&sr_conns_new, &key);
	return conn_join(&scratch->conn) ? SR_OK : SR_DROP_TABLE_FULL;
}

#endif
