// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/devices.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "kernel/map_each.h"
#include "model/addr.h"

static const struct sr_addr *device_address(const struct sr_netdev *netdev, bool v6)
{
	return v6 ? &netdev->addr6 : &netdev->addr4;
}

/*
 * The address of the device; else that of another uplink; else that of any
 * device but pods', which belong to the pods' side.
 */
static struct sr_addr device_source(const struct sr_netdev *netdev, const struct sr_netdevs *netdevs,
				    const struct sr_device_role *roles, size_t num_roles, bool v6)
{
	if (!sr_addr_is_zero(device_address(netdev, v6)))
		return *device_address(netdev, v6);
	for (size_t i = 0; i < num_roles; i++)
		if (roles[i].flags & SR_DEVICE_UPLINK && !sr_addr_is_zero(device_address(roles[i].netdev, v6)))
			return *device_address(roles[i].netdev, v6);
	for (size_t i = 0; i < netdevs->num; i++)
		if (!netdevs->item[i].peer_elsewhere && !sr_addr_is_zero(device_address(&netdevs->item[i], v6)))
			return *device_address(&netdevs->item[i], v6);
	return (struct sr_addr){};
}

int sr_devices_write(const struct sr_datapath *datapath, const struct sr_netdevs *netdevs,
		     const struct sr_device_role *roles, size_t num_roles, struct sr_error *err)
{
	for (size_t i = 0; i < num_roles; i++) {
		const struct sr_netdev *netdev = roles[i].netdev;
		struct sr_device device = {
			.snat4 = device_source(netdev, netdevs, roles, num_roles, false),
			.snat6 = device_source(netdev, netdevs, roles, num_roles, true),
			.flags = roles[i].flags | (netdev->is_bare ? SR_DEVICE_BARE : 0) |
				 (netdev->is_bridge ? SR_DEVICE_BRIDGE : 0) |
				 (roles[i].flags & SR_DEVICE_POD && netdev->peer_elsewhere ? SR_DEVICE_PEER : 0),
			.mtu = netdev->mtu,
		};

		memcpy(device.mac, netdev->mac, sizeof(device.mac));
		if (bpf_map_update_elem(datapath->map_fd[SR_MAP_DEVICES], &netdev->index, &device, BPF_ANY) == 0)
			continue;
		if (errno == E2BIG)
			return sr_fail(err, -ENOSPC, "map sr_devices is full: it holds %u devices",
				       sr_map_size(datapath->map_fd[SR_MAP_DEVICES]));
		return sr_fail(err, -errno, "cannot write map sr_devices: %s", strerror(errno));
	}
	return 0;
}

int sr_devices_refresh(const struct sr_datapath *datapath, const struct sr_netdevs *netdevs, struct sr_error *err)
{
	sr_autofree struct sr_device_role *roles = calloc(netdevs->num + 1, sizeof(*roles));
	size_t num = 0;

	if (!roles)
		return sr_fail(err, -ENOMEM, "no memory");
	for (size_t i = 0; i < netdevs->num; i++) {
		const struct sr_netdev *netdev = &netdevs->item[i];
		struct sr_device device;

		if (bpf_map_lookup_elem(datapath->map_fd[SR_MAP_DEVICES], &netdev->index, &device) == 0)
			roles[num++] =
				(struct sr_device_role){netdev, device.flags & (SR_DEVICE_UPLINK | SR_DEVICE_POD)};
	}
	return sr_devices_write(datapath, netdevs, roles, num, err);
}

struct device_indexes {
	uint32_t *item;
	size_t num;
};

static void device_indexes_clear(struct device_indexes *indexes)
{
	free(indexes->item);
}

static int device_take_index(const void *key, const void *value, void *context)
{
	struct device_indexes *indexes = context;
	uint32_t *index = sr_array_add(&indexes->item, &indexes->num, sizeof(*index));

	(void)value;
	if (!index)
		return -ENOMEM;
	*index = *(const uint32_t *)key;
	return 0;
}

static bool device_has_role(const struct sr_device_role *roles, size_t num_roles, uint32_t index)
{
	for (size_t i = 0; i < num_roles; i++)
		if (roles[i].netdev->index == index)
			return true;
	return false;
}

int sr_devices_sweep(const struct sr_datapath *datapath, const struct sr_device_role *roles, size_t num_roles,
		     struct sr_error *err)
{
	__attribute__((cleanup(device_indexes_clear))) struct device_indexes indexes = {};
	int fd = datapath->map_fd[SR_MAP_DEVICES];
	int r = sr_map_each(fd, device_take_index, &indexes);

	if (r < 0)
		return sr_fail(err, r, "cannot read map sr_devices: %s", strerror(-r));
	for (size_t i = 0; i < indexes.num; i++)
		if (!device_has_role(roles, num_roles, indexes.item[i]))
			bpf_map_delete_elem(fd, &indexes.item[i]);
	return 0;
}
