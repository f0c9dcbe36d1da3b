/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What happens to connections and packets, as it happens: one reader at a time. */
#ifndef SVCROUTE_KERNEL_EVENTS_H
#define SVCROUTE_KERNEL_EVENTS_H

#include <time.h>

#include "kernel/datapath.h"

struct sr_events;

/*
 * Begin to listen, to what `wishes` (1 << enum sr_event_wish) says; events of
 * before are forgotten. -EBUSY: another process listens.
 */
int sr_events_open(struct sr_events **out, struct sr_datapath *datapath, uint64_t wishes, struct sr_error *err);

/*
 * Call `visit` for each event there is, waiting for the first one at most a
 * second, or until a signal comes: whoever does not call again within some
 * seconds is told no more. Stops at its first negative return. -ESTALE: the
 * instance was unloaded, or replaced by another version's; 0 or -errno.
 */
int sr_events_read(struct sr_events *events, int (*visit)(const struct sr_event *event, void *context), void *context,
		   struct sr_error *err);

/* How many were lost since this was asked last, because nobody read them fast enough. */
uint64_t sr_events_lost(struct sr_events *events);

/* When it was, by the clock on the wall. */
struct timespec sr_events_time(const struct sr_event *event);

/* Stop listening. */
void sr_events_close(struct sr_events *events);
static inline void sr_events_cleanup(struct sr_events **events)
{
	sr_events_close(*events);
}
#define sr_autoevents __attribute__((cleanup(sr_events_cleanup)))

#endif
