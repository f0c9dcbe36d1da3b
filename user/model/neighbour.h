/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is said on a link of who has an address: ARP (RFC 826, RFC 5227) and
 * neighbour discovery (RFC 4861, RFC 4862), as frames.
 */
#ifndef SVCROUTE_MODEL_NEIGHBOUR_H
#define SVCROUTE_MODEL_NEIGHBOUR_H

#include <stddef.h>
#include <stdint.h>

#include "svcroute/abi.h"

#define SR_NEIGHBOUR_FRAME 86 /* the longest one */
#define SR_NEIGHBOUR_MAC   6

struct sr_neighbour_frame {
	uint8_t bytes[SR_NEIGHBOUR_FRAME];
	size_t length;
};

/* Does anybody have the address? Asked without having one. `mac` is ours. */
void sr_neighbour_probe(struct sr_neighbour_frame *out, const struct sr_addr *addr, const uint8_t *mac);
/* The same asked of one station alone, whose own that link address is. */
void sr_neighbour_probe_one(struct sr_neighbour_frame *out, const struct sr_addr *addr, const uint8_t *mac,
			    const uint8_t *station);
/* We have it: to all of the link. */
void sr_neighbour_announce(struct sr_neighbour_frame *out, const struct sr_addr *addr, const uint8_t *mac);

enum sr_neighbour_kind {
	SR_NEIGHBOUR_HAS = 1, /* the address */
	SR_NEIGHBOUR_WANTS,   /* it, and asks whether anybody has it */
};

/* What a frame says: who, and of which address. */
struct sr_neighbour_word {
	enum sr_neighbour_kind kind;
	struct sr_addr addr;
	uint8_t mac[SR_NEIGHBOUR_MAC];
};

/* 0, or -EINVAL: it says nothing of the kind. */
int sr_neighbour_read(struct sr_neighbour_word *out, const uint8_t *bytes, size_t length);

/* The group of an IPv6 address's solicitations (RFC 4291, section 2.7.1), as a link address (RFC 2464, section 7). */
void sr_neighbour_group(uint8_t *mac, const struct sr_addr *addr);

#endif
