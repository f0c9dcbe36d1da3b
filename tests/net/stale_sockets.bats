#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A connected socket's packets pass no program that could move them: when its
# backend is removed, the socket itself is ended, and its owner connects anew.

bats_require_minimum_version 1.5.0

GUEST=(10.240.0.33 fd00:240::33)

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-stale
	[[ ! -d $LAB_DIR ]] || lab_load node1 -q -f "$LAB_DIR/services.yaml"
}

setup_file() {
	setup
	net_start node1
	lab_pod node1 guest "${GUEST[@]}"
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off
}

teardown_file() {
	setup
	lab_stop
}

# The backend of `far` is web-1 from now on; of no other is anything changed.
move_far() {
	{
		service all 10 30 31 32
		service near 11 30
		service far 12 "$@"
		service host 13 4
		service farhost 14 5
	} | lab_load node1 -q -f -
}

# peers FROM ADDRESS: how many UDP sockets there are connected to it.
peers() {
	lab_in "$1" ss -Hun "dst $(bracket "$2")" | wc -l
}

# follow FROM ADDRESS...: one client each, in the background.
follow() {
	local address

	for address in "${@:2}"; do
		lab_in "$1" timeout 10 "$LAB_PYTHON" "$LAB_TESTS/calls.py" follow "$address" 90 3 \
			>"$LAB_DIR/follow.$1.${address//:/_}" 3>&- &
	done
	sleep 1
}

# moved FROM ADDRESS...: web-3 first, an error, and then web-1 only.
moved() {
	local address lines

	wait
	for address in "${@:2}"; do
		lines=$(uniq "$LAB_DIR/follow.$1.${address//:/_}" | tr '\n' ' ')
		[[ $lines =~ ^web-3\ E[A-Z]+\ web-1\ $ ]] || fail "$1 to $address: $lines"
	done
}

@test "the host's sockets: over IPv4, IPv6, and v4-mapped" {
	follow node1 "${FAR[@]}" "::ffff:${FAR[0]}" "${FAR_EXTERNAL[@]}"
	[[ $(peers node1 "${WEB3[0]}") == 3 && $(peers node1 "${WEB3[1]}") == 2 ]]
	move_far 30
	# The command has returned: nothing more goes to web-3.
	[[ $(peers node1 "${WEB3[0]}") == 0 && $(peers node1 "${WEB3[1]}") == 0 ]]
	moved node1 "${FAR[@]}" "::ffff:${FAR[0]}" "${FAR_EXTERNAL[@]}"
}

@test "pods' sockets, with --sockets all" {
	lab_load node1 -q --sockets all
	follow guest "${FAR[@]}" "::ffff:${FAR[0]}"
	[[ $(peers guest "${WEB3[0]}") == 2 && $(peers guest "${WEB3[1]}") == 1 ]]
	move_far 30
	[[ $(peers guest "${WEB3[0]}") == 0 && $(peers guest "${WEB3[1]}") == 0 ]]
	moved guest "${FAR[@]}" "::ffff:${FAR[0]}"
	lab_load node1 -q --sockets host
}

@test "who waits for an answer is told" {
	lab_in node1 timeout 10 "$LAB_PYTHON" -c '
import errno, socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(5)
sock.connect((sys.argv[1], 90))
print("ready", flush=True)
try:
    sock.recv(100)
except OSError as error:
    print(errno.errorcode.get(error.errno, error))
' "${FAR[0]}" >"$LAB_DIR/waits" 3>&- &
	sleep 0.7
	grep -q ready "$LAB_DIR/waits"
	move_far 30
	wait
	[[ $(tail -n 1 "$LAB_DIR/waits") == ECONNABORTED ]]
}

@test "no endpoint is left: refused, until there is one" {
	follow node1 "${FAR[0]}"
	move_far
	sleep 0.5
	move_far 30
	wait
	[[ $(uniq "$LAB_DIR/follow.node1.${FAR[0]}" | tr '\n' ' ') =~ ^web-3\ E[A-Z]+\ (E[A-Z]+\ )?web-1\ $ ]]
	grep -qx ECONNREFUSED "$LAB_DIR/follow.node1.${FAR[0]}"
}

@test "sockets of other services, of other backends, and of none stay" {
	lab_svcroute node1 map add 10.0.0.99:90/udp "${WEB3[0]}:80"
	follow node1 10.0.0.99 "${NEAR[0]}"
	lab_in node1 timeout 10 "$LAB_PYTHON" "$LAB_TESTS/calls.py" follow "${WEB3[0]}" 80 2 --once >"$LAB_DIR/direct" 3>&- &
	sleep 0.3
	move_far 30
	wait
	[[ $(uniq "$LAB_DIR/follow.node1.10.0.0.99") == web-3 ]]
	[[ $(uniq "$LAB_DIR/follow.node1.${NEAR[0]}") == web-1 ]]
	[[ $(uniq "$LAB_DIR/direct") == web-3 ]]
	lab_svcroute node1 map del 10.0.0.99:90/udp
}

@test "map del, map replace" {
	local address=10.0.0.99

	lab_svcroute node1 map add "$address:90/udp" "${WEB3[0]}:80"
	follow node1 "$address"
	lab_svcroute node1 map replace "$address:90/udp" "${WEB1[0]}:80"
	[[ $(peers node1 "${WEB3[0]}") == 0 ]]
	moved node1 "$address"
	lab_svcroute node1 map add "$address:90/udp" "${WEB2[0]}:80"
	lab_svcroute node1 map del "$address:90/udp" "${WEB1[0]}:80"
	lab_svcroute node1 map del "$address:90/udp"
}

# hold ADDRESS: what becomes of a TCP connection of the host's when `far` moves.
hold() {
	lab_in node1 timeout 10 "$LAB_PYTHON" "$LAB_TESTS/calls.py" hold "$1" 90 2 >"$LAB_DIR/hold" 3>&- &
	sleep 0.5
	move_far 30
	wait
	tail -n 1 "$LAB_DIR/hold"
}

@test "TCP connections stay" {
	[[ $(hold "${FAR[0]}") == none ]]
}

@test "with --terminate they end, those to the removed backend" {
	local address

	for address in "${FAR[@]}" "::ffff:${FAR[0]}"; do
		lab_load node1 -q --terminate -f "$LAB_DIR/services.yaml"
		[[ $(hold "$address") == ECONNABORTED ]]
	done
	lab_load node1 -q -f "$LAB_DIR/services.yaml"
	[[ $(hold "${NEAR[0]}") == none ]]
	lab_load node1 -q --terminate=no
}
