#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A node port is the service's: no process of the host may take it, once a manifest
# asks for it.

bats_require_minimum_version 1.5.0

PORT=31234
PASS=31235

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-bind
}

setup_file() {
	setup
	lab_start
	lab_machine node1 10.240.0.4/20 fd00:240::4
	lab_pod node1 web-1 10.240.0.30 fd00:240::30
	node_ports | lab_load node1 -q -f - --uplink eth0 --pods 'azv*' --xdp off --node node1
}

teardown_file() {
	setup
	lab_stop
}

# Node ports over TCP, of one family or both; one is left to the host.
node_ports() {
	node_port held "$PORT" '10.0.0.10, "fd00:10::10"'
	node_port passed "$PASS" '10.0.0.11, "fd00:10::11"' 'svcroute.io/pass: "true"'
	node_port four 31236 '10.0.0.12'
	node_port six 31237 '"fd00:10::13"'
}

# node_port NAME PORT CLUSTERIPS [ANNOTATION]
node_port() {
	local families=IPv4

	[[ $3 != '"'* ]] || families=IPv6
	[[ $3 != *,* ]] || families='IPv4, IPv6'
	cat <<-YAML
		---
		apiVersion: v1
		kind: Service
		metadata: {namespace: shop, name: $1, annotations: {${4-}}}
		spec:
		  type: NodePort
		  ipFamilies: [$families]
		  clusterIPs: [$3]
		  ports: [{port: 90, nodePort: $2}]
	YAML
}

# bind_is WANTED FROM ARGUMENT...
bind_is() {
	local got

	got=$(lab_in "$2" "$LAB_PYTHON" "$LAB_TESTS/calls.py" bind "${@:3}")
	[[ $got == "$1" ]] || fail "bind ${*:3} at $2: $got, not $1"
}

@test "at an address of the node" {
	bind_is EADDRINUSE node1 tcp 10.240.0.4 "$PORT"
	bind_is EADDRINUSE node1 tcp fd00:240::4 "$PORT"
	bind_is EADDRINUSE node1 tcp ::ffff:10.240.0.4 "$PORT"
}

@test "at all addresses" {
	bind_is EADDRINUSE node1 tcp 0.0.0.0 "$PORT"
	bind_is EADDRINUSE node1 tcp :: "$PORT"
	bind_is EADDRINUSE node1 tcp :: "$PORT" --v6only 1
	bind_is EADDRINUSE node1 tcp ::ffff:0.0.0.0 "$PORT"
}

@test "a socket at :: takes IPv4, too" {
	bind_is EADDRINUSE node1 tcp :: 31236 --v6only 0
	bind_is ok node1 tcp ::1 31236
	bind_is EADDRINUSE node1 tcp :: 31237 --v6only 1
	bind_is ok node1 tcp 0.0.0.0 31237
}

@test "other addresses, ports and protocols are free, and so is port 0" {
	bind_is ok node1 tcp 127.0.0.1 "$PORT"
	bind_is ok node1 tcp ::1 "$PORT"
	bind_is ok node1 tcp 0.0.0.0 31233
	bind_is ok node1 udp 0.0.0.0 "$PORT"
	bind_is ok node1 udp :: "$PORT"
	bind_is ok node1 tcp 0.0.0.0 0
	bind_is ok node1 tcp :: 0
}

@test "a port that is left to the host is free" {
	bind_is ok node1 tcp 10.240.0.4 "$PASS"
	bind_is ok node1 tcp fd00:240::4 "$PASS"
	bind_is ok node1 tcp :: "$PASS"
}

@test "a pod has ports of its own, whatever sockets are served" {
	bind_is ok web-1 tcp 0.0.0.0 "$PORT"
	bind_is ok web-1 tcp :: "$PORT"
	lab_load node1 -q --sockets all
	bind_is ok web-1 tcp :: "$PORT"
	bind_is EADDRINUSE node1 tcp :: "$PORT"
}

@test "with sockets off, nothing is guarded" {
	lab_load node1 -q --sockets off
	bind_is ok node1 tcp 0.0.0.0 "$PORT"
	lab_load node1 -q --sockets host
	bind_is EADDRINUSE node1 tcp 0.0.0.0 "$PORT"
}
