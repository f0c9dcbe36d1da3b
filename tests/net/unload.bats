#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# After unload all is as it was before load; what others put there stays.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-unload
}

setup_file() {
	setup
	net_start node1
	net_links wire
}

teardown_file() {
	setup
	lab_stop
}

load() {
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' "$@"
}

# All that a load could leave behind, as text.
snapshot() {
	local device

	lab_ip node1 -d -o link show
	for device in eth0 "$(lab_veth web-1)" "$(lab_veth web-2)"; do
		lab_in node1 tc qdisc show dev "$device"
		lab_in node1 tc filter show dev "$device" ingress
		lab_in node1 tc filter show dev "$device" egress
	done
	lab_in node1 bpftool net list
	lab_ip node1 addr show
	lab_ip node1 route show table all
	lab_ip node1 rule show
	lab_in node1 sysctl -a 2>/dev/null | grep -E '^net\.(ipv4|ipv6)\.conf' | grep -v stable_secret
	bpftool cgroup tree "$LAB_CGROUP"
	find /sys/fs/bpf -path "*$LAB*"
}

# The ids of all that is pinned: others on this host may have programs, too.
pinned() {
	local pins=/sys/fs/bpf/svcroute/$LAB-node1 pin

	for pin in "$pins"/maps/*; do
		bpftool map show pinned "$pin" | sed -n 's/^\([0-9]*\):.*/map \1/p'
	done
	for pin in "$pins"/progs/*; do
		bpftool prog show pinned "$pin" | sed -n 's/^\([0-9]*\):.*/prog \1/p'
	done
}

# The kernel frees them a little later.
objects_are_gone() {
	local kind id

	while read -r kind id; do
		for _ in {1..50}; do
			bpftool "$kind" show id "$id" >/dev/null 2>&1 || continue 2
			sleep 0.1
		done
		fail "$kind $id is left behind"
	done <"$LAB_DIR/made"
}

load_and_unload() {
	snapshot >"$LAB_DIR/before"
	load "$@"
	pinned >"$LAB_DIR/made"
	grep -q prog "$LAB_DIR/made"
	[[ $(snapshot) != "$(cat "$LAB_DIR/before")" ]]
	lab_svcroute node1 -q unload
	diff "$LAB_DIR/before" <(snapshot)
	objects_are_gone
}

@test "tc and sockets: unload leaves everything as it was" {
	load_and_unload --xdp off
}

@test "XDP: unload leaves everything as it was" {
	load_and_unload --xdp native
}

@test "generic XDP: unload leaves everything as it was" {
	load_and_unload --xdp generic
}

@test "a qdisc and filters of others stay" {
	lab_in node1 tc qdisc add dev eth0 clsact
	lab_in node1 tc filter add dev eth0 ingress pref 7 protocol all bpf bytecode '1,6 0 0 0' flowid 1:7
	lab_in node1 tc filter add dev eth0 egress pref 7 protocol all bpf bytecode '1,6 0 0 0' flowid 1:7
	load_and_unload --xdp off
	lab_in node1 tc filter show dev eth0 ingress | grep -q 1:7
	lab_in node1 tc qdisc del dev eth0 clsact
}

@test "an XDP program of others is neither displaced nor taken away" {
	load --xdp native
	run lab_in node1 "$SVCROUTE" --instance "$LAB-other" load --uplink eth0 --xdp native --cgroup "$LAB_CGROUP/node2"
	((status == 1))
	[[ $output == *eth0* ]]
	expect_both client NEAR_EXTERNAL web-1 CLIENT
	lab_in node1 "$SVCROUTE" --instance "$LAB-other" -q unload || true
	expect_both client NEAR_EXTERNAL web-1 CLIENT
	lab_svcroute node1 -q unload
}

@test "forwarding needs no process, and survives one that is killed" {
	load --xdp native
	[[ -z $(pgrep -f "$SVCROUTE --instance $LAB-node1") ]]
	expect_both client FAR_EXTERNAL web-3 NODE1
	lab_svcroute node1 -q unload
}

@test "unload, where nothing is loaded, says so in a line" {
	run lab_svcroute node1 unload
	((status == 1))
	((${#lines[@]} == 1))
}

@test "where ip netns exec hides bpffs, each command says so" {
	local command

	load
	for command in load status "map list" unload; do
		# With a process 1 of its own, which may be looked at in a container, too.
		run unshare --pid --fork --mount-proc sh -c "ip netns exec $LAB-node1 \
			$SVCROUTE --instance $LAB-node1 $command; exit \$?"
		((status == 1))
		((${#lines[@]} == 1))
		[[ $output == *nsenter* ]]
		# shellcheck disable=SC2086 # `map list` is two words
		run -1 ip netns exec "$LAB-node1" "$SVCROUTE" --instance "$LAB-node1" $command
		[[ $output == *nsenter* ]]
	done
	expect_both web-2 NEAR web-1 WEB2
	lab_svcroute node1 -q unload
}

@test "after unload services do not answer, and the next load serves them" {
	load --xdp native
	expect_both web-2 NEAR web-1 WEB2
	lab_svcroute node1 -q unload
	expect_silence web-2 "${NEAR[0]}"
	expect_silence client "${NEAR_EXTERNAL[1]}"
	load --xdp off
	expect_both web-2 NEAR web-1 WEB2
	lab_svcroute node1 -q unload
}
