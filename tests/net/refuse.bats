#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What has no endpoint is refused: a client's connect() fails at once, over TCP
# and UDP, whoever must complete the checksum that a quoted packet came without.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-refuse
	NOBODY=(10.0.0.15 fd00:10::15)
	NOBODY_EXTERNAL=(10.240.16.15 fd00:240:0:10::15)
}

setup_file() {
	setup
	net_start node1
	service nobody 15 >>"$LAB_DIR/services.yaml"
	lab_sysctl node1 net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1
	lab_svcroute node1 load -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off
}

teardown_file() {
	setup
	lab_stop
}

# expect_refused FROM ADDRESS: at once; over IPv6 with the first retransmission,
# for a veth brings the error back before connect() has let go of the socket, and
# Linux then overlooks it (LockDroppedIcmps), as it does the REJECT of its firewall.
expect_refused() {
	local answer

	answer=$(probe_from "$1" refused "$2" 90 --timeout 1.8)
	[[ $answer == "tcp refused udp refused" ]] || fail "$1 to $2: $answer"
}

pods_and_outside_are_refused() {
	local family

	for family in 0 1; do
		expect_refused web-1 "${NOBODY[family]}"
		expect_refused web-2 "${NOBODY_EXTERNAL[family]}"
		expect_refused client "${NOBODY_EXTERNAL[family]}"
	done
}

@test "offloads on: pods and a machine outside are refused at once" {
	net_links veth
	pods_and_outside_are_refused
}

@test "as a wire delivers: pods and a machine outside are refused at once" {
	net_links wire
	pods_and_outside_are_refused
}

# The packet comes without its checksum, and the device by which it goes back,
# quoted, fills it in: the ICMP checksum must be right for what comes of it.
@test "checksums that the way back completes are right" {
	local name

	net_links veth
	for name in web-1 web-2; do
		lab_in node1 ethtool -K "$(lab_veth "$name")" tx off >/dev/null
	done
	lab_in node1 ethtool -K eth0 tx off >/dev/null
	pods_and_outside_are_refused
}

@test "a long datagram is quoted in part, and refused" {
	local size

	for size in 400 600 1400; do
		[[ $(probe_from web-1 udp "${NOBODY[0]}" 90 --connect --size "$size") == *refused* ]]
		[[ $(probe_from web-1 udp "${NOBODY[1]}" 90 --connect --size "$size") == *refused* ]]
	done
}

@test "the node itself is refused, though its reverse path filter is strict" {
	net_links veth
	expect_refused node1 "${NOBODY[0]}"
	expect_refused node1 "${NOBODY[1]}"
	net_links wire
	expect_refused node1 "${NOBODY_EXTERNAL[0]}"
	expect_refused node1 "${NOBODY_EXTERNAL[1]}"
}

@test "a ClusterIP is pinged: its port is unreachable, at once" {
	local from address

	for from in web-1 web-2; do
		for address in "${NOBODY[@]}"; do
			run lab_in "$from" ping -c 1 -W 2 "$address"
			[[ $output == *'ort '[Uu]nreachable* ]] || fail "$from to $address: $output"
		done
	done
}
