// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/addr_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* The place of the first that is not before `addr`. */
static size_t addr_set_place(const struct sr_addr_set *set, const struct sr_addr *addr)
{
	size_t low = 0, high = set->num;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sr_addr_compare(&set->item[middle], addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool sr_addr_set_has(const struct sr_addr_set *set, const struct sr_addr *addr)
{
	size_t place = addr_set_place(set, addr);

	return place < set->num && sr_addr_compare(&set->item[place], addr) == 0;
}

int sr_addr_set_add(struct sr_addr_set *set, const struct sr_addr *addr)
{
	size_t place = addr_set_place(set, addr);
	struct sr_addr *new;

	if (sr_addr_is_zero(addr) || sr_addr_set_has(set, addr))
		return 0;

	new = sr_array_insert(&set->item, &set->num, sizeof(*new), place);
	if (!new)
		return -ENOMEM;
	*new = *addr;
	return 0;
}

int sr_addr_set_append(struct sr_addr_set *set, const struct sr_addr *addr)
{
	struct sr_addr *new;

	if (sr_addr_is_zero(addr))
		return 0;

	new = sr_array_add(&set->item, &set->num, sizeof(*new));
	if (!new)
		return -ENOMEM;
	*new = *addr;
	return 0;
}

static int addr_set_compare(const void *a, const void *b)
{
	return sr_addr_compare(a, b);
}

void sr_addr_set_sort(struct sr_addr_set *set)
{
	if (set->num)
		qsort(set->item, set->num, sizeof(*set->item), addr_set_compare);
}

void sr_addr_set_remove(struct sr_addr_set *set, const struct sr_addr *addr)
{
	size_t place = addr_set_place(set, addr);

	if (!sr_addr_set_has(set, addr))
		return;
	set->num--;
	memmove(&set->item[place], &set->item[place + 1], (set->num - place) * sizeof(*set->item));
}

void sr_addr_set_clear(struct sr_addr_set *set)
{
	free(set->item);
	memset(set, 0, sizeof(*set));
}
