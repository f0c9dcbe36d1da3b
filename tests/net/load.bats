#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `svcroute load` as a transaction: what it keeps, what it reports, what is left
# when it fails or meets another. No traffic: one node with one pod.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-load
}

setup_file() {
	setup
	lab_start
	lab_machine node1 10.240.0.4/20 fd00:240::4
	lab_pod node1 web-1 "${WEB1[@]}"
	service near 11 30 >"$LAB_DIR/near.yaml"
	lab_load node1 -q
}

teardown_file() {
	setup
	lab_stop
}

sr() {
	lab_svcroute node1 "$@"
}

# json PATH COMMAND...: what its JSON has there, as Python writes it.
json() {
	sr -j "${@:2}" | "$LAB_PYTHON" -c "import json, sys; print(json.load(sys.stdin)$1)"
}

settings() {
	json '["settings"]' status
}

# other COMMAND...: by an instance of its own, which is not there yet.
other() {
	lab_in node1 env SVCROUTE_STATE_DIR="$LAB_DIR/state/other" "$SVCROUTE" --instance "$LAB-other" "$@"
}

@test "without options: the uplink by its route, the pods by their veths" {
	run -0 sr status
	[[ $output == *"eth0 "*sr_from_wire* && $output == *"$(lab_veth web-1) "*sr_from_pod* ]]
	[[ $output != *"lo "* ]]
}

@test "an option given again replaces what was kept, '' makes it unset" {
	sr -q load --node n1 --pods 'azv*' --pods 'x*' --service-cidr 10.9.0.0/16 --xdp off
	sr -q load --pods 'y*'
	[[ $(json '["settings"]["pods"]' status) == "['y*']" ]]
	[[ $(json '["settings"]["node"]' status) == n1 ]]
	sr -q load --node '' --pods '' --service-cidr '' --xdp ''
	[[ $(settings) == "{'cgroup': '$LAB_CGROUP/node1'}" ]]
}

@test "what counts for manifests only, given without one, is said to wait" {
	run -0 sr load --node n1 --zone a
	[[ $output == *"note: --node is kept, and counts from the next manifests on"* ]]
	[[ $output == *"note: --zone is kept, "* && $output != *"--subnet is kept"* ]]
	run -0 sr load --dry-run --node n1 -f - <<-'YAML'
		{"kind": "Node", "apiVersion": "v1", "metadata": {"name": "other"}}
	YAML
	[[ $output != *"is kept, and counts"* ]]
	[[ $output == *"note: no Node 'n1' is among those there are (other): "* ]]
	sr -q load --node '' --zone ''
}

@test "--pods none, --uplink none: detached, and said so" {
	run -0 sr load --pods none --uplink none
	[[ $output == *"sr_from_pod "*gone* && $output == *"sr_from_wire "*gone* ]]
	run -0 sr load --pods '' --uplink ''
	[[ $output == *"sr_from_pod "*new* && $output == *"sr_from_wire "*new* ]]
}

@test "a pattern that no device matches is a note" {
	run -0 sr load --pods 'nothing*'
	[[ $output == *"note: --pods 'nothing*'"* ]]
	sr -q load --pods ''
}

@test "a first load that fails leaves nothing behind" {
	sr -q load --xdp native
	run -1 other load -f "$LAB_DIR/near.yaml" --cgroup none --xdp native
	[[ $output == *"eth0: "*sr_xdp_uplink* ]]
	[[ ! -e /sys/fs/bpf/svcroute/$LAB-other ]]
	[[ $(json '["attachments"][0]["mode"]' status) == native ]]
	sr -q load --xdp ''
}

# everything: what is programmed, attached and kept, without programs' ids and counters.
everything() {
	sr map list -o yaml
	sr status | sed -n '/^attached/,/^in use/p; /^settings/,$p'
}

@test "a load that fails halfway gives back services, programs and their modes" {
	service far 12 32 >"$LAB_DIR/far.yaml"
	lab_ip node1 link add br-test type bridge
	sr -q load -f "$LAB_DIR/far.yaml" --uplink eth0 --xdp generic
	everything >"$LAB_DIR/before"
	run -1 sr load -f "$LAB_DIR/near.yaml" --uplink eth0 --uplink br-test --xdp native --sockets off --terminate
	[[ $output == "svcroute: br-test: the driver has no native XDP" ]]
	everything | diff "$LAB_DIR/before" -
	grep -q 'sr_xdp_uplink *generic' "$LAB_DIR/before"
	grep -q 'name: far' "$LAB_DIR/before"
	lab_ip node1 link del br-test
	sr -q load --uplink '' --xdp '' -f - <<<'{"apiVersion": "v1", "kind": "List", "items": []}'
}

@test "loads at the same time: each does its part, none undoes another's" {
	local i pids=()
	for i in 1 2 3 4; do
		printf 'apiVersion: v1\nkind: Service\nmetadata: {namespace: shop, name: s%s}\nspec: {ports: [{port: 80}]}\n' "$i" \
			>"$LAB_DIR/s$i.yaml"
		other load -q -f "$LAB_DIR/s$i.yaml" --cgroup none --uplink none --pods none --service-cidr 10.9.0.0/30 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	[[ $(other map list | wc -l) -eq 2 ]]
	[[ $(grep -c '"address"' "$LAB_DIR/state/other/$LAB-other.leases.json") -eq 1 ]]
	other -q unload
}

@test "more networks of pods, or of ClusterIPs, than can be kept: refused, by --dry-run too" {
	local before options=() i
	for i in {1..9}; do
		options+=(--cluster-cidr "10.$i.0.0/16")
	done
	before=$(settings)
	run -1 sr load --dry-run "${options[@]}"
	run -1 sr load "${options[@]}"
	[[ $output == *--cluster-cidr*9* && $(settings) == "$before" ]]
	run -1 sr load --dry-run "${options[@]/cluster/service}"
	[[ $output == *--service-cidr*9* ]]
}

@test "leases that cannot be read are named, and nothing is changed" {
	local before
	before=$(sr map list)
	echo nonsense >"$LAB_DIR/state/node1/$LAB-node1.leases.json"
	run -1 sr load -f "$LAB_DIR/near.yaml"
	rm "$LAB_DIR/state/node1/$LAB-node1.leases.json"
	[[ $output == *"$LAB-node1.leases.json:1: "* ]]
	[[ $(sr map list) == "$before" ]]
}

@test "a frontend that map add made stops a manifest that wants it, naming both" {
	sr map add 10.0.0.11:90 10.240.0.30:80
	run -1 sr load -f "$LAB_DIR/near.yaml"
	[[ $output == *10.0.0.11:90/tcp*"map add"*near.yaml* ]]
	[[ $(sr map list | wc -l) -eq 2 ]]
	sr map del 10.0.0.11:90
}

@test "map add keeps a weight that is not given anew, and a scope" {
	sr map add 10.9.1.1:80 10.240.0.30:80,weight=5 --external
	sr map add 10.9.1.1:80 10.240.0.30:80 10.240.0.31:80
	[[ $(sr map get 10.9.1.1:80 | awk '{ print $2, $5 }' | xargs) == 'KIND WEIGHT ExternalIP 5 ExternalIP 1' ]]
	sr map add 10.9.1.1:80 10.240.0.30:80,weight=0 --external=no
	[[ $(sr map get 10.9.1.1:80 | awk '{ print $2, $6 }' | xargs) == 'KIND STATE ClusterIP draining ClusterIP ready' ]]
	sr map del 10.9.1.1:80 10.240.0.30:80 10.240.0.31:80
	[[ $(sr map get 10.9.1.1:80 | awk 'NR == 2 { print $4 }') == - ]]
	run -1 sr map del 10.9.1.1:80 10.240.0.30:80
	sr map del 10.9.1.1:80
}

@test "load -o json: services with what changed, attachments, notes" {
	sr -j load -f "$LAB_DIR/near.yaml" --dry-run >"$LAB_DIR/report"
	"$LAB_PYTHON" - "$LAB_DIR/report" <<-'PYTHON'
		import json, sys
		report = json.load(open(sys.argv[1]))
		assert report["dry_run"] is True
		assert {s["change"] for s in report["services"]} == {"add"}
		near = [s for s in report["services"] if s["port"] == "http" and s["family"] == 6][0]
		assert (near["namespace"], near["name"], near["protocol"]) == ("shop", "near", "tcp")
		assert {f["address"]: f["scope"] for f in near["frontends"]} == {
		    "[fd00:10::11]:90": "cluster", "[fd00:240:0:10::11]:90": "external"}
		assert near["endpoints"][0]["ip"] == "fd00:240::30"
		assert {a["state"] for a in report["attachments"]} == {"kept"}
		assert isinstance(report["notes"], list) and isinstance(report["warnings"], list)
	PYTHON
}

@test "many services that stay as they are are counted, -v shows them" {
	local i
	for i in {1..120}; do
		printf -- '---\napiVersion: v1\nkind: Service\nmetadata: {namespace: many, name: s%s}\n' "$i"
		printf 'spec: {clusterIP: 10.8.0.%s, ports: [{port: 80}]}\n' "$i"
	done >"$LAB_DIR/many.yaml"
	[[ $(sr load -f "$LAB_DIR/many.yaml" | grep -c '^+ .*many/s') -eq 120 ]]
	run -0 sr load -f "$LAB_DIR/many.yaml"
	[[ $output == *'120 services unchanged'* && $output != *many/s* ]]
	[[ $(sr load -v -f "$LAB_DIR/many.yaml" | grep -c many/s) -eq 120 ]]
}

@test "what cannot be printed is a failure" {
	run -1 bash -c "'$LAB_DIR/bin/node1/svcroute' version >/dev/full"
	[[ $output == *'standard output'* ]]
}

@test "the manual knows every command and option" {
	local word
	while read -r word; do
		grep -qF -- "$word" "$LAB_ROOT/user/svcroute.8" || fail "$word"
	done < <(
		sr help | awk '/^  [a-z]/ { sub(/  [A-Z].*/, ""); print ".It Cm" $0 }' | tr -s ' '
		for word in load 'map add'; do
			# shellcheck disable=SC2086 # two words
			sr $word --help | grep -oE -- '--[a-z-]+' | sed "s/^--/Fl Fl /; /svcroute/d"
		done | sort -u
	)
}

# examples: those of the manual, a command a line, without what they are piped to or written into.
examples() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$LAB_ROOT/user/svcroute.8" |
		sed -n '/^\.Bd/,/^\.Ed/{/^\./d; s/\\e$/\\/; p}' |
		sed -e ':a' -e '/\\$/{N; s/\\\n//; ba' -e '}' |
		sed -n 's/^ *svcroute //; t cut; d; :cut; s/ [|>].*//; s/ |$//; p'
}

@test "the manual has an example of every command, and none that the command line refuses" {
	local command example
	local -a words

	while read -r command; do
		examples | grep -qE -- "^$command( |$)" || fail "no example of $command"
	done < <(sr help | awk '/^  [a-z]/ { sub(/  [A-Z].*/, ""); print }' | tr -s ' ')
	# No file is there, and no instance: what is right fails by that, and what is wrong before it.
	cd "$BATS_TEST_TMPDIR"
	while read -r example; do
		eval "words=($example)"
		[[ $example == load* && $example != *' -f '* ]] && words+=(--dry-run)
		SVCROUTE_CONFIG_DIR=$BATS_TEST_TMPDIR run other "${words[@]}" --instance "$LAB-none" </dev/null
		((status < 2)) || fail "svcroute $example: $output"
	done < <(examples)
}

@test "an instance of another network namespace is not ours to look at or change, but to remove" {
	lab_machine other 10.240.0.9/20 fd00:240::9
	for command in status 'map list' 'map add 10.0.0.9:90 10.1.0.9:80' load 'conn list' announce; do
		# shellcheck disable=SC2086 # words
		run -1 lab_in other "$LAB_DIR/bin/node1/svcroute" $command
		[[ $output == "svcroute: instance '$LAB-node1' serves another network namespace: run this there (nsenter --net=), or name another --instance; 'svcroute unload' removes it from anywhere" ]] || fail "$command: $output"
	done
	sr status >/dev/null
	run -0 lab_in other "$LAB_DIR/bin/node1/svcroute" unload
	[[ ${lines[0]} == "svcroute: warning: instance '$LAB-node1' served another network namespace: its clsact filters and routes stay there" ]]
	run -1 sr status
	lab_load node1 -q
	sr status >/dev/null
}

# layout_is N: as another version of svcroute would have left it.
layout_is() {
	local pin=/sys/fs/bpf/svcroute/$LAB-node1/maps/sr_instance value

	read -ra value < <(bpftool -j map dump pinned "$pin" | jq -r '.[0].value | map(ltrimstr("0x")) | join(" ")')
	bpftool map update pinned "$pin" key hex 00 00 00 00 value hex "$(printf %02x "$1")" "${value[@]:1}"
}

@test "another version's maps: refused, nothing touched; --recreate makes them anew" {
	local before

	sr map add 10.0.0.77:90 10.1.0.9:80
	before=$(sr -j version | jq .map_layout)
	layout_is 99
	for command in load status 'map list' 'map add 10.0.0.78:90 10.1.0.9:80'; do
		# shellcheck disable=SC2086 # words
		run -1 sr $command
		[[ $output == "svcroute: instance '$LAB-node1' was loaded by another version of svcroute (map layout 99, this one has $before); 'svcroute load --recreate' replaces it, without its connections" ]] || fail "$command: $output"
	done
	run -2 sr load --recreate --confirm 5
	run -0 lab_load node1 --recreate --dry-run
	[[ $output == *"note: another version's instance is removed first, with its connections"* ]]
	run -1 sr status
	layout_is "$before"
	[[ $(sr map list) == *10.0.0.77* ]]
	run -0 lab_load node1 --recreate
	[[ $(sr map list) == *10.0.0.77* ]]
	layout_is 99
	run -0 lab_load node1 --recreate
	[[ $output == *"note: another version's instance is removed first, with its connections"* ]]
	[[ $(sr map list) != *10.0.0.77* ]]
}
