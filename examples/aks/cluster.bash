# shellcheck shell=bash disable=SC2034,SC2154 # the files of the demo share variables
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What both halves of the demo do with a cluster: load svcroute on its machines,
# publish pods, ask services. A half sets `machines`, `nodes`, `pods`, `options`.

# shellcheck source=tests/net/lab.bash
source "$here/../../tests/net/lab.bash"
# shellcheck source=examples/aks/rows.bash
source "$here/rows.bash"

name=web.shop.svc.cluster.local
requests=300

# The first of `machines` is a gateway.
load_everywhere() {
	local machine

	for machine in "${machines[@]}"; do
		case $machine in
		gateway*) load "$machine" --node none "$@" ;;
		*) load "$machine" --node "$machine" --pods 'azv*' ;;
		esac
	done
	external4=$(frontend "${machines[0]}" external 4)
	external6=$(frontend "${machines[0]}" external 6)
	cluster4=$(frontend "${machines[0]}" cluster 4)
	cluster6=$(frontend "${machines[0]}" cluster 6)
}

load() {
	lab_load "$1" -q -f "$LAB_DIR/manifests" "${options[@]}" "${@:2}"
}

# The options of the first load are kept with the instance.
load_again() {
	local machine

	show_command all 'svcroute load -f manifests'
	for machine in "${machines[@]}"; do
		lab_load "$machine" -q -f "$LAB_DIR/manifests"
	done
}

# publish POD NODE IPV4 IPV6: the second step of the chain, on the pod's node.
publish() {
	show_command "$2" "svcroute map add $3:85 $3:80 --external"
	lab_svcroute "$2" -q map add "$3:85" "$3:80" --external
	lab_svcroute "$2" -q map add "[$4]:85" "[$4]:80" --external
}

withdraw() {
	lab_svcroute "$2" -q map del "$3:85"
	lab_svcroute "$2" -q map del "[$4]:85"
}

# frontend MACHINE cluster|external 4|6: where the service listens, as ADDR:PORT.
frontend() {
	lab_svcroute "$1" map list -o json | "$LAB_PYTHON" -c '
import json, sys
scope, family = sys.argv[1], int(sys.argv[2])
for service in json.load(sys.stdin)["services"]:
    if service["name"] == "web" and service["family"] == family:
        for frontend in service["frontends"]:
            if frontend["scope"] == scope:
                print(frontend["address"])
' "$2" "$3"
}

host_of() {
	local host=${1%:*}

	host=${host#[}
	echo "${host%]}"
}

# Nobody told them: the choice follows from the service's name.
check_agreement() {
	local machine scope family

	for machine in "${machines[@]}"; do
		for scope in external cluster; do
			for family in 4 6; do
				[[ $(frontend "$machine" "$scope" "$family") == "$(frontend "${machines[0]}" "$scope" "$family")" ]] ||
					row no "$machine" "$scope IPv$family address" "is not ${machines[0]}'s"
			done
		done
	done
	row yes "all ${#machines[@]}" 'chose the same addresses' "$(host_of "$external4"), $(host_of "$cluster4")"
}

each_insider() {
	local from

	for from in "${pods[@]}" node1; do
		shares "$from" "$@"
	done
}

# shares FROM ADDRESS [CURL-OPTION]: one row; are all pods' shares even?
shares() {
	local from=$1 url=http://$2/ answers verdict=yes pod count text=''

	answers=$(ask "$from" "${url}?[1-$requests]" "${@:3}")
	for pod in "${pods[@]}"; do
		count=$(grep -c "^$pod " <<<"$answers" || true)
		even "$count" || verdict=no
		text+=$(printf '%s %3d  ' "$pod" "$count")
	done
	count=$(grep -c . <<<"$answers" || true)
	((count == requests)) || { verdict=no && text+="$((requests - count)) FAILED"; }
	row "$verdict" "$from" "$url${3+ IPv${3#-}}" "$text"
}

# Within five standard deviations of a third: wrong once in a million rows.
even() {
	awk -v count="$1" -v all="$requests" -v pods="${#pods[@]}" 'BEGIN {
		off = count - all / pods
		exit off * off > 25 * all / pods * (1 - 1 / pods)
	}'
}

# Each request is a connection of its own: the server closes it.
ask() {
	with_hosts "$1" timeout 30 curl --silent --connect-timeout 2 --max-time 3 "${@:2}" 2>/dev/null || true
}

silence() {
	local from=$1 url=http://$2/ answer

	answer=$(lab_in "$from" curl --silent --connect-timeout 1 "$url" || true)
	if [[ -z $answer ]]; then
		row yes "$from" "$url" "no answer, $3"
	else
		row no "$from" "$url" "ANSWERED, $3: $answer"
	fi
}

# with_hosts NAME COMMAND...: there, with the hosts output as its /etc/hosts.
with_hosts() {
	touch "$LAB_DIR/hosts"
	# shellcheck disable=SC2016 # for the inner shell
	lab_in "$1" unshare --mount sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$LAB_DIR/hosts" "${@:2}"
}

enter() {
	local machine=$1

	if [[ ! -e /run/netns/$LAB-$machine ]]; then
		echo "$0: there is no $machine; 'demo --keep' lays it out" >&2
		exit 1
	fi
	(($# > 1)) || set -- "$machine" bash
	PATH=$LAB_DIR/bin/$machine:$PATH with_hosts "$@"
}
