# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What one may expect of a node, node1 of expect.bash, whichever way it works.

# A pod sees who called: only the pod that was given itself sees the node.
pods_call_services() {
	expect_both web-2 NEAR web-1 WEB2
	expect_both web-2 NEAR_EXTERNAL web-1 WEB2
	expect_both web-2 FAR web-3 WEB2
	expect_both web-2 FAR_EXTERNAL web-3 WEB2
	expect_both web-1 NEAR web-1 NODE1
	expect_both web-1 NEAR_EXTERNAL web-1 NODE1
}

# A pod of this node sees the client, another node's sees this node.
outside_calls_services() {
	expect_both client NEAR_EXTERNAL web-1 CLIENT
	expect_both client FAR_EXTERNAL web-3 NODE1
}

node_calls_services() {
	expect_both node1 NEAR web-1 NODE1
	expect_both node1 NEAR_EXTERNAL web-1 NODE1
	expect_both node1 FAR web-3 NODE1
	expect_both node1 FAR_EXTERNAL web-3 NODE1
}

# Backends that are nodes themselves, this one and another.
all_call_nodes() {
	expect_both web-1 HOST node1 WEB1
	expect_both web-1 FARHOST node2 WEB1
	expect_both node1 HOST node1 NODE1
	expect_both node1 FARHOST node2 NODE1
	expect_both client HOST_EXTERNAL node1 CLIENT
	expect_both client FARHOST_EXTERNAL node2 NODE1
}

# bulk CHECK: from a pod, near, far and to itself, and from outside.
bulk() {
	local family

	for family in 0 1; do
		"$1" web-2 "${NEAR[family]}"
		"$1" web-2 "${FAR[family]}"
		"$1" web-1 "${NEAR[family]}"
		"$1" client "${NEAR_EXTERNAL[family]}"
		"$1" client "${FAR_EXTERNAL[family]}"
	done
}
