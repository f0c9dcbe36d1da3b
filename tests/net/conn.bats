#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# svcroute conn: real connections are shown as they are, found, and ended.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-conn
	[[ -d $LAB_DIR ]] || return 0
	lab_load node1 -q -f "$LAB_DIR/services.yaml"
	forget
}

setup_file() {
	setup
	net_start node1
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off
}

# Nothing runs on the client but what a test began.
teardown() {
	local pid

	for pid in $(ip netns pids "$LAB-client"); do
		kill "$pid" 2>/dev/null || true
	done
	wait
}

teardown_file() {
	setup
	lab_stop
}

# What the test before opened: its sockets may have more to say, though it was forgotten.
forget() {
	local name

	for name in client web-1 web-2 web-3; do
		for _ in {1..50}; do
			[[ -n $(lab_in "$name" ss -Hnt state connected exclude time-wait) ]] || break
			sleep 0.1
		done
	done
	for _ in {1..20}; do
		sr -q conn flush
		sleep 0.2
		[[ -n $(sr conn list | sed 1d) ]] || return 0
	done
}

sr() {
	lab_svcroute node1 "$@"
}

# rows [FILTER...]: of `conn list`: protocol, state, client, frontend, backend, source, service; ports that are drawn are N.
rows() {
	sr conn list "$@" | sed 1d | awk '{ print $1, $2, $3, $4, $5, $6, $7 }' |
		sed -E 's/:[0-9]{4,5}( |$)/:N\1/g' | sort
}

# expect_rows FILTER... : the rows that standard input names.
expect_rows() {
	local wanted found

	wanted=$(sort)
	found=$(rows "$@")
	[[ $found == "$wanted" ]] || fail "conn list $*:"$'\n'"$found"$'\n'"not"$'\n'"$wanted"
}

# hold FROM ADDRESS...: a connection over TCP to each, that stays.
hold() {
	local address

	for address in "${@:2}"; do
		lab_in "$1" timeout 20 "$LAB_PYTHON" "$LAB_TESTS/calls.py" hold "$address" 90 15 >/dev/null 2>&1 3>&- &
	done
	for _ in {1..50}; do
		(($(rows -p tcp --state established | wc -l) < $#-1)) || return 0
		sleep 0.1
	done
	fail "$1 has no connections to ${*:2}"
}

some_flows() {
	hold client "${NEAR_EXTERNAL[@]}" "${FAR_EXTERNAL[@]}"
	expect_udp web-2 "${NEAR[0]}" web-1 "${WEB2[0]}"
	curl_from web-2 "http://$(bracket "${NEAR[1]}"):90/" >/dev/null
}

@test "they are shown with state, both ends, the source that the backend sees, and their service" {
	some_flows
	expect_rows <<-ROWS
		tcp ESTABLISHED 10.240.32.10:N 10.240.16.11:90 10.240.0.30:80 - shop/near:http
		tcp ESTABLISHED 10.240.32.10:N 10.240.16.12:90 10.240.0.32:80 10.240.0.4:N shop/far:http
		tcp ESTABLISHED [fd00:240:0:20::10]:N [fd00:240:0:10::11]:90 [fd00:240::30]:80 - shop/near:http
		tcp ESTABLISHED [fd00:240:0:20::10]:N [fd00:240:0:10::12]:90 [fd00:240::32]:80 [fd00:240::4]:N shop/far:http
		tcp TIME_WAIT [fd00:240::31]:N [fd00:10::11]:90 [fd00:240::30]:80 - shop/near:http
		udp REPLIED 10.240.0.31:N 10.0.0.11:90 10.240.0.30:80 - shop/near:echo
	ROWS
	run -0 sr conn list
	[[ ${lines[0]} =~ ^PROTO\ +STATE\ +CLIENT\ +FRONTEND\ +BACKEND\ +SOURCE\ +SERVICE\ +AGE\ +IDLE\ +LEFT$ ]]
}

@test "each filter means what it says" {
	local near4='tcp ESTABLISHED 10.240.32.10:N 10.240.16.11:90 10.240.0.30:80 - shop/near:http'
	local far4='tcp ESTABLISHED 10.240.32.10:N 10.240.16.12:90 10.240.0.32:80 10.240.0.4:N shop/far:http'
	local near6='tcp ESTABLISHED [fd00:240:0:20::10]:N [fd00:240:0:10::11]:90 [fd00:240::30]:80 - shop/near:http'
	local far6='tcp ESTABLISHED [fd00:240:0:20::10]:N [fd00:240:0:10::12]:90 [fd00:240::32]:80 [fd00:240::4]:N shop/far:http'
	local gone6='tcp TIME_WAIT [fd00:240::31]:N [fd00:10::11]:90 [fd00:240::30]:80 - shop/near:http'
	local echo4='udp REPLIED 10.240.0.31:N 10.0.0.11:90 10.240.0.30:80 - shop/near:echo'
	local port

	some_flows
	expect_rows -p udp <<<"$echo4"
	expect_rows -4 <<<"$near4"$'\n'"$far4"$'\n'"$echo4"
	expect_rows -6 --state time_wait,close <<<"$gone6"
	expect_rows -s 10.240.32.0/24 <<<"$near4"$'\n'"$far4"
	expect_rows --src fd00:240::31 <<<"$gone6"
	expect_rows --dst 10.240.16.12 <<<"$far4"
	expect_rows --orig-dst fd00:240:0:10::/64 <<<"$near6"$'\n'"$far6"
	expect_rows --backend 10.240.0.30 -p tcp <<<"$near4"
	expect_rows --backend '[fd00:240::32]:80' <<<"$far6"
	expect_rows --service shop/far <<<"$far4"$'\n'"$far6"
	expect_rows --service shop/near:echo <<<"$echo4"
	expect_rows --dport 5201 <<<''
	port=$(sr conn list -o json -p udp | jq .client.port)
	expect_rows --sport "$port" -4 -p udp <<<"$echo4"
	expect_rows -p udp --sport 1-$((port - 1)) <<<''
}

@test "JSON has an object a line" {
	hold client "${FAR_EXTERNAL[0]}"
	[[ $(sr conn list -o json | wc -l) == 1 ]]
	sr conn list -o json | jq -e '.protocol == "tcp" and .family == 4 and .state == "ESTABLISHED" and
		.service == {namespace: "shop", name: "far", port: "http"} and .client.ip == "10.240.32.10" and
		.frontend.address == "10.240.16.12:90" and .backend.address == "10.240.0.32:80" and
		.source.ip == "10.240.0.4" and .source.port > 0 and .backend_gone == false and
		.age <= 20 and .idle <= 20 and .left > 7700 and .left <= 7800'
}

@test "ages and what is left of them pass with the time" {
	expect_udp client "${NEAR_EXTERNAL[0]}" web-1 "${CLIENT[0]}"
	sleep 3
	sr conn list -o json | jq -e '.age >= 2 and .age <= 20 and .idle >= 2 and .left + .idle >= 118 and .left + .idle <= 120'
}

@test "one is found by its packets, of either direction" {
	local client source

	hold client "${FAR_EXTERNAL[0]}"
	client=$(sr conn list -o json | jq -r .client.address)
	source=$(sr conn list -o json | jq -r .source.address)
	[[ $(sr conn get "$client" 10.240.16.12:90 -o json | jq -r .backend.address) == 10.240.0.32:80 ]]
	[[ $(sr conn get 10.240.0.32:80 "$source" -o json | jq -r .client.address) == "$client" ]]
	[[ $(sr conn get "$client" 10.240.16.12:90 | wc -l) == 2 ]]
	run -1 sr conn get "$client" 10.240.16.12:91/udp
	[[ $output == "svcroute: there is no connection of packets from $client to 10.240.16.12:91/udp" ]]
}

@test "of a removed backend they are marked as gone, and go on" {
	hold client "${NEAR_EXTERNAL[0]}"
	{
		service near 11 31
		service far 12 32
		service all 10 30 31 32
		service host 13 4
		service farhost 14 5
	} | lab_load node1 -q -f -
	expect_rows <<<'tcp ESTABLISHED,gone 10.240.32.10:N 10.240.16.11:90 10.240.0.30:80 - shop/near:http'
	sr conn list -o json | jq -e .backend_gone
}

@test "del forgets what it is told to, both halves, and no other" {
	local client

	some_flows
	client=$(sr conn list -o json --service shop/near:http -4 | jq -r .client.address)
	run -0 sr conn del "$client" 10.240.16.11:90
	[[ $output == "1 connection removed" ]]
	[[ $(rows | wc -l) == 5 && -z $(rows --dst 10.240.16.11) ]]
	# Neither half is there.
	run -1 sr conn get 10.240.0.30:80 "$client"
	run -0 sr conn del -6 --service shop/near
	[[ $output == "2 connections removed" ]]
	expect_rows <<-ROWS
		tcp ESTABLISHED 10.240.32.10:N 10.240.16.12:90 10.240.0.32:80 10.240.0.4:N shop/far:http
		tcp ESTABLISHED [fd00:240:0:20::10]:N [fd00:240:0:10::12]:90 [fd00:240::32]:80 [fd00:240::4]:N shop/far:http
		udp REPLIED 10.240.0.31:N 10.0.0.11:90 10.240.0.30:80 - shop/near:echo
	ROWS
	run -1 sr conn del --dst 10.9.9.9
	[[ $output == "svcroute: no connection matches" ]]
}

@test "a flow that was deleted begins anew, with whom the service has now" {
	local before

	expect_udp client "${NEAR_EXTERNAL[0]}" web-1 "${CLIENT[0]}"
	lab_in client timeout 10 "$LAB_PYTHON" "$LAB_TESTS/calls.py" follow "${NEAR_EXTERNAL[0]}" 90 6 \
		>"$LAB_DIR/follow" 3>&- &
	sleep 3.5
	before=$(sr conn list -o json -p udp --state replied,assured | jq -s 'map(.age) | max')
	((before >= 2))
	sr -q conn del -p udp
	sleep 0.5
	(($(sr conn list -o json -p udp | jq -s 'map(.age) | max') < before))
	wait
	[[ $(uniq "$LAB_DIR/follow") == web-1 ]]
}

@test "flush forgets those of a filter, or all; that there are none is no error" {
	some_flows
	run -0 sr conn flush -p udp
	[[ $output == "1 connection removed" && $(rows | wc -l) == 5 ]]
	run -0 sr conn flush
	[[ $output == "5 connections removed" && -z $(rows) ]]
	run -0 sr conn flush
	[[ $output == "0 connections removed" ]]
	run -0 sr -q conn flush
	[[ -z $output ]]
}

@test "thousands are listed, each once" {
	lab_in client "$LAB_PYTHON" -c '
import socket
for port in range(20000, 23000):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", port))
        sock.sendto(b"?", ("10.240.16.10", 90))'
	[[ $(sr conn list | sed 1d | awk '{ print $3 }' | sort | uniq -c | awk '$1 == 1' | wc -l) == 3000 ]]
	[[ $(sr conn list -o json | jq -r .client.port | sort -u | wc -l) == 3000 ]]
	[[ $(sr status -j | jq '.usage | .connections.used + .new_connections.used') == 3000 ]]
	run -0 sr conn flush --sport 20000-21999
	[[ $output == "2000 connections removed" && $(sr conn list | sed 1d | wc -l) == 1000 ]]
}

# is_held N: so many connections are established.
is_held() {
	(($(sr -j status | jq .usage.connections.used) >= $1))
}

@test "status warns from 80 % of --max connections on" {
	sr -q load --max connections=1000
	sr -q map add 10.0.0.77:90 "${WEB1[0]}:8080"
	touch "$LAB_DIR/hold"
	# Nobody has to accept: they are established all the same.
	lab_spawn web-1 timeout 60 "$LAB_PYTHON" -c '
import os, socket, sys, time
with socket.create_server(("", 8080), backlog=1000):
    while os.path.exists(sys.argv[1]): time.sleep(0.1)' "$LAB_DIR/hold"
	lab_await web-1 8080
	lab_spawn web-2 timeout 60 "$LAB_PYTHON" -c '
import os, socket, sys, time
held = [socket.create_connection(("10.0.0.77", 90), 5) for _ in range(820)]
while os.path.exists(sys.argv[1]): time.sleep(0.1)' "$LAB_DIR/hold"
	within 20 is_held 800
	run -0 sr status
	[[ $output == *"warning: connections: 8"[0-2]" % of 1000 are in use"* ]] || fail "$output"
	[[ $(sr -j status | jq -c .degraded) == '[]' ]]
	rm "$LAB_DIR/hold"
	sr -q load --max ''
	sr -q map del 10.0.0.77:90
}

@test "what makes no sense changes nothing" {
	expect_udp client "${NEAR_EXTERNAL[0]}" web-1 "${CLIENT[0]}"
	run -2 sr conn del
	run -2 sr conn flush --dport x
	run -2 sr conn list --state ESTABLISH
	run -1 sr conn flush --service shop/nope
	[[ $output == "svcroute: there is no service shop/nope" ]]
	[[ $(rows | wc -l) == 1 ]]
}
