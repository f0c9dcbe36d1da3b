/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Elements into a hash map, a thousand with each system call. */
#ifndef SVCROUTE_KERNEL_MAP_PUT_H
#define SVCROUTE_KERNEL_MAP_PUT_H

#include <stddef.h>
#include <stdint.h>

/* Set the first three; the rest is zeroed. */
struct sr_map_put {
	int fd;
	size_t key_size;
	size_t value_size;
	char *keys;
	char *values;
	uint32_t num; /* that wait */
};

/* Put an element, now or with later ones. 0 or -errno; some before it may be what failed. */
int sr_map_put(struct sr_map_put *put, const void *key, const void *value);
/* Put those that wait: then all are there, in their order. 0 or -errno. */
int sr_map_put_rest(struct sr_map_put *put);
/* Forget those that wait. */
void sr_map_put_clear(struct sr_map_put *put);

#define sr_automapput __attribute__((cleanup(sr_map_put_clear)))

#endif
