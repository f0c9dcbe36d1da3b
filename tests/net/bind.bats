#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A node port is the service's: no process of the host may take it.

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
	lab_load node1 -q --uplink eth0 --pods 'azv*' --xdp off
	frontends
}

teardown_file() {
	setup
	lab_stop
}

# As a NodePort service of both families has them: over TCP at each address of
# the node, and held at address 0; a port that is left to the host beside it.
frontends() {
	local address

	for address in 10.240.0.4 fd00:240::4; do
		frontend "$address" "$PORT" 1
		frontend "$address" "$PASS" 5
	done
	frontend 0.0.0.0 "$PORT" 6
	frontend :: "$PORT" 6
}

# frontend ADDRESS PORT KIND: into the map of the instance, over TCP.
frontend() {
	local key

	key=$("$LAB_PYTHON" -c '
import ipaddress, sys
address = ipaddress.ip_address(sys.argv[1])
if address.version == 4:
    address = ipaddress.ip_address("::ffff:" + sys.argv[1])
print((address.packed + int(sys.argv[2]).to_bytes(2, "big") + bytes([6, 0, 0, 0, 0, 0])).hex(" "))
' "$1" "$2")
	# shellcheck disable=SC2086 # bytes are arguments
	bpftool map update pinned "/sys/fs/bpf/svcroute/$LAB-node1/maps/sr_frontends" \
		key hex $key value hex $key 00 00 00 00 "0$3" 00 00 00
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
	frontend 0.0.0.0 31236 6
	bind_is EADDRINUSE node1 tcp :: 31236 --v6only 0
	bind_is ok node1 tcp ::1 31236
	frontend :: 31237 6
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
	frontends
	bind_is ok web-1 tcp :: "$PORT"
	bind_is EADDRINUSE node1 tcp :: "$PORT"
}

@test "with sockets off, nothing is guarded" {
	lab_load node1 -q --sockets off
	frontends
	bind_is ok node1 tcp 0.0.0.0 "$PORT"
	lab_load node1 -q --sockets host
	frontends
	bind_is EADDRINUSE node1 tcp 0.0.0.0 "$PORT"
}
