// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/map_each.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"

#define MAP_BATCH    1024
#define MAP_POSITION 64

struct map_walk {
	int fd;
	struct bpf_map_info info;
	int (*visit)(const void *key, const void *value, void *context);
	void *context;
};

static int map_info(int fd, struct bpf_map_info *info)
{
	uint32_t length = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(fd, info, &length) < 0 ? -errno : 0;
}

uint32_t sr_map_size(int fd)
{
	struct bpf_map_info info;

	return map_info(fd, &info) < 0 ? 0 : info.max_entries;
}

static int map_visit_batch(const struct map_walk *walk, const char *keys, const char *values, uint32_t num)
{
	for (uint32_t i = 0; i < num; i++) {
		int r = walk->visit(keys + (size_t)i * walk->info.key_size, values + (size_t)i * walk->info.value_size,
				    walk->context);

		if (r < 0)
			return r;
	}
	return 0;
}

struct map_buffer {
	char *keys;
	char *values;
	uint32_t size; /* elements */
};

static void map_buffer_free(struct map_buffer *buffer)
{
	free(buffer->keys);
	free(buffer->values);
}

static int map_buffer_resize(struct map_buffer *buffer, const struct bpf_map_info *info, uint32_t size)
{
	map_buffer_free(buffer);
	buffer->size = size;
	buffer->keys = malloc((size_t)size * info->key_size);
	buffer->values = malloc((size_t)size * info->value_size);
	return buffer->keys && buffer->values ? 0 : -ENOMEM;
}

/*
 * A hash map's batch ends between buckets; -ENOSPC says that the next bucket
 * alone is larger than ours, and loses nothing. -EOPNOTSUPP, before anything
 * was visited: there are no batches.
 */
static int map_each_batch(const struct map_walk *walk)
{
	__attribute__((cleanup(map_buffer_free))) struct map_buffer buffer = {};
	bool started = false;
	char position[MAP_POSITION];
	int r, visited;
	uint32_t num;

	/* A hash map's position is a number; a trie's is a key. */
	if (walk->info.key_size > sizeof(position))
		return -EOPNOTSUPP;
	r = map_buffer_resize(&buffer, &walk->info, MAP_BATCH);
	while (r == 0) {
		num = buffer.size;
		r = bpf_map_lookup_batch(walk->fd, started ? position : NULL, position, buffer.keys, buffer.values,
					 &num, NULL);
		if (r == -ENOSPC) {
			r = map_buffer_resize(&buffer, &walk->info, buffer.size * 2);
			continue;
		}
		if (r < 0 && r != -ENOENT)
			return started ? r : -EOPNOTSUPP;
		visited = map_visit_batch(walk, buffer.keys, buffer.values, num);
		if (visited < 0)
			return visited;
		started = true;
	}
	return r == -ENOENT ? 0 : r;
}

/* A key that goes away under the walk starts it anew: bound the walk. */
static int map_each_key(const struct map_walk *walk)
{
	sr_autofree char *key = malloc(walk->info.key_size), *value = malloc(walk->info.value_size);
	uint64_t bound = 2ull * walk->info.max_entries;
	bool started = false;

	if (!key || !value)
		return -ENOMEM;

	while (bound-- && bpf_map_get_next_key(walk->fd, started ? key : NULL, key) == 0) {
		started = true;
		if (bpf_map_lookup_elem(walk->fd, key, value) < 0)
			continue;
		int r = walk->visit(key, value, walk->context);
		if (r < 0)
			return r;
	}
	return 0;
}

int sr_map_each(int fd, int (*visit)(const void *key, const void *value, void *context), void *context)
{
	struct map_walk walk = {.fd = fd, .visit = visit, .context = context};
	int r = map_info(fd, &walk.info);

	if (r < 0)
		return r;
	r = map_each_batch(&walk);
	return r == -EOPNOTSUPP ? map_each_key(&walk) : r;
}
