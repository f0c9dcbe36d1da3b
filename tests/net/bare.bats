#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# An uplink without a link header (tun, as wireguard): packets begin with IP.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-bare
	TUN_CLIENT=(10.99.0.2 fd00:99::2)
	NOBODY_EXTERNAL=(10.240.16.15 fd00:240:0:10::15)
	export TUN_CLIENT
}

# The client's way to external IPs, and back to it, is the tun.
setup_file() {
	setup
	net_start node1
	service nobody 15 >>"$LAB_DIR/services.yaml"
	lab_spawn node1 "$LAB_PYTHON" "$LAB_TESTS/tun.py" "/run/netns/$LAB-node1" tun0 "/run/netns/$LAB-client" tun0
	for _ in {1..100}; do
		! lab_ip client link show tun0 >/dev/null 2>&1 || break
		sleep 0.05
	done
	lab_tun node1 10.99.0.1 fd00:99::1 "${TUN_CLIENT[@]}"
	lab_tun client "${TUN_CLIENT[@]}" 10.99.0.1 fd00:99::1 10.240.16.0/24 fd00:240:0:10::/64
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --uplink tun0 --pods 'azv*' --xdp off
}

# lab_tun NAME IPV4 IPV6 DESTINATION...: its end of the tun, and where it leads.
lab_tun() {
	local destination

	lab_ip "$1" addr add "$2/32" dev tun0
	lab_ip "$1" addr add "$3/128" dev tun0
	lab_ip "$1" link set tun0 up
	for destination in "${@:4}"; do
		lab_ip "$1" route add "$destination" dev tun0
	done
}

teardown_file() {
	setup
	lab_stop
}

@test "tun: a client calls a service of this node's pods" {
	expect_both client NEAR_EXTERNAL web-1 TUN_CLIENT
}

@test "tun: a client calls a service of another node's pods, which leave by Ethernet" {
	expect_both client FAR_EXTERNAL web-3 NODE1
}

@test "tun: 20 MB both ways, and fragments" {
	expect_bulk client "${NEAR_EXTERNAL[0]}"
	expect_bulk client "${FAR_EXTERNAL[1]}"
}

@test "tun: refusals, and hops on the way" {
	local family

	for family in 0 1; do
		[[ $(probe_from client refused "${NOBODY_EXTERNAL[family]}" 90 --timeout 1.8) == "tcp refused udp refused" ]]
		[[ $(probe_from client hop "${FAR_EXTERNAL[family]}" 90 1) != none ]]
	done
}
