#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `svcroute status` says when an instance is not what load made of it, or nearly
# full; scripts see it by the exit status.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-status
}

setup_file() {
	setup
	lab_start
	lab_machine node1 10.240.0.4/20 fd00:240::4
	lab_pod node1 web-1 "${WEB1[@]}"
	service near 11 30 >"$LAB_DIR/near.yaml"
	lab_load node1 -q -f "$LAB_DIR/near.yaml" --node node1 --xdp off
}

teardown_file() {
	setup
	lab_stop
}

sr() {
	lab_svcroute node1 "$@"
}

# degraded TEXT: that is what is wrong, in words, in JSON, and by the exit status.
degraded() {
	local faults

	run -1 --separate-stderr sr status
	[[ $output == *"degraded: $1"* ]] || fail "$output"
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == "svcroute: instance '$LAB-node1' is degraded: $1"* ]] || fail "$stderr"
	faults=$(lab_svcroute node1 -j status 2>/dev/null || true)
	[[ $(jq -r '.degraded[0]' <<<"$faults") == "$1"* ]] || fail "$faults"
}

sound() {
	run -0 sr status
	[[ $output != *degraded* && $output != *warning* ]] || fail "$output"
	[[ $(sr -j status | jq -c '[.degraded, .warnings]') == '[[],[]]' ]]
}

# ranges N: a service that so many networks may call.
ranges() {
	cat <<-YAML
		apiVersion: v1
		kind: Service
		metadata: {namespace: shop, name: fenced}
		spec:
		  type: LoadBalancer
		  clusterIP: 10.0.0.20
		  ports: [{port: 90, targetPort: 80}]
		  loadBalancerSourceRanges:
	YAML
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "    - %d.%d.%d.0/24\n", 101 + i / 65536, i / 256 % 256, i % 256 }'
	printf 'status: {loadBalancer: {ingress: [{ip: 10.240.16.20}]}}\n'
}

@test "what load made is sound" {
	sound
}

@test "services: a warning from 80 % on of --max, a fault where there is room for no more" {
	sr -q load --max services=11
	sound
	sr -q load --max services=10
	run -0 sr status
	[[ $output == *"warning: services: 80 % of 10 are in use"* ]] || fail "$output"
	[[ $(sr -j status | jq -c '[.degraded, .warnings]') == '[[],["services: 80 % of 10 are in use"]]' ]]
	sr -q load --max services=8
	degraded "services: 100 % of 8 are in use"
	sr -q load --max ''
	sound
}

@test "a program that was detached by hand is missed, and load mends it" {
	local link

	link=$(find "/sys/fs/bpf/svcroute/$LAB-node1/links" -name 'sr_from_pod*' | head -n 1)
	[[ -n $link ]] || skip "this kernel has no tcx links"
	rm "$link"
	degraded "azv"
	[[ $output == *": nothing is attached to tc ingress: 'svcroute load' does it"* ]]
	sr -q load
	sound
}

# detach PROGRAM [DEVICE]: as somebody else might.
detach() {
	bpftool link detach pinned "/sys/fs/bpf/svcroute/$LAB-node1/links/$1${2:+-$(lab_ip node1 -j link show "$2" | jq '.[].ifindex')}"
}

@test "the same of a filter on clsact" {
	sr -q load --uplink none --pods none
	lab_in node1 env SVCROUTE_TC=clsact "$LAB_DIR/bin/node1/svcroute" -q load --uplink '' --pods ''
	sound
	lab_in node1 tc filter del dev eth0 egress
	degraded "eth0: nothing is attached to tc egress"
	sr -q load --uplink none --pods none
	sr -q load --uplink '' --pods ''
	sound
}

@test "the same of a socket hook, however its cgroup is written" {
	sr -q load --cgroup "$LAB_CGROUP/./node1/"
	sound
	detach sr_connect4
	degraded "$LAB_CGROUP/./node1/: nothing is attached to cgroup connect4"
	sr -q load
	sound
	detach sr_connect4
	sr -q load --sockets off
	sound
	sr -q load --sockets ''
}

@test "the same of XDP" {
	sr -q load --xdp generic
	sound
	detach sr_xdp_uplink eth0
	degraded "eth0: nothing is attached to xdp"
	sr -q load --xdp off
	sound
}

@test "XDP belongs on no device without a link header" {
	lab_ip node1 tuntap add mode tun name bare0
	lab_ip node1 link set bare0 up
	sr -q load --xdp generic --uplink eth0 --uplink bare0
	sound
	lab_ip node1 tuntap del mode tun name bare0
	degraded "uplink bare0: there is no such device"
	sr -q load --xdp off --uplink ''
	sound
}

@test "an uplink of the default route that is gone" {
	lab_ip node1 link add uplink9 type veth peer name uplink8
	lab_ip node1 link set uplink8 up
	lab_ip node1 link set uplink9 up
	lab_ip node1 route replace default nexthop via "$LAB_GATEWAY4" dev eth0 nexthop dev uplink9
	sr -q load
	sound
	lab_ip node1 link del uplink9
	degraded "1 of the uplinks that were served is gone"
	lab_ip node1 route replace default via "$LAB_GATEWAY4" dev eth0
	sr -q load
	sound
}

@test "a load whose watcher died is not rolled back: a fault, until it is said to stay" {
	sr -q load --confirm 60
	kill -9 "$(cut -d' ' -f1 "$LAB_DIR/state/node1/$LAB-node1.confirm")"
	within 2 degraded "the last load was to be rolled back and is not"
	run -0 sr confirm
	[[ $output == "the load of instance '$LAB-node1' stays" ]]
	sound

	sr -q load --confirm 60
	kill -9 "$(cut -d' ' -f1 "$LAB_DIR/state/node1/$LAB-node1.confirm")"
	within 2 degraded "the last load was to be rolled back and is not"
	sr -q load
	sound
}

@test "a pod that came since has no program yet" {
	lab_pod node1 web-2 "${WEB2[@]}"
	degraded "azv"
	sr -q load
	sound
}

@test "an uplink that is gone" {
	lab_ip node1 link add up1 type veth peer name up2
	sr -q load --uplink eth0 --uplink up1
	sound
	lab_ip node1 link del up1
	degraded "uplink up1: there is no such device"
	sr -q load --uplink eth0
	sound
}

@test "a map that is nearly full is a warning, one that is full a fault" {
	ranges 53000 >"$LAB_DIR/ranges.yaml"
	sr -q load -f "$LAB_DIR/near.yaml" -f "$LAB_DIR/ranges.yaml"
	run -0 sr status
	[[ $output == *"warning: source ranges: 80 % of 65536 are in use"* ]] || fail "$output"
	[[ $(sr -j status | jq -c '[.degraded, .warnings]') == '[[],["source ranges: 80 % of 65536 are in use"]]' ]]
	ranges 65536 >"$LAB_DIR/ranges.yaml"
	sr -q load -f "$LAB_DIR/near.yaml" -f "$LAB_DIR/ranges.yaml"
	degraded "source ranges: 100 % of 65536 are in use"
	sr -q load -f "$LAB_DIR/near.yaml"
	sound
}
