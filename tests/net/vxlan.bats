#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# An overlay, as Flannel's: the nodes' pods reach one another by a VXLAN over
# eth0, and only the nodes themselves are known to the fabric.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-vxlan
	OVERLAY1=(10.250.1.0 fd00:250:1::)
	OVERLAY2=(10.250.2.0 fd00:250:2::)
	export OVERLAY1 OVERLAY2
}

setup_file() {
	setup
	net_start node1
	overlay_join node1 OVERLAY1 node2
	overlay_join node2 OVERLAY2 node1
	overlay_lead node1 OVERLAY2 "${WEB3[@]}"
	overlay_lead node2 OVERLAY1 "${WEB1[@]}" "${WEB2[@]}"
	lab_unroute "${WEB1[@]}" "${WEB2[@]}" "${WEB3[@]}"
}

teardown_file() {
	setup
	lab_stop
}

overlay_mac() {
	printf '02:00:00:00:00:%02d\n' "${1#node}"
}

# overlay_join NAME ADDRESSES OTHER: a VXLAN device, at whose far end OTHER is.
overlay_join() {
	local -n own_=$2
	local here there

	read -r here _ <"$LAB_DIR/address.$1"
	read -r there _ <"$LAB_DIR/address.$3"
	lab_ip "$1" link add vxlan1 address "$(overlay_mac "$1")" type vxlan id 1 local "$here" dev eth0 dstport 8472 nolearning
	lab_ip "$1" addr add "${own_[0]}/32" dev vxlan1
	lab_ip "$1" addr add "${own_[1]}/128" dev vxlan1
	lab_ip "$1" link set vxlan1 up
	bridge -n "$LAB-$1" fdb append "$(overlay_mac "$3")" dev vxlan1 dst "$there"
}

# overlay_lead NAME ADDRESSES DESTINATION...: these are behind the node of ADDRESSES.
overlay_lead() {
	local -n other_=$2
	local mac destination family

	mac=$(overlay_mac "node${2#OVERLAY}")
	for family in 0 1; do
		lab_ip "$1" neigh replace "${other_[family]}" lladdr "$mac" dev vxlan1 nud permanent
	done
	lab_ip "$1" route add "${other_[1]}" dev vxlan1
	for destination in "${other_[0]}" "${@:3}"; do
		case $destination in
		*:*) lab_ip "$1" route add "$destination" via "${other_[1]}" dev vxlan1 onlink ;;
		*) lab_ip "$1" route add "$destination" via "${other_[0]}" dev vxlan1 onlink ;;
		esac
	done
}

load() {
	local node

	for node in node1 node2; do
		lab_load "$node" -q -f "$LAB_DIR/services.yaml" --uplink eth0 --uplink vxlan1 --pods 'azv*' --xdp "$1"
	done
}

all_call() {
	expect_both client NEAR_EXTERNAL web-1 CLIENT
	expect_both client FAR_EXTERNAL web-3 OVERLAY1
	expect_both web-2 NEAR web-1 WEB2
	expect_both web-2 FAR web-3 WEB2
	expect_both web-2 FAR_EXTERNAL web-3 WEB2
	expect_both web-1 NEAR web-1 NODE1
	expect_both node1 FAR web-3 OVERLAY1
	expect_both web-3 NEAR web-1 WEB3
}

# Client and web-3 learn what the overlay carries, by datagrams that do not arrive.
teach() {
	for _ in {1..6}; do
		[[ $(probe_from client udp "${FAR_EXTERNAL[1]}" 90 --size 1452 --count 1) == none* ]] || return 0
	done
}

@test "pods of two nodes reach one another by the overlay, without a service" {
	lab_in web-2 ping -c 1 -W 2 "${WEB3[0]}"
	lab_in web-2 ping -c 1 -W 2 "${WEB3[1]}"
	[[ $(lab_ip node1 -s -j link show vxlan1 | grep -o '"tx":{"bytes":[0-9]*') != *:0 ]]
}

@test "tc, offloads on: services with endpoints here and behind the overlay" {
	load off
	all_call
}

@test "tc, offloads on: the overlay's MTU is learnt through the service, both ways" {
	local answers

	load off
	answers=$(probe_from web-2 udp "${FAR[1]}" 90 --size 1452 --count 3 --timeout 1)
	[[ $answers == none*none*"${FAR[1]} 90 web-3 ${WEB2[1]}" ]] || fail "$answers"
	[[ $(ip -n "$LAB-web-2" route get "${FAR[1]}") == *"mtu 1450"* ]]
}

@test "tc, offloads on: 20 MB, and datagrams in fragments" {
	load off
	expect_bulk client "${FAR_EXTERNAL[0]}"
	expect_bulk web-2 "${FAR[1]}"
}

@test "sockets off: the host calls through the overlay" {
	load off
	lab_load node1 -q --sockets off
	expect_both node1 FAR web-3 OVERLAY1
	lab_load node1 -q --sockets host
}

@test "generic XDP: services with endpoints here and behind the overlay" {
	net_links wire
	load generic
	all_call
	teach
	expect_bulk client "${FAR_EXTERNAL[1]}"
}
