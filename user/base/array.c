// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *sr_array_add(void *array, size_t *num, size_t size)
{
	char *items, *grown;

	memcpy(&items, array, sizeof(items));
	if ((*num & (*num - 1)) == 0) {
		grown = reallocarray(items, *num ? *num * 2 : 1, size);
		if (!grown)
			return NULL;
		items = grown;
		memcpy(array, &items, sizeof(items));
	}

	items += *num * size;
	(*num)++;
	return memset(items, 0, size);
}

void *sr_array_insert(void *array, size_t *num, size_t size, size_t index)
{
	char *items;

	if (!sr_array_add(array, num, size))
		return NULL;

	memcpy(&items, array, sizeof(items));
	items += index * size;
	memmove(items + size, items, (*num - 1 - index) * size);
	return memset(items, 0, size);
}

size_t sr_array_place(const void *items, size_t num, size_t size, const void *key,
		      int (*compare)(const void *item, const void *key))
{
	size_t low = 0, high = num;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare((const char *)items + middle * size, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int sr_string_set(char **out, const char *text)
{
	char *copy = NULL;

	if (text) {
		copy = strdup(text);
		if (!copy)
			return -ENOMEM;
	}
	free(*out);
	*out = copy;
	return 0;
}
