#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Manifests change, and traffic follows: flows of UDP at once, connections of TCP
# as --terminate says, and new ones to the endpoints that are then to be used.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/kinds.bash
	source "$BATS_TEST_DIRNAME/kinds.bash"
	lab_use sr-changes
	started=()
}

setup_file() {
	setup
	net_start node1
	kinds_routes
	lab_load node1 -q --uplink eth0 --pods 'azv*' --xdp off --node node1 --zone zone-1
}

teardown_file() {
	setup
	lab_stop
}

# serve: what kinds and the like say on standard input is all there is from now on.
serve() {
	lab_load node1 -q -f - "$@"
}

# start NAME FROM ARGUMENT...: calls.py or probe.py, its output to be had by said().
start() {
	lab_in "$2" timeout 15 "$LAB_PYTHON" "$LAB_TESTS/$3.py" "${@:4}" >"$LAB_DIR/said.$1" 2>&1 3>&- &
	started+=($!)
}

finish() {
	wait "${started[@]}" || true
}

# said NAME: its lines' first words, repeated ones once.
said() {
	cut -d' ' -f1 "$LAB_DIR/said.$1" | uniq | tr '\n' ' '
}

# said_is NAME PATTERN
said_is() {
	[[ $(said "$1") =~ ^$2\ $ ]] || fail "$1: $(said "$1"), not $2"
}

# heard POD: datagrams that were given to it, of both families.
heard() {
	lab_in "$1" cat /proc/net/snmp /proc/net/snmp6 |
		awk '$1 == "Udp6InDatagrams" || $1 == "Udp:" && $2 ~ /^[0-9]/ { sum += $2 } END { print sum }'
}

# Each on one socket, its address and port the same all along.
start_flows() {
	start pod web-2 calls follow 10.0.0.20 90 3 --once
	start pod6 web-2 calls follow fd00:10::20 90 3 --once
	start outside client calls follow 10.240.16.20 90 3 --once
	start outside6 client calls follow fd00:240:0:11::20 90 3 --once
	start port client calls follow "${NODE1[0]}" 30020 3 --once
	start host node1 calls follow 10.0.0.20 90 3
	sleep 1
}

FLOWS='pod pod6 outside outside6 port'

@test "UDP, an endpoint is replaced: nothing more to the old one" {
	local before flow

	kinds 20 '' 30 | serve
	start_flows
	kinds 20 '' 32 | serve
	before=$(heard web-1)
	finish
	[[ $before -gt 20 && $(heard web-1) == "$before" ]]
	for flow in $FLOWS; do
		said_is "$flow" 'web-1 web-3'
	done
	said_is host 'web-1 E[A-Z]+ web-3'
}

@test "UDP, all endpoints are removed: refused at once" {
	local before flow

	kinds 20 '' 30 | serve
	start_flows
	kinds 20 '' | serve
	before=$(heard web-1)
	finish
	[[ $(heard web-1) == "$before" ]]
	for flow in $FLOWS; do
		said_is "$flow" 'web-1 ECONNREFUSED'
	done
	said_is host 'web-1 (E[A-Z]+ )?ECONNREFUSED'
}

@test "UDP, refused: served as soon as there is an endpoint, on the same socket" {
	local flow

	kinds 20 '' | serve
	start_asking
	start host node1 calls follow 10.0.0.20 90 1
	sleep 0.3
	kinds 20 '' 30 | serve
	finish
	for flow in pod pod6 outside; do
		said_is "$flow" 'none (10.0.0.20|fd00:10::20|10.240.16.20)'
	done
	said_is host 'ECONNREFUSED web-1'
}

# Unconnected: what ICMP reports does not end them.
start_asking() {
	start pod web-2 probe udp 10.0.0.20 90 --count 12 --interval 0.1 --timeout 0.1
	start pod6 web-2 probe udp fd00:10::20 90 --count 12 --interval 0.1 --timeout 0.1
	start outside client probe udp 10.240.16.20 90 --count 12 --interval 0.1 --timeout 0.1
	sleep 0.6
}

@test "UDP, no service at all: served as soon as it comes, on the same socket" {
	local flow

	kinds 21 '' 31 | serve
	start_asking
	start host node1 probe udp 10.0.0.20 90 --count 12 --interval 0.1 --timeout 0.1
	sleep 0.3
	kinds 20 '' 30 | serve
	finish
	for flow in pod pod6 outside host; do
		said_is "$flow" 'none (10.0.0.20|fd00:10::20|10.240.16.20)'
	done
}

start_connections() {
	start pod web-2 calls hold 10.0.0.20 90 2 --talk
	start pod6 web-2 calls hold fd00:10::20 90 2 --talk
	start outside client calls hold 10.240.16.20 90 2 --talk
	start outside6 client calls hold fd00:240:0:11::20 90 2 --talk
	start port client calls hold "${NODE1[0]}" 30020 2 --talk
	start host node1 calls hold 10.0.0.20 90 2 --talk
	sleep 0.7
}

@test "TCP, an endpoint is removed: its connections go on" {
	local flow

	kinds 20 '' 30 | serve
	start_connections
	kinds 20 '' 32 | serve
	whom_is web-2 10.0.0.20 90 'web-3 *'
	finish
	for flow in $FLOWS host; do
		said_is "$flow" 'connected none'
	done
}

@test "TCP, an endpoint is removed, with --terminate: they are reset" {
	local flow

	kinds 20 '' 30 | serve --terminate
	start_connections
	kinds 20 '' 32 | serve
	finish
	for flow in $FLOWS; do
		said_is "$flow" 'connected ECONNRESET'
	done
	said_is host 'connected ECONNABORTED'
	kinds 20 '' 30 | serve --terminate=no
}

@test "endpoints that terminate are used while there is no other, whatever the policies" {
	local leaving='ready: false, serving: true, terminating: true' policy

	for policy in '' 'internalTrafficPolicy: Local, externalTrafficPolicy: Local'; do
		CONDITIONS=$leaving kinds 20 "$policy" 30 | serve
		whom_is web-2 10.0.0.20 90 'web-1 *'
		whom_is client 10.240.16.20 90 'web-1 *'
		whom_is node1 fd00:10::20 90 'web-1 *'
		{
			CONDITIONS=$leaving kinds 20 "$policy" 30
			kinds_slice 20-ready IPv4 10.240.0. 31 | sed 's/service-name: kinds-20-ready/service-name: kinds-20/'
		} | serve
		[[ $(names web-2 tcp 10.0.0.20 90) == 'web-2 ' ]]
		[[ $(names client tcp 10.240.16.20 90) == 'web-2 ' ]]
		CONDITIONS='ready: false, serving: false, terminating: true' kinds 20 "$policy" 30 | serve
		whom_is web-2 10.0.0.20 90 refused
		whom_is client 10.240.16.20 90 refused
	done
}

# hinted HINT HINT: service 20 with web-1 and web-3, each with its hints.
hinted() {
	kinds 20 '' 30 32 | sed "s/nodeName: node1/&, hints: {$1}/; s/nodeName: node2/&, hints: {$2}/"
}

@test "hints: the same node, else the same zone, else all" {
	local zone1='forZones: [{name: zone-1}]' zone2='forZones: [{name: zone-2}]'

	hinted '' '' | serve
	[[ $(names web-2 tcp 10.0.0.20 90) == 'web-1 web-3 ' ]]
	hinted "$zone2" "$zone1" | serve
	[[ $(names web-2 tcp 10.0.0.20 90) == 'web-3 ' ]]
	[[ $(names node1 tcp 10.0.0.20 90) == 'web-3 ' ]]
	[[ $(names client udp 10.240.16.20 90) == 'web-3 ' ]]
	hinted "$zone2, forNodes: [{name: node1}]" "$zone1, forNodes: [{name: node2}]" | serve
	[[ $(names web-2 tcp 10.0.0.20 90) == 'web-1 ' ]]
	hinted "$zone2" "$zone2" | serve
	[[ $(names web-2 tcp 10.0.0.20 90) == 'web-1 web-3 ' ]]
}

# unready SPEC: a service whose selector chooses web-1, which is not ready.
unready() {
	cat <<-YAML
		---
		apiVersion: v1
		kind: Service
		metadata: {namespace: shop, name: early}
		spec:
		  ${1:+$1}
		  selector: {app: early}
		  clusterIP: 10.0.0.20
		  ports: [{name: tcp, port: 90, targetPort: 80}, {name: udp, port: 90, targetPort: 80, protocol: UDP}]
		---
		apiVersion: v1
		kind: Pod
		metadata: {namespace: shop, name: web-1, labels: {app: early}}
		spec: {nodeName: node1, containers: [{ports: [{containerPort: 80}]}]}
		status:
		  phase: Running
		  podIP: ${WEB1[0]}
		  podIPs: [{ip: ${WEB1[0]}}]
		  conditions: [{type: Ready, status: "False"}]
	YAML
}

@test "publishNotReadyAddresses: a pod that is not ready is served only so" {
	unready '' | serve
	whom_is web-2 10.0.0.20 90 refused
	unready 'publishNotReadyAddresses: true' | serve
	whom_is web-2 10.0.0.20 90 'web-1 *'
	unready 'publishNotReadyAddresses: false' | serve
	whom_is web-2 10.0.0.20 90 refused
}
