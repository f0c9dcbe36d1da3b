# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the network tests share: a network of two nodes, its services, and what
# one may expect of them.
#
#     node1 10.240.0.4 ── web-1 10.240.0.30, web-2 10.240.0.31      fd00:240::4 …
#     node2 10.240.0.5 ── web-3 10.240.0.32
#     gateway 10.240.0.7
#     client 10.240.32.10
#
# Service `near` is web-1, `far` is web-3, `all` is all three; `host` and `farhost`
# are node1 and node2 themselves, as in pods of the host network. The ClusterIPs
# are 10.0.0.N and fd00:10::N, the external IPs 10.240.16.N and fd00:240:0:10::N, N
# being 11, 12, 10, 13 and 14. Port 90 leads to whoami.py, 5201 to iperf3.

# shellcheck source=tests/net/lab.bash
source "${BASH_SOURCE[0]%/*}/lab.bash"

NODE1=(10.240.0.4 fd00:240::4)
GATEWAY=(10.240.0.7 fd00:240::7)
CLIENT=(10.240.32.10 fd00:240:0:20::10)
WEB1=(10.240.0.30 fd00:240::30)
WEB2=(10.240.0.31 fd00:240::31)
WEB3=(10.240.0.32 fd00:240::32)
NEAR=(10.0.0.11 fd00:10::11)
FAR=(10.0.0.12 fd00:10::12)
NEAR_EXTERNAL=(10.240.16.11 fd00:240:0:10::11)
FAR_EXTERNAL=(10.240.16.12 fd00:240:0:10::12)
HOST=(10.0.0.13 fd00:10::13)
FARHOST=(10.0.0.14 fd00:10::14)
HOST_EXTERNAL=(10.240.16.13 fd00:240:0:10::13)
FARHOST_EXTERNAL=(10.240.16.14 fd00:240:0:10::14)
ALL=(10.0.0.10 fd00:10::10)
ALL_EXTERNAL=(10.240.16.10 fd00:240:0:10::10)
export HOST FARHOST HOST_EXTERNAL FARHOST_EXTERNAL
export NODE1 GATEWAY CLIENT WEB1 WEB2 WEB3 NEAR FAR NEAR_EXTERNAL FAR_EXTERNAL ALL ALL_EXTERNAL

# --- the network ----------------------------------------------------------------

# net_start: all of the above but svcroute. The external IPs lead to $1.
net_start() {
	local pod

	lab_start
	lab_machine node1 10.240.0.4/20 fd00:240::4
	lab_machine node2 10.240.0.5/20 fd00:240::5
	lab_machine gateway 10.240.0.7/20 fd00:240::7
	lab_machine client 10.240.32.10/24 fd00:240:0:20::10
	lab_pod node1 web-1 "${WEB1[@]}"
	lab_pod node1 web-2 "${WEB2[@]}"
	lab_pod node2 web-3 "${WEB3[@]}"
	lab_route "$1" 10.240.16.0/24 fd00:240:0:10::/64
	lab_serve node1 80
	lab_serve node2 80
	for pod in web-1 web-2 web-3; do
		lab_serve "$pod" 80
		lab_spawn "$pod" iperf3 -s
	done
	services >"$LAB_DIR/services.yaml"
}

# net_links wire|veth: see lab_links; all of them.
net_links() {
	lab_links "$1" node1 node2 gateway client web-1 web-2 web-3
}

# --- its services ---------------------------------------------------------------

services() {
	service all 10 30 31 32
	service near 11 30
	service far 12 32
	service host 13 4
	service farhost 14 5
}

# service NAME N HOST...: a Service and its EndpointSlices, as kubectl prints them.
service() {
	local name=$1 n=$2

	cat <<-YAML
		---
		apiVersion: v1
		kind: Service
		metadata: {namespace: shop, name: $name}
		spec:
		  ipFamilies: [IPv4, IPv6]
		  clusterIP: 10.0.0.$n
		  clusterIPs: [10.0.0.$n, "fd00:10::$n"]
		  externalIPs: [10.240.16.$n, "fd00:240:0:10::$n"]
		  ports:
		    - {name: http, port: 90, protocol: TCP, targetPort: 80}
		    - {name: echo, port: 90, protocol: UDP, targetPort: 80}
		    - {name: iperf, port: 5201, protocol: TCP}
		    - {name: iperf-udp, port: 5201, protocol: UDP}
	YAML
	slice "$name" IPv4 "${@:3}"
	slice "$name" IPv6 "${@:3}"
}

slice() {
	local name=$1 family=$2 host prefix=10.240.0.

	[[ $family == IPv4 ]] || prefix=fd00:240::
	cat <<-YAML
		---
		apiVersion: discovery.k8s.io/v1
		kind: EndpointSlice
		metadata:
		  namespace: shop
		  name: $name-${family,,}
		  labels: {kubernetes.io/service-name: $name}
		addressType: $family
		ports:
		  - {name: http, port: 80, protocol: TCP}
		  - {name: echo, port: 80, protocol: UDP}
		  - {name: iperf, port: 5201, protocol: TCP}
		  - {name: iperf-udp, port: 5201, protocol: UDP}
		endpoints:
	YAML
	for host in "${@:3}"; do
		printf '  - addresses: ["%s%s"]\n    conditions: {ready: true}\n' "$prefix" "$host"
	done
}

# --- what one may expect --------------------------------------------------------

fail() {
	printf '%s\n' "$*" >&2
	return 1
}

# bracket ADDRESS: as it stands in a URL.
bracket() {
	case $1 in
	*:*) echo "[$1]" ;;
	*) echo "$1" ;;
	esac
}

curl_from() {
	lab_in "$1" curl --silent --show-error --connect-timeout 2 --max-time 20 "${@:2}"
}

probe_from() {
	lab_in "$1" "$LAB_PYTHON" "$LAB_TESTS/probe.py" "${@:2}"
}

# expect FROM ADDRESS POD SEEN: over TCP and over UDP, port 90 of ADDRESS is
# answered by POD, which sees the address SEEN (a pattern).
expect() {
	expect_tcp "$@"
	expect_udp "$@"
}

expect_tcp() {
	local answer

	answer=$(curl_from "$1" "http://$(bracket "$2"):90/" 2>&1) || fail "TCP, $1 to $2: $answer"
	# shellcheck disable=SC2053 # SEEN is a pattern
	[[ $answer == $3\ $4 ]] || fail "TCP, $1 to $2: got '$answer', not '$3 $4'"
}

# Further arguments are probe.py's.
expect_udp() {
	local answer line

	answer=$(probe_from "$1" udp "$2" 90 "${@:5}")
	while read -r line; do
		# shellcheck disable=SC2053 # SEEN is a pattern
		[[ $line == $2\ 90\ $3\ $4 || $line == "peer $2 90" ]] || fail "UDP, $1 to $2 ${*:5}: got '$line', not '$2 90 $3 $4'"
	done <<<"$answer"
}

# expect_both FROM SERVICE POD SEEN: the same over IPv4 and IPv6; SERVICE, SEEN
# are names of arrays above.
expect_both() {
	local -n service_=$2 seen_=$4
	local family

	for family in 0 1; do
		expect "$1" "${service_[family]}" "$3" "${seen_[family]}"
	done
}

# expect_silence FROM ADDRESS: no answer over TCP, none over UDP.
expect_silence() {
	local answer

	if answer=$(curl_from "$1" --connect-timeout 0.5 "http://$(bracket "$2"):90/" 2>/dev/null); then
		fail "TCP, $1 to $2: answered '$answer'"
	fi
	answer=$(probe_from "$1" udp "$2" 90 --timeout 0.3)
	[[ $answer == none* ]] || fail "UDP, $1 to $2: answered '$answer'"
}

# expect_even FROM ADDRESS: 300 requests over TCP, each answered, in even shares.
expect_even() {
	local answers pod count

	answers=$(curl_from "$1" --fail-early "http://$(bracket "$2"):90/?[1-300]") || fail "$1 to $2: a request failed"
	for pod in web-1 web-2 web-3; do
		count=$(grep -c "^$pod " <<<"$answers" || true)
		((count >= 59 && count <= 141)) || fail "$1 to $2: $pod has $count of 300"
	done
}

# expect_bulk FROM ADDRESS: 20 MB each way over TCP, and datagrams of a frame's
# size, one more, and many fragments, unharmed.
expect_bulk() {
	local url size overhead=28 answer

	url=http://$(bracket "$2"):90
	[[ -e $LAB_DIR/blob ]] || head -c 20000000 /dev/urandom >"$LAB_DIR/blob"
	answer=$(curl_from "$1" -H Expect: --data-binary "@$LAB_DIR/blob" "$url/")
	[[ $answer == "20000000 $(sha256sum <"$LAB_DIR/blob" | cut -d' ' -f1)" ]] || fail "$1 to $2: 20 MB up: '$answer'"
	answer=$(curl_from "$1" "$url/bytes/20000000" | sha256sum)
	[[ $answer == "$("$LAB_PYTHON" -c 'import sys
sys.stdout.buffer.write((bytes(range(256)) * 78125)[:20000000])' | sha256sum)" ]] || fail "$1 to $2: 20 MB down"

	[[ $2 != *:* ]] || overhead=48
	for size in $((1500 - overhead)) $((1501 - overhead)) 4000 30000; do
		expect_udp "$1" "$2" 'web-?' '*' --size "$size" --count 3
	done
}

# expect_iperf FROM ADDRESS: streams over TCP both ways, over UDP in frames and
# in fragments, all but without loss.
expect_iperf() {
	iperf "$1" -c "$2" -t 1
	iperf "$1" -c "$2" -t 1 -R
	iperf "$1" -c "$2" -t 1 -u -b 50M -l 1400
	iperf "$1" -c "$2" -t 1 -u -b 20M -l 8000
	iperf "$1" -c "$2" -t 1 -u -b 20M -l 8000 -R
}

# At least 10 Mbit/s must arrive; of datagrams, at most 2 % may be lost: once of
# three times, for sockets of a busy machine drop some.
iperf() {
	local report i

	for ((i = 0; i < 3; i++)); do
		report=$(lab_in "$1" timeout 10 iperf3 "${@:2}" --connect-timeout 2000 -J) ||
			fail "iperf3 ${*:2}: $(tail -n 3 <<<"$report")"
		! iperf_is_fine <<<"$report" || return 0
	done
	fail "iperf3 ${*:2}, from $1"
}

iperf_is_fine() {
	"$LAB_PYTHON" -c '
import json, sys
end = json.load(sys.stdin)["end"]
total = end.get("sum") or end["sum_received"]
rate, lost = total["bits_per_second"], total.get("lost_percent", 0)
sys.exit(f"{rate / 1e6:.0f} Mbit/s, {lost:.1f} % lost" if rate < 1e7 or lost > 2 else 0)
'
}

# within SECONDS COMMAND...: it comes true.
within() {
	local i

	for ((i = 0; i < $1 * 10; i++)); do
		! "${@:2}" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	"${@:2}"
}
