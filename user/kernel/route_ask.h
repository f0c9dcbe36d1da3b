/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the kernel would route a packet (as `ip route get` asks it). */
#ifndef SVCROUTE_KERNEL_ROUTE_ASK_H
#define SVCROUTE_KERNEL_ROUTE_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "model/addr.h"

struct sr_error;

enum sr_route_kind {
	SR_ROUTE_DEVICE, /* out by a device */
	SR_ROUTE_LOCAL,	 /* to this host itself */
	SR_ROUTE_NONE,	 /* nowhere: there is no route, or it refuses, or the source is no valid one there */
};

struct sr_route {
	enum sr_route_kind kind;
	uint32_t ifindex;   /* SR_ROUTE_DEVICE */
	struct sr_addr hop; /* the next one; zeros: the destination itself */
	int error;	    /* SR_ROUTE_NONE: what the kernel said, -errno */
};

/*
 * A packet from `src` to `dst` that came in by device `ifindex`; 0: that this
 * host sends. `src` may be zeros then. 0, or -errno with `err`.
 */
int sr_route_ask(struct sr_route *out, const struct sr_addr *src, const struct sr_addr *dst, uint32_t ifindex,
		 struct sr_error *err);

/*
 * The link address of the next hop to `dst`, as the kernel knows it now. False: it
 * does not, or not any more, and asks for it when there is a packet.
 */
bool sr_route_neighbour(uint8_t out[6], const struct sr_route *route, const struct sr_addr *dst);

#endif
