#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Path-MTU discovery through a service, in both directions, and traceroute: ICMP
# errors about translated packets reach those who sent them.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-pmtu
	FABRIC=(192.0.2.1 fd00:192::1)
}

# External IPs lead to node1, but for those of `far`: they lead to the gateway.
setup_file() {
	setup
	net_start node1
	lab_route gateway "${FAR_EXTERNAL[@]}"
	lab_ip fabric addr del "$LAB_GATEWAY4/32" dev lo
	lab_ip fabric addr add "${FABRIC[0]}/32" dev lo
	lab_ip fabric addr add "${FABRIC[1]}/128" dev lo
	lab_sysctl fabric net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off
	lab_load gateway -q -f "$LAB_DIR/services.yaml" --uplink eth0 --xdp off
	head -c 1000000 /dev/zero >"$LAB_DIR/blob"
}

teardown_file() {
	setup
	lab_stop
}

teardown() {
	local name

	for name in node1 node2 gateway client; do
		lab_ip fabric link set "$name" mtu 1500
	done
	lab_ip node1 link set "$(lab_veth web-1)" mtu 1500
	lab_ip gateway link set eth0 mtu 1500
	for name in web-1 web-3 client node1; do
		lab_ip "$name" -4 route flush cache
		lab_ip "$name" -6 route flush cache
	done
}

# expect_upload FROM ADDRESS: FROM learns what the path to ADDRESS carries.
expect_upload() {
	local answer

	answer=$(curl_from "$1" --max-time 5 -H Expect: --data-binary "@$LAB_DIR/blob" "http://$(bracket "$2"):90/")
	[[ $answer == "1000000 "* ]] || fail "$1 to $2: got '$answer'"
	expect_learnt "$1" "$2"
}

# expect_download FROM ADDRESS WHO PEER: the server, WHO, learns it of PEER.
expect_download() {
	(($(curl_from "$1" --max-time 5 "http://$(bracket "$2"):90/bytes/1000000" | wc -c) == 1000000)) || fail "$1 from $2"
	expect_learnt "$3" "$4"
}

expect_learnt() {
	local route

	route=$(lab_ip "$1" route get "$2")
	[[ $route == *" mtu 1300"* ]] || fail "$1 has not learnt the MTU to $2: $route"
}

# both FUNCTION ARRAY...: in both families, each array's element of it.
both() {
	local family name arguments

	for family in 0 1; do
		arguments=()
		for name in "${@:2}"; do
			if [[ $name == [A-Z]* ]]; then
				local -n element=$name
				arguments+=("${element[family]}")
			else
				arguments+=("$name")
			fi
		done
		"$1" "${arguments[@]}"
	done
}

@test "a pod to another node's pod: the router before that tells it" {
	lab_ip fabric link set node2 mtu 1300
	both expect_upload web-1 FAR
}

@test "another node's pod to a pod" {
	lab_ip fabric link set node1 mtu 1300
	both expect_download web-1 FAR web-3 WEB1
}

@test "a machine outside to a pod: this node's own stack tells it" {
	lab_ip node1 link set "$(lab_veth web-1)" mtu 1300
	both expect_upload client NEAR_EXTERNAL
}

@test "a pod to a machine outside: the router tells the service, and the pod learns" {
	lab_ip fabric link set client mtu 1300
	both expect_download client NEAR_EXTERNAL web-1 CLIENT
}

@test "a machine outside to a gateway to a pod" {
	lab_ip fabric link set node2 mtu 1300
	both expect_upload client FAR_EXTERNAL
}

@test "by the gateway back to a machine outside" {
	lab_ip fabric link set client mtu 1300
	both expect_download client FAR_EXTERNAL web-3 GATEWAY
}

@test "the gateway itself: what is too long for its way out" {
	lab_ip gateway link set eth0 mtu 1300
	both expect_upload client FAR_EXTERNAL
}

@test "XDP: a machine outside to a gateway to a pod" {
	net_links wire
	lab_load gateway -q --xdp native
	lab_ip fabric link set node2 mtu 1300
	both expect_upload client FAR_EXTERNAL
}

@test "XDP: by the gateway back to a machine outside" {
	lab_ip fabric link set client mtu 1300
	both expect_download client FAR_EXTERNAL web-3 GATEWAY
}

# expect_hop FROM ADDRESS WHO TTL
expect_hop() {
	local who

	who=$(probe_from "$1" hop "$2" 90 "$4" --timeout 0.8)
	[[ $who == "$3" ]] || fail "$1 to $2, hop $4: '$who', not $3"
}

@test "traceroute sees the hops before a service, and behind it" {
	both expect_hop web-1 FAR NODE1 1
	both expect_hop web-1 FAR FABRIC 2
	both expect_hop client NEAR_EXTERNAL FABRIC 1
	both expect_hop client NEAR_EXTERNAL NODE1 2
	both expect_hop client FAR_EXTERNAL GATEWAY 2
	both expect_hop client FAR_EXTERNAL FAR_EXTERNAL 3
}
