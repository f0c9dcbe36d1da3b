#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Services that the host's sockets leave to tc are served to its processes on
# their way out; and the sources that a load balancer's address admits.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/kinds.bash
	source "$BATS_TEST_DIRNAME/kinds.bash"
	lab_use sr-tchost
}

# Service 20 is a pod here, 21 one elsewhere; both admit node1
# and web-2 only. 23 and 24 admit the client only. 25 and 26 are open.
setup_file() {
	local node_and_pod

	setup
	net_start node1
	kinds_routes
	node_and_pod=$(ranges "${NODE1[0]}/32" "${NODE1[1]}/128" " ${WEB2[0]}/32" "${WEB2[1]}/128 ")
	{
		kinds 20 "$node_and_pod" 30
		kinds 21 "$node_and_pod" 32
		kinds 23 "$(ranges "${CLIENT[0]}/24" "${CLIENT[1]}/64")" 30
		kinds 24 "$(ranges "${CLIENT[0]}/24" "${CLIENT[1]}/64")" 32
		kinds 25 '' 30
		kinds 26 '' 32
	} >"$LAB_DIR/services.yaml"
	lab_sysctl node1 net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1
}

teardown_file() {
	setup
	lab_stop
}

ranges() {
	local list

	printf -v list '"%s", ' "$@"
	echo "loadBalancerSourceRanges: [$list]"
}

load() {
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off --node node1 \
		--sockets "$1"
}

# balancer_is FROM N WANTED WANTED: at the load balancer's addresses of service N;
# over IPv4, over IPv6.
balancer_is() {
	PATIENCE=0.4 whom_is "$1" "10.240.17.$2" 90 "$3"
	PATIENCE=0.4 whom_is "$1" "fd00:240:0:11::$2" 90 "$4"
}

# large FROM ADDRESS: 2 MB down, whole.
large() {
	[[ $(curl_from "$1" "http://$(bracket "$2"):90/bytes/2000000" | wc -c) == 2000000 ]] || fail "$1 to $2: 2 MB"
}

admitted_host() {
	balancer_is node1 20 "web-1 ${NODE1[0]}" "web-1 ${NODE1[1]}"
	balancer_is node1 21 "web-3 ${NODE1[0]}" "web-3 ${NODE1[1]}"
	large node1 10.240.17.20
	large node1 10.240.17.21
	large node1 fd00:240:0:11::21
}

@test "the host, admitted by source ranges, with its sockets hooked" {
	load host
	lab_ip node1 neigh flush dev "$(lab_veth web-1)"
	admitted_host
}

@test "the host, admitted by source ranges, with pods' sockets hooked, too" {
	load all
	admitted_host
}

@test "the host, admitted by source ranges, with no sockets hooked" {
	load off
	admitted_host
}

@test "sockets off: the host calls addresses of every kind" {
	local n place

	load off
	for n in 25 26; do
		for place in "10.0.0.$n" "fd00:10::$n" "10.240.16.$n" "fd00:240:0:10::$n" "10.240.17.$n" "fd00:240:0:11::$n"; do
			whom_is node1 "$place" 90 "web-[13] *4"
		done
	done
}

@test "source ranges: who is not listed gets no answer, host and pods included" {
	local mode n

	for mode in host off; do
		load "$mode"
		balancer_is node1 23 none none
		balancer_is node1 24 none none
		balancer_is web-2 24 none none
		balancer_is client 20 none none
	done
}

@test "source ranges: who is listed is served" {
	load host
	balancer_is client 23 "web-1 ${CLIENT[0]}" "web-1 ${CLIENT[1]}"
	balancer_is client 24 "web-3 ${NODE1[0]}" "web-3 ${NODE1[1]}"
	balancer_is web-2 20 "web-1 ${WEB2[0]}" "web-1 ${WEB2[1]}"
	balancer_is web-2 21 "web-3 ${WEB2[0]}" "web-3 ${WEB2[1]}"
}

@test "source ranges do not bind node port, ClusterIP and external IP" {
	load host
	whom_is client "${NODE1[0]}" 30020 'web-1 *'
	whom_is client "${NODE1[1]}" 30021 'web-3 *'
	whom_is client 10.240.16.20 90 'web-1 *'
	whom_is node1 10.0.0.23 90 'web-1 *'
	whom_is node1 "${NODE1[0]}" 30024 'web-3 *'
	whom_is web-2 fd00:10::23 90 'web-1 *'
	whom_is web-2 fd00:240:0:10::24 90 'web-3 *'
	whom_is web-2 "${NODE1[1]}" 30023 'web-1 *'
}
