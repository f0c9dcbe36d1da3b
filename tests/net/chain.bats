#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A backend that is itself a frontend: the chain 90 → 85 → 80, and others.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-chain
}

# The service leads to port 85; whoami.py listens on 80.
setup_file() {
	setup
	net_start gateway
	net_links wire
	sed -i 's/port: 80,/port: 85,/' "$LAB_DIR/services.yaml"
	lab_load gateway -q -f "$LAB_DIR/services.yaml" --uplink eth0 --xdp native
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp native
	lab_load node2 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off
	publish node1 WEB1
	publish node1 WEB2
	publish node2 WEB3
}

teardown_file() {
	setup
	lab_stop
}

# publish NODE POD: lead port 85 of the pod to its port 80, on its node.
publish() {
	local -n pod_=$2
	local proto

	for proto in tcp udp; do
		lab_svcroute "$1" -q map add "${pod_[0]}:85/$proto" "${pod_[0]}:80" --external
		lab_svcroute "$1" -q map add "[${pod_[1]}]:85/$proto" "[${pod_[1]}]:80" --external
	done
}

@test "from outside, by way of the gateway" {
	expect_both client NEAR_EXTERNAL web-1 GATEWAY
	expect_both client FAR_EXTERNAL web-3 GATEWAY
	expect_even client "${ALL_EXTERNAL[0]}"
}

@test "from a pod: to its own node, to another, to itself" {
	expect_both web-2 NEAR web-1 WEB2
	expect_both web-2 FAR web-3 WEB2
	expect_both web-1 NEAR web-1 NODE1
	expect_even web-1 "${ALL[0]}"
}

@test "from the node itself" {
	expect_both node1 NEAR web-1 NODE1
	expect_both node1 FAR web-3 NODE1
	expect_even node1 "${ALL[1]}"
}

@test "the second step alone" {
	[[ $(curl_from client "http://${WEB1[0]}:85/") == "web-1 ${CLIENT[0]}" ]]
	[[ $(curl_from web-2 "http://[${WEB1[1]}]:85/") == "web-1 ${WEB2[1]}" ]]
	[[ $(curl_from node1 "http://${WEB1[0]}:85/") == "web-1 ${NODE1[0]}" ]]
}

@test "20 MB, and datagrams in fragments" {
	expect_bulk client "${FAR_EXTERNAL[0]}"
	expect_bulk web-2 "${FAR[1]}"
}

@test "other ports of an address that map add was told are its own, after a load, too" {
	lab_svcroute node1 -q map add "${WEB1[0]}:86" "${WEB1[0]}:80"
	lab_in web-2 curl -sf --max-time 3 "http://${WEB1[0]}:86/" >/dev/null
	lab_in web-2 curl -sf --max-time 3 "http://${WEB1[0]}:80/" >/dev/null
	lab_svcroute node1 -q load
	lab_in web-2 curl -sf --max-time 3 "http://${WEB1[0]}:80/" >/dev/null
	lab_svcroute node1 -q map del "${WEB1[0]}:86"
}

@test "a loop ends: the request fails, nothing hangs, others go on" {
	lab_svcroute node1 -q map add 10.9.9.1:1 10.9.9.2:2
	lab_svcroute node1 -q map add 10.9.9.2:2 10.9.9.1:1
	run curl_from web-1 --connect-timeout 1 http://10.9.9.1:1/
	((status != 0))
	run curl_from node1 --connect-timeout 1 http://10.9.9.1:1/
	((status != 0))
	expect_both web-2 NEAR web-1 WEB2
	lab_svcroute node1 -q map del 10.9.9.1:1
	lab_svcroute node1 -q map del 10.9.9.2:2
}
