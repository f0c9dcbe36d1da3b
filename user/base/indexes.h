/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Indexes of an array that are free to take, singly or as a run. Index 0 is
 * never given. Indexes that were never used go first: what was freed may still
 * be in a packet's hands, and is given only when there is nothing else.
 */
#ifndef SVCROUTE_BASE_INDEXES_H
#define SVCROUTE_BASE_INDEXES_H

#include <stdbool.h>
#include <stdint.h>

struct sr_indexes {
	uint8_t *live; /* by index; what is taken is marked here */
	uint32_t size;
	uint32_t fresh; /* from here up, none was ever used */
	uint32_t cursor;
	unsigned int laps;
	bool reused; /* something was given that had been used before */
};

/* The first of `num` neighbours, num > 0; 0: there are none. */
uint32_t sr_indexes_take(struct sr_indexes *indexes, uint32_t num);

#endif
