#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# SCTP through services, port 90 to port 2905: no kernel needs to know it, for
# sctp.py makes the packets, and checks the CRC32c of those that arrive.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-sctp
}

setup_file() {
	setup
	net_start node1
	net_links wire
	sctp_serve web-1
	sctp_serve web-3
}

teardown_file() {
	setup
	lab_stop
}

sctp_serve() {
	lab_spawn "$1" "$LAB_PYTHON" "$LAB_TESTS/sctp.py" serve "$1" 2905
	for _ in {1..200}; do
		! grep -qs ready "$LAB_DIR/log/$1" || return 0
		sleep 0.02
	done
	fail "sctp.py does not start: $(tail -n 3 "$LAB_DIR/log/$1")"
}

with_xdp() {
	local i

	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp "$1"
	for i in 0 1; do
		lab_svcroute node1 -q map add "$(bracket "${NEAR_EXTERNAL[i]}"):90/sctp" "$(bracket "${WEB1[i]}"):2905" --external
		lab_svcroute node1 -q map add "$(bracket "${FAR_EXTERNAL[i]}"):90/sctp" "$(bracket "${WEB3[i]}"):2905" --external
	done
}

# expect_sctp CALLER SERVICE SERVER SEEN SIZE...: for both families; SERVICE and SEEN
# are the names of arrays.
expect_sctp() {
	local -n service_=$2 seen_=$4
	local i got

	for i in 0 1; do
		got=$(lab_in "$1" "$LAB_PYTHON" "$LAB_TESTS/sctp.py" call "${service_[i]}" 90 "${@:5}")
		[[ $got == "$3 ${seen_[i]}" ]] || fail "$1 → $2: '$got', not '$3 ${seen_[i]}'"
	done
}

@test "from a pod: to its own node, to another, by tc" {
	with_xdp off
	expect_sctp web-2 NEAR_EXTERNAL web-1 WEB2 1 15 16 17 1400
	expect_sctp web-2 FAR_EXTERNAL web-3 WEB2 1 15 16 17 1400
}

@test "from outside: to a pod here, to another node's, by tc" {
	with_xdp off
	expect_sctp client NEAR_EXTERNAL web-1 CLIENT 1 1400
	expect_sctp client FAR_EXTERNAL web-3 NODE1 1 1400
}

@test "from outside: to a pod here, to another node's, by XDP" {
	with_xdp native
	expect_sctp client NEAR_EXTERNAL web-1 CLIENT 1 1400
	expect_sctp client FAR_EXTERNAL web-3 NODE1 1 1400
}

@test "packets as long as IP can say" {
	local pod

	for pod in web-1 web-2; do
		lab_ip "$pod" link set eth0 mtu 65535
		lab_ip node1 link set "$(lab_veth "$pod")" mtu 65535
	done
	with_xdp off
	expect_sctp web-2 NEAR_EXTERNAL web-1 WEB2 4000 4079 4080 4081 8999 20000 40001 60000 65000
}

@test "no server heard a wrong CRC32c" {
	run ! grep "wrong CRC" "$LAB_DIR/log/web-1" "$LAB_DIR/log/web-3"
}
