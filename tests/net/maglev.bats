#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Two gateways that know the same services: a connection that moves from one to
# the other goes on, for both choose the same pod, and neither changes what the
# pod sees of its client.
#
#     gateway   10.240.0.7
#     gateway2  10.240.0.8    learned the services in another order, after others

bats_require_minimum_version 1.5.0

OTHER=(10.240.0.8 fd00:240::8)
CALLS=8

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	# shellcheck source=tests/net/dsr.bash
	source "$BATS_TEST_DIRNAME/dsr.bash"
	lab_use sr-maglev
}

setup_file() {
	setup
	dsr_start
	lab_machine gateway2 "${OTHER[0]}/20" "${OTHER[1]}"
	dsr_load_nodes "${GATEWAY[0]}/32" "${GATEWAY[1]}/128" "${OTHER[0]}/32" "${OTHER[1]}/128"
	others | dsr_homes node1 node2 >"$LAB_DIR/others.yaml"
	dsr_load_gateway gateway homes.yaml
	service near 11 30 | dsr_homes node1 node2 >"$LAB_DIR/near.yaml"
	dsr_load_gateway gateway2 near.yaml
	dsr_load_gateway gateway2 others.yaml
}

teardown_file() {
	setup
	lab_stop
}

# The same services, the other way round.
others() {
	service farhost 14 5
	service host 13 4
	service far 12 32
	service near 11 30
	service all 10 32 31 30
}

# move_to GATEWAY: it has the external addresses from now on.
move_to() {
	lab_route "$1" 10.240.16.0/24 fd00:240:0:10::/64
}

# calls_are_answered NUMBER: so many, once at least.
calls_are_answered() {
	[[ $(find "$LAB_DIR" -name 'call.*' -size +0 | wc -l) == "$1" ]]
}

# moved_calls [ADDRESS...]: connections that begin at the one gateway, go on at the
# other, and come back; what became of each: the pods that answered, and errors.
moved_calls() {
	local address i pids=() addresses=("${@:-${ALL_EXTERNAL[@]}}")

	rm -f "$LAB_DIR"/call.*
	move_to gateway
	for address in "${addresses[@]}"; do
		for ((i = 0; i < CALLS; i++)); do
			lab_in client "$LAB_PYTHON" "$LAB_TESTS/calls.py" keep "$address" 90 6 >"$LAB_DIR/call.$i.$address" 2>&1 3>&- &
			pids+=($!)
		done
	done
	within 10 calls_are_answered "${#pids[@]}"
	move_to gateway2
	sleep 1.5
	move_to gateway
	wait "${pids[@]}" || true
	for i in "$LAB_DIR"/call.*; do
		sort -u "$i" | paste -sd' '
	done
}

@test "connections go on at the other gateway, and come back" {
	local before

	before=$(dsr_received gateway2 packets)
	run -0 moved_calls
	((${#lines[@]} == 2 * CALLS)) || fail "$output"
	[[ $(grep -cx 'web-[123]' <<<"$output") == "${#lines[@]}" ]] || fail "$output"
	(($(sort -u <<<"$output" | wc -l) > 1)) || fail "one pod got all: $output"
	(($(dsr_received gateway2 packets) - before > 10 * CALLS))
}

# upload ADDRESS, download ADDRESS: some 3 s long, and whole.
upload() {
	local answer

	answer=$(curl_from client --limit-rate 6M -H Expect: --data-binary "@$LAB_DIR/blob" "http://$(bracket "$1"):90/")
	[[ $answer == "20000000 $(sha256sum <"$LAB_DIR/blob" | cut -d' ' -f1)" ]] || fail "20 MB to $1: '$answer'"
}

download() {
	local size

	size=$(curl_from client --limit-rate 6M -o /dev/null -w '%{size_download}' "http://$(bracket "$1"):90/bytes/20000000")
	[[ $size == 20000000 ]] || fail "20 MB from $1: $size"
}

@test "a long transfer goes on, either way, while it moves" {
	local address direction i pid pids=()

	head -c 20000000 /dev/urandom >"$LAB_DIR/blob"
	move_to gateway
	for address in "${ALL_EXTERNAL[@]}"; do
		for direction in upload download; do
			for i in 1 2 3; do
				"$direction" "$address" 3>&- &
				pids+=($!)
			done
		done
	done
	sleep 1
	move_to gateway2
	sleep 1
	move_to gateway
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
}

# weighted MACHINE BACKEND...: a frontend by hand, in both families; of web-N with a weight: 3,weight=2.
weighted() {
	local backend

	for backend in "${@:2}"; do
		lab_svcroute "$1" -q map add 10.240.16.97:90 "10.240.0.$((29 + ${backend%%,*})):80${backend#?}" --external
		lab_svcroute "$1" -q map add "[fd00:240:0:10::97]:90" "[fd00:240::$((29 + ${backend%%,*}))]:80${backend#?}" --external
	done
}

@test "connections go on where backends have weights, which the other gateway learned the other way round" {
	weighted gateway 1 2,weight=5 3,weight=3
	weighted gateway2 3,weight=3 1 2,weight=5
	weighted node1 1 2
	weighted node2 3
	run -0 moved_calls 10.240.16.97 fd00:240:0:10::97
	((${#lines[@]} == 2 * CALLS)) || fail "$output"
	[[ $(grep -cx 'web-[123]' <<<"$output") == "${#lines[@]}" ]] || fail "$output"
	for machine in gateway gateway2 node1 node2; do
		lab_svcroute "$machine" -q map del 10.240.16.97:90
		lab_svcroute "$machine" -q map del "[fd00:240:0:10::97]:90"
	done
}

@test "where the other gateway lacks one of the pods, the connections of all others go on" {
	others | dsr_homes node1 node2 | sed '/- addresses: .*[.:]32"/,+2d' >"$LAB_DIR/fewer.yaml"
	dsr_load_gateway gateway2 fewer.yaml -q
	run -0 moved_calls
	((${#lines[@]} == 2 * CALLS)) || fail "$output"
	[[ $(grep -cx 'web-[12]' <<<"$output") == "$(grep -c 'web-[12]' <<<"$output")" ]] || fail "$output"
	[[ $(grep -c 'web-[12]' <<<"$output") -gt 0 && $(grep -cx 'web-3' <<<"$output") == 0 ]] || fail "$output"
	dsr_load_gateway gateway2 others.yaml -q
}

@test "they break where the choice is left to chance" {
	local gateway

	for gateway in gateway:homes.yaml gateway2:others.yaml; do
		sed 's/name: all}/name: all, annotations: {svcroute.io\/maglev: "false"}}/' "$LAB_DIR/${gateway#*:}" >"$LAB_DIR/chance.yaml"
		dsr_load_gateway "${gateway%:*}" chance.yaml -q
	done
	run -0 moved_calls
	(($(grep -cvx 'web-[123]' <<<"$output") > 0)) || fail "$output"
	dsr_load_gateway gateway homes.yaml -q
	dsr_load_gateway gateway2 others.yaml -q
}

@test "trace and map list tell how a backend is chosen" {
	local gateway backend=()

	for gateway in gateway gateway2; do
		run -0 lab_svcroute "$gateway" trace "${CLIENT[0]}:1234" "${ALL_EXTERNAL[0]}:90" --from wire
		[[ $output == *"maglev: any gateway chooses it for this flow"* ]]
		backend+=("$(grep -o 'backend .*' <<<"$output")")
	done
	[[ ${backend[0]} == "${backend[1]}" ]]
	run -0 lab_svcroute gateway map get "${ALL_EXTERNAL[0]}:90"
	[[ $output == *maglev* ]]
}

@test "map add: a gateway's external frontends, unless told otherwise" {
	lab_svcroute gateway map add 10.240.16.99:90 "${WEB1[0]}:80" --external
	[[ $(lab_svcroute gateway -j map get 10.240.16.99:90 | jq -r '.. | .maglev? // empty') == true ]]
	lab_svcroute gateway map add 10.240.16.99:90 "${WEB2[0]}:80" --maglev=no
	[[ $(lab_svcroute gateway -j map get 10.240.16.99:90 | jq -r '.. | .maglev? // empty') == "" ]]
	lab_svcroute gateway map add 10.240.16.98:90 "${WEB1[0]}:80"
	[[ $(lab_svcroute gateway -j map get 10.240.16.98:90 | jq -r '.. | .maglev? // empty') == "" ]]
	lab_svcroute gateway map del 10.240.16.99:90
	lab_svcroute gateway map del 10.240.16.98:90
}
