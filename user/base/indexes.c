// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/indexes.h"

#include <string.h>

/* So often does the search start over, in the life of one of these. */
#define INDEXES_MAX_LAPS 8

/* The next gap of `num` at or after the cursor, 0 if there is none. */
static uint32_t indexes_find(struct sr_indexes *indexes, uint32_t num)
{
	uint32_t length = 0;

	for (; indexes->cursor < indexes->size; indexes->cursor++) {
		length = indexes->live[indexes->cursor] ? 0 : length + 1;
		if (length == num)
			return ++indexes->cursor - num;
	}
	return 0;
}

static uint32_t indexes_reuse(struct sr_indexes *indexes, uint32_t num)
{
	for (;;) {
		uint32_t base;

		if (indexes->cursor == 0)
			indexes->cursor = 1;
		base = indexes_find(indexes, num);
		if (base || indexes->laps == INDEXES_MAX_LAPS)
			return base;
		indexes->laps++;
		indexes->cursor = 1;
	}
}

uint32_t sr_indexes_take(struct sr_indexes *indexes, uint32_t num)
{
	uint32_t base = indexes->fresh;

	/* The mark is only as good as who kept it: what lives is no longer fresh. */
	if (base < indexes->size && indexes->size - base >= num && !memchr(indexes->live + base, 1, num)) {
		indexes->fresh += num;
	} else {
		base = indexes_reuse(indexes, num);
		if (!base)
			return 0;
		indexes->reused = true;
	}
	memset(indexes->live + base, 1, num);
	return base;
}
