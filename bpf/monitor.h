/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `svcroute monitor` is told. Nobody asks on the way of a packet whose
 * connection is known: only where a flow begins or ends, and where a packet is
 * dropped or left alone. While no monitor runs, asking is all there is.
 */
#ifndef BPF_MONITOR_H
#define BPF_MONITOR_H

#include "maps.h"
#include "net.h"

static __always_inline struct sr_monitor *monitor_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sr_monitor, &zero);
}

/* Does a monitor want to know of this (enum sr_event_wish)? It says so anew now and then: one that was killed does not.
 */
static __always_inline bool monitor_wants(__u32 wish)
{
	struct sr_monitor *monitor = monitor_get();

	if (likely(!monitor || !(monitor->wishes >> wish & 1)))
		return false;
	if ((__s32)(monitor->until - (__u32)(bpf_jiffies64() >> SR_TICK_SHIFT)) >= 0)
		return true;
	monitor->wishes = 0;
	return false;
}

/* `to` may be NULL: the packet goes nowhere, or on as it is. What the ring has no room for is counted. */
__subprog int monitor_tell(const struct sr_tuple *tuple, const struct sr_rewrite *to, __u32 service, __u32 what,
			   __u32 ifindex)
{
	struct sr_monitor *monitor = monitor_get();
	struct sr_event *event;

	if (!tuple || !monitor)
		return 0;
	event = bpf_ringbuf_reserve(&sr_events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&monitor->lost, 1);
		return 0;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time = bpf_ktime_get_ns();
	event->tuple = *tuple;
	if (to)
		event->to = *to;
	event->service = service;
	event->ifindex = ifindex;
	event->kind = SR_EVENT_KIND(what);
	event->reason = SR_EVENT_REASON(what);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* A connection has begun, or is over. */
static __always_inline void monitor_conn(const struct sr_conn *conn, enum sr_event_kind kind)
{
	if (unlikely(monitor_wants(kind == SR_EVENT_NEW ? SR_WISH_NEW : SR_WISH_CLOSED)))
		monitor_tell(&conn->from, &conn->to, conn->service, SR_EVENT_WHAT(kind, 0), 0);
}

/* What became of a packet that was not translated. */
static __always_inline void monitor_packet(const struct sr_tuple *tuple, enum sr_event_kind kind, int reason,
					   __u32 ifindex)
{
	__u32 index = sr_reason_index(reason);

	_Static_assert(SR_REASON_MAX < SR_WISH_CLOSED, "a bit for each reason");
	if (unlikely(monitor_wants(index & 63)))
		monitor_tell(tuple, NULL, 0, SR_EVENT_WHAT(kind, index), ifindex);
}

#endif
