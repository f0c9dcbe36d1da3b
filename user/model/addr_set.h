/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A set of addresses, held as a sorted array.
 */
#ifndef SVCROUTE_MODEL_ADDR_SET_H
#define SVCROUTE_MODEL_ADDR_SET_H

#include "model/addr.h"

struct sr_addr_set {
	struct sr_addr *item;
	size_t num;
};

bool sr_addr_set_has(const struct sr_addr_set *set, const struct sr_addr *addr);
/* 0 or -ENOMEM. Addresses of zeros, and those already there, are let be. */
int sr_addr_set_add(struct sr_addr_set *set, const struct sr_addr *addr);
/* To fill a large set: append in any order, then sort before any other use. */
int sr_addr_set_append(struct sr_addr_set *set, const struct sr_addr *addr);
void sr_addr_set_sort(struct sr_addr_set *set);
void sr_addr_set_remove(struct sr_addr_set *set, const struct sr_addr *addr);
void sr_addr_set_clear(struct sr_addr_set *set);

#endif
