/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How long a flow may be silent, and the clock that the datapath counts by. */
#ifndef SVCROUTE_KERNEL_TIMEOUTS_H
#define SVCROUTE_KERNEL_TIMEOUTS_H

#include <stdint.h>

#include "model/flow.h"

/* In ticks of 1 << SR_TICK_SHIFT jiffies, rounded up. */
struct sr_timeouts {
	uint32_t tcp;
	uint32_t udp;
	uint32_t closing;
	uint32_t unproven;
	uint32_t fragments;
	uint32_t prove_udp;
	uint32_t grace_new;
	uint32_t jiffies_per_second;
};

void sr_timeouts_get(struct sr_timeouts *out);

/* The datapath's clock now, to within a tick or two. */
uint32_t sr_ticks_now(void);

/* The clock now, and the timeouts of connections. */
void sr_flow_clock_get(struct sr_flow_clock *out);

/* Jiffies that an ICMP error to one peer costs: net.ipv4.icmp_ratelimit. 0: no limit. */
uint32_t sr_icmp_cost(void);

#endif
