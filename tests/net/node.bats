#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A node: its pods, itself and a machine outside call services, by tc alone with
# the offloads that a host has, by tc as a wire delivers, and by XDP.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	# shellcheck source=tests/net/node.bash
	source "$BATS_TEST_DIRNAME/node.bash"
	lab_use sr-node
}

setup_file() {
	setup
	net_start node1
}

teardown_file() {
	setup
	lab_stop
}

# with tc-offloads|tc-wire|xdp|generic: have node1 work that way.
with() {
	local links=wire xdp=off

	[[ $(cat "$LAB_DIR/mode" 2>/dev/null) != "$1" ]] || return 0
	[[ $1 != tc-offloads ]] || links=veth
	[[ $1 != xdp ]] || xdp=native
	[[ $1 != generic ]] || xdp=generic
	net_links "$links"
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp "$xdp"
	echo "$1" >"$LAB_DIR/mode"
}

@test "tc, offloads on: pods call services" {
	with tc-offloads
	pods_call_services
}

@test "tc, offloads on: a machine outside calls external IPs" {
	with tc-offloads
	outside_calls_services
}

@test "tc, offloads on: the node calls services" {
	with tc-offloads
	node_calls_services
}

@test "tc, offloads on: all call services of the host network" {
	with tc-offloads
	all_call_nodes
}

@test "tc, offloads on: 20 MB, and datagrams in fragments" {
	with tc-offloads
	bulk expect_bulk
}

@test "tc, offloads on: iperf3" {
	with tc-offloads
	expect_iperf web-2 "${FAR[0]}"
	expect_iperf web-1 "${NEAR[1]}"
	expect_iperf client "${FAR_EXTERNAL[0]}"
}

@test "tc, as a wire delivers: pods call services" {
	with tc-wire
	pods_call_services
}

@test "tc, as a wire delivers: a machine outside calls external IPs" {
	with tc-wire
	outside_calls_services
}

@test "tc, as a wire delivers: 20 MB, and datagrams in fragments" {
	with tc-wire
	bulk expect_bulk
}

@test "XDP: pods call services" {
	with xdp
	pods_call_services
}

@test "XDP: a machine outside calls external IPs" {
	with xdp
	outside_calls_services
}

@test "XDP: the node calls services" {
	with xdp
	node_calls_services
}

@test "XDP: all call services of the host network" {
	with xdp
	all_call_nodes
}

@test "XDP: 20 MB, and datagrams in fragments" {
	with xdp
	bulk expect_bulk
}

@test "XDP: iperf3" {
	with xdp
	expect_iperf client "${NEAR_EXTERNAL[0]}"
	expect_iperf client "${FAR_EXTERNAL[1]}"
	expect_iperf web-2 "${FAR[1]}"
}

@test "XDP: all backends have their share, from a pod and from outside" {
	with xdp
	expect_even web-2 "${ALL[0]}"
	expect_even web-2 "${ALL[1]}"
	expect_even client "${ALL_EXTERNAL[0]}"
	expect_even client "${ALL_EXTERNAL[1]}"
}

@test "generic XDP: pods, the node and a machine outside call services" {
	with generic
	pods_call_services
	node_calls_services
	outside_calls_services
}

@test "every frame has a right checksum" {
	local name

	with tc-wire
	for name in web-1 web-3 client; do
		lab_spawn "$name" tcpdump -U -n -w "$LAB_DIR/$name.pcap" -i eth0 tcp or udp
	done
	sleep 1
	pods_call_services
	outside_calls_services
	with xdp
	outside_calls_services
	sleep 0.3
	for name in web-1 web-3 client; do
		tcpdump -n -vv -r "$LAB_DIR/$name.pcap" >"$LAB_DIR/$name.txt" 2>/dev/null
		grep -qE 'cksum.*(correct|ok)' "$LAB_DIR/$name.txt"
		! grep -E 'incorrect|bad (udp )?cksum|wrong' "$LAB_DIR/$name.txt" || fail "at $name"
	done
}

@test "what is no service's passes untouched" {
	with xdp
	[[ $(curl_from client "http://${WEB1[0]}/") == "web-1 ${CLIENT[0]}" ]]
	[[ $(curl_from web-1 "http://[${WEB3[1]}]/") == "web-3 ${WEB1[1]}" ]]
	lab_in client ping -c 2 -i 0.2 -W 1 "${WEB1[0]}"
	lab_in client ping -c 2 -i 0.2 -W 1 -s 4000 "${WEB1[1]}"
	lab_in web-1 ping -c 2 -i 0.2 -W 1 "${NODE1[0]}"
}
