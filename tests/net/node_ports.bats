#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Node ports, as manifests ask for them: where they are served, to whom they
# lead, and whom a pod sees; for pods, the node itself and machines outside.

bats_require_minimum_version 1.5.0

SECOND=(10.240.0.44 fd00:240::44)

setup() {
	# shellcheck source=tests/net/kinds.bash
	source "$BATS_TEST_DIRNAME/kinds.bash"
	lab_use sr-nodeport
}

# node1 has a second address, which its Node object does not name. TCP and UDP share 30080, each a service of its own.
setup_file() {
	setup
	net_start node1
	kinds_routes
	lab_ip node1 addr add "${SECOND[0]}/32" dev eth0
	lab_ip node1 addr add "${SECOND[1]}/128" dev eth0
	lab_route node1 "${SECOND[@]}"
	{
		node_object
		kinds 20 '' 30
		kinds 21 '' 32
		kinds 22 'externalTrafficPolicy: Local' 30 32
		kinds 23 'externalTrafficPolicy: Local' 32
		kinds 24 ''
		PROTOCOLS=TCP NODE_PORT=30080 kinds 25 '' 30
		PROTOCOLS=UDP NODE_PORT=30080 kinds 26 '' 31
	} >"$LAB_DIR/services.yaml"
}

teardown_file() {
	setup
	lab_stop
}

node_object() {
	cat <<-YAML
		---
		apiVersion: v1
		kind: Node
		metadata: {name: node1}
		status: {addresses: [{type: InternalIP, address: ${NODE1[0]}}, {type: InternalIP, address: "${NODE1[1]}"}]}
	YAML
}

load() {
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off --node node1 \
		--sockets host --nodeport-addresses primary "$@"
}

@test "to a pod here, and to one elsewhere: from outside and from a pod" {
	local family

	load
	for family in 0 1; do
		whom_is client "${NODE1[family]}" 30020 "web-1 ${CLIENT[family]}"
		whom_is client "${NODE1[family]}" 30021 "web-3 ${NODE1[family]}*"
		whom_is web-2 "${NODE1[family]}" 30020 "web-1 ${WEB2[family]}"
		whom_is web-2 "${NODE1[family]}" 30021 "web-3 ${WEB2[family]}"
	done
}

@test "from the node itself, to its own address" {
	local family

	load
	for family in 0 1; do
		whom_is node1 "${NODE1[family]}" 30020 "web-1 ${NODE1[family]}"
		whom_is node1 "${NODE1[family]}" 30021 "web-3 ${NODE1[family]}"
	done
}

@test "TCP and UDP on one number lead to different pods" {
	local from family

	load
	for from in client web-2 node1; do
		for family in 0 1; do
			[[ $(whom "$from" tcp "${NODE1[family]}" 30080) == "web-1 "* ]]
			[[ $(whom "$from" udp "${NODE1[family]}" 30080) == "web-2 "* ]]
		done
	done
}

@test "no endpoint: refused, by whomever" {
	local from family

	load
	for from in client web-2 node1; do
		for family in 0 1; do
			whom_is "$from" "${NODE1[family]}" 30024 refused
		done
	done
}

@test "on the primary address only; where one says; on all" {
	local from

	for from in client web-2 node1; do
		load
		whom_is "$from" "${NODE1[0]}" 30020 'web-1 *'
		whom_is "$from" "${SECOND[0]}" 30020 refused
		whom_is "$from" "${SECOND[1]}" 30020 refused
		load --nodeport-addresses "${SECOND[0]}/32"
		whom_is "$from" "${SECOND[0]}" 30020 'web-1 *'
		whom_is "$from" "${NODE1[0]}" 30020 refused
		load --nodeport-addresses all
		whom_is "$from" "${SECOND[0]}" 30020 'web-1 *'
		whom_is "$from" "${SECOND[1]}" 30020 'web-1 *'
		whom_is "$from" "${NODE1[0]}" 30020 'web-1 *'
	done
}

@test "externalTrafficPolicy Local keeps the client, and needs a pod here" {
	local family

	load
	for family in 0 1; do
		[[ $(names client tcp "${NODE1[family]}" 30022) == 'web-1 ' ]]
		[[ $(names client udp "${NODE1[family]}" 30022) == 'web-1 ' ]]
		whom_is client "${NODE1[family]}" 30022 "web-1 ${CLIENT[family]}"
		PATIENCE=0.4 whom_is client "${NODE1[family]}" 30023 none
	done
}

@test "externalTrafficPolicy Local, from a pod and the node: all its pods" {
	local family from protocol

	load
	for from in web-2 node1; do
		for family in 0 1; do
			for protocol in tcp udp; do
				[[ $(names "$from" "$protocol" "${NODE1[family]}" 30022) == 'web-1 web-3 ' ]]
			done
			whom_is "$from" "${NODE1[family]}" 30023 'web-3 *'
		done
	done
}

@test "externalTrafficPolicy from Local to Cluster and back" {
	local family policy

	load
	for policy in Local Cluster Local; do
		{
			node_object
			kinds 23 "externalTrafficPolicy: $policy" 32
		} >"$LAB_DIR/policy.yaml"
		lab_load node1 -q -f "$LAB_DIR/policy.yaml"
		for family in 0 1; do
			case $policy in
			Local) PATIENCE=0.4 whom_is client "${NODE1[family]}" 30023 none ;;
			Cluster) whom_is client "${NODE1[family]}" 30023 "web-3 ${NODE1[family]}*" ;;
			esac
		done
	done
}

# --- map list -o yaml | load -f - -------------------------------------------------

# Both policies, sets and their fallbacks, hints, and whatever else maps hold.
rich() {
	node_object
	kinds 20 'sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 77}}' 30 32
	kinds 21 'externalTrafficPolicy: Local, internalTrafficPolicy: Local' 30 32
	kinds 22 'loadBalancerSourceRanges: [10.240.0.0/16, "fd00:240::/64", 10.241.0.0/24]' 32
	CONDITIONS='ready: false, serving: true, terminating: true' kinds 23 'externalTrafficPolicy: Local' 30 32
	kinds 24 'externalTrafficPolicy: Local' 32
	CONDITIONS='ready: false, serving: true, terminating: true' kinds_slice 24-leaving IPv4 10.240.0. 30 31 |
		sed 's/service-name: kinds-24-leaving/service-name: kinds-24/'
	kinds 25 'internalTrafficPolicy: Local' 30
	CONDITIONS='ready: false, serving: true, terminating: true' kinds_slice 25-leaving IPv4 10.240.0. 31 32 |
		sed 's/service-name: kinds-25-leaving/service-name: kinds-25/'
	kinds 26 '' 30 31 32 | sed '/0\.30"/ s/}}/}, hints: {forZones: [{name: a}]}}/
		/0\.3[12]"/ s/}}/}, hints: {forZones: [{name: b}]}}/'
	kinds 27 '' | sed 's/name: kinds-27}/name: kinds-27, annotations: {svcroute.io\/pass: "true"}}/'
	cat <<-YAML
		---
		apiVersion: v1
		kind: Pod
		metadata: {namespace: shop, name: web-1}
		spec:
		  nodeName: node1
		  containers:
		    - ports: [{containerPort: 80, hostPort: 8080}, {containerPort: 80, hostPort: 8081, hostIP: ${SECOND[0]}}]
		status: {phase: Running, podIPs: [{ip: ${WEB1[0]}}, {ip: "${WEB1[1]}"}]}
	YAML
}

# What the maps hold of services, but for how many use them now.
programmed() {
	lab_svcroute node1 map list -o json | grep -v '"connections":'
}

@test "map list -o yaml | load -f -: all that the maps hold is the same again" {
	local again before want

	rich >"$LAB_DIR/rich.yaml"
	lab_load node1 -q -f "$LAB_DIR/rich.yaml" --uplink eth0 --pods 'azv*' --xdp off --node node1 --zone a
	before=$(programmed)
	# It is as rich as it says.
	for want in '"draining"' '"NodePort"' '"LoadBalancer"' '"HostPort"' '"pass"' '"affinitySeconds": 77' \
		'10.241.0.0/24'; do
		[[ $before == *"$want"* ]] || fail "$want"
	done
	lab_svcroute node1 map list -o yaml >"$LAB_DIR/saved.yaml" 2>"$LAB_DIR/notes"
	[[ ! -s $LAB_DIR/notes ]]

	# Loaded over itself it changes nothing; loaded anew it is the same.
	run -0 --separate-stderr lab_svcroute node1 load -f - --dry-run <"$LAB_DIR/saved.yaml"
	[[ ! $output =~ (^|$'\n')[-+~]' ' ]] || fail "$output"
	lab_svcroute node1 -q unload
	lab_load node1 -q -f - --uplink eth0 --pods 'azv*' --xdp off --node node1 --zone a <"$LAB_DIR/saved.yaml"
	again=$(programmed)
	diff <(echo "$before") <(echo "$again")
	diff "$LAB_DIR/saved.yaml" <(lab_svcroute node1 map list -o yaml)
}
