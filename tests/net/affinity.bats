#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# sessionAffinity ClientIP: a client stays, whatever address of the service it
# calls, until it has been away for the timeout.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/kinds.bash
	source "$BATS_TEST_DIRNAME/kinds.bash"
	lab_use sr-sticky
}

# Services 30 to 41 forget after eight seconds, 20 to 25 as late as is the default.
setup_file() {
	local n

	setup
	net_start node1
	kinds_routes
	for n in {20..25}; do
		kinds "$n" 'sessionAffinity: ClientIP' 30 31 32
	done >"$LAB_DIR/services.yaml"
	for n in {30..41}; do
		kinds "$n" 'sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 8}}' 30 31 32
	done >>"$LAB_DIR/services.yaml"
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off --node node1
}

teardown_file() {
	setup
	lab_stop
}

# same FROM PROTOCOL ADDRESS,PORT...: who answers at the first answers at the others.
same() {
	local first place

	first=$(names "$1" "$2" "${3%,*}" "${3#*,}")
	[[ $first == 'web-'?' ' ]] || fail "$2, $1 at $3: $first"
	for place in "${@:4}"; do
		[[ $(names "$1" "$2" "${place%,*}" "${place#*,}") == "$first" ]] || fail "$2, $1 at $place: not $first as at $3"
	done
}

@test "all addresses of a service, from outside, a pod, and the node" {
	local n protocol

	for n in {20..22}; do
		for protocol in tcp udp; do
			same client "$protocol" "10.240.16.$n,90" "10.240.17.$n,90" "${NODE1[0]},300$n"
			same web-2 "$protocol" "10.0.0.$n,90" "10.240.17.$n,90" "${NODE1[0]},300$n" "10.240.16.$n,90"
			same node1 "$protocol" "10.0.0.$n,90" "10.240.16.$n,90" "${NODE1[0]},300$n"
		done
	done
}

@test "over IPv6, too" {
	local n

	for n in {23..25}; do
		same client tcp "fd00:240:0:10::$n,90" "fd00:240:0:11::$n,90" "${NODE1[1]},300$n"
		same web-2 udp "fd00:10::$n,90" "fd00:240:0:10::$n,90" "${NODE1[1]},300$n"
	done
}

# picks FROM: who answers at each of twelve services.
picks() {
	local n

	for n in {30..41}; do
		whom "$1" tcp "10.240.16.$n" 90 | cut -d' ' -f1
	done | tr '\n' ' '
}

@test "who was away for the timeout is dealt anew" {
	local first

	first=$(picks client)
	[[ $(picks client) == "$first" ]]
	sleep 9.2
	[[ $(picks client) != "$first" ]]
}
