// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/addr_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static int addr_set_compare(const void *item, const void *key)
{
	return sr_addr_compare(item, key);
}

/* The place of the first that is not before `addr`. */
static size_t addr_set_place(const struct sr_addr_set *set, const struct sr_addr *addr)
{
	return sr_array_place(set->item, set->num, sizeof(*set->item), addr, addr_set_compare);
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
