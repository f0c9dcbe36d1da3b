/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long a connection may be silent, and who gives way in a set where all are
 * kept, that is proven and not over, as far as the set knows: they are looked at
 * one by one. One that is active gives way to nobody.
 */
#ifndef SVCROUTE_CONN_RANK_H
#define SVCROUTE_CONN_RANK_H

#include "svcroute/conn_set.h"

#ifndef __bpf__
#include <netinet/in.h>
#endif

/* In ticks: now, and how long a connection may be silent. */
struct sr_conn_clock {
	__u32 now;
	__u32 tcp;
	__u32 udp;
	__u32 closing;
	__u32 unproven;
};

sr_set_inline __u32 sr_conn_timeout(const struct sr_conn_clock *clock, __u8 proto, __u32 flags)
{
	if ((flags & SR_CONN_CLOSED) == SR_CONN_CLOSED)
		return clock->closing;
	if (proto == IPPROTO_UDP)
		return clock->udp;
	return flags & (SR_CONN_PROVEN | SR_CONN_DSR) ? clock->tcp : clock->unproven;
}

/* Ticks since then. Another CPU may have seen a packet in a tick that had not begun when we looked at the clock. */
sr_set_inline __u32 sr_conn_since(const struct sr_conn_clock *clock, __u32 tick)
{
	__s32 ticks = clock->now - tick;

	return ticks < 0 ? 0 : ticks;
}

/* `flags`: a copy of the connection's, made before. */
sr_set_inline bool sr_conn_is_live(const struct sr_conn_clock *clock, const struct sr_conn *conn, __u32 flags)
{
	return sr_conn_since(clock, conn->seen) <= sr_conn_timeout(clock, conn->from.proto, flags);
}

enum sr_conn_class {
	SR_CONN_DEAD,	 /* its time is up, it is closed, or another takes its tuple */
	SR_CONN_UNSURE,	 /* unproven, or reset */
	SR_CONN_SILENT,	 /* proven, and silent for as long as a closed one is kept */
	SR_CONN_ACTIVE,	 /* proven */
	SR_CONN_CLASSES, /* nobody */
};

/* The lowest gives way first: by class, of one class who was silent longest. */
sr_set_subprog __u64 sr_conn_rank(const struct sr_conn_clock *clock, __u32 flags, __u32 proto, __u32 seen)
{
	__u64 class = SR_CONN_ACTIVE;
	__u32 silent;

	if (!clock)
		return 0;
	silent = sr_conn_since(clock, seen);
	if (silent > clock->closing)
		class = SR_CONN_SILENT;
	if (!(flags & SR_CONN_PROVEN) || flags & SR_CONN_RESET)
		class = SR_CONN_UNSURE;
	if (flags & SR_CONN_TAKEN || (flags & SR_CONN_CLOSED) == SR_CONN_CLOSED ||
	    silent > sr_conn_timeout(clock, proto, flags))
		class = SR_CONN_DEAD;
	return class << 32 | (__u32)~silent;
}

/* A way by its entry's rank, in one number: the lowest gives way. */
#define SR_VICTIM(rank, way)  ((rank)*SR_CONN_WAYS + (way))
#define SR_VICTIM_WAY(victim) ((victim) % SR_CONN_WAYS)
#define SR_VICTIM_IN(class)   SR_VICTIM((__u64)(class) << 32, 0) /* the first that there may be of that class */

sr_set_inline __u64 sr_set_victim(struct sr_conn_set *set, __u32 stride, const struct sr_conn_clock *clock)
{
	__u64 victim = SR_VICTIM_IN(SR_CONN_CLASSES);

	for (__u32 way = 0; way < SR_CONN_WAYS; way++) {
		const struct sr_conn *conn = sr_set_at(set, way, stride);
		__u64 other = SR_VICTIM(sr_conn_rank(clock, conn->to.flags, conn->from.proto, conn->seen), way);

		if (other < victim)
			victim = other;
	}
	return victim;
}

#endif
