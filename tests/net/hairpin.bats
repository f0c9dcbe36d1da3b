#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A pod that is given itself as its backend: by an address of every kind, and by
# a host port of its own. It works, and the pod sees another source than itself.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/kinds.bash
	source "$BATS_TEST_DIRNAME/kinds.bash"
	lab_use sr-hairpin
}

# Service 20 is web-1 alone, 21 is web-1, web-2 and web-3. Of web-1's host ports
# 8080 is served at any address of the node, 8081 at one.
setup_file() {
	setup
	net_start node1
	kinds_routes
	{
		kinds 20 '' 30
		kinds 21 '' 30 31 32
		pod_with_host_ports
	} >"$LAB_DIR/services.yaml"
	lab_ip node1 addr add 10.240.0.44/32 dev eth0
	lab_route node1 10.240.0.44
}

teardown_file() {
	setup
	lab_stop
}

pod_with_host_ports() {
	cat <<-YAML
		---
		apiVersion: v1
		kind: Pod
		metadata: {namespace: shop, name: web-1}
		spec:
		  nodeName: node1
		  containers:
		    - ports:
		        - {containerPort: 80, hostPort: 8080}
		        - {containerPort: 80, hostPort: 8080, protocol: UDP}
		        - {containerPort: 80, hostPort: 8081, hostIP: 10.240.0.44}
		        - {containerPort: 80, hostPort: 8081, hostIP: 10.240.0.44, protocol: UDP}
		status: {phase: Running, podIP: ${WEB1[0]}, podIPs: [{ip: ${WEB1[0]}}, {ip: "${WEB1[1]}"}]}
	YAML
}

load() {
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off --node node1 \
		--sockets "$1"
}

# places N: address and port of each kind, of both families.
places() {
	cat <<-PLACES
		10.0.0.$1 90
		fd00:10::$1 90
		10.240.16.$1 90
		fd00:240:0:10::$1 90
		10.240.17.$1 90
		fd00:240:0:11::$1 90
		${NODE1[0]} $((30000 + $1))
		${NODE1[1]} $((30000 + $1))
	PLACES
}

# calls_itself ADDRESS PORT [COUNT]: of so many calls of web-1's each is answered,
# one at least by web-1, and none shows it its own address.
calls_itself() {
	local protocol got

	for protocol in tcp udp; do
		got=$(whom web-1 "$protocol" "$1" "$2" --count "${3:-1}" </dev/null)
		[[ $got == *'web-1 '* ]] || fail "$protocol, $1 port $2: '$got'"
		! grep -Ev '^web-. ' <<<"$got" || fail "$protocol, $1 port $2: not each was answered"
		! grep -Ew "web-1 (${WEB1[0]}|${WEB1[1]})" <<<"$got" || fail "$protocol, $1 port $2: sees itself"
	done
}

alone_and_among_others() {
	local address port

	while read -r address port; do
		calls_itself "$address" "$port"
	done < <(places 20)
	while read -r address port; do
		calls_itself "$address" "$port" 40
	done < <(places 21)
	calls_itself "${NODE1[0]}" 8080
	calls_itself "${NODE1[1]}" 8080
	calls_itself 10.240.0.44 8081
}

@test "by every kind of address; the host's sockets are hooked" {
	load host
	alone_and_among_others
}

@test "by every kind of address; pods' sockets are hooked" {
	load all
	alone_and_among_others
}

@test "by every kind of address; no sockets are hooked" {
	load off
	alone_and_among_others
}

@test "host ports: from outside, another pod, and the node" {
	local family

	load host
	for family in 0 1; do
		whom_is client "${NODE1[family]}" 8080 "web-1 ${CLIENT[family]}"
		whom_is web-2 "${NODE1[family]}" 8080 "web-1 ${WEB2[family]}"
		whom_is node1 "${NODE1[family]}" 8080 "web-1 ${NODE1[family]}"
	done
}

@test "host ports: with a hostIP, nowhere else" {
	local from

	load host
	for from in client web-2 node1; do
		whom_is "$from" 10.240.0.44 8081 'web-1 *'
		whom_is "$from" "${NODE1[0]}" 8081 refused
		whom_is "$from" "${NODE1[1]}" 8081 refused
	done
}
