# shellcheck shell=bash disable=SC2154 # tests/bench/net chooses the sizes and CPUs
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Ways to a service. Every one has a machine of its own with two pods, alike in all
# but the way; a machine without any is what they are compared to ("direct": pod to
# pod). Two have empty programs, and are called directly: so much any program at tc
# costs, or there and at what sockets pass. The way of a gateway is compared to one
# that leads through a gateway by plain routing ("routed").
#
#     client pod ═ machine ═ server pod
#     client ═ fabric ═ gateway ═ fabric ═ node ═ pod

# shellcheck source=tests/net/lab.bash
source tests/net/lab.bash
# shellcheck source=tests/bench/cluster.bash
source tests/bench/cluster.bash

CONNECT=$LAB_ROOT/build/tests/bench/connect
BENCH=$LAB_ROOT/build/tests/bench/bench
CLIENTS=(10.240.1.10 10.240.1.11 10.240.1.12 10.240.1.13)
FAR_CLIENTS=(10.240.32.10 10.240.32.11 10.240.32.12 10.240.32.13)

ours=()
rivals=()
gateways=()

# --- the ways ---------------------------------------------------------------------

# A way is KIND-SERVICES, which is its machine's name, too: tc-10.
choose_ways() {
	local size

	! has_tcx || ours+=(empty hooks)
	for size in "${sizes[@]}"; do
		ours+=("tc-$size" "past-$size" "sockets-$size")
		rivals+=("nftables-$size")
		! has_legacy_iptables || rivals+=("iptables-$size")
		gateways+=("xdp-$size")
	done
}

# of_few WAY...: those of ten services.
of_few() {
	printf '%s\n' "$@" | grep -- '-10$'
}

has_tcx() {
	[[ $(printf '%s\n' 6.6 "$(uname -r)" | sort -V | head -1) == 6.6 ]]
}

has_legacy_iptables() {
	command -v iptables-legacy-restore >/dev/null
}

size_of() {
	if [[ $1 == *-* ]]; then echo "${1#*-}"; else echo "${sizes[0]}"; fi
}

# Where one calls to go that way.
target_of() {
	case $1 in
	direct | empty | hooks | routed) echo $SERVER ;;
	xdp-*) external_ip "$(served "$(size_of "$1")")" ;;
	*) cluster_ip "$(served "$(size_of "$1")")" ;;
	esac
}

port_of() {
	if [[ $(target_of "$1") == "$SERVER" ]]; then echo 8080; else echo 80; fi
}

client_of() {
	case $1 in
	routed | xdp-*) echo client ;;
	*) echo "$1-c" ;;
	esac
}

# --- laying them out --------------------------------------------------------------

lay_out() {
	local size way

	progress 'laying out'
	lab_start
	for size in "${sizes[@]}"; do
		bench_manifests "$size" >"$LAB_DIR/manifests-$size"
	done
	all_at_once add_gateways "${ours[@]/#/add_node }" "${rivals[@]/#/add_node }" 'add_node direct'
	for way in direct "${ours[@]}" "${rivals[@]}" routed "${gateways[@]}"; do
		check "$way"
	done
}

# all_at_once COMMAND...: each in words; all come to an end, and if one failed so does this.
all_at_once() {
	local command pid started=() status=0

	for command in "$@"; do
		# shellcheck disable=SC2086 # words
		$command &
		started+=($!)
	done
	for pid in "${started[@]}"; do
		wait "$pid" || status=$?
	done
	return "$status"
}

# begin WAY: have its machine do what it is there for.
begin() {
	local size

	size=$(size_of "$1")
	case $1 in
	empty) lab_in "$1" "$BENCH" attach azvc azvs ;;
	hooks) lab_in "$1" "$BENCH" attach azvc azvs "$LAB_CGROUP/$1" ;;
	tc-*) load "$1" --pods 'azv*' --sockets off --xdp off ;;
	past-*) load "$1" --pods 'azv*' --sockets off --xdp off --forward direct ;;
	sockets-*) load "$1" --pods 'azv*' --sockets all --xdp off ;;
	xdp-*) load "$1" --node none --pods none --sockets off --xdp native ;;
	nftables-*) bench_nftables "$size" | lab_in "$1" nft -f - ;;
	iptables-*) bench_iptables "$size" | lab_in "$1" iptables-legacy-restore ;;
	esac
}

load() {
	lab_load "$1" -q -f "$LAB_DIR/manifests-$(size_of "$1")" --uplink eth0 "${@:2}"
}

# add_node WAY: a machine and its pods. What lab_machine and lab_pod do, without
# a fabric, which these never call, and with few processes: there are many of them.
add_node() {
	local name

	mkdir -p "$LAB_CGROUP/$1"
	lab_wrap_svcroute "$1"
	for name in "$1" "$1-c" "$1-s"; do
		lab_namespace "$name" "$LAB_CGROUP/$1"
	done
	lab_sysctl "$1" net.ipv4.ip_forward=1
	ip -n "$LAB-$1" -batch - <<-LINK
		link add eth0 type veth peer name wire
		link set wire up
		link set eth0 up
		addr add 10.240.0.4/20 dev eth0
		route add default via 10.240.0.1
	LINK
	add_pod "$1" c "${CLIENTS[@]}"
	add_pod "$1" s $SERVER
	ready_client "$1-c"
	serve "$1-s"
	begin "$1"
}

# add_pod WAY c|s ADDRESS...
add_pod() {
	local mac=02:00:00:00:00:01 addresses=("${@:3}")

	ip -n "$LAB-$1" -batch - <<-LINK
		link add azv$2 address $mac type veth peer name eth0 netns $LAB-$1-$2
		link set azv$2 up
		$(printf "route add %s dev azv$2\n" "${addresses[@]}")
	LINK
	ip -n "$LAB-$1-$2" -batch - <<-LINK
		link set eth0 up
		$(printf 'addr add %s/32 dev eth0\n' "${addresses[@]}")
		neigh add $LAB_GATEWAY4 lladdr $mac dev eth0
		route add $LAB_GATEWAY4 dev eth0
		route add default via $LAB_GATEWAY4 dev eth0
	LINK
}

# With its several addresses a client has ports enough for all that it will call.
ready_client() {
	lab_sysctl "$1" net.ipv4.ip_local_port_range='1024 65535'
}

# Without TIME_WAIT a server's table stays small, however many connections there were.
serve() {
	lab_sysctl "$1" net.ipv4.tcp_max_tw_buckets=0
	lab_spawn "$1" taskset -c "$server_cpu" "$CONNECT" serve 8080
	lab_spawn "$1" taskset -c "$server_cpu" iperf3 -s
	lab_await "$1" 8080
	lab_await "$1" 5201
}

add_gateways() {
	local way address host=60

	lab_machine client "${FAR_CLIENTS[0]}/24" fd00:240:0:20::10
	for address in "${FAR_CLIENTS[@]:1}"; do
		lab_ip client addr add "$address/32" dev eth0
		lab_route client "$address"
	done
	ready_client client
	lab_machine far 10.240.0.5/20 fd00:240::5
	lab_pod far far-s $SERVER fd00:240::1:30
	serve far-s
	lab_machine routed 10.240.0.6/20 fd00:240::6
	route_through routed
	for way in "${gateways[@]}"; do
		lab_machine "$way" "10.240.0.$host/20" "fd00:240::$((host++))"
		lab_route "$way" "$(target_of "$way")"
		lab_links wire "$way"
		begin "$way"
	done
}

# The fabric takes the way through a machine that only routes; its links are as those of XDP.
route_through() {
	lab_sysctl "$1" net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0
	lab_ip fabric route add default via 10.240.0.6 dev "$1" table 100
	lab_ip fabric rule add iif client to $SERVER lookup 100
	lab_ip fabric rule add iif far to 10.240.32.0/24 lookup 100
	lab_in "$1" ethtool -K eth0 tx off >/dev/null
	lab_in fabric ethtool -K "$1" tx off >/dev/null
}

# What goes no way at all shall not be measured as if it did; the first to call may meet an unknown neighbour.
check() {
	local failed

	for _ in {1..5}; do
		read -r _ _ _ _ failed < <(measure_connections "$1" 0.1 2>/dev/null) || continue
		((failed == 0)) || break
		return
	done
	fail "$1: ${failed:-all} connections failed"
}
