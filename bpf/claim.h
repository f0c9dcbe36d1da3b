/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Entering a new flow: first the tuple is claimed on which its answers will
 * arrive, so that nothing is forwarded whose answers could not be turned back.
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
	if (!held && sr_beside_words)
		held = conn_import(&key, &scratch->reply.from);
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

	bloom_add(&scratch->reply);
	bloom_add(&scratch->conn);
	conn_key(&key, &scratch->conn.from);
	if (bpf_map_update_elem(&sr_conns_new, &key, &scratch->conn, BPF_NOEXIST) == 0) {
		conn_export(scratch, &scratch->reply);
		conn_export(scratch, &scratch->conn);
		monitor_conn(&scratch->conn, SR_EVENT_NEW);
		return SR_OK;
	}

	/* Another CPU entered the same flow meanwhile: its choice counts. If it is ours, so is its claim. */
	scratch->copy = scratch->conn;
	if (conn_join(&scratch->conn) && conn_leaves_alike(&scratch->conn, &scratch->copy))
		return SR_OK;
	conn_key(&key, &scratch->reply.from);
	bpf_map_delete_elem(&sr_conns_new, &key);
	return conn_join(&scratch->conn) ? SR_OK : SR_DROP_TABLE_FULL;
}

#endif
