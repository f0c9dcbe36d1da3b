/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Weights as numbers of slots: a packet draws a slot of a set, so a backend's
 * share of the slots is its share of the connections.
 */
#ifndef SVCROUTE_MODEL_SHARES_H
#define SVCROUTE_MODEL_SHARES_H

#include <stddef.h>
#include <stdint.h>

#include "model/service.h"

/* Beyond this many slots a service's shares are rounded. */
#define SR_SHARES_MAX 4096
/* The same where the choice is consistent: flows follow the weights themselves, and pass by all slots. */
#define SR_SHARES_MAX_MAGLEV 256

struct sr_shares {
	uint8_t member;	  /* enum sr_backend_flags: what the set's endpoints bear */
	uint32_t divisor; /* of all weights */
	uint64_t sum;	  /* of the weights, divided */
	uint64_t limit;	  /* slots that may be used; >= sum: nothing is rounded */
	uint32_t total;	  /* slots that are */
};

/* The shares of a service's endpoints in one of its sets. */
void sr_shares_make(struct sr_shares *out, const struct sr_service *service, enum sr_set set);

/* Slots of an endpoint: at least 1, unless it is not in the set. */
uint32_t sr_shares_of(const struct sr_shares *shares, const struct sr_endpoint *endpoint);

#endif
