// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is read of the host's devices, and told to the programs. */
#include "tests.h"

#include <string.h>

#include <bpf/bpf.h>

#include "base/error.h"
#include "kernel/devices.h"

/* A device of the network (network.c) as sr_devices has it when it is an uplink. */
static struct sr_device written(const char *name)
{
	__attribute__((cleanup(sr_netdevs_clear))) struct sr_netdevs netdevs = {};
	struct sr_device_role role = {.flags = SR_DEVICE_UPLINK};
	struct sr_device device = {};

	assert_int_equal(sr_netdevs_read(&netdevs, NULL), 0);
	role.netdev = sr_netdevs_find(&netdevs, name);
	assert_non_null(role.netdev);
	assert_int_equal(sr_devices_write(harness_datapath(), &netdevs, &role, 1, NULL), 0);
	assert_int_equal(
		bpf_map_lookup_elem(sr_datapath_map_fd(harness_datapath(), "sr_devices"), &role.netdev->index, &device),
		0);
	return device;
}

TEST(a_device_tells_its_link_address)
{
	static const uint8_t mac[6] = {0x02, 0, 0, 0, 0, 0x14};
	struct sr_device device = written("eth1");

	assert_memory_equal(device.mac, mac, sizeof(mac));
	assert_int_equal(device.flags, SR_DEVICE_UPLINK);
}

/* As wireguard is: type ARPHRD_NONE, no address. */
TEST(a_device_without_a_link_header_is_bare)
{
	static const uint8_t none[6];
	struct sr_device device = written("tun0");

	assert_memory_equal(device.mac, none, sizeof(none));
	assert_int_equal(device.flags, SR_DEVICE_UPLINK | SR_DEVICE_BARE);
}

TEST(a_bridge_is_known_as_one)
{
	assert_int_equal(written("cni0").flags, SR_DEVICE_UPLINK | SR_DEVICE_BRIDGE);
}

/* What a veth with its other end elsewhere is, that has this role. */
static __u32 flags_of_veth(__u32 role)
{
	struct sr_netdev netdev = {.name = "azv1", .index = 4000, .is_veth = true, .peer_elsewhere = true};
	struct sr_netdevs netdevs = {.item = &netdev, .num = 1};
	struct sr_device_role roles[] = {{&netdev, role}};
	int fd = sr_datapath_map_fd(harness_datapath(), "sr_devices");
	struct sr_device device = {};

	assert_int_equal(sr_devices_write(harness_datapath(), &netdevs, roles, 1, NULL), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &netdev.index, &device), 0);
	bpf_map_delete_elem(fd, &netdev.index);
	return device.flags;
}

/* An uplink's is not: a container's eth0 may be a veth, too. */
TEST(a_pods_other_end_is_a_peer)
{
	assert_int_equal(flags_of_veth(SR_DEVICE_POD), SR_DEVICE_POD | SR_DEVICE_PEER);
	assert_int_equal(flags_of_veth(SR_DEVICE_UPLINK), SR_DEVICE_UPLINK);
}

const struct CMUnitTest devices_tests[] = {
	ONLY_V4(a_device_tells_its_link_address),
	ONLY_V4(a_device_without_a_link_header_is_bare),
	ONLY_V4(a_bridge_is_known_as_one),
	ONLY_V4(a_pods_other_end_is_a_peer),
};
const size_t num_devices_tests = ARRAY_SIZE(devices_tests);
