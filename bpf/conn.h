/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A connection's entry: which flow was given which backend, and how its packets
 * leave; its key, and when its time is up.
 */
#ifndef BPF_CONN_H
#define BPF_CONN_H

#include "config.h"
#include "lookup.h"
#include "pkt.h"

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

static __always_inline bool conn_is_closed(__u32 flags)
{
	return (flags & SR_CONN_CLOSED) == SR_CONN_CLOSED;
}

/* As far as one can hear. A reset may be forged: who is alive goes on, and so takes it back (conn_track_tcp). */
static __always_inline bool conn_is_over(__u32 flags)
{
	return flags & SR_CONN_RESET || conn_is_closed(flags);
}

static __always_inline __u32 conn_timeout(__u8 proto, __u32 flags)
{
	if (conn_is_closed(flags))
		return sr_timeout_closing;
	if (proto == IPPROTO_UDP)
		return sr_timeout_udp;
	return flags & (SR_CONN_PROVEN | SR_CONN_DSR) ? sr_timeout_tcp : sr_timeout_new;
}

static __always_inline bool conn_is_live(const struct sr_conn *conn, __u32 flags)
{
	/* Another CPU may have seen a packet in a tick that had not begun when we looked at the clock. */
	return (__s32)(conn_now() - conn->seen) <= (__s32)conn_timeout(conn->from.proto, flags);
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

#endif
