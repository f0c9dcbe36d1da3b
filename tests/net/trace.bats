#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# svcroute trace: it tells what becomes of packets as it then does, and leaves no mark.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-trace
	[[ -d $LAB_DIR ]] || return 0
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --xdp off --sockets host
	sr -q conn flush
}

setup_file() {
	setup
	net_start node1
	rules >>"$LAB_DIR/services.yaml"
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --node node1 --service-cidr 10.0.0.0/16 \
		--max services=200,backends=800,connections=10000
}

# Nothing runs on the client but what a test began: it may not speak while another is at work.
teardown() {
	local pid

	for pid in $(ip netns pids "$LAB-client"); do
		kill "$pid" 2>/dev/null || true
	done
	wait
}

teardown_file() {
	setup
	lab_stop
}

sr() {
	lab_svcroute node1 "$@"
}

# rules: services with a rule each, beyond those of expect.bash. Endpoints without a node are no node's.
rules() {
	service nobody 20
	service away 21 32 | sed 's/^  clusterIP:/  type: NodePort\n  externalTrafficPolicy: Local\n&/'
	service stays 22 30 31 32 | sed 's/^  clusterIP:/  sessionAffinity: ClientIP\n&/'
	cat <<-YAML
		---
		apiVersion: v1
		kind: Service
		metadata: {namespace: shop, name: listed}
		spec:
		  type: LoadBalancer
		  clusterIP: 10.0.0.23
		  loadBalancerSourceRanges: [10.240.33.0/24]
		  ports: [{name: http, port: 90, targetPort: 80}]
		status: {loadBalancer: {ingress: [{ip: 10.240.16.23}]}}
		---
		apiVersion: discovery.k8s.io/v1
		kind: EndpointSlice
		metadata: {namespace: shop, name: listed-1, labels: {kubernetes.io/service-name: listed}}
		addressType: IPv4
		ports: [{name: http, port: 80}]
		endpoints: [{addresses: [10.240.0.30], conditions: {ready: true}}]
	YAML
}

# told KEY PATTERN: of the trace in $output, a line that says so.
told() {
	grep -E "^ *$1 +" <<<"$output" | grep -Eq "$2" || fail "no $1 like '$2' in:"$'\n'"$output"
}

# end_of client|backend|source: of the one connection there is: ADDRESS:PORT.
end_of() {
	sr conn list | awk -v end="${1^^}" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR == 2 { print $at[end] }'
}

# is_held: a connection is established.
is_held() {
	[[ $(sr conn list) == *ESTABLISHED* ]]
}

# untold KEY: there is no such line.
untold() {
	! grep -E "^ *$1 +" <<<"$output" || fail "$1 in:"$'\n'"$output"
}

@test "a pod calls a ClusterIP" {
	run -0 sr trace 10.240.0.30 10.0.0.10:90
	told from 'a pod, by azv'
	told parsed '^ *parsed +tcp SYN 10\.240\.0\.30:[0-9]+ > 10\.0\.0\.10:90, TTL 64, 54 bytes'
	told connection 'none'
	told frontend '10\.0\.0\.10:90/tcp, ClusterIP of shop/all:http'
	told policy 'internalTrafficPolicy Cluster: 3 of 3 endpoints'
	told backend '10\.240\.0\.3[012]:80/tcp'
	told why 'drawn at random'
	told share '1 of 3'
	told destination '10\.0\.0\.10:90 -> 10\.240\.0\.3[012]:80'
	told result 'translated$'
	told end 'it leaves by '
	told bytes '^bytes +([0-9a-f]{2} ?){16}$'
}

@test "the wire calls an external IP, whose pod is another node's" {
	run -0 sr trace 10.240.32.10:5000 10.240.16.12:90
	told from 'outside, by eth0'
	told frontend 'ExternalIP of shop/far:http'
	told why 'it is the only one'
	told source '10\.240\.32\.10:5000 -> 10\.240\.0\.4:[0-9]+'
	told out 'tcp SYN 10\.240\.0\.4:[0-9]+ > 10\.240\.0\.32:80, TTL 63'
	told end 'it leaves by eth0, .*past this host'
}

@test "by XDP, the same" {
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --xdp generic
	run -0 sr trace 10.240.32.10:5000 10.240.16.11:90
	[[ $output == *$'\n1  xdp, eth0 (sr_xdp_uplink)\n'* && $output == *$'\n2  tc ingress, eth0 (sr_from_wire)\n'* ]]
	told backend '10\.240\.0\.30:80/tcp'
	told result 'passed: not addressed to a service'
	told end 'it leaves by azv'
}

@test "IPv6, UDP, SCTP, and a ping" {
	run -0 sr trace udp fd00:240::30 '[fd00:10::12]:90'
	told frontend '\[fd00:10::12\]:90/udp, ClusterIP of shop/far:echo'
	told destination '\[fd00:10::12\]:90 -> \[fd00:240::32\]:80'
	told end 'it leaves by eth0'
	run -0 sr trace 10.240.0.30 10.0.0.10:90/sctp
	told parsed 'sctp INIT'
	told frontend 'none at 10\.0\.0\.10:90/sctp'
	run -0 sr trace icmp 10.240.32.10 10.240.0.30
	told parsed 'icmp echo request 10\.240\.32\.10 > 10\.240\.0\.30'
	told result 'not-served-protocol'
	told end 'it leaves by azv'
}

# sends NAME PORT ADDRESS: an empty datagram to port 90, which nothing but the address tells from a traced one.
sends() {
	lab_in "$1" "$LAB_PYTHON" - "$2" "$3" <<-'PY'
		import socket, sys
		family = socket.AF_INET6 if ':' in sys.argv[2] else socket.AF_INET
		with socket.socket(family, socket.SOCK_DGRAM) as s:
		    s.bind(('', int(sys.argv[1])))
		    s.sendto(b'', (sys.argv[2], 90))
	PY
}

# unnumbered: a frame in hexadecimal, its IPv4 header's identification 0, if its checksum is right.
unnumbered() {
	"$LAB_PYTHON" /dev/fd/3 3<<-'PY'
		import struct, sys
		frame = bytearray.fromhex(sys.stdin.read())
		def total():
		    words = sum(struct.unpack('!10H', frame[14:34]))
		    return (words & 0xffff) + (words >> 16)
		if frame[12:14] == b'\x08\x00':
		    assert total() == 0xffff, frame.hex()
		    frame[18:20] = frame[24:26] = b'\0\0'
		    frame[24:26] = struct.pack('!H', 0xffff - total())
		print(frame.hex())
	PY
}

# left NAME PORT ADDRESS: the frame that leaves node1 for web-3 then.
left() {
	rm -f "$LAB_DIR/frame"
	lab_spawn node1 timeout 10 tcpdump -i eth0 -Q out -U --immediate-mode -c 1 -w "$LAB_DIR/frame" udp and dst port 80
	within 5 test -s "$LAB_DIR/frame"
	sends "$@"
	wait $!
	tcpdump -xx -r "$LAB_DIR/frame" 2>/dev/null | sed -n 's/^[[:space:]]*0x[0-9a-f]*: *//p' | unnumbered
}

# leaves_as_told NAME ADDRESS TO END: what leaves is what is told, byte by byte.
leaves_as_told() {
	local frame report host=$2

	[[ $2 != *:* ]] || host="[$2]"
	((++port))
	frame=$(left "$1" "$port" "$3")
	report=$(sr -j trace udp "$host:$port" "$(bracket "$3"):90")
	[[ $(jq -r .bytes <<<"$report") == "$frame" ]] || fail "left: $frame"$'\n'"$report"
	[[ $(jq -r .end <<<"$report") == *"$4" ]] || fail "$report"
	[[ $(jq -r .neighbour <<<"$report" | tr -d :) == "${frame:0:12}" ]]
}

@test "what leaves is told byte by byte: hops, link addresses, checksums" {
	local name port=5100 i way

	net_links wire
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --sockets off
	for name in node1 client web-1; do
		lab_sysctl "$name" net.ipv6.auto_flowlabels=0
	done
	lab_sysctl client net.ipv4.ip_default_ttl=65 net.ipv6.conf.eth0.hop_limit=65 # the fabric is a hop
	for i in 0 1; do
		way="by eth0$([[ $i == 0 ]] || echo ", next hop $LAB_GATEWAY6")"
		leaves_as_told web-1 "${WEB1[i]}" "${FAR[i]}" "$way"
		leaves_as_told client "${CLIENT[i]}" "${FAR_EXTERNAL[i]}" "$way, past this host's stack"
		leaves_as_told node1 "${NODE1[i]}" "${FAR[i]}" "$way, past this host's stack"
	done
	net_links veth
}

@test "a neighbour that is not known yet is told as such" {
	lab_ip node1 neigh flush dev "$(lab_veth web-2)"
	run -0 sr trace udp 10.240.32.10 10.240.0.31:80
	told neighbour 'not known yet'
	told bytes '^bytes +(00 ){6}'
	lab_in node1 ping -c 1 -W 2 10.240.0.31
	run -0 sr trace udp 10.240.32.10 10.240.0.31:80
	told neighbour "$(lab_ip web-2 -br link show dev eth0 | awk '{ print $3 }')"
}

@test "why it is refused or dropped, and what the sender is told" {
	run -0 sr trace 10.240.0.30 10.0.0.20:90
	told policy 'internalTrafficPolicy Cluster: 0 of 0 endpoints'
	told result 'dropped: .*\(no-endpoint\); the sender is told: port unreachable'
	told out 'icmp port unreachable 10\.240\.0\.4 > 10\.240\.0\.30'
	run -0 sr trace 10.240.32.10 10.240.16.21:90
	told policy 'externalTrafficPolicy Local: on this node: 0 of 1 endpoint'
	told result 'dropped: .*\(no-local-endpoint\)$'
	told end 'it is dropped, and nobody is told'
	untold out
	run -0 sr trace 10.240.0.30 10.240.16.21:90
	told policy 'externalTrafficPolicy Local, which does not hold for callers within the cluster: 1 of 1'
	told backend '10\.240\.0\.32:80'
	run -0 sr trace 10.240.32.10 10.240.16.23:90
	told sources 'do not list 10\.240\.32\.10'
	told result '\(source-range\)'
	run -0 sr trace --from wire 10.240.33.10 10.240.16.23:90
	told sources 'admit 10\.240\.33\.10'
	told result 'translated$'
	run -0 sr trace 10.240.0.30 10.0.0.10:99
	told result '\(no-such-port\); the sender is told: port unreachable'
	run -0 sr trace 10.240.0.30 10.0.0.99:90
	told result '\(unallocated\)$'
	run -0 sr trace 10.240.32.10 10.0.0.10:90
	told result '\(cluster-ip-from-outside\)$'
}

@test "what is not ours passes" {
	run -0 sr trace 10.240.0.30 10.240.32.10:80
	told frontend 'none at'
	told result 'passed: not addressed to a service'
	told route 'by eth0'
	run -0 sr trace 10.240.32.10 10.240.0.4:22
	told route 'to this host itself'
	told end 'it is given to this host'
}

@test "affinity: the client stays with its endpoint" {
	local backend

	lab_in web-1 curl -s --max-time 3 http://10.0.0.22:90/
	backend=$(end_of backend)
	for _ in 1 2 3 4 5; do
		run -0 sr trace 10.240.0.30 10.0.0.22:90
		told backend " $backend/tcp"
		told why 'the client stays with it: ClientIP, last new connection [0-9]+s ago'
	done
	run -0 sr trace 10.240.0.31 10.0.0.22:90
	told why 'drawn at random; the client stays with it from now on'
}

@test "a connection goes on, and so do its answers" {
	local client source

	lab_in client timeout 40 "$LAB_PYTHON" "$LAB_TESTS/calls.py" hold 10.240.16.12 90 30 >/dev/null 2>&1 3>&- &
	within 5 is_held
	client=$(end_of client) source=$(end_of source)
	run -0 sr trace "$client" 10.240.16.12:90
	told parsed 'tcp ACK'
	told connection 'goes on, ESTABLISHED, of shop/far:http'
	told source "$client -> $source"
	untold policy
	run -0 sr trace 10.240.0.32:80 "$source"
	told connection 'an answer, ESTABLISHED, of shop/far:http'
	told destination "$source -> $client"
}

@test "what a socket would do" {
	run -0 sr trace 10.240.0.4 10.0.0.10:90
	told from 'this host'
	told socket 'connect\(\) goes to one of 3 endpoints by itself'
	run -0 sr trace 10.240.0.4 10.0.0.20:90
	told socket 'connect\(\) is refused at once'
	run -0 sr trace 10.240.0.4 10.240.16.23:90
	told socket 'left to tc: source ranges'
	run -0 sr trace 10.240.0.30 10.0.0.10:90
	told socket 'host serves this host.s processes only'
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --sockets all
	run -0 sr trace 10.240.0.30 10.0.0.22:90
	told socket 'left to tc: affinity'
	run -0 sr trace 10.240.0.30 10.0.0.10:90
	told socket 'goes to one of 3 endpoints by itself, .*; it is left to tc if the caller itself listens on port 80$'
	run -0 sr trace 10.240.0.31 10.0.0.11:90
	told socket 'goes to the only endpoint by itself, .*; it is left to tc if the caller itself listens on port 80$'
	run -0 sr trace 10.240.0.30 10.0.0.11:90
	told socket 'left to tc if the caller listens on port 80: it is itself the only endpoint$'
	run -0 sr trace 10.240.0.4 10.0.0.10:90
	told socket 'goes to one of 3 endpoints by itself, and its packets need no translation$'
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --sockets off
	run -0 sr trace 10.240.0.4 10.0.0.10:90
	told socket 'no socket hooks are attached'
	run -0 sr trace 10.240.32.10 10.240.16.10:90
	untold socket
}

# connects ADDRESS PORT: as a process of the host does: its errno's name, or "connected".
connects() {
	lab_in node1 "$LAB_PYTHON" - "$1" "$2" <<-'PY'
		import errno, socket, sys
		with socket.socket() as s:
		    s.settimeout(2)
		    code = s.connect_ex((sys.argv[1], int(sys.argv[2])))
		print(errno.errorcode[code] if code else 'connected')
	PY
}

@test "a port that no service has: a socket is refused where the address is ours, as told" {
	run -0 sr trace 10.240.0.4 10.0.0.10:99
	told socket 'connect\(\) is refused at once: no service has that port'
	[[ $(connects 10.0.0.10 99) == ECONNREFUSED ]]
	run -0 sr trace 10.240.0.4 10.240.16.11:91
	told socket 'left as it is: no service is called'
	[[ $(connects 10.240.16.11 91) != ECONNREFUSED ]]
	run -0 sr trace 10.240.0.4 10.0.0.10:90
	told socket 'goes to one of 3 endpoints'
	[[ $(connects 10.0.0.10 90) == connected ]]
}

@test "a connection goes on, whatever else there is" {
	local port

	lab_in client "$LAB_PYTHON" -c '
import socket
for port in range(20000, 25000):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", port))
        sock.sendto(b"?", ("10.240.16.12", 90))'
	for port in 20000 21111 22222 23333 24999; do
		run -0 sr trace udp "10.240.32.10:$port" 10.240.16.12:90
		told source "10\.240\.32\.10:$port -> $(sr conn get udp "10.240.32.10:$port" 10.240.16.12:90 -o json | jq -r '.source | "\(.addr):\(.port)"')"
		told connection 'goes on'
	done
}

# state: all that packets write, and all that they read.
state() {
	local map

	{
		for map in sr_conns sr_affinity sr_refusals sr_fragments sr_sockets sr_services sr_slots; do
			bpftool map dump pinned "/sys/fs/bpf/svcroute/$LAB-node1/maps/$map" | sort
		done
		# Neighbours are asked for at all times.
		sr status | grep -E '^  (translated|dropped|answered) '
	} | md5sum
}

@test "a trace leaves no mark: no connection, counter, affinity or event" {
	local before pid

	sr monitor >"$LAB_DIR/events" 3>&- &
	pid=$!
	lab_in web-1 curl -s --max-time 3 http://10.0.0.22:90/ >/dev/null
	sleep 1.5
	before=$(state)
	: >"$LAB_DIR/events"
	for _ in 1 2 3; do
		sr trace 10.240.0.30 10.0.0.22:90
		sr trace 10.240.0.31 10.0.0.22:90
		sr trace 10.240.32.10 10.240.16.12:90
		sr trace 10.240.0.30 10.0.0.20:90
	done >/dev/null
	sleep 0.5
	[[ $(state) == "$before" ]]
	[[ ! -s $LAB_DIR/events ]]
	kill "$pid"
}

@test "as JSON" {
	run -0 sr -o json trace udp 10.240.0.31:5000 10.0.0.11:90
	[[ $(jq -r '.steps[0] | [.hook, .program, .verdict, .reason, .backend] | join(" ")' <<<"$output") == "tc ingress sr_from_pod translated translated 10.240.0.30:80/udp" ]]
	[[ $(jq -r .out <<<"$output") == "udp 10.240.0.31:5000 > 10.240.0.30:80, TTL 63, 42 bytes" ]]
	[[ $(jq -r .bytes <<<"$output" | cut -c 25-) == 0800450000* ]]
}

@test "what cannot be traced is said in a line" {
	run -2 sr trace 10.240.0.30
	[[ $output == "svcroute: trace: expected [tcp|udp|sctp|icmp] SRC[:PORT] DST[:PORT], not 1 word" ]]
	run -2 sr trace tcp 10.240.0.30 10.0.0.10:90 x
	[[ $output == *", not 4 words" ]]
	run -2 sr trace web 10.0.0.10:90
	[[ $output == "svcroute: trace: 'web' is not an IP address" ]]
	run -2 sr trace 10.240.0.30:x 10.0.0.10:90
	[[ $output == "svcroute: trace: '10.240.0.30:x': 'x' is not a port (1..65535)" ]]
	run -0 sr help trace
	[[ ${lines[0]} == 'usage: svcroute trace [PROTO] SRC[:PORT] DST[:PORT] [OPTIONS]' ]]
	run -2 sr trace 10.240.0.30 10.0.0.10
	[[ $output == *"the destination needs a port: DST:PORT" ]]
	run -2 sr trace 10.240.0.30 '[fd00:10::12]:90'
	[[ $output == *"one address is of IPv4, the other of IPv6" ]]
	run -2 sr trace icmp 10.240.0.30:1 10.0.0.10
	[[ $output == *"icmp has no ports" ]]
	run -2 sr trace udp 10.240.0.30 10.0.0.10:90/tcp
	[[ $output == *"the protocol stands first, or with the destination: once" ]]
	run -2 sr trace 10.240.0.300 10.0.0.10:90
	[[ ${#lines[@]} == 1 ]]
	run -1 sr trace --from eth9 10.240.0.30 10.0.0.10:90
	[[ $output == "svcroute: --from eth9: it is no device; expected pod, wire, host or a device's name" ]]
	run -1 sr trace --from lo 10.240.0.30 10.0.0.10:90
	[[ $output == "svcroute: --from lo: no program of instance "* ]]
	run -1 sr trace --from pod 10.1.1.1 10.0.0.10:90
	[[ $output == *"say --from DEV" ]]
	run -1 sr trace --instance nobody 10.240.0.30 10.0.0.10:90
	[[ $output == *"'nobody' is not loaded"* ]]
}
