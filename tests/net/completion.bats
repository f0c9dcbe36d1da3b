#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The shells' completion: what it offers is what there is.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-completion
	# shellcheck source=user/completion/svcroute.bash
	source "$LAB_ROOT/user/completion/svcroute.bash"
	# Where the instance is.
	PROGRAM=$LAB_DIR/svcroute
}

setup_file() {
	setup
	lab_start
	lab_machine node1 10.240.0.4/20 fd00:240::4
	service near 11 30 >"$LAB_DIR/near.yaml"
	lab_load node1 -q -f "$LAB_DIR/near.yaml"
	printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s "%s" "$@"\n' "$LAB-node1" "$SVCROUTE" >"$LAB_DIR/svcroute"
	chmod +x "$LAB_DIR/svcroute"
}

teardown_file() {
	setup
	lab_stop
}

# Outside of readline there is nothing to set.
compopt() {
	:
}

# complete_bash LINE: what is offered at its end, in a line.
complete_bash() {
	COMP_LINE="$PROGRAM $1" COMP_POINT=$((${#PROGRAM} + 1 + ${#1}))
	_svcroute
	echo "${COMPREPLY[*]}"
}

# complete_zsh WORD...: the same, of what _describe is given; the last word is the one that is typed.
complete_zsh() {
	# shellcheck disable=SC2016 # for zsh
	PROGRAM=$PROGRAM zsh -f -c '
		_describe() { print -rl -- "${(@P)argv[-1]}" }
		_files() { print :files }
		words=("$PROGRAM" "${(@)argv[2,-1]}") CURRENT=$#words PREFIX=$words[-1]
		source $1
	' zsh "$LAB_ROOT/user/completion/_svcroute" "$@"
}

@test "commands, and the second words of those that have two" {
	[[ $(complete_bash 'un') == unload ]]
	[[ $(complete_bash 'map ') == 'add replace del get list' ]]
	[[ $(complete_bash 'help map re') == replace ]]
	[[ -z $(complete_bash 'nothing ') ]]
	[[ $(complete_zsh un) == 'unload:Detach the programs and remove all that was loaded' ]]
}

@test "each command that help lists, and each of its options" {
	local command option offered num=0

	while read -r command; do
		[[ " $(complete_bash "$([[ $command != *' '* ]] || echo "${command% *} ")") " == *" ${command##* } "* ]]
		offered=" $(complete_bash "$command --") "
		while read -r option; do
			[[ $offered == *" $option "* ]] || fail "$command: $option is not offered, but $offered"
			num=$((num + 1))
		done < <(xargs "$SVCROUTE" help <<<"$command" | grep -o '^ *\(-[a-z0-9A-Z], *\)\?--[a-z0-9-]*' | grep -o -- '--.*')
	done < <("$SVCROUTE" help | sed -n 's/^  \([a-z]\+\( [a-z]\+\)\?\)  .*/\1/p')
	((num > 100))
}

@test "values: words, devices, files, instances" {
	[[ $(complete_bash 'load --xdp ') == 'auto native generic off' ]]
	[[ $(complete_bash 'load --xdp=g') == generic ]]
	[[ $(complete_bash 'load --terminate=') == 'yes no' ]]
	[[ $(complete_bash 'status -o ') == 'table json' ]]
	[[ $(complete_bash 'map list -qo ') == 'table json yaml hosts' ]]
	[[ $(complete_bash 'load --uplink e') == eth0 ]]
	[[ -z $(complete_bash 'load --uplink l') ]]
	[[ $(complete_bash 'conn list --state SYN') == 'SYN_SENT SYN_RECV' ]]
	[[ $(complete_bash 'monitor --reason no-end') == no-endpoint ]]
	[[ -z $(complete_bash 'unload --j') && $(complete_bash 'status --j') == --json ]]
	[[ $(complete_bash "load -f $LAB_DIR/nea") == "$LAB_DIR/near.yaml" ]]
	[[ " $(complete_bash 'status --instance ') " == *" $LAB-node1 "* ]]
	[[ -z $(complete_bash 'load --confirm ') ]]
	[[ $(complete_zsh load --xdp=g) == '--xdp=generic:'* ]]
	[[ $(complete_zsh load -f '') == :files ]]
}

@test "frontends and services that are loaded" {
	[[ $(complete_bash "--instance $LAB-node1 map get 10.0.0.11") == *"10.0.0.11:90/tcp"* ]]
	# What stands before the last colon stays as it is.
	[[ " $(complete_bash "--instance=$LAB-node1 map get 10.0.0.11:") " == *' 90/tcp '* ]]
	[[ $(complete_bash "conn list --instance $LAB-node1 --service ") == *shop/near:http* ]]
	[[ -z $(complete_bash 'map get --instance nobody 10') ]]
	[[ $(complete_zsh --instance "$LAB-node1" map get 10.0.0.11:90/t) == '10.0.0.11\:90/tcp:'* ]]
}
