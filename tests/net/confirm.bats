#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `svcroute load --confirm`: a load that nobody confirms is undone, and what was
# there before serves again. One node with two pods; a client outside.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-confirm
}

setup_file() {
	setup
	lab_start
	lab_machine node1 10.240.0.4/20 fd00:240::4
	lab_machine client 10.240.32.10/24 fd00:240:0:20::10
	lab_pod node1 web-1 "${WEB1[@]}"
	lab_pod node1 web-2 "${WEB2[@]}"
	lab_route node1 10.240.16.0/24 fd00:240:0:10::/64
	lab_serve web-1 80
	lab_serve web-2 80
	service near 11 30 >"$LAB_DIR/near.yaml"
	service near 11 31 >"$LAB_DIR/other.yaml"
	service far 12 31 >"$LAB_DIR/far.yaml"
}

teardown_file() {
	setup
	lab_stop
}

teardown() {
	lab_svcroute node1 -q unload >/dev/null 2>&1 || true
	version this
}

# version this|next: which svcroute node1 has from now on; "next" has other programs, and longer values.
version() {
	case $1 in
	this) lab_wrap_svcroute node1 ;;
	next) SVCROUTE=$LAB_ROOT/build/tests/next/svcroute lab_wrap_svcroute node1 ;;
	esac
}

sr() {
	lab_svcroute node1 "$@"
}

load() {
	lab_load node1 -q --node node1 --xdp off "$@"
}

# answers ADDRESS: who does, over IPv4 or IPv6.
answers() {
	curl_from client --connect-timeout 1 --max-time 1 "http://$(bracket "$1"):90/" || true
}

is_served_by() {
	[[ $(answers "${NEAR_EXTERNAL[0]}") == "$1 "* && $(answers "${NEAR_EXTERNAL[1]}") == "$1 "* ]]
}

waits() {
	[[ $(sr -j status | jq .confirm_in) != null ]]
}

waits_no_more() {
	[[ $(sr -j status | jq .confirm_in) == null ]]
}

is_unloaded() {
	[[ $(sr status 2>&1) == *'is not loaded'* ]]
}

# All that was told, and what came of it.
state() {
	sr -j status | jq -S '{settings, attachments: [.attachments[] | del(.program_id)]}'
	sr map list -o yaml
	cat "$LAB_DIR"/state/node1/*.leases.json 2>/dev/null || true
}

@test "the first load: unloaded again" {
	load -f "$LAB_DIR/near.yaml" --confirm 3
	is_served_by web-1
	waits
	within 8 is_unloaded
	within 3 test ! -e "$LAB_DIR/state/node1/$LAB-node1.confirm"
}

@test "confirmed, it stays" {
	run -0 lab_load node1 --node node1 --xdp off -f "$LAB_DIR/near.yaml" --confirm 3
	[[ $output == *"note: this is rolled back in 3 s, unless 'svcroute confirm' comes before"* ]]
	run -0 sr status
	[[ $output == *"the last load is rolled back in "*" s, unless 'svcroute confirm' comes before"* ]]
	run -0 sr confirm
	[[ $output == "the load of instance '$LAB-node1' stays" ]]
	waits_no_more
	sleep 4
	is_served_by web-1
	run -1 sr confirm
	[[ $output == "svcroute: no load of instance '$LAB-node1' waits to be confirmed" ]]
}

@test "services, options and addresses come back as they were" {
	load -f "$LAB_DIR/near.yaml" --pods 'azv*' --service-cidr 10.9.0.0/16
	sr -q map add 198.51.100.9:80 "${WEB2[0]}:80"
	state >"$LAB_DIR/before"

	load -f "$LAB_DIR/other.yaml" -f "$LAB_DIR/far.yaml" --pods none --snat-ports 40000-41000 --service-cidr 10.8.0.0/16 \
		--confirm 3
	sr -q map del 198.51.100.9:80
	within 4 is_served_by web-2 || true
	[[ $(sr -j status | jq -r '.settings["snat-ports"]') == 40000-41000 ]]
	within 8 waits_no_more
	within 4 is_served_by web-1
	state >"$LAB_DIR/after"
	diff "$LAB_DIR/before" "$LAB_DIR/after"
}

@test "what flows goes on over the load and its undoing" {
	load -f "$LAB_DIR/near.yaml"
	lab_in client "$LAB_PYTHON" "$LAB_TESTS/probe.py" loop "${NEAR_EXTERNAL[0]}" 90 9 >"$LAB_DIR/loop" &
	sleep 1
	load -f "$LAB_DIR/other.yaml" --pods 'azv*' --confirm 2
	within 8 waits_no_more
	wait $!
	[[ $(<"$LAB_DIR/loop") == *" answered, 0 failed" ]]
	is_served_by web-1
}

@test "a session that the load cuts, or that dies in it, does not keep it" {
	local i

	load -f "$LAB_DIR/near.yaml"
	for i in 0 0.02 0.05 0.1 0.2 0.4; do
		setsid timeout -s HUP --kill-after=1 "$i" bash -c "$(declare -p LAB LAB_DIR LAB_CGROUP SVCROUTE | tr '\n' ';')
			source '$LAB_TESTS/lab.bash'; lab_use $LAB
			lab_load node1 -q --node node1 --xdp off -f '$LAB_DIR/other.yaml' --confirm 2" || true
		within 8 waits_no_more
		within 4 is_served_by web-1
	done
}

@test "unload is not undone" {
	load -f "$LAB_DIR/near.yaml"
	load -f "$LAB_DIR/other.yaml" --confirm 2
	sr -q unload
	sleep 3
	is_unloaded
}

@test "one at a time; others may load meanwhile, and are undone with it" {
	load -f "$LAB_DIR/near.yaml"
	load -f "$LAB_DIR/other.yaml" --confirm 4
	run -1 load -f "$LAB_DIR/near.yaml" --confirm 9
	[[ $output == "svcroute: a load waits to be confirmed already: 'svcroute confirm' or 'svcroute unload' first" ]]
	is_served_by web-2
	load -f "$LAB_DIR/other.yaml" -f "$LAB_DIR/far.yaml"
	within 8 waits_no_more
	within 4 is_served_by web-1
	[[ $(sr -j map list | jq '[.services[].name] | unique') == *'"near"'* ]]
	[[ $(sr -j map list | jq '[.services[].name] | unique') != *'"far"'* ]]
}

@test "going back to the former version by hand ends the wait" {
	load -f "$LAB_DIR/near.yaml"
	version next
	load -f "$LAB_DIR/other.yaml" --confirm 60
	version this
	run -0 lab_load node1 --node node1 --xdp off -f "$LAB_DIR/near.yaml"
	[[ $output == *"note: another version's load waited to be confirmed: it is not rolled back any more"* ]] || fail "$output"
	waits_no_more
	is_served_by web-1
	sr -q status >/dev/null
	run -1 sr confirm
}

@test "so it does where the former version knows of no wait" {
	load -f "$LAB_DIR/near.yaml"
	version next
	load -f "$LAB_DIR/other.yaml" --confirm 10
	version this
	lab_in node1 env SVCROUTE_STATE_DIR="$LAB_DIR/elsewhere" "$SVCROUTE" --instance "$LAB-node1" -q load \
		-f "$LAB_DIR/near.yaml"
	waits
	within 15 waits_no_more
	is_served_by web-1
	sr -q status >/dev/null
	[[ ! -e $LAB_DIR/state/node1/$LAB-node1.confirm ]]
}

@test "a load that fails waits for nobody" {
	load -f "$LAB_DIR/near.yaml"
	run -1 load --xdp native --uplink nope --confirm 9
	waits_no_more
	is_served_by web-1
}

@test "who waits holds nothing of the caller's" {
	lab_in node1 flock "$LAB_DIR/caller.lock" "$LAB_DIR/bin/node1/svcroute" load -q --cgroup "$LAB_CGROUP/node1" \
		-f "$LAB_DIR/near.yaml" --node node1 --xdp off --confirm 60
	waits
	flock --nonblock "$LAB_DIR/caller.lock" true
	sr -q confirm
}

@test "a number of seconds" {
	for seconds in 0 x '' 86401 -1; do
		run -2 sr load --confirm "$seconds"
		[[ $output == "svcroute: load: --confirm: '$seconds' is not a number of seconds (1..86400)" ]]
	done
}
