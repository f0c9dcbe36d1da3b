#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Direct server return: the gateway sends what is for a pod to the pod's node,
# and the node answers the client itself. Every link carries 1500 bytes.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	# shellcheck source=tests/net/dsr.bash
	source "$BATS_TEST_DIRNAME/dsr.bash"
	lab_use sr-dsr
}

setup_file() {
	setup
	dsr_start
	dsr_load_nodes "${GATEWAY[0]}/32" "${GATEWAY[1]}/128"
	load_gateway homes.yaml
}

teardown_file() {
	setup
	lab_stop
}

load_gateway() {
	dsr_load_gateway gateway "$@"
}

@test "pods see the client, over TCP and UDP, IPv4 and IPv6" {
	expect_both client NEAR_EXTERNAL web-1 CLIENT
	expect_both client FAR_EXTERNAL web-3 CLIENT
}

@test "20 MB both ways, and datagrams in fragments; answers do not pass the gateway" {
	local address before

	for address in "${FAR_EXTERNAL[@]}"; do
		before=$(dsr_received gateway bytes)
		(($(curl_from client "http://$(bracket "$address"):90/bytes/20000000" | wc -c) == 20000000))
		(($(dsr_received gateway bytes) - before < 4000000)) || fail "the gateway received $(($(dsr_received gateway bytes) - before))"
		expect_bulk client "$address"
	done
}

@test "the same where checksums and segments are the sender's" {
	net_links wire
	expect_bulk client "${NEAR_EXTERNAL[0]}"
	expect_bulk client "${FAR_EXTERNAL[1]}"
	net_links veth
}

@test "the client learns how much a tunnel carries" {
	lab_ip client -4 route flush cache
	lab_ip client -6 route flush cache
	head -c 1000000 /dev/zero >"$LAB_DIR/zeros"
	for address in "${FAR_EXTERNAL[@]}"; do
		[[ $(curl_from client -H Expect: --data-binary "@$LAB_DIR/zeros" "http://$(bracket "$address"):90/") == "1000000 "* ]]
	done
	[[ $(lab_ip client route get "${FAR_EXTERNAL[0]}") == *" mtu 1480"* ]]
	[[ $(lab_ip client route get "${FAR_EXTERNAL[1]}") == *" mtu 1460"* ]]
}

@test "a router on the way to the node carries less: the client learns it" {
	lab_ip client -4 route flush cache
	lab_ip client -6 route flush cache
	lab_ip fabric link set node2 mtu 1400
	head -c 300000 /dev/zero >"$LAB_DIR/zeros"
	for address in "${FAR_EXTERNAL[@]}"; do
		[[ $(curl_from client --max-time 10 -H Expect: --data-binary "@$LAB_DIR/zeros" "http://$(bracket "$address"):90/") == "300000 "* ]]
	done
	[[ $(lab_ip client route get "${FAR_EXTERNAL[0]}") == *" mtu 1380"* ]]
	[[ $(lab_ip client route get "${FAR_EXTERNAL[1]}") == *" mtu 1360"* ]]
	lab_ip fabric link set node2 mtu 1500
}

@test "the service learns how little the client's path carries" {
	lab_ip fabric link set client mtu 1300
	for address in "${FAR_EXTERNAL[@]}"; do
		(($(curl_from client --max-time 5 "http://$(bracket "$address"):90/bytes/1000000" | wc -c) == 1000000))
	done
	[[ $(lab_ip web-3 route get "${CLIENT[0]}") == *" mtu 1300"* ]]
	[[ $(lab_ip web-3 route get "${CLIENT[1]}") == *" mtu 1300"* ]]
	lab_ip fabric link set client mtu 1500
}

# begin_calls SECONDS ADDRESS...: four connections to each, asked over and over; `calls` are their ids.
begin_calls() {
	local address i

	rm -f "$LAB_DIR"/call.*
	calls=()
	for address in "${@:2}"; do
		for i in 1 2 3 4; do
			lab_in client "$LAB_PYTHON" "$LAB_TESTS/calls.py" keep "$address" 90 "$1" >"$LAB_DIR/call.$i.$address" 2>&1 3>&- &
			calls+=($!)
		done
	done
	sleep 1.5
}

# end_calls: they go on until now, and to their end; prints what answered each.
end_calls() {
	local call

	kill -0 "${calls[@]}" || fail "some have ended: $(tail -n 1 "$LAB_DIR"/call.*)"
	wait "${calls[@]}"
	for call in "$LAB_DIR"/call.*; do
		sort -u "$call" | paste -sd' '
	done
}

@test "connections go on when the endpoints change" {
	local calls pods

	begin_calls 10 "${ALL_EXTERNAL[@]}"
	# web-3 takes all that is new.
	sed '/- addresses: .*[.:]3[01]"/,+2d' "$LAB_DIR/homes.yaml" >"$LAB_DIR/fewer.yaml"
	load_gateway fewer.yaml -q
	expect_both client ALL_EXTERNAL web-3 CLIENT
	pods=$(end_calls)
	[[ $(grep -cx 'web-[123]' <<<"$pods") == 8 ]] || fail "$pods"
	grep -q 'web-[12]' <<<"$pods" || fail "none had to stay with a removed pod: $pods"
	load_gateway homes.yaml -q
}

@test "connections go on when their service is removed" {
	local calls pods

	begin_calls 10 "${FAR_EXTERNAL[@]}"
	service near 11 30 | dsr_homes node1 node2 >"$LAB_DIR/near.yaml"
	load_gateway near.yaml -q
	lab_load node2 -q -f "$LAB_DIR/near.yaml"
	expect_silence client "${FAR_EXTERNAL[0]}"
	expect_silence client "${FAR_EXTERNAL[1]}"
	pods=$(end_calls)
	[[ $(grep -cx 'web-3' <<<"$pods") == 8 ]] || fail "$pods"
	lab_load node2 -q -f "$LAB_DIR/homes.yaml"
	load_gateway homes.yaml -q
}

tunnels_dropped() {
	lab_svcroute node1 -j status | jq '.packets[] | select(.reason == "tunnel").packets'
}

@test "trace says to which node, and why" {
	run -0 lab_svcroute gateway trace "${CLIENT[0]}:1234" "${FAR_EXTERNAL[0]}:90" --from wire
	[[ $output == *"as it is, within another packet to 10.240.0.5, the backend's node"* ]]
	[[ $output == *"ipip ${GATEWAY[0]} > 10.240.0.5, "* ]]
}

@test "what a node is sent by mistake it does not send on" {
	dsr_homes node2 node1 <"$LAB_DIR/services.yaml" >"$LAB_DIR/wrong.yaml"
	before=$(tunnels_dropped)
	load_gateway wrong.yaml -q
	expect_silence client "${FAR_EXTERNAL[0]}"
	expect_silence client "${FAR_EXTERNAL[1]}"
	(($(tunnels_dropped) > before))
	load_gateway homes.yaml -q
	expect_both client FAR_EXTERNAL web-3 CLIENT
}

@test "a load that is not confirmed leaves the tunnels where they led" {
	dsr_homes node2 node1 <"$LAB_DIR/services.yaml" >"$LAB_DIR/wrong.yaml"
	load_gateway wrong.yaml -q --confirm 2
	expect_silence client "${FAR_EXTERNAL[0]}"
	sleep 2
	within 5 expect client "${FAR_EXTERNAL[0]}" web-3 "${CLIENT[0]}"
}

@test "an endpoint whose node is not known keeps SNAT, and load says so" {
	run -0 load_gateway services.yaml
	[[ $output == *"name no Node whose address is known: they keep SNAT"* ]]
	expect_both client FAR_EXTERNAL web-3 GATEWAY
	load_gateway homes.yaml -q
	expect_both client FAR_EXTERNAL web-3 CLIENT
}

@test "without --dsr-from a node leaves tunnels alone" {
	lab_load node2 -q -f "$LAB_DIR/homes.yaml" --dsr-from ''
	expect_silence client "${FAR_EXTERNAL[0]}"
	lab_load node2 -q -f "$LAB_DIR/homes.yaml" --dsr-from "${GATEWAY[0]}/32" --dsr-from "${GATEWAY[1]}/128"
	expect client "${FAR_EXTERNAL[0]}" web-3 "${CLIENT[0]}"
}

@test "--dsr-from and generic XDP are not both to be had" {
	run -1 lab_load node2 --xdp generic
	[[ $output == *"--dsr-from and --xdp generic contradict each other"* ]]
}
