#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A gateway: a machine without pods answers for external IPs. What it hands on
# bears its own address, so that the answers come back by way of it.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-gateway
}

setup_file() {
	setup
	net_start gateway
}

teardown_file() {
	setup
	lab_stop
}

# with tc|xdp: have the gateway work that way.
with() {
	local links=veth xdp=off

	[[ $(cat "$LAB_DIR/mode" 2>/dev/null) != "$1" ]] || return 0
	[[ $1 != xdp ]] || links=wire xdp=native
	net_links "$links"
	lab_load gateway -q -f "$LAB_DIR/services.yaml" --uplink eth0 --xdp "$xdp"
	echo "$1" >"$LAB_DIR/mode"
}

outside_calls_services() {
	expect_both client NEAR_EXTERNAL web-1 GATEWAY
	expect_both client FAR_EXTERNAL web-3 GATEWAY
}

bulk() {
	"$1" client "${NEAR_EXTERNAL[0]}"
	"$1" client "${FAR_EXTERNAL[1]}"
}

@test "XDP: external IPs lead to pods on the nodes" {
	with xdp
	outside_calls_services
}

@test "XDP: even shares" {
	with xdp
	expect_even client "${ALL_EXTERNAL[0]}"
	expect_even client "${ALL_EXTERNAL[1]}"
}

@test "XDP: a neighbour that is not known yet is found, and nothing is lost" {
	with xdp
	for _ in {1..5}; do
		lab_ip gateway neigh flush dev eth0 nud all 2>/dev/null || true
		lab_neighbour gateway
		outside_calls_services
	done
}

@test "XDP: 20 MB, and datagrams in fragments" {
	with xdp
	bulk expect_bulk
}

@test "XDP: iperf3" {
	with xdp
	bulk expect_iperf
}

@test "XDP: many clients at once, none mistaken for another" {
	with xdp
	local sizes
	sizes=$(curl_from client --no-progress-meter --fail-early --parallel --parallel-max 50 -o /dev/null --fail \
		-w '%{size_download}\n' "http://${ALL_EXTERNAL[0]}:90/bytes/2000?[1-500]")
	(($(grep -cx 2000 <<<"$sizes") == 500))
}

@test "XDP: one client port, used again and again" {
	with xdp
	probe_from client reuse "${ALL_EXTERNAL[0]}" 90 100
	probe_from client reuse "${ALL_EXTERNAL[1]}" 90 100
}

# challenges: how many SYNs the gateway has answered by one.
challenges() {
	lab_svcroute gateway -j status | jq '[.packets[] | select(.reason == "challenge") | .packets] | add // 0'
}

many_call_at_once() {
	curl_from client --no-progress-meter --fail-early --parallel --parallel-max 20 -o /dev/null --fail \
		"http://${ALL_EXTERNAL[0]}:90/?[1-20]" "http://[${ALL_EXTERNAL[1]}]:90/?[1-20]"
}

@test "XDP: more flows at once than --syn-limit: callers show themselves, and all are served" {
	with xdp
	lab_load gateway -q --syn-limit 1
	local before
	before=$(challenges)
	many_call_at_once
	(($(challenges) > before))

	before=$(challenges)
	lab_load gateway -q --syn-limit off
	many_call_at_once
	(($(challenges) == before))
	lab_load gateway -q --syn-limit ''
}

@test "the gateway's own connections are left alone" {
	with xdp
	[[ $(curl_from gateway "http://${WEB3[0]}/") == "web-3 ${GATEWAY[0]}" ]]
	[[ $(curl_from gateway "http://[${WEB3[1]}]/") == "web-3 ${GATEWAY[1]}" ]]
	lab_in client ping -c 2 -i 0.2 -W 1 "${GATEWAY[0]}"
}

@test "the gateway itself calls external IPs" {
	with xdp
	expect_both gateway FAR_EXTERNAL web-3 GATEWAY
}

@test "the gateway's neighbours call external IPs, their own pods among the backends" {
	with xdp
	expect_both node2 FAR_EXTERNAL web-3 GATEWAY
	expect_both web-3 FAR_EXTERNAL web-3 GATEWAY
	expect_even web-3 "${ALL_EXTERNAL[0]}"
	expect_even node2 "${ALL_EXTERNAL[1]}"
}

@test "tc: external IPs lead to pods on the nodes" {
	with tc
	outside_calls_services
}

@test "tc: even shares" {
	with tc
	expect_even client "${ALL_EXTERNAL[0]}"
	expect_even client "${ALL_EXTERNAL[1]}"
}

@test "tc, offloads on: 20 MB, and datagrams in fragments" {
	with tc
	bulk expect_bulk
}

@test "tc, offloads on: iperf3" {
	with tc
	bulk expect_iperf
}

@test "from XDP to tc and back, established connections go on" {
	with xdp
	lab_links wire client web-3
	lab_spawn client iperf3 -c "${FAR_EXTERNAL[0]}" -t 3
	local iperf=$!
	sleep 0.7
	lab_load gateway -q --xdp off
	sleep 0.7
	lab_load gateway -q --xdp native
	wait "$iperf"
}
