#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The rules of dispatch on the wire: traffic policies, node ports, source ranges,
# affinity, ports that nobody has, and the host where its sockets are not hooked.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-disp
}

setup_file() {
	setup
	net_start node1
	policies >>"$LAB_DIR/services.yaml"
	lab_sysctl node1 net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1
}

teardown_file() {
	setup
	lab_stop
}

# spread NAME N SPEC...: a service of web-1 (node1) and web-3 (node2), as SPEC says.
spread() {
	service "$1" "$2" "${@:4}" | awk -v spec="$3" '
		/^  externalIPs/ { print; if (spec != "") print "  " spec; next }
		/addresses: .*(240::|0\.)30"/ { print; print "    nodeName: node1"; next }
		/addresses: .*(240::|0\.)32"/ { print; print "    nodeName: node2"; next }
		{ print }'
}

policies() {
	spread external-local 20 'externalTrafficPolicy: Local' 30 32
	spread internal-local 21 'internalTrafficPolicy: Local' 30 32
	spread elsewhere 22 'internalTrafficPolicy: Local' 32
	spread sticky 23 'sessionAffinity: ClientIP' 30 31 32
	spread nobody 24 ''
}

# With the sockets of the host hooked, and without.
load() {
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off --node node1
}

without_sockets() {
	lab_svcroute node1 load -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off --node node1 \
		--cgroup none
}

# answers FROM ADDRESS: who answers 24 requests, each once.
answers() {
	curl_from "$1" "http://$(bracket "$2"):90/?[1-24]" | cut -d' ' -f1 | sort -u | tr '\n' ' '
}

# refused FROM ADDRESS PORT: at once.
refused() {
	local answer

	answer=$(curl_from "$1" --connect-timeout 2 "http://$(bracket "$2"):$3/" 2>&1) && fail "$1 to $2:$3: answered"
	[[ $answer == *refused* || $answer == *"onnect to server"* ]] || fail "$1 to $2:$3: $answer"
	[[ $answer != *"imed out"* && $answer != *imeout* ]] || fail "$1 to $2:$3: $answer"
}

@test "sockets off, strict rp_filter: the host calls a pod of its own" {
	without_sockets
	expect_tcp node1 "${NEAR[0]}" web-1 "${NODE1[0]}"
	expect_udp node1 "${NEAR[0]}" web-1 "${NODE1[0]}"
	expect_tcp node1 "${NEAR[1]}" web-1 "${NODE1[1]}"
	expect_udp node1 "${NEAR[1]}" web-1 "${NODE1[1]}"
}

@test "sockets off, strict rp_filter: the host calls another node's pod" {
	without_sockets
	expect_both node1 FAR web-3 NODE1
	expect_both node1 FAR_EXTERNAL web-3 NODE1
}

@test "sockets off: the host calls itself, and another node" {
	local family

	without_sockets
	for family in 0 1; do
		expect node1 "${HOST[family]}" node1 "${HOST[family]}"
		expect node1 "${FARHOST[family]}" node2 "${NODE1[family]}"
	done
}

@test "sockets off: 20 MB, and datagrams in fragments, from the host" {
	without_sockets
	expect_bulk node1 "${NEAR[0]}"
	expect_bulk node1 "${FAR[1]}"
}

@test "externalTrafficPolicy: Local" {
	load
	[[ $(answers client 10.240.16.20) == "web-1 " ]]
	expect_tcp client 10.240.16.20 web-1 "${CLIENT[0]}"
	expect_tcp client fd00:240:0:10::20 web-1 "${CLIENT[1]}"
	[[ $(answers web-2 10.240.16.20) == "web-1 web-3 " ]]
	[[ $(answers node1 10.240.16.20) == "web-1 web-3 " ]]
	[[ $(answers web-2 10.0.0.20) == "web-1 web-3 " ]]
}

@test "internalTrafficPolicy: Local" {
	load
	[[ $(answers web-2 10.0.0.21) == "web-1 " ]]
	[[ $(answers node1 10.0.0.21) == "web-1 " ]]
	[[ $(answers client 10.240.16.21) == "web-1 web-3 " ]]
	expect_silence web-2 10.0.0.22
	expect_silence web-2 fd00:10::22
}

@test "no endpoint, and no such port: refused at once" {
	load
	refused web-2 10.0.0.24 90
	refused web-2 fd00:10::24 90
	refused client 10.240.16.24 90
	refused web-2 "${NEAR[0]}" 91
	refused web-2 "${NEAR[1]}" 91
}

@test "sockets off: the host is refused at once, too" {
	without_sockets
	refused node1 10.0.0.24 90
	refused node1 fd00:10::24 90
	refused node1 "${NEAR[0]}" 91
}

@test "affinity: a client stays, also when svcroute is loaded anew" {
	local first

	load
	first=$(answers web-2 10.0.0.23)
	[[ $first == "web-"?" " ]]
	[[ $(answers web-2 10.240.16.23) == "$first" ]]
	load
	[[ $(answers web-2 10.0.0.23) == "$first" ]]
}
