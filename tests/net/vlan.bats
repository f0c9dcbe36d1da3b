#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# An uplink that is a VLAN: node1's addresses are on eth0.100, and what leaves
# by eth0 bears the tag 100. Skipped where the kernel has no VLAN devices.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-vlan
	[[ -z ${NO_VLAN-} ]] || skip "this kernel has no VLAN devices"
}

setup_file() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-vlan
	net_start node1
	if lab_ip node1 link add link eth0 name eth0.100 type vlan id 100 2>/dev/null; then
		tag_node1
	else
		export NO_VLAN=yes
	fi
}

teardown_file() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-vlan
	lab_stop
}

# Both ends of node1's link get a VLAN, which takes over addresses and routes.
tag_node1() {
	local mac

	lab_ip fabric link add link node1 name node1v100 type vlan id 100
	lab_ip fabric link set node1v100 up
	lab_ip fabric addr flush dev node1
	lab_ip fabric addr add "$LAB_GATEWAY6/64" dev node1v100
	lab_sysctl fabric net.ipv4.conf.node1v100.proxy_arp=1 net.ipv4.neigh.node1v100.proxy_delay=0
	lab_ip node1 addr flush dev eth0
	lab_ip node1 link set eth0.100 up
	lab_ip node1 addr add "${NODE1[0]}/20" dev eth0.100
	lab_ip node1 addr add "${NODE1[1]}/128" dev eth0.100
	mac=$(lab_ip fabric -br link show dev node1v100 | awk '{ print $3 }')
	lab_ip node1 neigh replace "$LAB_GATEWAY4" lladdr "$mac" dev eth0.100
	tag_routes
}

tag_routes() {
	local address

	lab_ip node1 route replace "$LAB_GATEWAY4" dev eth0.100
	lab_ip node1 route replace default via "$LAB_GATEWAY4" dev eth0.100
	ip -6 -n "$LAB-node1" addr add fe80::100/64 dev eth0.100 nodad
	ip -6 -n "$LAB-node1" route replace default via "$LAB_GATEWAY6" dev eth0.100
	lab_ip fabric route replace "${NODE1[0]}" dev node1v100
	lab_ip fabric route replace "${NODE1[1]}" dev node1v100
	for address in "${WEB1[0]}" "${WEB2[0]}" 10.240.16.0/24; do
		lab_ip fabric route replace "$address" via "${NODE1[0]}" dev node1v100 onlink
	done
	for address in "${WEB1[1]}" "${WEB2[1]}" fd00:240:0:10::/64; do
		lab_ip fabric route replace "$address" via "${NODE1[1]}" dev node1v100 onlink
	done
}

load() {
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0.100 --pods 'azv*' --xdp "$1"
}

all_call() {
	expect_both client NEAR_EXTERNAL web-1 CLIENT
	expect_both client FAR_EXTERNAL web-3 NODE1
	expect_both web-2 NEAR web-1 WEB2
	expect_both web-2 FAR web-3 WEB2
	expect_both web-1 NEAR web-1 NODE1
	expect_both node1 FAR web-3 NODE1
}

@test "what node1 sends by eth0 is tagged, without a service" {
	lab_spawn node1 timeout 20 tcpdump -i eth0 -nn -e -c 1 'vlan 100 and icmp'
	sleep 1
	for _ in {1..20}; do
		lab_in client ping -c 1 -W 1 "${NODE1[0]}" >/dev/null
		! grep -q 'vlan 100' "$LAB_DIR/log/node1" || return 0
	done
	fail "no tag: $(cat "$LAB_DIR/log/node1")"
}

@test "services by an uplink that is a VLAN, tc" {
	load off
	all_call
}

@test "services by an uplink that is a VLAN, 2 MB and fragments" {
	local family address

	load off
	for family in 0 1; do
		for address in "${NEAR_EXTERNAL[family]}" "${FAR_EXTERNAL[family]}"; do
			[[ $(curl_from client "http://$(bracket "$address"):90/bytes/2000000" | wc -c) == 2000000 ]] ||
				fail "client to $address: 2 MB"
			expect_udp client "$address" 'web-?' '*' --size 4000 --count 2
		done
	done
}

@test "services by an uplink that is a VLAN, generic XDP" {
	load generic
	all_call
}
