/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Entering a new flow: both halves at once, or first the tuple is claimed on which
 * its answers will arrive, so that nothing is forwarded whose answers could not be
 * turned back.
 */
#ifndef BPF_CLAIM_H
#define BPF_CLAIM_H

#include "bloom.h"
#include "conntrack.h"

/* Nobody will miss it: closed, or a handshake that should be over. (UDP has none.) */
static __always_inline bool conn_is_idle_claim(const struct sr_conn *held, __u32 flags)
{
	if (conn_is_closed(flags))
		return true;
	/* A reset may be forged. */
	if (flags & SR_CONN_RESET && flags & SR_CONN_PROVEN)
		return (__s32)(conn_now() - held->seen) > (__s32)sr_timeout_closing;
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
	CONN_AGREED, /* another CPU has claimed it for the same flow */
	CONN_HELD,   /* by another connection */
	CONN_TAKEN,  /* by another, which is over: conn_replace() it */
	CONN_NO_ROOM,
};

/* The same connection's entry is there already, alive or not: it begins anew, unless it is proven and lives. */
static __always_inline void conn_renew(struct sr_conn *held, const struct sr_conn *half)
{
	if (held->to.flags & SR_CONN_PROVEN && conn_is_live(held, held->to.flags))
		return;
	held->backend = half->backend;
	held->generation = half->generation;
	held->service = half->service;
	held->created = half->created;
	held->seen = half->seen;
	held->isn = half->isn;
	held->hop.mtu = 0;
	held->to.flags = half->to.flags;
	conn_keep(held);
}

/* Claim the tuple on which the answers will arrive, that of scratch->reply. */
__subprog int conn_claim(bool eager)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn *held;
	int inserted;

	if (!scratch)
		return CONN_HELD;
	if (sr_beside_words)
		conn_import(&scratch->reply.from);
	inserted = conn_insert(&scratch->reply);
	if (likely(inserted == SR_CONN_INSERTED))
		return CONN_CLAIMED;
	if (inserted == SR_CONN_FULL)
		return CONN_NO_ROOM;
	held = conn_get(&scratch->reply.from);
	if (!held)
		return CONN_HELD;

	/* Another CPU, with a packet of the same flow, was faster: agree. */
	if (conn_leaves_alike(held, &scratch->reply)) {
		conn_renew(held, &scratch->reply);
		return CONN_AGREED;
	}
	return conn_take(held, eager) ? CONN_TAKEN : CONN_HELD;
}

/* Forget the connection that holds scratch->reply's tuple, and claim it. */
__subprog int conn_replace(void)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn *held;

	if (!scratch)
		return CONN_HELD;
	held = conn_get(&scratch->reply.from);
	if (held)
		conn_forget_halves(scratch, held);
	conn_invert(&scratch->conn);
	return conn_insert(&scratch->reply) == SR_CONN_INSERTED ? CONN_CLAIMED : CONN_HELD;
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
	return sr_conn_is_of(held, &conn->from);
}

/*
 * Claim where the answers will arrive: scratch->reply. A flow that keeps its
 * client's address tries its port first; where that collides the port is
 * translated, too. enum conn_claim.
 */
__subprog int conn_claim_any(void)
{
	struct sr_scratch *scratch = conn_scratch();
	int claim = CONN_HELD;

	if (!scratch)
		return CONN_HELD;
	for (int i = 0; i < CONN_MAX_CLAIMS && claim == CONN_HELD; i++) {
		if (i || sr_conn_is_masked(&scratch->conn.from, &scratch->conn.to))
			scratch->conn.to.sport = conn_draw_port();
		conn_invert(&scratch->conn);
		claim = conn_claim(i >= CONN_EAGER_CLAIMS);
		if (claim == CONN_TAKEN)
			claim = conn_replace();
	}
	return claim;
}

/* Before it is entered. Answers to the client's own address are known by their backend (service_is_foreign_in()). */
static __always_inline void conn_foretell(const struct sr_scratch *scratch)
{
	bloom_add(&scratch->reply, sr_conn_is_masked(&scratch->reply.from, &scratch->reply.to));
	/* (A frontend's address was foretold when it was programmed.) */
	if (scratch->conn.to.flags & SR_CONN_DIRECT)
		bloom_add(&scratch->conn, false);
}

/* Tell whoever else asks of a connection that was entered. */
static __always_inline void conn_publish(const struct sr_scratch *scratch)
{
	if (sr_beside_words) {
		conn_export(&scratch->reply);
		conn_export(&scratch->conn);
	}
	monitor_conn(&scratch->conn, SR_EVENT_NEW);
}

/*
 * Enter a new flow. `scratch->conn` is its forward half, complete but for the
 * source port if that is translated; on success it says how the packet leaves.
 * Nothing is forwarded whose answers could not be turned back. `is_overdue`: its
 * tuple has an entry whose time was up.
 */
__subprog int conn_open(bool is_overdue)
{
	struct sr_scratch *scratch = conn_scratch();
	int claim;

	if (!scratch)
		return SR_DROP_INTERNAL;
	if (is_overdue && conn_join(&scratch->conn))
		return SR_OK;
	if (sr_conn_is_masked(&scratch->conn.from, &scratch->conn.to))
		scratch->conn.to.sport = conn_draw_port();
	conn_invert(&scratch->conn);
	conn_foretell(scratch);
	if (likely(!sr_beside_words && conn_insert_pair())) {
		conn_publish(scratch);
		return SR_OK;
	}

	claim = conn_claim_any();
	if (claim != CONN_CLAIMED && claim != CONN_AGREED)
		return claim == CONN_NO_ROOM ? SR_DROP_TABLE_FULL : SR_DROP_NO_PORT;

	conn_foretell(scratch);
	if (likely(conn_insert(&scratch->conn) == SR_CONN_INSERTED)) {
		conn_publish(scratch);
		return SR_OK;
	}

	/* Another CPU entered the same flow meanwhile: its choice counts. If it is ours, so is its claim. */
	scratch->copy = scratch->conn;
	if (conn_join(&scratch->conn) && conn_leaves_alike(&scratch->conn, &scratch->copy))
		return SR_OK;
	if (claim == CONN_CLAIMED)
		conn_delete(&scratch->reply.from);
	return conn_join(&scratch->conn) ? SR_OK : SR_DROP_TABLE_FULL;
}

#endif
