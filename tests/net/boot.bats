#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What survives a boot: manifests in services.d, frontends that were saved, and
# the unit that loads both. A boot is unload here, and the unit's own commands.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-boot
	etc=$LAB_DIR/etc/node1
	saved=$etc/map.d/$LAB-node1
}

setup_file() {
	setup
	lab_start
	lab_machine node1 10.240.0.4/20 fd00:240::4
	lab_machine client 10.240.32.10/24 fd00:240:0:20::10
	lab_pod node1 web-1 "${WEB1[@]}"
	lab_route node1 10.240.16.0/24
	lab_serve web-1 80
	make -s -C "$LAB_ROOT" install DESTDIR="$LAB_DIR/root" PREFIX=/usr
	lab_load node1 -q
}

teardown_file() {
	setup
	lab_stop
}

sr() {
	lab_svcroute node1 "$@"
}

# unit_file UNIT: as it was installed.
unit_file() {
	echo "$LAB_DIR/root/usr/lib/systemd/system/$1.service"
}

# unit_key UNIT SECTION KEY: its values, a line each.
unit_key() {
	awk -v section="[$2]" -v key="$3=" '/^\[/ { within = $0 == section }
		within && index($0, key) == 1 { print substr($0, length(key) + 1) }' "$(unit_file "$1")"
}

# unit_words UNIT KEY: what systemd would run by that key, a word a line (systemd.exec(5), systemd.service(5)):
# variables are those of the unit's EnvironmentFile, which may be missing, and are split at blanks.
unit_words() {
	"$LAB_PYTHON" - "$(unit_key "$1" Service EnvironmentFile)" "$(unit_key "$1" Service "$2")" "$etc" <<-'PY'
		import os, shlex, sys
		file, command, etc = sys.argv[1:]
		path = file.removeprefix('-').replace('/etc/svcroute', etc)
		variables = {}
		if file and (os.path.exists(path) or file[0] != '-'):
		    for line in open(path):
		        name, _, value = line.strip().partition('=')
		        variables[name] = ' '.join(shlex.split(value))
		for word in command.split():
		    print(*(variables.get(word[1:], '').split() if word[0] == '$' else [word]), sep='\n')
	PY
}

# unit_runs UNIT KEY [ARGUMENT...]: run that in node1, with arguments of the test's own.
unit_runs() {
	local -a words

	mapfile -t words < <(unit_words "$1" "$2" | grep .)
	[[ ${words[0]} == /usr/sbin/svcroute ]]
	sr "${words[@]:1}" "${@:3}"
}

# reboot: the instance is gone, and comes back by the unit's ExecStart.
reboot() {
	unit_runs svcroute ExecStop -q
	unit_runs svcroute ExecStart -q --cgroup "$LAB_CGROUP/node1"
}

# is_told STATE: of the saved address; the watch has said so, last.
is_told() {
	[[ $(tail -n 1 "$LAB_DIR/log/node1") == *10.240.16.7*"$1"* ]]
}

@test "the units are what systemd takes for a load at boot" {
	local unit

	[[ $(unit_key svcroute Unit ConditionPathExists) == /etc/svcroute ]]
	[[ $(unit_key svcroute Unit After) == network-online.target ]]
	[[ $(unit_key svcroute Unit Wants) == network-online.target ]]
	# It is active while the programs are loaded, for which there is no process.
	[[ $(unit_key svcroute Service Type) == oneshot ]]
	[[ $(unit_key svcroute Service RemainAfterExit) == yes ]]
	[[ $(unit_key svcroute Service EnvironmentFile) == -/etc/svcroute/options ]]
	[[ $(unit_key svcroute Install WantedBy) == multi-user.target ]]
	[[ $(unit_key svcroute-announce Unit BindsTo) == svcroute.service ]]
	[[ $(unit_key svcroute-announce Unit After) == svcroute.service ]]
	[[ $(unit_key svcroute-announce Install WantedBy) == svcroute.service ]]
	command -v systemd-analyze >/dev/null || skip 'no systemd-analyze'
	mkdir -p "$LAB_DIR/units"
	for unit in svcroute svcroute-announce; do
		sed "s|/usr/sbin/svcroute|$SVCROUTE|" "$(unit_file "$unit")" >"$LAB_DIR/units/$unit.service"
	done
	run -0 systemd-analyze verify --man=no "$LAB_DIR"/units/*.service
	[[ -z $output ]] || fail "$output"
}

@test "map add --save: it is there after a boot, as it was" {
	sr map add 10.240.16.7:90 10.240.0.30:80,weight=3 --external --save
	sr map add '[fd00:10::7]:53/udp' '[fd00:240::30]:80' --save
	sr map add 10.0.0.8:53 --pass --save
	sr map add 10.0.0.9:90 10.240.0.30:80
	sr map list -o yaml >"$LAB_DIR/before"
	reboot
	[[ $(sr map list | grep -c 'map add') == 3 ]]
	sr map del 10.0.0.9:90 2>/dev/null && fail "10.0.0.9:90 was not saved"
	sr map add 10.0.0.9:90 10.240.0.30:80
	sr map list -o yaml | diff "$LAB_DIR/before" -
	sr map del 10.0.0.9:90
	expect_tcp client 10.240.16.7 web-1 10.240.32.10
}

@test "map replace --save, map del --save: so are they" {
	sr map replace 10.240.16.7:90 10.240.0.31:80 10.240.0.30:80 --save
	sr map del 10.240.16.7:90 10.240.0.31:80 --save
	sr map del 10.0.0.8:53 --save
	sr map list -o yaml >"$LAB_DIR/before"
	reboot
	sr map list -o yaml | diff "$LAB_DIR/before" -
	[[ $(ls "$saved") == $'10.240.16.7:90-tcp.yaml\n[fd00:10::7]:53-udp.yaml' ]]
}

@test "map del --save: what is only saved by now goes, too" {
	sr map add 10.0.0.8:53 --pass --save
	sr map del 10.0.0.8:53
	[[ -e "$saved/10.0.0.8:53-tcp.yaml" ]]
	run -1 sr map del 10.0.0.8:53
	sr map del 10.0.0.8:53 --save
	[[ ! -e "$saved/10.0.0.8:53-tcp.yaml" ]]
	run -1 sr map del 10.0.0.8:53 --save
	[[ $output == *"there is no frontend 10.0.0.8:53/tcp" ]]
}

@test "what is saved comes back with load, too, and drives out nothing" {
	service near 11 30 | sr load -q -f -
	run -0 sr map del 10.240.16.7:90
	[[ $output == "svcroute: note: $saved/10.240.16.7:90-tcp.yaml stays as it is, "* ]]
	sr load -q
	sr map get 10.240.16.7:90
	sr map get 10.0.0.11:90
}

@test "services.d and options: the unit's load serves them" {
	mkdir -p "$etc/services.d"
	service near 11 30 >"$etc/services.d/near.yaml"
	echo 'LOAD_OPTIONS="--uplink eth0 --terminate"' >"$etc/options"
	reboot
	sr map get 10.0.0.11:90
	sr map get 10.240.16.7:90
	[[ $(sr status) == *"uplink "*eth0* && $(sr status) == *"terminate "*yes* ]]
	unit_runs svcroute ExecReload -q
	rm -r "$etc/services.d" "$etc/options"
}

@test "a gateway's second unit tells its link when that returns" {
	local -a words
	local pid

	mkdir -p "$etc"
	echo 'LOAD_OPTIONS="--uplink eth0 --announce"' >"$etc/options"
	sr map replace 10.240.16.7:90 10.240.0.30:80 --external --save
	reboot
	mapfile -t words < <(unit_words svcroute-announce ExecStart)
	lab_spawn node1 "$LAB_DIR/bin/node1/svcroute" "${words[@]:1}"
	pid=$!
	within 10 is_told held
	lab_ip node1 link set eth0 down
	within 5 is_told waiting
	lab_ip node1 link set eth0 up
	within 10 is_told held
	kill "$pid"
	rm "$etc/options"
}

@test "what cannot be saved is not programmed" {
	mv "$saved" "$saved.aside"
	touch "$saved"
	run -1 sr map add 10.240.16.9:90 10.240.0.30:80 --save
	[[ $output == "svcroute: "*"map.d/$LAB-node1: "* ]]
	run -1 sr map get 10.240.16.9:90
	rm "$saved"
	mv "$saved.aside" "$saved"
}

@test "a saved file that is broken stops load, and nothing changes" {
	sr map list >"$LAB_DIR/before"
	echo 'kind: Service' >"$saved/broken.yaml"
	run -1 sr load
	[[ $output == *"map.d/$LAB-node1/broken.yaml:1: "* ]]
	sr map list | diff "$LAB_DIR/before" -
	rm "$saved/broken.yaml"
}
