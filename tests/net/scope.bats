#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Who may call what: a ClusterIP is for the inside, unless one says otherwise.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-scope
}

# A route of the fabric leads even the ClusterIPs to node1.
setup_file() {
	setup
	net_start node1
	net_links wire
	lab_route node1 10.0.0.0/16 fd00:10::/64
}

teardown_file() {
	setup
	lab_stop
}

load() {
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' "$@"
}

outside_is_refused() {
	local family

	for family in 0 1; do
		expect_silence client "${NEAR[family]}"
		expect_silence client "${FAR[family]}"
	done
	expect_both client NEAR_EXTERNAL web-1 CLIENT
	expect_both web-2 NEAR web-1 WEB2
}

@test "tc: a ClusterIP does not answer outside" {
	load --xdp off
	outside_is_refused
}

@test "XDP: a ClusterIP does not answer outside" {
	load --xdp native
	outside_is_refused
}

@test "XDP: with --allow-external-clusterip it does" {
	load --allow-external-clusterip
	expect_both client NEAR web-1 CLIENT
	expect_both client FAR web-3 NODE1
}

@test "tc: with --allow-external-clusterip it does" {
	load --allow-external-clusterip --xdp off
	expect_both client NEAR web-1 CLIENT
	expect_both client FAR web-3 NODE1
}
