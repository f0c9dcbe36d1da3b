// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "memory.h"

#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "base/error.h"
#include "kernel.h"
#include "kernel/conns.h"
#include "kernel/map_each.h"
#include "kernel/timeouts.h"

#define MEMORY_MAX_KEY 64

struct memory_keys {
	char (*item)[MEMORY_MAX_KEY];
	size_t num, size;
};

static int memory_note_key(const void *key, const void *value, void *context)
{
	struct memory_keys *keys = context;
	char *place = sr_array_add(&keys->item, &keys->num, sizeof(*keys->item));

	(void)value;
	if (!place)
		abort();
	memcpy(place, key, keys->size);
	return 0;
}

static struct memory_keys memory_keys(const char *name, size_t key_size)
{
	struct memory_keys keys = {.size = key_size};

	sr_map_each(kernel_map(name), memory_note_key, &keys);
	return keys;
}

static void memory_empty(const char *name, size_t key_size)
{
	struct memory_keys keys = memory_keys(name, key_size);

	for (size_t i = 0; i < keys.num; i++)
		bpf_map_delete_elem(kernel_map(name), keys.item[i]);
	free(keys.item);
}

void memory_forget(void)
{
	sr_conns_remove_all(kernel_datapath(), NULL);
	memory_empty("sr_fragments", sizeof(struct sr_fragment_key));
	memory_empty("sr_affinity", sizeof(struct sr_affinity_key));
}

void memory_age(unsigned int seconds)
{
	struct memory_keys keys = memory_keys("sr_affinity", sizeof(struct sr_affinity_key));
	struct sr_timeouts timeouts;
	struct sr_affinity value;

	sr_timeouts_get(&timeouts);
	for (size_t i = 0; i < keys.num; i++) {
		if (bpf_map_lookup_elem(kernel_map("sr_affinity"), keys.item[i], &value) < 0)
			continue;
		value.seen -= (uint64_t)seconds * timeouts.jiffies_per_second;
		bpf_map_update_elem(kernel_map("sr_affinity"), keys.item[i], &value, BPF_EXIST);
	}
	free(keys.item);
}
