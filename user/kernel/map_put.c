// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/map_put.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#define MAP_PUT_BATCH 1024

static int map_put_make(struct sr_map_put *put)
{
	if (put->keys)
		return 0;
	put->keys = malloc(MAP_PUT_BATCH * put->key_size);
	put->values = malloc(MAP_PUT_BATCH * put->value_size);
	if (put->keys && put->values)
		return 0;
	sr_map_put_clear(put);
	return -ENOMEM;
}

int sr_map_put(struct sr_map_put *put, const void *key, const void *value)
{
	int r = map_put_make(put);

	if (r == 0 && put->num == MAP_PUT_BATCH)
		r = sr_map_put_rest(put);
	if (r < 0)
		return r;
	memcpy(put->keys + put->num * put->key_size, key, put->key_size);
	memcpy(put->values + put->num * put->value_size, value, put->value_size);
	put->num++;
	return 0;
}

int sr_map_put_rest(struct sr_map_put *put)
{
	uint32_t num = put->num;

	put->num = 0;
	if (num == 0)
		return 0;
	if (num == 1)
		return bpf_map_update_elem(put->fd, put->keys, put->values, BPF_ANY) < 0 ? -errno : 0;
	return bpf_map_update_batch(put->fd, put->keys, put->values, &num, NULL) < 0 ? -errno : 0;
}

void sr_map_put_clear(struct sr_map_put *put)
{
	free(put->keys);
	free(put->values);
	put->keys = NULL;
	put->values = NULL;
	put->num = 0;
}
