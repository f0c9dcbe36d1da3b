/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Announced addresses: which ones services want, and how each fares on a device. */
#ifndef SVCROUTE_MODEL_CLAIMS_H
#define SVCROUTE_MODEL_CLAIMS_H

#include "model/addr_set.h"
#include "model/neighbour.h"
#include "model/service.h"

#define SR_CLAIM_DEVICE	    16
#define SR_ANNOUNCE_UPLINKS "uplinks" /* in place of devices: all uplinks that have link addresses */

/* An address on a device; on device 0 it is one that is routed to this host. */
struct sr_claim {
	struct sr_addr addr;
	uint32_t ifindex;
	char device[SR_CLAIM_DEVICE];
	uint32_t state;		       /* enum sr_announced_state; 0: nobody has been asked yet */
	uint8_t mac[SR_NEIGHBOUR_MAC]; /* SR_ANNOUNCED_IN_USE: who has it; _HELD: who claims it, too */
	int64_t contested_at;	       /* _HELD: when that was last answered, in milliseconds; 0: never */
	uint8_t route_protocol;	       /* of device 0 */
	bool is_new;		       /* it was not held before, or not with this link address */
};

/* Sorted by sr_claim_compare(). */
struct sr_claims {
	struct sr_claim *item;
	size_t num;
};

/*
 * The addresses to be announced: external and load balancers' ones, whether
 * they have endpoints or not. Left out are this host's own, which its kernel
 * answers for, and those that endpoints have: they are pods', published. 0 or
 * -ENOMEM.
 */
int sr_claims_addresses(struct sr_addr_set *out, const struct sr_services *services, const struct sr_addr_set *own);

/* By address, then device. */
int sr_claim_compare(const void *a, const void *b);
/* Append; sort before any other use. 0 or -ENOMEM. */
int sr_claims_add(struct sr_claims *claims, const struct sr_claim *claim);
void sr_claims_sort(struct sr_claims *claims);
struct sr_claim *sr_claims_find(const struct sr_claims *claims, const struct sr_addr *addr, uint32_t ifindex);

/*
 * What was heard on a device while we asked. Two that ask at once would both
 * withdraw (RFC 5227, section 2.1.1): of them the lower link address goes on.
 */
void sr_claims_hear(struct sr_claims *claims, uint32_t ifindex, const uint8_t *our_mac,
		    const struct sr_neighbour_word *word);

/*
 * What was heard of addresses that are held (RFC 5227, section 2.4; of IPv6 the
 * same). The first word of another's within SR_DEFEND_INTERVAL_MS is answered:
 * the claim, still held. If he insists, the lower link address keeps it, so that
 * of two like us one remains: the claim, in use by him. NULL: nothing is to be
 * done. `now`: in milliseconds.
 */
#define SR_DEFEND_INTERVAL_MS 10000
struct sr_claim *sr_claims_contest(struct sr_claims *claims, uint32_t ifindex, const uint8_t *our_mac,
				   const struct sr_neighbour_word *word, int64_t now);

void sr_claims_clear(struct sr_claims *claims);
#define sr_autoclaims __attribute__((cleanup(sr_claims_clear)))

#endif
