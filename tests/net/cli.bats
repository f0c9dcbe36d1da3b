#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The command line on a node: what it changes, what it prints, what it refuses.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-cli
}

setup_file() {
	setup
	net_start node1
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off
}

teardown_file() {
	setup
	lab_stop
}

sr() {
	lab_svcroute node1 "$@"
}

# row FRONTEND...: its lines of `map list`, spaces squeezed.
row() {
	sr map list | tr -s ' ' | grep -F "$1 " || true
}

# refused STATUS COMMAND...: it says why in one line, and changes nothing.
refused() {
	local before

	before=$(everything)
	run -"$1" sr "${@:2}"
	((${#lines[@]} == 1)) || fail "${*:2}: ${#lines[@]} lines: $output"
	[[ $(everything) == "$before" ]] || fail "${*:2}: changed something"
}

everything() {
	sr map list -o yaml
	lab_in node1 bpftool net list
	bpftool cgroup tree "$LAB_CGROUP"
	find /sys/fs/bpf -path "*$LAB*"
}

# --- map ------------------------------------------------------------------------

@test "map add: adds, twice the same changes nothing, more backends join" {
	sr map add 10.0.1.1:80 "${WEB1[0]}:80"
	[[ $(curl_from web-2 http://10.0.1.1/) == "web-1 ${WEB2[0]}" ]]
	local once
	once=$(sr map list)
	sr map add 10.0.1.1:80 "${WEB1[0]}:80"
	[[ $(sr map list) == "$once" ]]
	sr map add 10.0.1.1:80/tcp "${WEB3[0]}:80"
	[[ $(row 10.0.1.1:80 | wc -l) -eq 2 || $(row 10.0.1.1:80/tcp | wc -l) -eq 2 ]]
	sr map del 10.0.1.1:80
	run curl_from web-2 --connect-timeout 0.5 http://10.0.1.1/
	((status != 0))
}

@test "map add: IPv6, UDP, --external" {
	sr map add '[fd00:10::99]:90/udp' "[${WEB1[1]}]:80" --external
	expect_udp web-2 fd00:10::99 web-1 "${WEB2[1]}"
	sr map list | grep -F '[fd00:10::99]:90/udp' | grep -qw ExternalIP
	sr map del '[fd00:10::99]:90/udp'
}

@test "map add --pass: left to the host, until it has backends" {
	sr map add 10.0.1.8:80 --pass
	sr map list | grep -F '10.0.1.8:80' | grep -qw pass
	run curl_from web-2 --connect-timeout 0.5 http://10.0.1.8/
	((status == 28 || status == 7))
	sr map list -o yaml | sr load -q -f - --dry-run >/dev/null
	sr map add 10.0.1.8:80 "${WEB1[0]}:80"
	[[ $(curl_from web-2 http://10.0.1.8/) == "web-1 ${WEB2[0]}" ]]
	sr map add 10.0.1.8:80 --pass
	run curl_from web-2 --connect-timeout 0.5 http://10.0.1.8/
	((status != 0))
	sr map del 10.0.1.8:80
	refused 2 map add 10.0.1.8:80
	refused 2 map add 10.0.1.8:80 "${WEB1[0]}:80" --pass
}

@test "map replace: sets the whole list" {
	sr map replace 10.0.1.2:80 "${WEB1[0]}:80" "${WEB2[0]}:80"
	sr map replace 10.0.1.2:80 "${WEB3[0]}:80"
	for _ in {1..10}; do
		[[ $(curl_from web-2 http://10.0.1.2/) == "web-3 ${WEB2[0]}" ]]
	done
	sr map del 10.0.1.2:80
}

@test "map del: one backend, then all" {
	sr map add 10.0.1.3:80 "${WEB1[0]}:80" "${WEB3[0]}:80"
	sr map del 10.0.1.3:80 "${WEB1[0]}:80"
	for _ in {1..10}; do
		[[ $(curl_from web-2 http://10.0.1.3/) == "web-3 ${WEB2[0]}" ]]
	done
	sr map del 10.0.1.3:80
	[[ -z $(row 10.0.1.3:80) ]]
}

@test "map get: that frontend, no other" {
	sr map add 10.0.1.4:80 "${WEB1[0]}:80"
	run -0 sr map get 10.0.1.4:80
	[[ $output == *"${WEB1[0]}:80"* && $output != *"${WEB3[0]}"* ]]
	sr map del 10.0.1.4:80
	refused 1 map get 10.0.1.4:80
}

@test "weights: shares follow them, 0 drains" {
	sr map add 10.0.1.5:90 "${WEB1[0]}:80,weight=3" "${WEB2[0]}:80,weight=1" "${WEB3[0]}:80,weight=0"
	local answers
	answers=$(curl_from web-2 'http://10.0.1.5:90/?[1-200]')
	(($(grep -c '^web-1' <<<"$answers") > 115))
	(($(grep -c '^web-2' <<<"$answers") > 20))
	[[ $answers != *web-3* ]]
	sr map del 10.0.1.5:90
}

@test "map list: the columns, and the origin of each" {
	run -0 sr map list
	[[ $(tr -s ' ' <<<"${lines[0]}") == "FRONTEND KIND SERVICE BACKEND WEIGHT STATE CONNS "*ORIGIN ]]
	[[ $output == *services.yaml* ]]
	sr map list -o json | "$LAB_PYTHON" -m json.tool >/dev/null
	sr -j map list | "$LAB_PYTHON" -m json.tool >/dev/null
}

@test "map list -o hosts: addresses and names, as hosts files have them" {
	run -0 sr map list -o hosts
	grep -qxE '10\.0\.0\.11[[:space:]]+near\.shop\.svc\.cluster\.local( .*)?' <<<"$output"
	grep -qxE 'fd00:10::12[[:space:]]+far\.shop\.svc\.cluster\.local( .*)?' <<<"$output"
}

@test "map list -o yaml | load -f -: restores everything" {
	sr map add 10.0.1.6:90/udp "${WEB3[0]}:80,weight=5" --external
	sr map list -o yaml >"$LAB_DIR/saved.yaml"
	sr -q unload
	lab_load node1 -q -f - --uplink eth0 --pods 'azv*' --xdp off <"$LAB_DIR/saved.yaml"
	sr map list -o yaml | diff "$LAB_DIR/saved.yaml" -
	sr map list | grep -F 10.0.1.6:90/udp | grep -q 'map add'
	expect_udp web-2 10.0.1.6 web-3 "${WEB2[0]}"
	sr -q unload
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off
}

@test "a frontend that a manifest owns is refused, naming the manifest" {
	refused 1 map add "${NEAR[0]}:90" "${WEB3[0]}:80"
	[[ $output == *services.yaml* ]]
	refused 1 map del "${NEAR[0]}:90"
	refused 1 map replace "${NEAR[0]}:90" "${WEB3[0]}:80"
}

# --- load -----------------------------------------------------------------------

@test "load again: nothing new, nothing attached anew" {
	local before
	before=$(everything)
	lab_load node1 -q -f "$LAB_DIR/services.yaml"
	[[ $(everything) == "$before" ]]
}

@test "load: settings given once are kept" {
	sr load -f "$LAB_DIR/services.yaml"
	run -0 sr status
	[[ $output == *eth0* && $output == *'azv*'* ]]
	expect_both web-2 NEAR web-1 WEB2
	expect_both node1 FAR web-3 NODE1
}

@test "load: what is gone from the manifests is removed, with a '-' line; map add's stays" {
	sr map add 10.0.1.7:80 "${WEB1[0]}:80"
	service near 11 30 >"$LAB_DIR/near.yaml"
	run -0 sr load -f "$LAB_DIR/near.yaml"
	grep -qE '^- .*far' <<<"$output"
	expect_silence web-2 "${FAR[0]}"
	[[ $(curl_from web-2 http://10.0.1.7/) == "web-1 ${WEB2[0]}" ]]
	sr map del 10.0.1.7:80
	sr -q load -f "$LAB_DIR/services.yaml"
}

@test "load --dry-run: says the same and touches nothing" {
	local before dry
	service near 11 30 31 >"$LAB_DIR/near.yaml"
	before=$(everything)
	dry=$(sr load --dry-run -f "$LAB_DIR/near.yaml" | grep '^- ')
	[[ $(everything) == "$before" ]]
	[[ $(sr load -f "$LAB_DIR/near.yaml" | grep '^- ') == "$dry" ]]
	sr -q load -f "$LAB_DIR/services.yaml"
}

@test "load --dry-run where nothing is loaded touches nothing" {
	sr -q unload
	run -0 lab_load node1 --dry-run -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off
	[[ $output == *far* && $output == *eth0* ]]
	[[ ! -e /sys/fs/bpf/svcroute/$LAB-node1 ]]
	[[ $(lab_in node1 bpftool net list) != *sr_* ]]
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp off
}

@test "load: addresses are allocated, and stay over reload, unload and order" {
	local first
	for name in a b; do
		printf 'apiVersion: v1\nkind: Service\nmetadata: {namespace: shop, name: %s}\n' "$name"
		printf 'spec: {ports: [{port: 80}]}\n---\n'
	done >"$LAB_DIR/bare.yaml"
	sr load -f "$LAB_DIR/bare.yaml" --service-cidr 10.0.2.0/24 | grep -qw allocated
	first=$(sr map list -o hosts)
	grep -q '^10\.0\.2\..*a\.shop' <<<"$first"
	sr -q load -f "$LAB_DIR/services.yaml"
	sr -q load -f "$LAB_DIR/bare.yaml"
	[[ $(sr map list -o hosts) == "$first" ]]
	sr -q unload
	lab_load node1 -q -f "$LAB_DIR/bare.yaml" --uplink eth0 --pods 'azv*' --xdp off --service-cidr 10.0.2.0/24
	[[ $(sr map list -o hosts) == "$first" ]]
	sr -q load -f "$LAB_DIR/services.yaml"
}

@test "load names what will stop traffic: ip_forward off" {
	lab_sysctl node1 net.ipv4.ip_forward=0
	run -0 sr load -f "$LAB_DIR/services.yaml"
	lab_sysctl node1 net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	[[ $output == *ip_forward* ]]
}

@test "load names what will stop traffic: a FORWARD policy that drops" {
	lab_in node1 nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'
	run -0 sr load -f "$LAB_DIR/services.yaml"
	lab_in node1 nft 'delete table ip filter'
	[[ $output == *FORWARD* ]]
}

@test "load: what kubectl prints of a real cluster" {
	sr -q load -f "$LAB_ROOT/tests/unit/data/objects.yaml"
	[[ -n $(row 10.109.203.45:90/tcp) && -n $(row '[fd00:10:96::85b]:53/udp') ]]
	sr -q load -f "$LAB_DIR/services.yaml"
}

@test "bad manifests: one line that names file and line, nothing changed" {
	local bad=0 yaml

	while IFS= read -r yaml; do
		printf '%b' "$yaml" >"$LAB_DIR/bad.yaml"
		refused 1 load -f "$LAB_DIR/bad.yaml"
		[[ $output =~ bad\.yaml:[0-9]+: ]] || fail "$yaml: $output"
		bad=$((bad + 1))
	done <<'BAD'
kind: [\n
a: b: c\n
\tkind: Service\n
kind: Service\napiVersion: v1\nmetadata: {name: a}\nspec: {clusterIP: 10.0.3.1, ports: [{port: 70000}]}\n
kind: Service\napiVersion: v1\nmetadata: {name: a}\nspec: {clusterIP: 10.0.3.1, ports: [{port: "x"}]}\n
kind: Service\napiVersion: v1\nmetadata: {name: a}\nspec: {clusterIP: 10.0.3, ports: [{port: 80}]}\n
kind: Service\napiVersion: v1\nmetadata: {name: a}\nspec: {clusterIP: 10.0.3.1, ports: [{port: 80, protocol: ICMP}]}\n
kind: Service\napiVersion: v1\nmetadata: {name: a}\nspec: {clusterIP: 10.0.3.1, ports: 80}\n
kind: Service\napiVersion: v1\nmetadata: {name: 7}\nspec: {clusterIP: 10.0.3.1, ports: [{port: 80}]}\n
kind: Service\napiVersion: v1\nspec: {clusterIP: 10.0.3.1, ports: [{port: 80}]}\n
kind: Service\napiVersion: v1\nmetadata: {name: a}\nspec: {clusterIP: 10.0.3.1, externalIPs: [1.2.3.4.5], ports: [{port: 80}]}\n
kind: EndpointSlice\napiVersion: discovery.k8s.io/v1\nmetadata: {name: a, labels: {kubernetes.io/service-name: near}}\naddressType: IPv4\nendpoints: [{addresses: [nonsense]}]\nports: [{port: 80}]\n
{"kind": "Service", "apiVersion": "v1",\n
BAD
	((bad == 13))
	refused 1 load -f "$LAB_DIR/none.yaml"
	: >"$LAB_DIR/empty.yaml"
	refused 1 load -f "$LAB_DIR/empty.yaml"
	refused 1 load -f /dev/null
	echo 'kind: Servce' >"$LAB_DIR/typo.yaml"
	refused 1 load -f "$LAB_DIR/typo.yaml"
}

@test "bad command lines: one line, status 2, nothing changed" {
	refused 2 load --announce eth0
	[[ $output == "svcroute: load: 'eth0' is one argument too many; as a value it is written --announce=eth0" ]]
	refused 2 load --route-proto 42
	[[ $output == *"'42' is no free protocol number of routes (19..41, 43..98, 100..185, 193..255)" ]]
	refused 1 conn list --service web
	[[ $output == *'there is no service web (NAMESPACE/NAME, or VIP:PORT/PROTO)' ]]
	refused 2 nonsense
	refused 2 --nonsense load
	refused 2 load --nonsense
	refused 2 load --xdp sideways
	refused 2 load --forward fast
	[[ $output == *"'fast' is not stack or direct"* ]]
	refused 2 load --service-cidr 10.0.0.0/33
	refused 2 load --subnet services
	refused 2 load --subnet services=10.240.16.0/x
	refused 2 load --subnet service-cidr=10.240.16.0/24
	refused 2 load --cluster-cidr banana
	refused 2 load --snat-ports 5-1
	refused 2 load --syn-limit few
	[[ $output == *"'few' is not a number of flows a second (1..100000000), or off" ]]
	refused 2 load --syn-limit 0
	refused 2 load stray
	refused 2 load --pods none --pods 'veth*'
	refused 2 load --uplink eth0 --uplink none
	refused 2 map
	refused 2 map nonsense
	refused 2 map add
	refused 2 map add 10.0.1.1:80
	refused 2 map add 10.0.1.1 10.0.1.2:80
	refused 2 map add 10.0.1.1:0 10.0.1.2:80
	refused 2 map add 10.0.1.1:80000 10.0.1.2:80
	refused 2 map add 10.0.1.1:80/icmp 10.0.1.2:80
	refused 2 map add 10.0.1.1:80 10.0.1.2:80,weight=-1
	refused 2 map add 10.0.1.1:80 10.0.1.2:80,colour=red
	refused 2 map add 10.0.1.1:80 '[fd00::1]:80'
	refused 2 map add fd00::1:80 '[fd00::1]:80'
	refused 2 map add 0.0.0.0:80 10.0.1.2:80
	refused 2 map add 10.0.1.1:80 127.0.0.1:80
	refused 2 map list -o nonsense
	refused 2 map del
	refused 2 status stray
	refused 2 --instance ../x status
}

@test "what cannot be done: one line, status 1, nothing changed" {
	refused 1 load --uplink nosuch0
	refused 1 load --cgroup /nosuch
	refused 1 --instance nosuch map list
	refused 1 --instance nosuch status
	refused 1 map del 10.0.1.99:80
}

@test "without privileges: one line says which" {
	cp "$SVCROUTE" "$LAB_DIR/svcroute"
	run lab_in node1 setpriv --reuid 65534 --regid 65534 --clear-groups "$LAB_DIR/svcroute" load
	((status == 1 && ${#lines[@]} == 1))
	[[ $output =~ CAP_|root|sudo ]]
}

@test "help and version" {
	run -0 sr help
	run -0 sr --help
	for command in load unload status 'map add' 'map replace' 'map del' 'map get' 'map list' version; do
		# shellcheck disable=SC2086 # two words
		run -0 sr $command --help
		[[ -n $output ]]
	done
	run -0 sr version
	[[ $output == *svcroute*libbpf* ]]
}

@test "status: attachments, counts, drops, settings; JSON" {
	run -0 sr status
	[[ $output == *eth0* && $output == *sr_from_wire* ]]
	sr status -o json | "$LAB_PYTHON" -m json.tool >/dev/null
}
