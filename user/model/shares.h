/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Weights as numbers of slots: a packet draws a slot, so a backend's share of
 * the slots is its share of the connections.
 */
#ifndef SVCROUTE_MODEL_SHARES_H
#define SVCROUTE_MODEL_SHARES_H

#include <stddef.h>
#include <stdint.h>

#include "model/service.h"

/* Beyond this many slots a service's shares are rounded. */
#define SR_SHARES_MAX 4096

struct sr_shares {
	uint32_t divisor; /* of all weights */
	uint64_t sum;	  /* of the weights, divided */
	uint64_t limit;	  /* slots that may be used; >= sum: nothing is rounded */
	uint32_t total;	  /* slots that are */
};

void sr_shares_make(struct sr_shares *out, const struct sr_endpoint *endpoints, size_t num);

/* Slots of a backend of this weight: at least 1, unless the weight is 0. */
uint32_t sr_shares_of(const struct sr_shares *shares, uint16_t weight);

#endif
