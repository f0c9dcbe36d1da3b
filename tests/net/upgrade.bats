#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Maps of another version, and of another size, while traffic runs. The other
# version is this tree with longer values and another list of reasons.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	# shellcheck source=tests/net/traffic.bash
	source "$BATS_TEST_DIRNAME/traffic.bash"
	lab_use sr-upgrade
	PINS=/sys/fs/bpf/svcroute/$LAB-node1/maps
}

setup_file() {
	setup
	net_start node1
	net_links wire
	load
}

teardown_file() {
	setup
	lab_stop
}

# load ARGUMENT...: what is attached, and how, is said once.
load() {
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp native "$@"
}

# version this|next: which svcroute node1 has from now on.
version() {
	case $1 in
	this) lab_wrap_svcroute node1 ;;
	next) SVCROUTE=$LAB_ROOT/build/tests/next/svcroute lab_wrap_svcroute node1 ;;
	esac
}

# tc_has [no] links: as of kernels that have tcx, or have not.
tc_has() {
	case $1 in
	no) export SVCROUTE_TC=clsact ;;
	links) unset SVCROUTE_TC ;;
	esac
}

# map_has NAME FIELD: as bpftool tells it.
map_has() {
	bpftool -j map show pinned "$PINS/$1" | jq -r ".$2"
}

map_is() {
	[[ $(map_has "$1" "$2") == "$3" ]] || fail "$1: $2 is $(map_has "$1" "$2"), not $3"
}

# Nothing is left of how it came about.
is_settled() {
	! compgen -G "$PINS/*_beside" || fail 'maps are left beside'
	lab_svcroute node1 -q status >/dev/null
}

killed_load() {
	lab_in node1 timeout -s KILL "$1" "$LAB_DIR/bin/node1/svcroute" -q load -f "$LAB_DIR/services.yaml" "${@:2}" || true
}

# killed_midway ARGUMENT...: a load that replaces maps, killed when its programs are there, and hooks
# may not have them yet.
killed_midway() {
	local pid

	for _ in {1..10}; do
		touch "$LAB_DIR/mark"
		# shellcheck disable=SC2016 # the inner shell's own
		lab_spawn node1 bash -c 'echo "$$" >"$0"; exec "$@"' "$LAB_DIR/pid" "$LAB_DIR/bin/node1/svcroute" -q load \
			-f "$LAB_DIR/services.yaml" "$@"
		pid=$!
		until [[ $PINS/../progs/sr_release -nt $LAB_DIR/mark ]] || ! kill -0 "$pid"; do :; done
		kill -KILL "$(<"$LAB_DIR/pid")" || true
		wait "$pid" || true
		! compgen -G "$PINS/*_beside" >/dev/null || return 0
		load --max ''
	done
	fail 'it was never killed in time'
}

# status_knows: it finds fault with a load that was killed halfway, and names the cure.
status_knows() {
	run lab_svcroute node1 -q status
	! compgen -G "$PINS/*_beside" >/dev/null || [[ $status == 1 && $output == *"'svcroute load'"* ]] ||
		fail "half loaded, and status says $status: $output"
}

# kept VERSION ARGUMENT...: a connection that was there before the load is there after it, as old as it is.
kept() {
	local port age

	running=()
	follow held lab_in client iperf3 --forceflush -b 1M -c "${FAR_EXTERNAL[0]}" -t 6
	sleep 3
	port=$(lab_svcroute node1 -j conn list --dst "${FAR_EXTERNAL[0]}" | jq -sr 'map(select(.state == "ESTABLISHED")) | max_by(.age).client.port')
	version "$1"
	load "${@:2}"
	age=$(lab_svcroute node1 -j conn list --dst "${FAR_EXTERNAL[0]}" | jq "select(.client.port == $port).age")
	((age >= 3)) || fail "port $port: $age s"
	wait "${running[@]}"
	running=()
}

@test "to the next version and back: no request fails, no stream stands still" {
	traffic 9
	for _ in {1..3}; do
		version next
		load
		map_is sr_conns bytes_value 1048
		version this
		load
		map_is sr_conns bytes_value 984
	done
	traffic_was_served
	is_settled
}

@test "a connection keeps its age, forwards and backwards" {
	kept next
	kept this
}

@test "what is the other version's only 'load' and 'unload' touch" {
	local command before

	before=$(map_has sr_conns id)
	version next
	for command in 'map list' 'conn list' 'status' 'map add 10.0.0.99:80 10.0.0.98:80'; do
		# shellcheck disable=SC2086
		run -1 lab_svcroute node1 $command
		[[ $output == "svcroute: instance '$LAB-node1' was loaded by another version of svcroute: 'svcroute load' brings it to this one, with its connections" ]] || fail "$command: $output"
	done
	map_is sr_conns id "$before"
	run -0 lab_load node1 -f "$LAB_DIR/services.yaml"
	[[ $output == *'maps of another version or size were replaced; what they held, connections too, was carried over'* ]]
	[[ $output != *' new'* ]] || fail "$output"
	run -0 lab_load node1 -f "$LAB_DIR/services.yaml"
	[[ $output != *'were replaced'* ]]
	version this
	lab_svcroute node1 -q unload
	load
}

@test "load --dry-run: what an upgrade would do is told, and nothing is touched" {
	local before

	before=$(find "$PINS" -type f | sort | xargs -I{} bpftool -j map show pinned {} | jq -c '[.id, .name]')
	version next
	run -0 lab_load node1 -f "$LAB_DIR/services.yaml" --dry-run
	[[ $output == *'note: maps of another version or size would be replaced; what they hold, connections too, would be carried over: '*'sr_conns, '*'sr_counters (begins empty)'* ]] || fail "$output"
	[[ $output != *$'\n+ '* && $output != *$'\n- '* && $output != *$'\n~ '* ]] || fail "$output"
	[[ $(lab_load node1 -f "$LAB_DIR/services.yaml" --dry-run -j | jq '[.services[].change] | unique') == *keep* ]]
	service more 50 30 | cat "$LAB_DIR/services.yaml" - >"$LAB_DIR/more.yaml"
	[[ $(lab_load node1 -f "$LAB_DIR/more.yaml" --dry-run | grep -c '^+ *shop/more') == 8 ]]
	run -1 lab_svcroute node1 status
	[[ $(find "$PINS" -type f | sort | xargs -I{} bpftool -j map show pinned {} | jq -c '[.id, .name]') == "$before" ]]
	version this
	is_settled
}

@test "counters count what they are called, in either version" {
	version next
	load
	expect_both client FAR_EXTERNAL web-3 NODE1
	[[ $(lab_svcroute node1 -j status | jq '.packets[] | select(.reason == "test").packets') -eq 0 ]]
	(($(lab_svcroute node1 -j status | jq '.packets[] | select(.reason == "translated").packets') > 0))
	version this
	load
}

@test "to the next version and back, killed at many moments: what flows keeps flowing" {
	local moment

	traffic 16
	for moment in 0.{02,05,10,15,20,25,30,35,40,45,50,60}; do
		version next
		killed_load "$moment"
		status_knows
		version this
		killed_load "$moment"
		status_knows
	done
	for moment in 0.{20,30,35,40,45,50,55}; do
		version next
		killed_load "$moment"
		killed_load "$moment"
		status_knows
	done
	version this
	load
	traffic_was_served
	is_settled
}

@test "a load that was killed halfway: status, conn and trace say so, and the next load ends it" {
	local command cure='half loaded: a load was killed while it replaced maps or programs; '"'svcroute load' ends it"

	expect_both client FAR_EXTERNAL web-3 NODE1
	killed_midway --max connections=300000
	run -1 --separate-stderr lab_svcroute node1 status
	[[ $output == "degraded: $cure"* ]] || fail "$output"
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == "svcroute: instance '$LAB-node1' is degraded: $cure" ]] || fail "$stderr"
	[[ $(lab_svcroute node1 -j status 2>/dev/null | jq -r '.degraded[0]') == "$cure" ]]
	for command in 'conn list' 'conn get 10.0.0.1:1 10.0.0.2:1' 'conn flush' 'trace 10.240.0.30 10.0.0.10:90' \
		'map add 10.0.0.99:80 10.0.0.98:80'; do
		# shellcheck disable=SC2086
		run -1 lab_svcroute node1 $command
		[[ $output == "svcroute: instance '$LAB-node1' is $cure" ]] || fail "$command: $output"
	done
	load --max ''
	is_settled
	lab_svcroute node1 trace 10.240.0.30 10.0.0.10:90 >/dev/null
	[[ -n $(lab_svcroute node1 conn list --dst "${FAR_EXTERNAL[0]}") ]]
}

# is_held: a connection is established, and conn list knows.
is_held() {
	[[ $(lab_svcroute node1 conn list --state established) == *ESTABLISHED* ]]
}

@test "while a load replaces maps, conn waits for it, and status finds no fault" {
	local pid

	lab_svcroute node1 -q conn flush
	lab_spawn client timeout 60 "$LAB_PYTHON" "$LAB_TESTS/calls.py" hold "${FAR_EXTERNAL[0]}" 90 50
	within 5 is_held
	load --max connections=300000 &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		is_held
		lab_svcroute node1 -q status >/dev/null
	done
	wait "$pid"
	load --max ''
	for pid in $(ip netns pids "$LAB-client"); do
		kill "$pid" 2>/dev/null || true
	done
}

@test "a monitor of the former version says that it hears nothing more" {
	local monitor

	lab_svcroute node1 monitor >/dev/null 2>"$LAB_DIR/complaints" 3>&- &
	monitor=$!
	sleep 0.5
	version next
	load
	if wait "$monitor"; then fail 'it ended well'; fi
	[[ $(cat "$LAB_DIR/complaints") == 'svcroute: another version of svcroute was loaded meanwhile: no more events come here' ]]
	version this
	load
}

@test "where tc has no links, filters change at the same handle and priority" {
	local filters

	lab_svcroute node1 -q unload
	tc_has no links
	load
	filters() { lab_in node1 tc -j filter show dev eth0 ingress | jq -c '[.[] | {pref, handle: .options.handle}]'; }
	filters=$(filters)
	traffic 6
	for _ in {1..2}; do
		version next
		load
		[[ $(filters) == "$filters" ]]
		version this
		load
		[[ $(filters) == "$filters" ]]
	done
	traffic_was_served
	is_settled
	lab_svcroute node1 -q unload
	tc_has links
	load
}

# holds DEVICE ingress|egress: the id of the program at a hook of node1.
holds() {
	lab_in node1 tc -j filter show dev "$1" "$2" | jq 'map(select(.options)) | .[0].options.prog.id'
}

# give DEVICE ingress|egress PIN: another program to a hook of node1, by its filter.
give() {
	local -a spot

	read -ra spot < <(lab_in node1 tc -j filter show dev "$1" "$2" |
		jq -r 'map(select(.options)) | .[0] | "\(.pref) \(.options.handle) \(.protocol)"')
	lab_in node1 tc filter replace dev "$1" "$2" pref "${spot[0]}" handle "${spot[1]}" protocol "${spot[2]}" \
		bpf direct-action object-pinned "$3"
	[[ $(holds "$1" "$2") == "$(bpftool -j prog show pinned "$3" | jq .id)" ]]
}

@test "a flow that begins at a hook with new programs has its answers turned by one with former ones" {
	local former=/sys/fs/bpf/$LAB-former veth i

	veth=$(lab_veth web-2)
	lab_svcroute node1 -q unload
	tc_has no links
	load
	rm -f "$former"
	bpftool prog pin pinned "$PINS/../progs/sr_to_pod" "$former"
	killed_midway --max connections=300000
	give "$veth" ingress "$PINS/../progs/sr_from_pod"
	give "$veth" egress "$former"
	for i in 0 1; do
		curl_from web-2 --max-time 2 "http://$(bracket "${NEAR[i]}"):90/" || fail "${NEAR[i]} does not answer"
	done
	rm "$former"
	load --max ''
	is_settled
	lab_svcroute node1 -q unload
	tc_has links
	load
}

# As a version would leave the instance that keeps no sr_bloom.
forget_notes() {
	local -a state
	local size

	mapfile -t state < <(bpftool -j map lookup pinned "$PINS/sr_instance" key 0 0 0 0 | jq -r '.value[]')
	size=$((${#state[@]} - 16))
	rm "$PINS/sr_instance" "$PINS/sr_bloom"
	bpftool map create "$PINS/sr_instance" type array key 4 value "$size" entries 1 name sr_instance
	bpftool map update pinned "$PINS/sr_instance" key 0 0 0 0 value "${state[@]:0:size}"
}

@test "from a version that kept no notes of what is ours" {
	traffic 6
	forget_notes
	load
	traffic_was_served
	is_settled
}

@test "session affinity outlasts the change of version" {
	local first

	sed 's/^spec:/spec:\n  sessionAffinity: ClientIP/' "$LAB_DIR/services.yaml" >"$LAB_DIR/sticky.yaml"
	lab_load node1 -q -f "$LAB_DIR/sticky.yaml"
	first=$(curl_from client "http://${ALL_EXTERNAL[0]}:90/")
	version next
	lab_load node1 -q -f "$LAB_DIR/sticky.yaml"
	for _ in {1..8}; do
		[[ $(curl_from client "http://${ALL_EXTERNAL[0]}:90/") == "$first" ]]
	done
	version this
	load
}

@test "--max: larger, smaller again, as traffic runs" {
	traffic 7
	load --max services=50000,backends=200000,connections=500000
	map_is sr_services max_entries 50001
	map_is sr_backends max_entries 200001
	map_is sr_conns max_entries 187500
	[[ $(lab_svcroute node1 -j status | jq -c '[.usage | .services, .endpoints, .connections | .limit]') == '[50000,200000,500000]' ]]
	load --max services=100,connections=2000
	map_is sr_services max_entries 101
	map_is sr_backends max_entries 131072
	map_is sr_conns max_entries 750
	load --max ''
	map_is sr_services max_entries 32768
	map_is sr_conns max_entries 93750
	traffic_was_served
	is_settled
}

@test "--max: a connection keeps its age" {
	kept this --max connections=1000000
	kept this --max connections=1000
	load --max ''
}

@test "--max: what is in use does not get lost" {
	local before

	before=$(map_has sr_services id)
	run -1 lab_load node1 --max services=2 --dry-run
	[[ $output == 'svcroute: map sr_services cannot have 3 elements: more is in use, or some that is in use has a higher number' ]] || fail "$output"
	run -1 lab_load node1 --max services=2
	[[ $output == 'svcroute: map sr_services cannot have 3 elements: more is in use, or some that is in use has a higher number' ]] || fail "$output"
	map_is sr_services id "$before"
	lab_load node1 -q # --max was not kept
	map_is sr_services id "$before"
	expect_both client FAR_EXTERNAL web-3 NODE1
	is_settled
}

@test "--max: what load would refuse, or replace, --dry-run says before" {
	local full='svcroute: map sr_services is full: it holds 46 entries, new ones beside those that they replace'

	service more 50 30 | cat "$LAB_DIR/services.yaml" - >"$LAB_DIR/more.yaml"
	run -1 lab_load node1 -f "$LAB_DIR/more.yaml" --max services=45 --dry-run
	[[ $output == "$full" ]] || fail "$output"
	run -1 lab_load node1 -f "$LAB_DIR/more.yaml" --max services=45
	[[ $output == "$full" ]] || fail "$output"
	run -0 lab_load node1 --max services=100 --max connections=500000 --dry-run
	[[ $output == *'note: maps of another version or size would be replaced;'*' sr_services (32768 -> 101),'*' sr_conns (93750 -> 187500)'* ]] || fail "$output"
	run -0 lab_load node1 --dry-run
	[[ $output != *replaced* ]]
	map_is sr_services max_entries 32768
	is_settled
}

@test "--max: bad values" {
	local value

	for value in 5 services=0 services=x services=1,services=2 pods=5 'services=1,' services=99999999999 connections=16777217; do
		run -2 lab_load node1 --max "$value"
		[[ ${#lines[@]} == 1 || ${lines[0]} == 'svcroute: load: --max'* ]] || fail "$output"
	done
}

@test "what fails when hooks change is undone: sizes, too" {
	local before

	before=$(map_has sr_conns max_entries)
	load --xdp off
	lab_ip node1 link set dev eth0 xdp object "$LAB_DIR/idle.o" section xdp
	traffic 4
	run -1 lab_load node1 --xdp native --max connections=1000000
	traffic_was_served
	lab_ip node1 link set dev eth0 xdp off
	map_is sr_conns max_entries "$before"
	is_settled
	load
}
