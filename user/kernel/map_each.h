/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Walk a hash map, in batches where the kernel has them (5.6). */
#ifndef SVCROUTE_KERNEL_MAP_EACH_H
#define SVCROUTE_KERNEL_MAP_EACH_H

#include <stdint.h>

/*
 * Call `visit` for each element; stop at its first negative return and give
 * that back. Elements that come and go meanwhile may or may not be seen.
 * 0 or -errno.
 */
int sr_map_each(int fd, int (*visit)(const void *key, const void *value, void *context), void *context);

/* Number of elements a map can hold, 0 on failure. */
uint32_t sr_map_size(int fd);

#endif
