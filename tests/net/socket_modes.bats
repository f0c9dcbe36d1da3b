#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Whose sockets are served (load --sockets), and what such a socket is refused.

bats_require_minimum_version 1.5.0

GUEST=(10.240.0.33 fd00:240::33)
EMPTY=(10.0.0.15 fd00:10::15)

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-modes
}

# guest serves nothing: a pod that listens might be the backend itself.
setup_file() {
	setup
	net_start node1
	lab_pod node1 guest "${GUEST[@]}"
	service empty 15 >>"$LAB_DIR/services.yaml"
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off
}

teardown_file() {
	setup
	lab_stop
}

mode() {
	lab_load node1 -q --sockets "$1"
	[[ $(lab_svcroute node1 status) == *"sockets: $1"* ]]
}

# calls WANTED FROM ARGUMENT...: what calls.py says.
calls() {
	local got

	got=$(lab_in "$2" "$LAB_PYTHON" "$LAB_TESTS/calls.py" "${@:3}")
	[[ $got == "$1" ]] || fail "${*:3} at $2: '$got', not '$1'"
}

attached_is_none() {
	[[ $(bpftool cgroup tree "$LAB_CGROUP") != *sr_* ]]
}

# called_is FROM ADDRESS WANTED: whom a connection that called ADDRESS talks to
# in truth; it says ADDRESS.
called_is() {
	local got

	got=$(lab_in "$1" "$LAB_PYTHON" -c '
import socket, subprocess, sys
with socket.create_connection((sys.argv[1], 90), 2) as sock:
    assert sock.getpeername()[0] == sys.argv[1], sock.getpeername()
    port = sock.getsockname()[1]
    print(subprocess.check_output(["ss", "-Htn", f"sport = :{port}"], text=True).split()[4])
' "$2")
	[[ $got == "$3" ]] || fail "$1 called $2 and talks to $got, not $3"
}

@test "host: this host's sockets, not the pods'" {
	mode host
	called_is node1 "${FAR[0]}" "${WEB3[0]}:80"
	called_is node1 "${FAR[1]}" "[${WEB3[1]}]:80"
	called_is guest "${FAR[0]}" "${FAR[0]}:90"
	called_is guest "${FAR[1]}" "[${FAR[1]}]:90"
	expect_both guest FAR web-3 GUEST
}

@test "all: pods' sockets, too" {
	mode all
	called_is node1 "${FAR[0]}" "${WEB3[0]}:80"
	called_is guest "${FAR[0]}" "${WEB3[0]}:80"
	called_is guest "${FAR[1]}" "[${WEB3[1]}]:80"
	expect_both guest FAR web-3 GUEST
	expect_both guest NEAR web-1 GUEST
	expect_both guest FAR_EXTERNAL web-3 GUEST
	expect_udp guest "${FAR[0]}" web-3 "${GUEST[0]}" --connect --count 3
	expect_udp guest "${FAR[1]}" web-3 "${GUEST[1]}" --connect --count 3
	expect_even guest "${ALL[0]}"
}

@test "all: through IPv6 sockets to IPv4 services (v4-mapped)" {
	mode all
	calls "ok ::ffff:${FAR[0]} 90" guest connect tcp "::ffff:${FAR[0]}" 90
	calls "ok ::ffff:${FAR[0]} 90" guest connect udp "::ffff:${FAR[0]}" 90
	calls "ok ::ffff:${FAR[0]} 90" guest sendto udp "::ffff:${FAR[0]}" 90
	calls "ok ::ffff:${FAR[0]} 90" node1 connect udp "::ffff:${FAR[0]}" 90
	calls "ok ::ffff:${FAR[0]} 90" node1 sendto udp "::ffff:${FAR[0]}" 90
}

@test "all: a pod that may be its own backend is left to tc, and sees another source" {
	local family

	mode all
	for family in 0 1; do
		called_is web-1 "${NEAR[family]}" "$(bracket "${NEAR[family]}"):90"
		expect web-1 "${NEAR[family]}" web-1 "${NODE1[family]}"
	done
}

@test "no endpoint: refused at once, whatever the call" {
	local from address

	mode all
	for from in node1 guest; do
		for address in "${EMPTY[@]}" "::ffff:${EMPTY[0]}"; do
			calls ECONNREFUSED "$from" connect tcp "$address" 90
			calls ECONNREFUSED "$from" connect udp "$address" 90
			calls ECONNREFUSED "$from" sendto udp "$address" 90
		done
	done
}

@test "off: no program is attached, and none's sockets are served" {
	mode off
	attached_is_none
	called_is guest "${FAR[0]}" "${FAR[0]}:90"
	expect_both guest FAR web-3 GUEST
}

@test "--cgroup none is off, and --sockets takes it back" {
	mode host
	lab_svcroute node1 load -q --cgroup none
	[[ $(lab_svcroute node1 status) == *'sockets: off'* ]]
	attached_is_none
	run -2 lab_svcroute node1 load --cgroup none --sockets all
	[[ $output == *contradict* ]]
	lab_svcroute node1 load -q --cgroup "$LAB_CGROUP/node1" --sockets all
	called_is guest "${FAR[0]}" "${WEB3[0]}:80"
}

@test "the map forgets a socket that is closed" {
	local before after

	mode host
	before=$(entries)
	calls "ok ${FAR[0]} 90" node1 connect tcp "${FAR[0]}" 90
	calls "ok ${FAR[1]} 90" node1 connect tcp "${FAR[1]}" 90
	calls "ok ${FAR[1]} 90" node1 connect udp "${FAR[1]}" 90
	calls "ok ::ffff:${FAR[0]} 90" node1 connect tcp "::ffff:${FAR[0]}" 90
	after=$(entries)
	[[ $after == "$before" ]] || fail "$before entries before, $after after"
}

entries() {
	bpftool -j map dump pinned "/sys/fs/bpf/svcroute/$LAB-node1/maps/sr_sockets" | "$LAB_PYTHON" -c '
import json, sys
print(len(json.load(sys.stdin)))'
}
