// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/nodes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/instance.h"
#include "kernel/map_each.h"

static int nodes_add(const void *key, const void *value, void *context)
{
	const struct sr_node *node = value;

	return sr_homes_add(context, key, &node->node);
}

int sr_nodes_read(const struct sr_datapath *datapath, struct sr_homes *out, struct sr_error *err)
{
	struct sr_homes homes = {};
	int r = sr_map_each(datapath->map_fd[SR_MAP_NODES], nodes_add, &homes);

	if (r < 0) {
		sr_homes_clear(&homes);
		return sr_fail(err, r, "cannot read map sr_nodes: %s", strerror(-r));
	}
	sr_homes_sort(&homes);
	*out = homes;
	return 0;
}

struct nodes_stale {
	const struct sr_homes *homes;
	struct sr_addr *addr;
	size_t num;
};

static int nodes_collect(const void *key, const void *value, void *context)
{
	struct nodes_stale *stale = context;
	struct sr_addr *new;

	(void)value;
	if (sr_homes_find(stale->homes, key))
		return 0;
	new = sr_array_add(&stale->addr, &stale->num, sizeof(*new));
	if (!new)
		return -ENOMEM;
	memcpy(new, key, sizeof(*new));
	return 0;
}

static int nodes_delete(int fd, const struct sr_homes *homes)
{
	struct nodes_stale stale = {.homes = homes};
	int r = sr_map_each(fd, nodes_collect, &stale);

	for (size_t i = 0; r == 0 && i < stale.num; i++)
		if (bpf_map_delete_elem(fd, &stale.addr[i]) < 0 && errno != ENOENT)
			r = -errno;
	free(stale.addr);
	return r;
}

int sr_nodes_write(const struct sr_datapath *datapath, const struct sr_homes *homes, struct sr_error *err)
{
	int fd = datapath->map_fd[SR_MAP_NODES];
	int r = nodes_delete(fd, homes);

	for (size_t i = 0; r == 0 && i < homes->num; i++) {
		struct sr_node value = {.self = homes->item[i].addr, .node = homes->item[i].node};

		if (bpf_map_update_elem(fd, &value.self, &value, BPF_ANY) < 0)
			r = -errno;
	}
	return r < 0 ? sr_fail(err, r, "cannot write map sr_nodes: %s", strerror(-r)) : 0;
}
