#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The node's own processes are served at their sockets: what such a socket says
# of its peer is what the process called, never the backend.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-sockets
}

setup_file() {
	setup
	net_start node1
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off
}

teardown_file() {
	setup
	lab_stop
}

# For each service and family: each SERVICE is the name of an array.
each() {
	local service family

	for service in NEAR FAR NEAR_EXTERNAL FAR_EXTERNAL; do
		local -n address=$service
		for family in 0 1; do
			"$@" "${address[family]}"
		done
	done
}

peer_is() {
	[[ $(probe_from node1 peer "$1" 90) == "$1 90 web-"[13]" ${NODE1[0]}" ]] ||
		[[ $(probe_from node1 peer "$1" 90) == "$1 90 web-"[13]" ${NODE1[1]}" ]]
}

udp_is() {
	expect_udp node1 "${@: -1}" 'web-[13]' '*' --count 3 "${@:1:$#-1}"
}

@test "TCP: getpeername says the service's address" {
	each peer_is
}

@test "UDP, unconnected: answers come from the service's address" {
	each udp_is
}

@test "UDP, connected: answers come from the service's address, getpeername says it" {
	each udp_is --connect
}

@test "UDP in fragments" {
	each udp_is --size 5000
}

@test "an IPv4 service through an IPv6 socket (v4-mapped)" {
	[[ $(lab_in node1 "$LAB_PYTHON" -c '
import socket, sys
sock = socket.socket(socket.AF_INET6)
sock.settimeout(2)
sock.connect(("::ffff:" + sys.argv[1], 90))
sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
print(sock.getpeername()[0], sock.makefile().read().splitlines()[-1])
' "${FAR[0]}") == "::ffff:${FAR[0]} web-3 ${NODE1[0]}" ]]
}

@test "no packet to the service's address ever leaves the node" {
	lab_spawn node1 tcpdump -U -n -w "$LAB_DIR/out.pcap" -i eth0 net 10.0.0.0/16 or net fd00:10::/64
	sleep 0.7
	each peer_is
	each udp_is
	sleep 0.3
	[[ -z $(tcpdump -n -r "$LAB_DIR/out.pcap" dst net 10.0.0.0/16 or dst net fd00:10::/64 2>/dev/null) ]]
}

@test "a process elsewhere in the same cgroup is none of the node's" {
	# The pod's sockets are left alone; its packets are translated at its veth.
	[[ $(lab_in web-2 ss -Htn state established | wc -l) -eq 0 ]]
	lab_spawn web-2 "$LAB_PYTHON" -c "import socket, time
sock = socket.create_connection(('${FAR[0]}', 90))
time.sleep(2)"
	sleep 0.5
	lab_in web-2 ss -Htn state established | grep -qF "${FAR[0]}:90"
	expect_both web-2 FAR web-3 WEB2
}

@test "even shares, from the node" {
	expect_even node1 "${ALL[0]}"
	expect_even node1 "${ALL[1]}"
	expect_even node1 "${ALL_EXTERNAL[0]}"
}

@test "a port that is no service's is left alone" {
	run curl_from node1 --max-time 1 "http://${NEAR[0]}:91/"
	((status != 0))
	[[ $(curl_from node1 "http://${WEB1[0]}/") == "web-1 ${NODE1[0]}" ]]
}

@test "UDP: a socket moves when its backend goes" {
	services() {
		service far 12 30
	}
	lab_in node1 timeout 5 "$LAB_PYTHON" "$LAB_TESTS/probe.py" udp "${FAR[0]}" 90 --count 20 --interval 0.1 \
		>"$LAB_DIR/moved" 3>&- &
	sleep 0.8
	services | lab_load node1 -q -f -
	wait $!
	grep -q ' web-3 ' "$LAB_DIR/moved"
	[[ $(sed '$d' "$LAB_DIR/moved" | tail -n 1) == *' web-1 '* ]]
	lab_load node1 -q -f "$LAB_DIR/services.yaml"
}
