#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Announced addresses, on one Ethernet: its stations know no other way than the
# link itself. Two gateways may claim the same addresses; other stations have some.
#
#     bridge ─┬─ gate1   10.9.0.1     fd00:9::1
#             ├─ gate2   10.9.0.2     fd00:9::2
#             ├─ server  10.9.0.20    fd00:9::20    whoami.py on port 80
#             ├─ other   10.9.0.66    fd00:9::66
#             └─ client  10.9.0.50    fd00:9::50

bats_require_minimum_version 1.5.0

VIP=(10.9.0.100 fd00:9::100)
TAKEN=(10.9.0.66 fd00:9::66)
SERVER=(10.9.0.20 fd00:9::20)

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-announce
}

setup_file() {
	setup
	lab_start
	lab_lan
	station gate1 1 02:00:00:00:09:01
	station gate2 2 02:00:00:00:09:02
	station server 20 02:00:00:00:09:20
	station client 50 02:00:00:00:09:50
	station other 66 02:00:00:00:09:66
	lab_serve server 80
	manifests >"$LAB_DIR/services.yaml"
}

teardown_file() {
	setup
	lab_stop
}

teardown() {
	end_watches
	lab_ip fabric link set gate1 up
	lab_ip fabric link set gate2 master lan
	for gate in gate1 gate2; do
		! lab_svcroute "$gate" status >/dev/null 2>&1 || lab_svcroute "$gate" -q unload
	done
	forget_neighbours
}

# station NAME N MAC: on the bridge, 10.9.0.N and fd00:9::N.
station() {
	lab_station "$1" "10.9.0.$2/24" "fd00:9::$2/64" "$3"
}

manifests() {
	local family

	for family in 0 1; do
		cat <<-YAML
			apiVersion: v1
			kind: Service
			metadata: { name: web$family, namespace: shop }
			spec:
			  clusterIP: $([[ $family == 0 ]] && echo 10.0.0.7 || echo fd00:10::7)
			  ipFamilies: [$([[ $family == 0 ]] && echo IPv4 || echo IPv6)]
			  externalIPs: ["${VIP[family]}"]
			  ports: [{ port: 90, targetPort: 80 }]
			---
			apiVersion: discovery.k8s.io/v1
			kind: EndpointSlice
			metadata: { name: web$family-1, namespace: shop, labels: { kubernetes.io/service-name: web$family } }
			addressType: $([[ $family == 0 ]] && echo IPv4 || echo IPv6)
			ports: [{ port: 80 }]
			endpoints: [{ addresses: ["${SERVER[family]}"] }]
			---
		YAML
	done
}

# announce GATE ARGUMENT...: load there, as a gateway.
announce() {
	lab_load "$1" -f "$LAB_DIR/services.yaml" --node none --uplink eth0 --pods none --sockets off "${@:2}"
}

calls() {
	local address

	for address in "${VIP[@]}"; do
		[[ $(curl_from client --connect-timeout 2 "http://$(bracket "$address"):90/") == "server "* ]]
	done
}

forget_neighbours() {
	lab_ip client neigh flush dev eth0 nud all
	lab_ip client -6 neigh flush dev eth0 nud all
}

# resolves ADDRESS MAC: the client finds it there.
resolves() {
	forget_neighbours
	lab_in client ping -c 1 -W 2 "$1" >/dev/null || true
	[[ $(lab_station_mac client "$1") == "$2" ]] || fail "$1 is at '$(lab_station_mac client "$1")', not $2"
}

# unresolved ADDRESS: nobody says that he has it.
unresolved() {
	forget_neighbours
	! lab_in client ping -c 1 -W 1 "$1" >/dev/null
	[[ -z $(lab_station_mac client "$1") ]]
}

# state GATE ADDRESS: of it, as `status` has it: "held null".
state() {
	lab_svcroute "$1" -j status | "$LAB_PYTHON" -c '
import json, sys
for item in json.load(sys.stdin)["announced"]:
    if item["address"] == sys.argv[1]:
        print(item["device"], item["state"], item["mac"])
' "$2"
}

# groups GATE: of the solicitations that its device hears beyond its own address.
groups() {
	lab_ip "$1" maddr show dev eth0 | grep -c '33:33:ff:00:01:00\|33:33:ff:00:00:66' || true
}

# watch GATE [OPTION...]
watch() {
	: >"$LAB_DIR/log/$1"
	lab_spawn "$1" "$LAB_DIR/bin/$1/svcroute" "${@:2}" announce --watch
	echo $! >>"$LAB_DIR/watches"
}

end_watches() {
	local pid

	[[ -e $LAB_DIR/watches ]] || return 0
	while read -r pid; do
		pkill -P "$pid" || kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done <"$LAB_DIR/watches"
	rm -f "$LAB_DIR/watches"
}

is_state() {
	[[ $(state "$1" "$2") == "$3" ]]
}

is_known_at() {
	[[ $(lab_station_mac client "$1") == "$2" ]]
}

@test "a client with no other route than the link reaches announced addresses" {
	announce gate1 -q --xdp off
	unresolved "${VIP[0]}"
	unresolved "${VIP[1]}"
	announce gate1 -q --xdp off --announce
	calls
	resolves "${VIP[0]}" 02:00:00:00:09:01
	resolves "${VIP[1]}" 02:00:00:00:09:01
	is_state gate1 "${VIP[0]}" "eth0 held None"
	is_state gate1 "${VIP[1]}" "eth0 held None"
}

@test "announced addresses answer ping, in fragments too" {
	announce gate1 -q --xdp off --announce=eth0
	for address in "${VIP[@]}"; do
		lab_in client ping -c 3 -i 0.2 -W 1 "$address"
		lab_in client ping -c 2 -i 0.2 -W 1 -s 4000 "$address"
	done
}

@test "a port of theirs that no service has is refused" {
	announce gate1 -q --xdp off --announce
	for address in "${VIP[@]}"; do
		run curl_from client --connect-timeout 2 "http://$(bracket "$address"):91/"
		((status == 7))
		[[ $output != *imeout* && $output != *"timed out"* ]]
	done
}

@test "XDP answers, and the stack sees nothing of it" {
	lab_links wire server
	for name in gate1 client server; do
		lab_in "$name" ethtool -K eth0 tx off >/dev/null
		lab_in fabric ethtool -K "$name" tx off >/dev/null
		lab_idle_xdp_wire "$name"
	done
	announce gate1 -q --xdp native --announce
	lab_spawn gate1 timeout 10 tcpdump -i eth0 -nn -l --immediate-mode arp or icmp or icmp6
	sleep 0.5
	calls
	resolves "${VIP[0]}" 02:00:00:00:09:01
	resolves "${VIP[1]}" 02:00:00:00:09:01
	lab_in client ping -c 2 -i 0.2 -W 1 "${VIP[0]}"
	lab_in client ping -c 2 -i 0.2 -W 1 "${VIP[1]}"
	run ! grep -E "who-has ${VIP[0]}|who has ${VIP[1]}|> ${VIP[0]}: ICMP echo|> ${VIP[1]}: ICMP6, echo" "$LAB_DIR/log/gate1"
	for name in gate1 client server; do
		lab_idle_xdp_veth "$name"
	done
}

@test "XDP on a device that takes VLAN tags off is warned of" {
	lab_ip gate1 link add link eth0 name eth0.5 type vlan id 5 || skip "this kernel has no VLAN devices"
	lab_in gate1 ethtool -K eth0 tx off >/dev/null
	lab_in fabric ethtool -K gate1 tx off >/dev/null
	lab_idle_xdp_wire gate1
	run -0 announce gate1 --xdp off
	run ! grep "VLAN tags" <<<"$output"
	run -0 announce gate1 --xdp native
	[[ $output == *"eth0: the device takes VLAN tags off before XDP sees frames, and those of eth0.5 "* ]]
	lab_in gate1 ethtool -K eth0 rxvlan off >/dev/null
	run -0 announce gate1 --xdp native
	run ! grep "VLAN tags" <<<"$output"
	lab_in gate1 ethtool -K eth0 rxvlan on >/dev/null
	lab_ip gate1 link del eth0.5
	lab_idle_xdp_veth gate1
}

@test "the link is told at load, and again by 'announce'" {
	local address

	lab_ip client neigh replace "${VIP[0]}" lladdr 02:00:00:00:00:99 nud stale dev eth0
	lab_ip client neigh replace "${VIP[1]}" lladdr 02:00:00:00:00:99 nud stale dev eth0
	announce gate1 -q --xdp off --announce
	for address in "${VIP[@]}"; do
		within 2 is_known_at "$address" 02:00:00:00:09:01
		lab_ip client neigh replace "$address" lladdr 02:00:00:00:00:99 nud stale dev eth0
	done
	lab_svcroute gate1 announce
	for address in "${VIP[@]}"; do
		within 2 is_known_at "$address" 02:00:00:00:09:01
	done
}

# arp_times GATE: when it asked for, and then told of, the first address, in a load that begins now.
arp_times() {
	lab_in client timeout 12 tcpdump -i eth0 -nn -tt -l --immediate-mode -c 5 \
		'arp and ether src 02:00:00:00:09:01 and arp[24:4] == 0x0a090064' >"$LAB_DIR/log/arp" 2>/dev/null 3>&- &
	sleep 1
	announce "$1" -q --xdp off --announce
	wait $!
	awk '{ print $1 }' "$LAB_DIR/log/arp"
}

# gaps: between the times of stdin, in milliseconds.
gaps() {
	awk '{ if (NR > 1) printf "%d\n", ($1 - last) * 1000; last = $1 }'
}

@test "probes and announcements keep the times of RFC 5227, and no two gateways the same" {
	local first gap

	mapfile -t gap < <(arp_times gate1 | gaps)
	((${#gap[@]} == 4)) || fail "${gap[*]}"
	# A busy machine may be late, but never early by more than a clock's tick.
	((gap[0] >= 990 && gap[0] < 3000 && gap[1] >= 990 && gap[1] < 3000)) || fail "${gap[*]}"
	((gap[2] >= 1990 && gap[2] < 3000 && gap[3] >= 1990 && gap[3] < 3000)) || fail "${gap[*]}"
	first=${gap[0]}.${gap[1]}
	lab_svcroute gate1 -q unload
	mapfile -t gap < <(arp_times gate1 | gaps)
	[[ $first != "${gap[0]}.${gap[1]}" ]]
}

@test "an address in use is left to who has it, and he is named" {
	announce gate1 -q --xdp off --announce
	for address in "${TAKEN[@]}"; do
		run -0 lab_svcroute gate1 map add "$(bracket "$address"):90" "$(bracket "${SERVER[0]}"):80" --external ||
			run -0 lab_svcroute gate1 map add "$(bracket "$address"):90" "$(bracket "${SERVER[1]}"):80" --external
		[[ $output == *"warning: $address is not announced: 02:00:00:00:09:66 has it on eth0"* ]]
		is_state gate1 "$address" "eth0 in-use 02:00:00:00:09:66"
		resolves "$address" 02:00:00:00:09:66
	done
	is_state gate1 "${VIP[0]}" "eth0 held None"
	[[ $(groups gate1) == 1 ]]
}

@test "of two gateways with the same manifests one announces" {
	announce gate1 -q --xdp off --announce
	run -0 announce gate2 --xdp off --announce
	[[ $output == *"${VIP[0]} is not announced: 02:00:00:00:09:01 has it on eth0"* ]]
	[[ $output == *"${VIP[1]} is not announced: 02:00:00:00:09:01 has it on eth0"* ]]
	resolves "${VIP[0]}" 02:00:00:00:09:01
	resolves "${VIP[1]}" 02:00:00:00:09:01
}

@test "of two gateways that ask at once one announces" {
	announce gate1 -q --xdp off
	announce gate2 -q --xdp off
	announce gate1 -q --xdp off --announce &
	announce gate2 -q --xdp off --announce
	wait
	is_state gate1 "${VIP[0]}" "eth0 held None"
	is_state gate1 "${VIP[1]}" "eth0 held None"
	is_state gate2 "${VIP[0]}" "eth0 in-use 02:00:00:00:09:01"
	is_state gate2 "${VIP[1]}" "eth0 in-use 02:00:00:00:09:01"
	calls
}

@test "a gateway that watches takes over when the other falls silent" {
	announce gate1 -q --xdp off --announce
	announce gate2 -q --xdp off --announce
	watch gate2
	calls
	lab_svcroute gate1 -q unload
	within 12 is_state gate2 "${VIP[0]}" "eth0 held None"
	within 12 is_state gate2 "${VIP[1]}" "eth0 held None"
	# It was told: nothing is forgotten here.
	within 2 is_known_at "${VIP[0]}" 02:00:00:00:09:02
	calls
	resolves "${VIP[1]}" 02:00:00:00:09:02
}

@test "a route that is another's hinders no announcing, and no takeover" {
	local address

	announce gate1 -q --xdp off --announce
	for address in "${VIP[@]}"; do
		lab_ip gate2 route add blackhole "$address"
	done
	run -0 announce gate2 --xdp off --announce --route-proto 77
	[[ $output == *"${VIP[0]} is not routed: there is a route to it that is not ours"* ]]
	[[ $output == *"${VIP[0]} is not announced: 02:00:00:00:09:01 has it on eth0"* ]]
	watch gate2
	lab_svcroute gate1 -q unload
	for address in "${VIP[@]}"; do
		within 12 is_state gate2 "$address" $'None route-in-use None\neth0 held None'
		resolves "$address" 02:00:00:00:09:02
	done
	calls
	for address in "${VIP[@]}"; do
		lab_in client ping -c 1 -W 1 "$address"
		lab_ip gate2 route del blackhole "$address"
	done
}

@test "a gateway that watches asks and tells when its link returns" {
	announce gate1 -q --xdp off --announce
	watch gate1
	sleep 0.5
	lab_ip fabric link set gate1 down
	within 3 is_state gate1 "${VIP[0]}" "eth0 waiting None"
	lab_ip client neigh replace "${VIP[0]}" lladdr 02:00:00:00:00:99 nud stale dev eth0
	lab_ip client neigh replace "${VIP[1]}" lladdr 02:00:00:00:00:99 nud stale dev eth0
	lab_ip fabric link set gate1 up
	within 12 is_known_at "${VIP[0]}" 02:00:00:00:09:01
	within 12 is_known_at "${VIP[1]}" 02:00:00:00:09:01
	calls
}

@test "while its link was away another took the address: it stays there" {
	announce gate1 -q --xdp off --announce
	watch gate1
	sleep 0.5
	lab_ip fabric link set gate1 down
	announce gate2 -q --xdp off --announce
	lab_ip fabric link set gate1 up
	within 12 is_state gate1 "${VIP[0]}" "eth0 in-use 02:00:00:00:09:02"
	within 12 is_state gate1 "${VIP[1]}" "eth0 in-use 02:00:00:00:09:02"
	resolves "${VIP[0]}" 02:00:00:00:09:02
	calls
}

# cut_off GATE: frames of its no longer get anywhere, and it does not notice.
cut_off() {
	lab_ip fabric link add nowhere type bridge 2>/dev/null || true
	lab_ip fabric link set nowhere up
	lab_ip fabric link set "$1" master nowhere
}

# both_hold: gate2 has taken over from gate1, which is there all the time.
both_hold() {
	cut_off gate2
	within 20 is_state gate2 "${VIP[0]}" "eth0 held None"
	within 12 is_state gate2 "${VIP[1]}" "eth0 held None"
	is_state gate1 "${VIP[0]}" "eth0 held None"
	lab_ip fabric link set gate2 master lan
}

@test "two that both hold an address find out: the lower link address keeps it" {
	announce gate1 -q --xdp off --announce
	announce gate2 -q --xdp off --announce
	watch gate1
	watch gate2
	both_hold
	for address in "${VIP[@]}"; do
		within 20 is_state gate2 "$address" "eth0 in-use 02:00:00:00:09:01"
		[[ $(state gate1 "$address") == "eth0 held"* ]]
		resolves "$address" 02:00:00:00:09:01
	done
	calls
	within 3 grep -q "${VIP[0]} *eth0 *in use by 02:00:00:00:09:01" "$LAB_DIR/log/gate2"
}

@test "two that both hold an address, and nobody watches: 'announce' finds out" {
	announce gate1 -q --xdp off --announce
	announce gate2 -q --xdp off --announce
	cut_off gate2
	lab_svcroute gate2 -q announce
	lab_ip fabric link set gate2 master lan
	is_state gate2 "${VIP[0]}" "eth0 held None"
	lab_svcroute gate1 announce | grep "${VIP[0]} *eth0 *held, but 02:00:00:00:09:02 claims it, too"
	lab_svcroute gate2 announce | grep "${VIP[1]} *eth0 *in use by 02:00:00:00:09:01"
	for address in "${VIP[@]}"; do
		is_state gate2 "$address" "eth0 in-use 02:00:00:00:09:01"
		resolves "$address" 02:00:00:00:09:01
	done
	lab_svcroute gate1 -q announce
	is_state gate1 "${VIP[0]}" "eth0 held None"
}

# takes ADDRESS MAC: another host has it from now on, and speaks as it.
takes() {
	lab_ip other addr flush dev eth0 to "$1"
	lab_ip other link set eth0 address "$2"
	lab_ip other neigh flush dev eth0 nud all
	lab_ip other addr add "$1/24" dev eth0
	lab_in other ping -c 1 -W 1 -I "$1" "${SERVER[0]}" >/dev/null || true
}

@test "another host claims an address: it is defended, or ceded to a lower link address" {
	announce gate1 -q --xdp off --announce
	watch gate1
	sleep 1
	takes "${VIP[0]}" 02:00:00:00:09:66
	within 20 is_state gate1 "${VIP[0]}" "eth0 held 02:00:00:00:09:66"
	within 3 grep -q "${VIP[0]} *eth0 *held, but 02:00:00:00:09:66 claims it, too" "$LAB_DIR/log/gate1"
	takes "${VIP[0]}" 02:00:00:00:00:66
	within 20 is_state gate1 "${VIP[0]}" "eth0 in-use 02:00:00:00:00:66"
	lab_ip other addr del "${VIP[0]}/24" dev eth0
	lab_ip other link set eth0 address 02:00:00:00:09:66
	within 12 is_state gate1 "${VIP[0]}" "eth0 held None"
}

@test "who has an address is asked alone, and nobody else woken" {
	announce gate1 -q --xdp off --announce
	announce gate2 -q --xdp off --announce
	lab_in gate1 timeout 10 tcpdump -i eth0 -nn -l --immediate-mode -c 3 arp and ether src 02:00:00:00:09:02 \
		>"$LAB_DIR/log/asked" 2>/dev/null 3>&- &
	lab_in client timeout 6 tcpdump -i eth0 -nn -l --immediate-mode arp and ether src 02:00:00:00:09:02 \
		>"$LAB_DIR/log/woken" 2>/dev/null 3>&- &
	sleep 1
	lab_ip gate2 neigh flush dev eth0
	watch gate2
	sleep 5.5
	[[ $(grep -c "who-has ${VIP[0]}" "$LAB_DIR/log/asked") == 3 ]]
	run ! grep "who-has ${VIP[0]}" "$LAB_DIR/log/woken"
}

@test "a link that is down is not asked: the address waits" {
	lab_ip fabric link set gate1 down
	run -0 announce gate1 --xdp off --announce
	[[ $output == *"${VIP[0]} is not announced: the link of eth0 is down"* ]]
	is_state gate1 "${VIP[0]}" "eth0 waiting None"
	lab_ip fabric link set gate1 up
	within 3 lab_in gate1 ping -c 1 -W 1 "${SERVER[0]}"
	lab_svcroute gate1 -q announce
	is_state gate1 "${VIP[0]}" "eth0 held None"
}

# moved_to MAC: gate1's device has another link address.
moved_to() {
	lab_ip gate1 link set eth0 address "$1"
	lab_ip gate1 -6 addr replace fd00:9::1/64 dev eth0 nodad
}

@test "with another link address announced addresses are told of anew" {
	announce gate1 -q --xdp off --announce
	calls
	moved_to 02:00:00:00:09:99
	lab_svcroute gate1 -q announce
	within 2 is_known_at "${VIP[0]}" 02:00:00:00:09:99
	calls
	resolves "${VIP[1]}" 02:00:00:00:09:99
	watch gate1
	calls
	moved_to 02:00:00:00:09:01
	within 3 is_known_at "${VIP[0]}" 02:00:00:00:09:01
	within 3 is_known_at "${VIP[1]}" 02:00:00:00:09:01
	calls
	within 3 grep -q "${VIP[0]} *eth0 *held, new" "$LAB_DIR/log/gate1"
}

@test "without an address of this host's there is nothing to announce; a watch sees one come" {
	lab_ip gate1 addr del fd00:9::1/64 dev eth0
	run -0 announce gate1 --xdp off --announce
	[[ $output == *"${VIP[1]} is not announced: this host has no IPv6 address to send from"* ]]
	is_state gate1 "${VIP[0]}" "eth0 held None"
	is_state gate1 "${VIP[1]}" "eth0 no-node-address None"
	lab_svcroute gate1 status | grep -q "${VIP[1]} *eth0 *not announced: this host has no IPv6 address"
	unresolved "${VIP[1]}"
	watch gate1
	sleep 0.5
	lab_ip gate1 addr add fd00:9::1/64 dev eth0 nodad
	within 12 is_state gate1 "${VIP[1]}" "eth0 held None"
	calls
	lab_ip gate1 addr del fd00:9::1/64 dev eth0
	within 3 is_state gate1 "${VIP[1]}" "eth0 no-node-address None"
	lab_ip gate1 addr add fd00:9::1/64 dev eth0 nodad
}

@test "changes are told in JSON as they come, an object a line" {
	announce gate1 -q --xdp off --announce
	watch gate1 -j
	within 3 grep -q '"state":"held"' "$LAB_DIR/log/gate1"
	lab_ip fabric link set gate1 down
	within 3 grep -q '"state":"waiting"' "$LAB_DIR/log/gate1"
	"$LAB_PYTHON" -c 'import json, sys; print([json.loads(line)["announced"] for line in sys.stdin])' <"$LAB_DIR/log/gate1"
}

@test "what is removed is withdrawn, and what is added announced" {
	announce gate1 -q --xdp off --announce
	lab_svcroute gate1 map add 10.9.0.101:90 "${SERVER[0]}:80" --external
	resolves 10.9.0.101 02:00:00:00:09:01
	lab_svcroute gate1 map add 10.9.0.101:91 "${SERVER[0]}:80" --external
	lab_svcroute gate1 map del 10.9.0.101:90
	resolves 10.9.0.101 02:00:00:00:09:01
	lab_svcroute gate1 map del 10.9.0.101:91
	unresolved 10.9.0.101
	[[ -z $(state gate1 10.9.0.101) ]]
	[[ $(groups gate1) == 1 ]]
	announce gate1 -q --announce=
	unresolved "${VIP[0]}"
	unresolved "${VIP[1]}"
	[[ $(groups gate1) == 0 ]]
}

@test "unload leaves no group behind" {
	announce gate1 -q --xdp off --announce
	[[ $(groups gate1) == 1 ]]
	lab_svcroute gate1 -q unload
	[[ $(groups gate1) == 0 ]]
	unresolved "${VIP[0]}"
}

@test "ClusterIPs, pods' addresses and the host's own are not announced" {
	announce gate1 -q --xdp off --announce
	lab_svcroute gate1 -q map add 10.9.0.102:90 "${SERVER[0]}:80"
	lab_svcroute gate1 -q map add "${SERVER[0]}:90" "${SERVER[0]}:80" --external
	lab_svcroute gate1 -q map add 10.9.0.1:90 "${SERVER[0]}:80" --external
	unresolved 10.9.0.102
	[[ -z $(state gate1 10.9.0.102)$(state gate1 "${SERVER[0]}")$(state gate1 10.9.0.1)$(state gate1 10.0.0.7) ]]
	resolves "${SERVER[0]}" 02:00:00:00:09:20
	resolves 10.9.0.1 02:00:00:00:09:01
}

@test "addresses that can be no host's are not announced, or not taken at all" {
	local address

	announce gate1 -q --xdp off --announce --route-proto 77
	for address in 10.9.0.0 10.9.0.255; do
		run -0 lab_svcroute gate1 map add "$address:90" "${SERVER[0]}:80" --external
		[[ $output == *"warning: $address is not announced: it is link-local, or a network's own or broadcast address"* ]]
		is_state gate1 "$address" $'None no-host None\neth0 no-host None'
		[[ -z $(lab_ip gate1 route show proto 77 "$address") ]]
		lab_svcroute gate1 status | grep -q "$address *eth0 *not announced: it is link-local"
		lab_svcroute gate1 -q map del "$address:90"
	done
	run -0 lab_svcroute gate1 map add "[fd00:9::]:90" "[${SERVER[1]}]:80" --external
	[[ $output == *"warning: fd00:9:: is not announced"* ]]
	run -2 lab_svcroute gate1 map add 255.255.255.255:90 "${SERVER[0]}:80" --external
	[[ $output == *"the broadcast address cannot be served"* ]]
	run -2 lab_svcroute gate1 map add "[fe80::7]:90" "[${SERVER[1]}]:80"
	[[ $output == *"a link-local address cannot be served"* ]]
	run -2 lab_svcroute gate1 map add 169.254.7.7:90 "${SERVER[0]}:80" --external
	[[ $output == *"--external: nobody beyond a link can call a link-local address"* ]]
	lab_svcroute gate1 -q map add 169.254.20.10:53/udp "${SERVER[0]}:80"
	is_state gate1 "${VIP[0]}" $'None routed None\neth0 held None'
}

@test "--dry-run asks nobody and says what would be asked for" {
	local before

	announce gate1 -q --xdp off
	before=$SECONDS
	run -0 announce gate1 --dry-run --announce
	((SECONDS - before < 3))
	grep -q "${VIP[0]} *eth0 *to be asked for" <<<"$output"
	[[ -z $(state gate1 "${VIP[0]}") ]]
}

@test "a second load keeps what is held, and asks for nothing" {
	local before

	announce gate1 -q --xdp off --announce
	before=$SECONDS
	run -0 announce gate1
	# The link is told twice; to ask it first takes 4 s more.
	((SECONDS - before < 6))
	grep -q "${VIP[0]} *eth0 *held" <<<"$output"
}

@test "devices that cannot announce are refused" {
	run -1 announce gate1 --announce=eth9
	[[ $output == "svcroute: --announce=eth9: that is none of the uplinks (--uplink)" ]]
	announce gate1 -q --xdp off
	run -1 lab_svcroute gate1 announce
	[[ $output == "svcroute: nothing is announced: 'svcroute load --announce' begins it" ]]
}
