#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `svcroute load` while traffic runs, and killed in the midst of it.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	# shellcheck source=tests/net/traffic.bash
	source "$BATS_TEST_DIRNAME/traffic.bash"
	lab_use sr-reload
}

setup_file() {
	setup
	net_start node1
	net_links wire
	{
		service all 10 30 31
		service near 11 30
		service far 12 32
		service more 13 30 31
	} >"$LAB_DIR/others.yaml"
	load
}

teardown_file() {
	setup
	lab_stop
}

load() {
	lab_load node1 -q -f "${1-$LAB_DIR/services.yaml}" --uplink eth0 --pods 'azv*' --xdp native
}

@test "load again, with other services and back: no request fails" {
	traffic 4
	for _ in {1..5}; do
		load "$LAB_DIR/others.yaml"
		load "$LAB_DIR/services.yaml"
	done
	traffic_was_served
}

@test "programs replaced, told something new: no request fails" {
	traffic 5
	for _ in {1..4}; do
		lab_load node1 -q --snat-ports 20000-30000
		lab_load node1 -q --snat-ports ''
	done
	traffic_was_served
}

@test "programs replaced, killed at many moments: what flowed keeps flowing" {
	local moment

	traffic 7
	for moment in 0.{02,05,10,15,20,25,30,35,40}; do
		killed_load "$moment" "$LAB_DIR/services.yaml" --snat-ports 20000-30000
		killed_load "$moment" "$LAB_DIR/services.yaml" --snat-ports 31000-32000
	done
	lab_load node1 -q --snat-ports ''
	traffic_was_served
	is_whole
}

@test "load killed at many moments: the next one mends it, what flowed keeps flowing" {
	local moment

	traffic 6
	for moment in 0.0{01,03,05,07,09,11,13,15,17,19,21,23,25,28,31,35,40,50}; do
		killed_load "$moment" "$LAB_DIR/others.yaml"
		killed_load "$moment" "$LAB_DIR/services.yaml"
	done
	load
	traffic_was_served
	is_whole
}

killed_load() {
	lab_in node1 timeout -s KILL "$1" "$LAB_DIR/bin/node1/svcroute" -q load -f "$2" "${@:3}" || true
}

# What is programmed is what a first load would program.
is_whole() {
	local list

	list=$(lab_svcroute node1 map list -o yaml)
	lab_svcroute node1 -q unload
	load
	diff <(echo "$list") <(lab_svcroute node1 map list -o yaml)
	expect_even web-2 "${ALL[0]}"
}

@test "the first load killed at many moments: the next one mends it" {
	local moment

	for moment in 0.{01,03,06,10,15,20,25,30,35,40,45}; do
		lab_svcroute node1 -q unload || true
		killed_load "$moment" "$LAB_DIR/services.yaml"
	done
	load
	is_whole
	expect_both client FAR_EXTERNAL web-3 NODE1
}

@test "unload killed: the next one ends it" {
	local moment

	for moment in 0.{001,005,01,02,04}; do
		load
		lab_in node1 timeout -s KILL "$moment" "$LAB_DIR/bin/node1/svcroute" -q unload || true
		lab_svcroute node1 -q unload || true
		[[ ! -e /sys/fs/bpf/svcroute/$LAB-node1 ]]
	done
	load
	expect_both web-2 NEAR web-1 WEB2
}

@test "a service that goes and comes again" {
	grep -v . /dev/null | lab_load node1 -q -f - || true
	{ service far 12 32; } | lab_load node1 -q -f -
	expect_silence client "${NEAR_EXTERNAL[0]}"
	load
	expect_both client NEAR_EXTERNAL web-1 CLIENT
}

@test "a service whose pods are replaced: new connections go to the new ones only" {
	service near 11 31 >"$LAB_DIR/moved.yaml"
	load "$LAB_DIR/moved.yaml"
	for _ in {1..10}; do
		expect_both web-2 NEAR web-2 NODE1
		expect_both client NEAR_EXTERNAL web-2 CLIENT
	done
	load
}
