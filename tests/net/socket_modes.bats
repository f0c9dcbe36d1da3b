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
import os, socket, subprocess, sys
with socket.create_connection((sys.argv[1], 90), 2) as sock:
    assert sock.getpeername()[0] == sys.argv[1], sock.getpeername()
    subprocess.run(f"ss -Htne | grep -w ino:{os.fstat(sock.fileno()).st_ino}", shell=True, check=True)
' "$2" | awk '{ print $5 }')
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

@test "off: no program is attached, and packets are translated on their way" {
	mode off
	attached_is_none
	called_is guest "${FAR[0]}" "${FAR[0]}:90"
	expect_both guest FAR web-3 GUEST
	[[ $(talks_to node1 "${FAR[0]}" 1) == "${FAR[0]}:90" ]]
}

@test "affinity: the host is one client; pods are told apart by tc" {
	mode all
	poke "${ALL[0]}" affinity=60
	[[ $(talks_to node1 "${ALL[0]}" 20 | sort -u | wc -l) == 1 ]]
	[[ $(talks_to node1 "${ALL[0]}" 1) == 10.240.0.*:80 ]]
	[[ $(talks_to guest "${ALL[0]}" 20 | sort -u) == "${ALL[0]}:90" ]]
	poke "${ALL[0]}" affinity=0
	[[ $(talks_to node1 "${ALL[0]}" 20 | sort -u | wc -l) -gt 1 ]]
	[[ $(talks_to guest "${ALL[0]}" 1) == 10.240.0.*:80 ]]
}

# A listed source is served by tc; what tc does with others is tc's to test.
@test "source ranges are left to tc, on LoadBalancer addresses only" {
	local from

	mode all
	poke "${FAR[0]}" flags=9 kind=3
	for from in node1 guest; do
		[[ $(talks_to "$from" "${FAR[0]}" 1) == "${FAR[0]}:90" ]]
		[[ $(talks_to "$from" "${FAR_EXTERNAL[0]}" 1) == "${WEB3[0]}:80" ]]
	done
	poke "${FAR[0]}" flags=1 kind=0
	[[ $(talks_to guest "${FAR[0]}" 1) == "${WEB3[0]}:80" ]]
}

@test "internal policy Local: of the Local set, for the host as for pods" {
	local from

	mode all
	poke "${ALL[0]}" flags=3 local=1
	for from in node1 guest; do
		[[ $(talks_to "$from" "${ALL[0]}" 20 | sort -u | wc -l) == 1 ]]
		[[ $(talks_to "$from" "${ALL_EXTERNAL[0]}" 20 | sort -u | wc -l) == 3 ]]
	done
	poke "${ALL[0]}" flags=1
}

@test "external policy Local short-cut: of the Cluster set, for the host as for pods" {
	local from

	mode all
	poke "${ALL_EXTERNAL[0]}" flags=5 local=0
	for from in node1 guest; do
		[[ $(talks_to "$from" "${ALL_EXTERNAL[0]}" 20 | sort -u | wc -l) == 3 ]]
	done
	poke "${ALL_EXTERNAL[0]}" flags=1
}

@test "no local endpoint: a call waits, and gets through when there is one" {
	mode all
	poke "${FAR[0]}" flags=3 local=0
	calls none node1 connect tcp "${FAR[0]}" 90 --timeout 0.7
	lab_in guest "$LAB_PYTHON" "$LAB_TESTS/calls.py" connect tcp "${FAR[0]}" 90 --timeout 5 >"$LAB_DIR/waits" 3>&- &
	calls none guest connect tcp "${FAR[0]}" 90 --timeout 0.7
	poke "${FAR[0]}" flags=1
	wait
	[[ $(cat "$LAB_DIR/waits") == "ok ${FAR[0]} 90" ]]
}

# poke ADDRESS [flags=N] [affinity=SECONDS] [local=N] [kind=N]: the service that
# port 90 over TCP leads to, as the datapath sees it: enum sr_service_flags, the
# first N slots of the Cluster set as the Local set, and the frontend's kind.
poke() {
	PINS=/sys/fs/bpf/svcroute/$LAB-node1/maps "$LAB_PYTHON" - "$@" <<-'PYTHON'
		import ipaddress, json, os, struct, subprocess, sys

		def bpftool(verb, name, *arguments):
		    pin = f"{os.environ['PINS']}/{name}"
		    return subprocess.check_output(["bpftool", "-j", "map", verb, "pinned", pin, *arguments])

		def words(data):
		    return [str(byte) for byte in data]

		def read(name, key):
		    found = json.loads(bpftool("lookup", name, "key", *words(key)))
		    return bytearray(int(byte, 16) for byte in found["value"])

		def write(name, key, value):
		    bpftool("update", name, "key", *words(key), "value", *words(value))

		wanted = {name: int(value) for name, value in (word.split("=") for word in sys.argv[2:])}
		key = ipaddress.ip_address("::ffff:" + sys.argv[1]).packed + struct.pack("!HB5x", 90, 6)
		frontend = read("sr_frontends", key)
		frontend[28] = wanted.get("kind", frontend[28])
		service = bytes(frontend[24:28])
		entry = read("sr_services", service)
		cluster, local, flags, affinity = struct.unpack("=QQII", entry)
		if "local" in wanted:
		    local = cluster >> 32 << 32 | wanted["local"]
		write("sr_services", service, struct.pack("=QQII", cluster, local, wanted.get("flags", flags),
		                                          wanted.get("affinity", affinity)))
		write("sr_frontends", key, frontend)
	PYTHON
}

# talks_to FROM ADDRESS N: whom each of N connections that call ADDRESS, and may
# not get there, talks to in truth.
talks_to() {
	lab_in "$1" "$LAB_PYTHON" -c '
import os, socket, subprocess, sys
for _ in range(int(sys.argv[2])):
    with socket.socket() as sock:
        sock.settimeout(0)
        sock.connect_ex((sys.argv[1], 90))
        subprocess.run(f"ss -Htane | grep -w ino:{os.fstat(sock.fileno()).st_ino}", shell=True, check=True)
' "$2" "$3" | awk '{ print $5 }'
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
