/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A connection's entry: which flow was given which backend, and how its packets
 * leave, and when its time is up.
 */
#ifndef BPF_CONN_H
#define BPF_CONN_H

#include "config.h"
#include "lookup.h"
#include "pkt.h"
#include "svcroute/conn_rank.h"

static __always_inline __u32 conn_now(void)
{
	return bpf_jiffies64() >> SR_TICK_SHIFT;
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

static __always_inline struct sr_conn_clock conn_clock(void)
{
	return (struct sr_conn_clock){
		.now = conn_now(),
		.tcp = sr_timeout_tcp,
		.udp = sr_timeout_udp,
		.closing = sr_timeout_closing,
		.unproven = sr_timeout_new,
	};
}

static __always_inline bool conn_is_live(const struct sr_conn *conn, __u32 flags)
{
	struct sr_conn_clock clock = conn_clock();

	return sr_conn_is_live(&clock, conn, flags);
}

/* Room on this CPU for a connection's two halves: the stack has 512 bytes only. */
static __always_inline struct sr_scratch *conn_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sr_scratch, &zero);
}

/* scratch->reply becomes the other half of this one. */
__subprog int conn_invert(const struct sr_conn *conn)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_conn *out;
	__u32 from, to;

	if (!conn || !scratch)
		return 0;
	from = *(const __u32 *)&conn->from.sport;
	to = *(const __u32 *)&conn->to.sport;
	out = &scratch->reply;
	*out = *conn;
	out->from.src = conn->to.dst;
	out->from.dst = conn->to.src;
	*(__u64 *)&out->from.sport = word_pair(ports_swap(to), *(const __u32 *)&conn->from.proto);
	out->to.src = conn->from.dst;
	out->to.dst = conn->from.src;
	*(__u64 *)&out->to.sport = word_pair(ports_swap(from), conn->to.flags ^ SR_CONN_REPLY);
	out->hop = (struct sr_hop){};
	return 0;
}

/* A gateway's tunnel leads to this node's own backends: may its packets not go where this connection's do? */
static __always_inline bool conn_leads_elsewhere(const struct sr_tuple *from, const struct sr_rewrite *to)
{
	return to->flags & (SR_CONN_REPLY | SR_CONN_DSR) || sr_conn_is_masked(from, to);
}

static __always_inline bool conn_leaves_alike(const struct sr_conn *a, const struct sr_conn *b)
{
	return addr_is_equal(&a->to.src, &b->to.src) && addr_is_equal(&a->to.dst, &b->to.dst) &&
	       *(const __u32 *)&a->to.sport == *(const __u32 *)&b->to.sport;
}

#endif
