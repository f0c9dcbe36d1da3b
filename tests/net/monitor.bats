#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# svcroute monitor: what happens is told as it happens, and what was asked for only.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-monitor
}

# `empty` has no endpoint.
setup_file() {
	setup
	net_start node1
	service empty 15 >>"$LAB_DIR/services.yaml"
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off
}

# Nothing runs on node1 but its server and what a test began.
teardown() {
	local pid

	for pid in $(ip netns pids "$LAB-node1"); do
		[[ $(cat "/proc/$pid/comm") != svcroute ]] || kill -CONT "$pid"
		[[ $(cat "/proc/$pid/comm") != svcroute ]] || kill "$pid"
	done
	wait
}

teardown_file() {
	setup
	lab_stop
}

sr() {
	lab_svcroute node1 "$@"
}

# The process that monitors, and whether the programs are to tell it anything.
monitor_pid() {
	local pid

	for pid in $(ip netns pids "$LAB-node1"); do
		[[ $(cat "/proc/$pid/comm") != svcroute ]] || echo "$pid"
	done
}

# watch ARGUMENT...: a monitor, in the background, its output in $LAB_DIR/events.
watch() {
	rm -f "$LAB_DIR"/{events,complaints}
	forget
	sr monitor "$@" >"$LAB_DIR/events" 2>"$LAB_DIR/complaints" 3>&- &
	for _ in {1..50}; do
		[[ ! -s $LAB_DIR/complaints ]] || break
		[[ -z $(monitor_pid) ]] || ! is_asked || return 0
		sleep 0.1
	done
	fail "no monitor: $(cat "$LAB_DIR/complaints")"
}

# The last packets of the test before may be under way.
forget() {
	for _ in {1..20}; do
		sr -q conn flush
		sleep 0.2
		[[ -n $(sr conn list | sed 1d) ]] || return 0
	done
}

# Do the programs find a wish in map sr_monitor?
is_asked() {
	! bpftool -j map dump pinned "/sys/fs/bpf/svcroute/$LAB-node1/maps/sr_monitor" |
		jq -e '.[0].value[0:8] | all(. == "0x00")' >/dev/null
}

# told PATTERN: a line of the events comes to match it.
told() {
	for _ in {1..50}; do
		! grep -qE -- "$1" "$LAB_DIR/events" || return 0
		sleep 0.1
	done
	fail "no event like '$1' in:"$'\n'"$(cat "$LAB_DIR/events" "$LAB_DIR/complaints")"
}

untold() {
	! grep -E -- "$1" "$LAB_DIR/events" || fail "that was not asked for"
}

@test "connections that begin and end, over both families" {
	watch
	curl_from client "http://${NEAR_EXTERNAL[0]}:90/" >/dev/null
	curl_from client "http://[${FAR_EXTERNAL[1]}]:90/" >/dev/null
	expect_udp web-2 "${NEAR[0]}" web-1 "${WEB2[0]}"
	told '^TIME +EVENT +PROTO +CLIENT +FRONTEND +BACKEND +SOURCE +SERVICE +REASON$'
	told '^..:..:..\....... +new +tcp +10\.240\.32\.10:[0-9]+ +10\.240\.16\.11:90 +10\.240\.0\.30:80 +- +shop/near:http +-$'
	told ' closed +tcp +10\.240\.32\.10:[0-9]+ +10\.240\.16\.11:90 +10\.240\.0\.30:80 +- +shop/near:http +ended$'
	told ' new +tcp +\[fd00:240:0:20::10\]:[0-9]+ +\[fd00:240:0:10::12\]:90 +\[fd00:240::32\]:80 +\[fd00:240::4\]:[0-9]+ +shop/far:http +-$'
	told ' closed +tcp .* shop/far:http +ended$'
	told ' new +udp +10\.240\.0\.31:[0-9]+ +10\.0\.0\.11:90 +10\.240\.0\.30:80 +- +shop/near:echo +-$'
}

@test "packets that are dropped or rejected, with the reason" {
	watch
	expect_silence client "${NEAR[0]}"
	lab_in client ip route add 10.0.0.0/16 via 169.254.1.1 dev eth0 2>/dev/null || true
	[[ $(probe_from web-2 refused 10.0.0.15 90) == *refused* ]]
	told ' rejected +tcp +10\.240\.0\.31:[0-9]+ +10\.0\.0\.15:90 +- +- +shop/empty:http +no-endpoint$'
	told ' rejected +udp +10\.240\.0\.31:[0-9]+ +10\.0\.0\.15:90 +- +- +shop/empty:echo +no-endpoint$'
	# A socket of the host is told before there is a packet.
	[[ $(probe_from node1 refused 10.0.0.15 90) == *refused* ]]
	told ' rejected +tcp +- +10\.0\.0\.15:90 +- +- +shop/empty:http +no-endpoint$'
	untold ' not-translated '
}

@test "packets that are left as they are, for who asks" {
	watch --event not-translated --dst "${NODE1[0]}"
	lab_in client ping -q -c 1 "${NODE1[0]}" >/dev/null
	curl_from client "http://${NODE1[0]}:80/" >/dev/null
	told ' not-translated +tcp +10\.240\.32\.10:[0-9]+ +10\.240\.0\.4:80 +- +- +- +not-a-service$'
	curl_from client "http://${NEAR_EXTERNAL[0]}:90/" >/dev/null
	untold '10\.240\.16\.11'
}

@test "JSON has an object a line" {
	watch -o json --count 3
	curl_from client "http://${FAR_EXTERNAL[0]}:90/" >/dev/null
	probe_from web-2 refused 10.0.0.15 90
	wait
	[[ $(wc -l <"$LAB_DIR/events") == 3 ]]
	jq -se '.[0] | .event == "new" and .protocol == "tcp" and .family == 4 and .client.ip == "10.240.32.10" and
		.frontend.address == "10.240.16.12:90" and .backend.address == "10.240.0.32:80" and
		.source.ip == "10.240.0.4" and .service == {namespace: "shop", name: "far", port: "http"} and
		.reason == null and (.time | test("^....-..-..T..:..:..\\.......Z$"))' "$LAB_DIR/events"
	jq -se '.[1] | .event == "closed" and .reason == "ended"' "$LAB_DIR/events"
	jq -se '.[2] | .event == "rejected" and .reason == "no-endpoint" and .backend == null and .source == null and
		(.device | startswith("azv"))' "$LAB_DIR/events"
}

@test "filters: event, reason, connection" {
	watch --event new --service shop/near -4 -p tcp
	curl_from client "http://${NEAR_EXTERNAL[0]}:90/" >/dev/null
	curl_from client "http://[${NEAR_EXTERNAL[1]}]:90/" "http://${FAR_EXTERNAL[0]}:90/" >/dev/null
	expect_udp client "${NEAR_EXTERNAL[0]}" web-1 "${CLIENT[0]}"
	curl_from web-2 "http://${NEAR[0]}:90/" >/dev/null
	told ' new +tcp +10\.240\.0\.31'
	[[ $(sed 1d "$LAB_DIR/events" | wc -l) == 2 ]]
	teardown

	watch --reason no-such-port,cluster-ip-from-outside --src "${WEB2[0]}"
	curl_from client "http://${NEAR_EXTERNAL[0]}:90/" >/dev/null
	probe_from web-2 refused 10.0.0.15 90
	probe_from web-2 refused 10.0.0.11 99
	told ' rejected +udp .*10\.0\.0\.11:99 .* no-such-port$'
	untold ' new | no-endpoint'
}

@test "a service that is made meanwhile is told by its name" {
	watch --event new
	curl_from client "http://${NEAR_EXTERNAL[0]}:90/" >/dev/null
	sleep 1.1
	sr -q map add 10.240.16.99:90 10.240.0.30:80 --external
	curl_from client http://10.240.16.99:90/ >/dev/null
	told ' 10\.240\.16\.99:90 +10\.240\.0\.30:80 +- +10\.240\.16\.99:90/tcp +-$'
	sr -q map del 10.240.16.99:90
}

@test "what comes too fast is lost, and that is said" {
	watch --event not-translated -o json
	kill -STOP "$(monitor_pid)"
	# Well within the seconds that the programs go on telling.
	lab_in client "$LAB_PYTHON" -c '
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(15000):
    sock.sendto(b"?", ("10.240.0.4", 9))'
	kill -CONT "$(monitor_pid)"
	told '"lost"'
	kill -INT "$(monitor_pid)"
	wait
	jq -se 'map(select(.event == "lost")) | map(.count) | add > 1000' "$LAB_DIR/events"
}

@test "events cost nothing when the monitor is gone, in whatever way" {
	local pid

	run -1 is_asked
	watch
	is_asked
	run -1 sr monitor
	[[ $output == "svcroute: another monitor of instance '$LAB-node1' is running: events go to one only" ]]
	kill -INT "$(monitor_pid)"
	wait
	run -1 is_asked

	# Killed, it cannot say so: the programs find that its time is over.
	watch
	pid=$(monitor_pid)
	kill -KILL "$pid"
	wait
	is_asked
	sleep 6
	curl_from client "http://${NEAR_EXTERNAL[0]}:90/" >/dev/null
	run -1 is_asked
	# And the next one is free to begin.
	watch
	curl_from client "http://${NEAR_EXTERNAL[0]}:90/" >/dev/null
	told ' new '
}

@test "unload ends it" {
	watch
	sr -q unload
	within 3 gone
	[[ $(cat "$LAB_DIR/complaints") == 'svcroute: the instance was unloaded meanwhile: no more events come' ]]
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off
}

gone() {
	[[ -z $(monitor_pid) ]]
}

@test "what makes no sense is refused" {
	run -2 sr monitor --event news
	[[ $output == "svcroute: monitor: --event: 'news' is none; 'svcroute monitor --help' has them" ]]
	run -2 sr monitor --event new --reason no-endpoint,
	run -2 sr monitor --event not-translated --reason no-endpoint
	[[ $output == "svcroute: monitor: no such event has such a reason" ]]
	run -1 sr monitor --service shop/nope
	[[ $output == "svcroute: there is no service shop/nope" ]]
}
