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

# unit_command UNIT: what it runs.
unit_command() {
	sed -n 's|^ExecStart=/usr/sbin/svcroute ||p' "$LAB_DIR/root/usr/lib/systemd/system/$1.service"
}

# reboot: the instance is gone, and comes back by the unit's ExecStart.
reboot() {
	sr -q unload
	[[ $(unit_command svcroute) == "load \$LOAD_OPTIONS" ]]
	# shellcheck disable=SC1091 # as the unit's EnvironmentFile
	LOAD_OPTIONS=$([[ ! -e $etc/options ]] || source "$etc/options" && echo "${LOAD_OPTIONS-}")
	# shellcheck disable=SC2086 # systemd splits it, too
	sr load -q --cgroup "$LAB_CGROUP/node1" $LOAD_OPTIONS
}

# is_told STATE: of the saved address; the watch has said so, last.
is_told() {
	[[ $(tail -n 1 "$LAB_DIR/log/node1") == *10.240.16.7*"$1"* ]]
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
	rm -r "$etc/services.d" "$etc/options"
}

@test "a gateway's second unit tells its link when that returns" {
	local words pid

	mkdir -p "$etc"
	echo 'LOAD_OPTIONS="--uplink eth0 --announce"' >"$etc/options"
	sr map replace 10.240.16.7:90 10.240.0.30:80 --external --save
	reboot
	read -ra words <<<"$(unit_command svcroute-announce)"
	lab_spawn node1 "$LAB_DIR/bin/node1/svcroute" "${words[@]}"
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
