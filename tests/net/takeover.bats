#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# From kube-proxy's rules to svcroute and back, while connections are open.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/kube_proxy.bash
	source "$BATS_TEST_DIRNAME/kube_proxy.bash"
	lab_use sr-takeover
}

setup_file() {
	setup
	net_start node1
	net_links veth
	served_manifests >"$LAB_DIR/served.yaml"
}

teardown_file() {
	setup
	lab_stop
}

teardown() {
	lab_svcroute node1 -q unload || true
	lab_in node1 nft flush ruleset
	lab_in node1 sysctl -qw net.netfilter.nf_conntrack_tcp_loose=1
	lab_in node1 conntrack -F 2>/dev/null
	net_links veth
}

sr() {
	lab_svcroute node1 "$@"
}

not_loaded() {
	! sr conn list
}

# load OPTION...: what kube-proxy's rules serve.
load() {
	lab_load node1 -f "$LAB_DIR/served.yaml" --uplink eth0 --pods 'azv*' --node node1 "$@"
}

calls_from() {
	lab_in "$1" "$LAB_PYTHON" "$LAB_TESTS/calls.py" "${@:2}"
}

# run_on NAME COMMAND...: in the background, what it says into a file.
run_on() {
	"${@:2}" >"$LAB_DIR/said.$1" 2>&1 3>&- &
	running+=($!)
}

# conversations FAMILY: one of each kind, through rules that choose, until conversations_end.
conversations() {
	local family=$1 seconds=60 outside=${NODE[$1]}

	running=()
	rm -f "$LAB_DIR"/said.*
	# A stream each: to a pod of another node, to one here that sees the node, to one here that sees the client.
	run_on stream-far lab_in client iperf3 --forceflush -b 50M -c "$outside" -p 31020 -t "$seconds"
	run_on stream-near lab_in web-2 iperf3 --forceflush -b 50M -c "${CLUSTER_IPS[$family]}21" -t "$seconds"
	run_on stream-local lab_in client iperf3 --forceflush -R -b 50M -c "${EXTERNAL_IPS[$family]}22" -t "$seconds"
	run_on keep-far calls_from client keep "$outside" 30020 "$seconds"
	run_on keep-near calls_from client keep "$outside" 30021 "$seconds"
	run_on keep-local calls_from client keep "$outside" 30022 "$seconds"
	run_on keep-any calls_from client keep "${EXTERNAL_IPS[$family]}23" 90 "$seconds"
	run_on keep-pod calls_from web-2 keep "${CLUSTER_IPS[$family]}20" 90 "$seconds"
	run_on keep-itself calls_from web-1 keep "${CLUSTER_IPS[$family]}21" 90 "$seconds"
	run_on keep-host calls_from client keep "$outside" 30024 "$seconds"
	run_on keep-hosts-pod calls_from web-1 keep "${CLUSTER_IPS[$family]}24" 90 "$seconds"
	run_on udp-host calls_from client follow "$outside" 30024 "$seconds" --once
	run_on udp-any calls_from client follow "$outside" 30023 "$seconds" --once
	run_on udp-local calls_from client follow "$outside" 30022 "$seconds" --once
	run_on udp-pod calls_from web-2 follow "${CLUSTER_IPS[$family]}23" 90 "$seconds" --once
	# Some begin in the very moment.
	run_on loop-outside probe_from client loop "${EXTERNAL_IPS[$family]}23" 90 "$seconds"
	run_on loop-port probe_from client loop "$outside" 30023 "$seconds"
	run_on loop-pod probe_from web-2 loop "${CLUSTER_IPS[$family]}23" 90 "$seconds"
}

conversations_have_begun() {
	local said

	for said in "$LAB_DIR"/said.{keep,udp}-*; do
		[[ -s $said ]] || return
	done
	for said in "$LAB_DIR"/said.stream-*; do
		grep -q 'bits/sec' "$said" || return
	done
}

# All go on until now.
conversations_end() {
	local pid

	for pid in "${running[@]}"; do
		kill -0 "$pid" || fail "$(tail -n 3 "$LAB_DIR"/said.*)"
		pkill -TERM -P "$pid" || kill "$pid"
	done
	wait "${running[@]}" || true
	# As the shell calls that.
	sed -i '/^Terminated$/d' "$LAB_DIR"/said.*
}

# conversations_went_on N: nothing broke, stood still or went to another pod, and each had N answers or more.
conversations_went_on() {
	local said name lost

	for said in "$LAB_DIR"/said.{keep,udp}-*; do
		name=${said##*/said.}
		# What is this host's own is held for a moment, and nobody sends a datagram again.
		lost=$(grep -c '^none$' "$said") || true
		[[ $name == udp-host ]] || ((lost == 0)) || fail "$name: $lost lost"
		((lost <= 2)) || fail "$name: $lost lost"
		[[ $(grep -v '^none$' "$said" | sort -u) =~ ^(web-[1-3]|node1)$ ]] || fail "$name: $(uniq -c "$said")"
		(($(wc -l <"$said") >= $1)) || fail "$name: $(wc -l <"$said") answers"
	done
	for said in "$LAB_DIR"/said.stream-*; do
		# But for the last moment, and the sum.
		! sed '/interrupt/,$d' "$said" | head -n -1 | grep -E ' 0\.00 bits/sec|error' || fail "${said##*/}: stood still: $(cat "$said")"
	done
	for said in "$LAB_DIR"/said.loop-*; do
		grep -E '^[0-9]{3,} answered, 0 failed$' "$said" || fail "${said##*/said.}: $(cat "$said")"
	done
}

# conversations_are_listed FAMILY: as connections of svcroute's, begun before it was there.
conversations_are_listed() {
	local frontend

	sr conn list -p tcp --state ESTABLISHED >"$LAB_DIR/listed"
	for frontend in "$(bracket "${NODE[$1]}"):31020" "$(bracket "${CLUSTER_IPS[$1]}21"):5201" \
		"$(bracket "${EXTERNAL_IPS[$1]}22"):5201"; do
		grep -F " $frontend " "$LAB_DIR/listed" || fail "no $frontend:"$'\n'"$(cat "$LAB_DIR/listed")"
	done
	! awk '$7 == "-"' "$LAB_DIR/listed" | grep . || fail 'of no service'
}

# conversations_are_netfilters FAMILY N: those of a pod's iperf3 with a ClusterIP.
conversations_are_netfilters() {
	local found

	found=$(lab_in node1 conntrack -L -f "ipv$1" -p tcp --orig-dst "${CLUSTER_IPS[$1]}21" --orig-port-dst 5201 2>/dev/null)
	[[ $(grep -c 'ESTABLISHED.*ASSURED' <<<"$found") -eq $2 ]] || fail "netfilter has: $found"
}

# A firewall that lets nothing pass that netfilter did not see begin.
strict_firewall() {
	lab_in node1 sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0
	lab_in node1 nft -f - <<-'RULES'
		table inet firewall {
			chain input { type filter hook input priority 0; ct state invalid drop; }
			chain forward { type filter hook forward priority 0; ct state invalid drop; }
		}
	RULES
}

# there_and_back MODE FAMILY OPTION...
there_and_back() {
	kube_proxy "$1"
	conversations "$2"
	within 10 conversations_have_begun
	run -0 load --adopt "${@:3}"
	[[ $output =~ adopted\ ([0-9]+)\ connections\ of ]] || fail "$output"
	((BASH_REMATCH[1] >= 18)) || fail "$output"
	[[ $output != *' stay with it'* ]] || fail "$output"
	sleep 0.5
	conversations_are_listed "$2"
	conversations_are_netfilters "$2" 0
	kube_proxy_cleanup "$1"
	sleep 1.5
	kube_proxy "$1"
	run -0 sr unload --handback
	[[ $output =~ ^gave\ ([0-9]+)\ connections\ to\ netfilter$'\n' ]] || fail "$output"
	((BASH_REMATCH[1] >= 18)) || fail "$output"
	conversations_are_netfilters "$2" 2
	sleep 2
	conversations_end
	conversations_went_on 30
}

@test "kube-proxy's nftables rules, svcroute, no rules, and back: IPv4" {
	there_and_back nftables 4
}

@test "kube-proxy's nftables rules, svcroute, no rules, and back: IPv6" {
	net_links wire
	strict_firewall
	there_and_back nftables 6 --xdp native
}

@test "kube-proxy's iptables rules, svcroute, no rules, and back: IPv4" {
	net_links wire
	there_and_back iptables 4 --xdp native
}

@test "kube-proxy's iptables rules, svcroute, no rules, and back: IPv6" {
	strict_firewall
	there_and_back iptables 6
}

@test "what the host itself has called stays with netfilter, and goes on" {
	kube_proxy nftables
	running=()
	run_on keep-own calls_from node1 keep "${CLUSTER_IPS[4]}23" 90 4
	sleep 1
	run -0 load --adopt
	[[ $output == *$'\n''adopted 0 connections of netfilter'"'"'s; 1 stay with it, which needs a chain of type nat until they end: '"\
1 of this host's own processes"* ]] || fail "$output"
	wait "${running[0]}"
	[[ $(sort -u "$LAB_DIR/said.keep-own") =~ ^web-[13]$ ]] || fail "$(uniq -c "$LAB_DIR/said.keep-own")"
}

@test "a dry run tells what would be adopted, and adopts nothing" {
	kube_proxy nftables
	running=()
	run_on keep-pod calls_from web-2 keep "${CLUSTER_IPS[4]}20" 90 3
	sleep 1
	load --adopt --dry-run -o json | jq -e '.adopted == {connections: 1, left: {}}'
	run -1 sr conn list
	wait "${running[0]}"
	[[ $(sort -u "$LAB_DIR/said.keep-pod") == web-3 ]] || fail "$(uniq -c "$LAB_DIR/said.keep-pod")"
}

@test "nothing is handed back where nobody would translate it" {
	load
	running=()
	run_on keep-pod calls_from web-2 keep "${CLUSTER_IPS[4]}20" 90 2
	run -1 sr unload --handback
	[[ $output == "svcroute: netfilter has no chain of type nat, so it would translate nothing: restore kube-proxy's rules first" ]] ||
		fail "$output"
	wait "${running[0]}"
	[[ $(sort -u "$LAB_DIR/said.keep-pod") == web-3 ]] || fail "$(uniq -c "$LAB_DIR/said.keep-pod")"
}

@test "what was adopted is handed back if nobody confirms the load" {
	kube_proxy nftables
	running=()
	run_on keep-pod calls_from web-2 keep "${CLUSTER_IPS[4]}20" 90 9
	run_on keep-any calls_from client keep "${NODE[4]}" 30023 9
	sleep 1
	run -0 load --adopt --confirm 2
	[[ $output == *$'\n''adopted 2 connections'* ]] || fail "$output"
	within 4 not_loaded
	kill -0 "${running[@]}"
	for said in keep-pod keep-any; do
		wait "${running[0]}"
		running=("${running[@]:1}")
		[[ $(sort -u "$LAB_DIR/said.$said") =~ ^web-[13]$ ]] || fail "$(uniq -c "$LAB_DIR/said.$said")"
	done
}
