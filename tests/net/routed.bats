#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# External addresses that are routed to a gateway: BIRD speaks BGP for them with
# a router, which is the client, too. They are in no network that the link has.
#
#     gate 10.9.0.1 fd00:9::1, AS 65001 ── client 10.9.0.50 fd00:9::50, AS 65002
#      └ server 10.9.1.20 fd00:9:1::20

bats_require_minimum_version 1.5.0

VIP=(198.51.100.7 fd00:51::7)
SERVER=(10.9.1.20 fd00:9:1::20)

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-routed
	PATH=$PATH:/usr/sbin
}

setup_file() {
	setup
	lab_start
	mkdir -p "$LAB_CGROUP"/{gate,client,server}
	for name in gate client server; do
		lab_namespace "$name" "$LAB_CGROUP/$name"
	done
	lab_wrap_svcroute gate
	lab_sysctl gate net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	link client eth0 10.9.0 50 fd00:9
	link server eth1 10.9.1 20 fd00:9:1
	lab_ip server route add default via 10.9.1.1
	lab_ip server route add default via fd00:9:1::1
	lab_serve server 80
	bird_of gate 10.9.0.1 65001 fd00:9::1 10.9.0.50 65002 fd00:9::50
	bird_of client 10.9.0.50 65002 fd00:9::50 10.9.0.1 65001 fd00:9::1
}

teardown_file() {
	setup
	lab_stop
}

teardown() {
	! lab_svcroute gate status >/dev/null 2>&1 || lab_svcroute gate -q unload
}

# link NAME DEVICE NET4 N NET6: a machine's eth0, at a device of the gateway's, which is .1.
link() {
	ip -n "$LAB-gate" link add "$2" type veth peer name eth0 netns "$LAB-$1"
	lab_ip gate addr add "$3.1/24" dev "$2"
	lab_ip gate addr add "$5::1/64" dev "$2"
	lab_ip gate link set "$2" up
	lab_ip "$1" addr add "$3.$4/24" dev eth0
	lab_ip "$1" addr add "$5::$4/64" dev eth0
	lab_ip "$1" link set eth0 up
}

# bird_of NAME IPV4 AS IPV6 PEER4 PEER_AS PEER6: it exports what is routed under
# svcroute's number, and keeps what it hears.
bird_of() {
	cat >"$LAB_DIR/bird.$1" <<-CONF
		router id $2;
		protocol device { }
		protocol kernel { learn; scan time 1; ipv4 { import where krt_source = 77; export where source = RTS_BGP; }; }
		protocol kernel { learn; scan time 1; ipv6 { import where krt_source = 77; export where source = RTS_BGP; }; }
		template bgp peer { connect delay time 1; connect retry time 1; error wait time 1, 2; }
		protocol bgp from peer {
			local $2 as $3; neighbor $5 as $6;
			ipv4 { import all; export where source = RTS_INHERIT; };
		}
		protocol bgp from peer {
			local $4 as $3; neighbor $7 as $6;
			ipv6 { import all; export where source = RTS_INHERIT; };
		}
	CONF
	lab_spawn "$1" bird -f -c "$LAB_DIR/bird.$1" -s "$LAB_DIR/bird.$1.ctl" -P "$LAB_DIR/bird.$1.pid"
}

# load ARGUMENT...: a service without an endpoint slice of its own, and one by hand for each family.
load() {
	lab_load gate -q --node none --uplink eth0 --uplink eth1 --pods none --sockets off --xdp off "$@"
	lab_svcroute gate map replace "${VIP[0]}:90" "${SERVER[0]}:80" --external
	lab_svcroute gate map replace "[${VIP[1]}]:90" "[${SERVER[1]}]:80" --external
}

has_route() {
	[[ -n $(lab_ip client route show proto bird "$1") ]]
}

has_no_route() {
	! has_route "$1"
}

ours() {
	lab_ip gate route show proto 77
	lab_ip gate -6 route show proto 77
}

@test "BIRD exports the addresses of services, and the client calls them" {
	local address

	load --route-proto 77
	for address in "${VIP[@]}"; do
		within 20 has_route "$address"
		[[ $(curl_from client --connect-timeout 2 "http://$(bracket "$address"):90/") == "server "* ]]
		lab_in client ping -c 2 -i 0.2 -W 1 "$address"
		run curl_from client --connect-timeout 2 "http://$(bracket "$address"):91/"
		((status == 7))
	done
	lab_svcroute gate status | grep -q "${VIP[0]} *- *routed, protocol 77"
}

@test "what is removed is withdrawn from the neighbours" {
	load --route-proto 77
	within 20 has_route "${VIP[0]}"
	within 20 has_route "${VIP[1]}"
	lab_svcroute gate map del "${VIP[0]}:90"
	within 10 has_no_route "${VIP[0]}"
	has_route "${VIP[1]}"
	lab_svcroute gate -q unload
	within 10 has_no_route "${VIP[1]}"
	[[ -z $(ours) ]]
}

@test "another number, and none: the routes of the old one go" {
	load --route-proto 77
	[[ $(ours | wc -l) == 2 ]]
	lab_svcroute gate load -q --route-proto 78
	[[ -z $(ours) ]]
	[[ -n $(lab_ip gate route show proto 78) ]]
	lab_svcroute gate load -q --route-proto ''
	[[ -z $(lab_ip gate route show proto 78) ]]
}

@test "a route that somebody removed is made anew" {
	load --route-proto 77
	lab_ip gate route del blackhole "${VIP[0]}"
	lab_svcroute gate load -q
	[[ $(ours | wc -l) == 2 ]]
}

TAKEN=(198.51.100.6 fd00:51::6)

# take_routes: another routes TAKEN, which services have, too.
take_routes() {
	local family

	for family in 0 1; do
		lab_ip gate route add "${TAKEN[family]}" via "${SERVER[family]}"
		lab_svcroute gate -q map add "$(bracket "${TAKEN[family]}"):90" "$(bracket "${SERVER[family]}"):80" --external
	done
}

# give_routes: he does so no longer.
give_routes() {
	local address

	for address in "${TAKEN[@]}"; do
		lab_ip gate route del "$address" via "$(lab_ip gate route show "$address" | sed -n 's/.*via \([^ ]*\).*/\1/p')"
	done
}

# route_states: of all addresses, sorted.
route_states() {
	lab_svcroute gate -j status | jq -r '.announced[] | .address + " " + .state' | sort
}

@test "a route that is another's is left, and hinders no others" {
	local address

	load --route-proto 77
	take_routes
	[[ $(ours | wc -l) == 2 ]]
	run -0 lab_svcroute gate map add 198.51.100.5:90 "${SERVER[0]}:80" --external
	for address in "${TAKEN[@]}"; do
		[[ $output == *"warning: $address is not routed: there is a route to it that is not ours"* ]]
		lab_ip gate route show "$address" | grep -q via
		lab_svcroute gate status | grep -q "$address *- *not routed: there is a route to it that is not ours"
	done
	[[ $(ours | wc -l) == 3 ]]
	[[ $(route_states) == "$(printf '%s\n' "198.51.100.5 routed" "${TAKEN[0]} route-in-use" "${VIP[0]} routed" \
		"${TAKEN[1]} route-in-use" "${VIP[1]} routed" | sort)" ]]
	run -0 lab_svcroute gate load
	[[ $output == *"${TAKEN[1]} is not routed"* ]]
	give_routes
	lab_svcroute gate -q load
	[[ $(ours | wc -l) == 5 ]]
	[[ $(route_states | grep -c ' routed') == 5 ]]
}

@test "a watch goes on, and makes the route when another's has gone" {
	load --route-proto 77
	take_routes
	lab_spawn gate "$LAB_DIR/bin/gate/svcroute" announce --watch
	within 3 grep -q "${TAKEN[1]} *- *not routed" "$LAB_DIR/log/gate"
	lab_ip gate route del blackhole "${VIP[0]}"
	within 8 has_ours "${VIP[0]}"
	give_routes
	within 8 has_ours "${TAKEN[0]}"
	within 8 has_ours "${TAKEN[1]}"
	kill $!
}

has_ours() {
	[[ -n $(lab_ip gate route show proto 77 "$1") ]]
}

@test "numbers that are others' are refused" {
	local number

	for number in 0 4 12 186 256 x -1; do
		run -2 lab_svcroute gate load --dry-run --route-proto "$number"
	done
}
