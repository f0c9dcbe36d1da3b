#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Basic networking (kubenet): pods' addresses are the cluster's own affair. Its
# machines have routes to them, by way of the nodes; the router and clients have
# none, and only the service answers. All are on one Ethernet, a /16 and a /48.
#
#     bridge ─┬─ gateway 10.240.0.7     announces 10.240.16.10
#             ├─ node1   10.240.0.4 ── web-1 10.244.1.30
#             ├─ node2   10.240.0.5 ── web-3 10.244.2.32
#             ├─ client  10.240.32.10
#             └─ (router 10.240.0.1)

bats_require_minimum_version 1.5.0

POD1=(10.244.1.30 fd00:244:1::30)
POD3=(10.244.2.32 fd00:244:2::32)

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-kubenet
}

setup_file() {
	setup
	lab_start
	lab_lan
	lab_ip fabric addr add 10.240.0.1/16 dev lan
	lab_ip fabric addr add fd00:240::1/48 dev lan
	machine node1 0.4 fd00:240::4 04
	machine node2 0.5 fd00:240::5 05
	machine gateway 0.7 fd00:240::7 07
	machine client 32.10 fd00:240:0:20::10 10
	pods_behind node1 1 gateway node2
	pods_behind node2 2 gateway node1
	lab_pod_wire node1 web-1 "${POD1[@]}"
	lab_pod_wire node2 web-3 "${POD3[@]}"
	lab_serve web-1 80
	lab_serve web-3 80
	{
		service all 10 30 32
		service near 11 30
		service far 12 32
	} | sed -E 's/10\.240\.0\.30/10.244.1.30/; s/10\.240\.0\.32/10.244.2.32/
		s/fd00:240::30/fd00:244:1::30/; s/fd00:240::32/fd00:244:2::32/' >"$LAB_DIR/services.yaml"
	load gateway --node none --announce
	load node1 --node node1 --pods 'azv*'
	load node2 --node node2 --pods 'azv*'
}

teardown_file() {
	setup
	lab_stop
}

# machine NAME HOST4 IPV6 MAC
machine() {
	lab_station "$1" "10.240.$2/16" "$3/48" "02:00:00:00:f0:$4"
	lab_ip "$1" route add default via 10.240.0.1
	lab_ip "$1" route add default via fd00:240::1
}

# pods_behind NODE N MACHINE...: these know that the node's pods are behind it.
pods_behind() {
	local machine

	for machine in "${@:3}"; do
		lab_ip "$machine" route add "10.244.$2.0/24" via "10.240.0.$((3 + $2))"
		lab_ip "$machine" route add "fd00:244:$2::/48" via "fd00:240::$((3 + $2))"
	done
}

load() {
	lab_load "$1" -q -f "$LAB_DIR/services.yaml" --uplink eth0 --xdp off \
		--cluster-cidr 10.244.0.0/16 --cluster-cidr fd00:244::/32 "${@:2}"
}

unreachable() {
	local status=0

	curl_from client --connect-timeout 1 "http://$(bracket "$1"):$2/" 2>/dev/null || status=$?
	# Neither an answer nor a refusal by the pod: no route, or nothing at all.
	((status == 7 || status == 28)) || fail "$1 answers"
}

@test "from outside neither pods nor ClusterIPs are reached" {
	local address

	for address in "${POD1[@]}" "${POD3[@]}"; do
		unreachable "$address" 80
		[[ $(lab_ip fabric route get "$address" 2>&1) != *" via 10.240.0."* ]]
	done
	for address in "${ALL[@]}"; do
		unreachable "$address" 90
	done
}

@test "from outside the service answers, by pods of each node" {
	expect_both client NEAR_EXTERNAL web-1 GATEWAY
	expect_both client FAR_EXTERNAL web-3 GATEWAY
}

@test "20 MB and datagrams in fragments, through the gateway to another node's pod" {
	expect_bulk client "${FAR_EXTERNAL[0]}"
	expect_bulk client "${FAR_EXTERNAL[1]}"
}

@test "pods and nodes call ClusterIPs; pods see who calls" {
	expect_both web-1 FAR web-3 POD1
	expect_both web-3 NEAR web-1 POD3
	expect_both web-1 NEAR web-1 NODE1
	expect node1 "${FAR[0]}" web-3 "${NODE1[0]}"
	expect node1 "${FAR[1]}" web-3 "${NODE1[1]}"
}
