#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# load --forward direct: the node's pods, itself and a machine outside call services
# past its stack.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	# shellcheck source=tests/net/node.bash
	source "$BATS_TEST_DIRNAME/node.bash"
	# shellcheck source=tests/net/traffic.bash
	source "$BATS_TEST_DIRNAME/traffic.bash"
	lab_use sr-direct
}

setup_file() {
	setup
	net_start node1
}

teardown_file() {
	setup
	lab_stop
}

load() {
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off --forward direct "$@"
}

all_call_services() {
	pods_call_services
	outside_calls_services
	node_calls_services
	all_call_nodes
}

@test "all call services, checksums and segments being the device's" {
	net_links veth
	load
	all_call_services
}

@test "20 MB, datagrams in fragments, and iperf3" {
	load
	bulk expect_bulk
	expect_iperf web-2 "${NEAR[0]}"
	expect_iperf client "${NEAR_EXTERNAL[1]}"
}

@test "as a wire delivers, and by XDP" {
	net_links wire
	load --xdp native
	all_call_services
	bulk expect_bulk
	net_links veth
}

# What the stack forwards is dropped, as a network policy might have it.
@test "the stack sees nothing of it, and all of it with --forward stack" {
	load
	lab_in node1 nft -f - <<-'RULES'
		table inet closed {
			chain forward { type filter hook forward priority 0; policy drop; }
		}
	RULES
	pods_call_services
	outside_calls_services
	load --forward stack
	expect_silence web-2 "${NEAR[0]}"
	expect_silence client "${NEAR_EXTERNAL[1]}"
	lab_in node1 nft delete table inet closed
	pods_call_services
}

@test "from one to the other and back: no request fails, no stream stands still" {
	local way

	load --forward stack
	traffic 4
	for way in direct stack direct; do
		sleep 0.8
		load --forward "$way"
	done
	traffic_was_served
}

@test "by generic XDP" {
	load --xdp generic
	expect_both client NEAR_EXTERNAL web-1 CLIENT
	expect_bulk client "${NEAR_EXTERNAL[0]}"
}

@test "the host is a hop" {
	local family

	load
	for family in 0 1; do
		[[ $(probe_from web-2 hop "${NEAR[family]}" 90 1) == "${NODE1[family]}" ]]
		[[ $(probe_from web-2 hop "${NEAR[family]}" 90 1) == "${NODE1[family]}" ]]
	done
}

@test "a pod that is replaced, with another device: what has begun goes on with it" {
	load
	running=()
	follow steady probe_from web-2 udp "${NEAR[0]}" 90 --connect --interval 0.1 --timeout 0.3 --count 60
	sleep 1
	lab_pod_kill web-1
	lab_pod node1 web-1 "${WEB1[@]}"
	lab_serve web-1 80
	load
	expect_both web-2 NEAR web-1 WEB2
	wait "${running[0]}"
	head -3 "$LAB_DIR/traffic.steady" | grep -c "^${NEAR[0]} 90 web-1 ${WEB2[0]}$" | grep -x 3
	grep -v ^peer "$LAB_DIR/traffic.steady" | tail -n 20 | grep -c "^${NEAR[0]} 90 web-1 ${WEB2[0]}$" | grep -x 20
}
