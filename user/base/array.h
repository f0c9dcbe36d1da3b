/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Arrays that grow by one, as a pointer and a count beside it.
 */
#ifndef SVCROUTE_BASE_ARRAY_H
#define SVCROUTE_BASE_ARRAY_H

#include <stddef.h>

/*
 * Append a zeroed element of `size` bytes to `*array`, which holds `*num`, and
 * return it; NULL: no memory, and nothing has changed. The capacity is the next
 * power of two of the count: fill an array by this function only.
 */
void *sr_array_add(void *array, size_t *num, size_t size);

/* Make room at `index`, moving the rest up; else as sr_array_add(). */
void *sr_array_insert(void *array, size_t *num, size_t size, size_t index);

/*
 * Of `num` sorted items of `size` bytes, the index of the first that is not before
 * `key`; `num`: all are. `compare` is called with an item and the key.
 */
size_t sr_array_place(const void *items, size_t num, size_t size, const void *key,
		      int (*compare)(const void *item, const void *key));

/* Put a copy of `text` (NULL allowed) in `*out`, freeing what was there. 0 or -ENOMEM. */
int sr_string_set(char **out, const char *text);

#endif
