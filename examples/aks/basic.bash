# shellcheck shell=bash disable=SC2034,SC2154 # the files of the demo share variables
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Basic networking (kubenet): pods have addresses that only the cluster's own
# machines have routes to, by way of the nodes. Two gateways announce the
# service's address; one of them is killed.

BASIC_ENOUGH=20 # requests over each family, before that and after

basic() {
	lab_use kubenet
	machines=(gateway1 gateway2 node1 node2 node3)
	options=(
		--xdp native --uplink eth0 --cluster-cidr 10.244.0.0/16 --cluster-cidr fd00:244::/32
		--service-cidr 10.0.0.0/16 --service-cidr fd00:10::/108
		--subnet services=10.240.16.0/24 --subnet services=fd00:240:0:10::/64
	)

	followers=()

	basic_plan
	basic_network
	basic_load
	basic_outside
	basic_services
	basic_kill gateway1 gateway2
	basic_external
}

basic_plan() {
	cat <<-'PLAN'


		  Basic networking; one Ethernet, 10.240.0.0/16, fd00:240::/48

		    client 10.240.32.10 ──┐              ┌── node1 10.240.0.4 ── web-1 10.244.1.10
		    gateway1 10.240.0.7 ──┼── (switch) ──┼── node2 10.240.0.5 ── web-2 10.244.2.10
		    gateway2 10.240.0.8 ──┘      │       └── node3 10.240.0.6 ── web-3 10.244.3.10
		                              router 10.240.0.1, which knows of no 10.244.0.0/16
	PLAN
}

basic_network() {
	lab_start
	lab_lan
	lab_ip fabric addr add 10.240.0.1/16 dev lan
	lab_ip fabric addr add fd00:240::1/48 dev lan
	basic_machine node1 10.240.0.4 fd00:240::4 02:00:0a:f0:00:04
	basic_machine node2 10.240.0.5 fd00:240::5 02:00:0a:f0:00:05
	basic_machine node3 10.240.0.6 fd00:240::6 02:00:0a:f0:00:06
	basic_machine gateway1 10.240.0.7 fd00:240::7 02:00:0a:f0:00:07
	basic_machine gateway2 10.240.0.8 fd00:240::8 02:00:0a:f0:00:08
	basic_machine client 10.240.32.10 fd00:240:0:20::10 02:00:0a:f0:20:10
	basic_routes
	lab_links wire node1 node2 node3 gateway1 gateway2 client

	basic_pod web-1 node1 10.244.1.10 fd00:244:1::10
	basic_pod web-2 node2 10.244.2.10 fd00:244:2::10
	basic_pod web-3 node3 10.244.3.10 fd00:244:3::10
	pods=(web-1 web-2 web-3)
	cp -r "$here/manifests" "$LAB_DIR/manifests"
	sed -i 's/10\.240\.0\.3\([012]\)/10.244.\1.10/; s/fd00:240::3\([012]\)/fd00:244:\1::10/
		s/\(244[.:]\)2\([.:]\)/\13\2/; s/\(244[.:]\)1\([.:]\)/\12\2/; s/\(244[.:]\)0\([.:]\)/\11\2/' \
		"$LAB_DIR/manifests/pods.yaml"
}

basic_machine() {
	lab_station "$1" "$2/16" "$3/48" "$4"
	lab_ip "$1" route add default via 10.240.0.1
	lab_ip "$1" route add default via fd00:240::1
}

# Nodes are the next hops to their pods, for one another and for the gateways.
basic_routes() {
	local machine node

	for machine in "${machines[@]}"; do
		for node in 1 2 3; do
			[[ $machine != node$node ]] || continue
			lab_ip "$machine" route add "10.244.$node.0/24" via "10.240.0.$((node + 3))"
			lab_ip "$machine" route add "fd00:244:$node::/48" via "fd00:240::$((node + 3))"
		done
	done
}

basic_pod() {
	lab_pod_wire "$2" "$1" "$3" "$4"
	lab_links wire "$1"
	lab_serve "$1" 80
}

basic_load() {
	title 'svcroute load, on both gateways and on each node'
	show_command gateway "svcroute load -f manifests --node none --announce ${options[*]:0:4} \\"
	show_command '' "    ${options[*]:4:4} \\"
	show_command '' "    ${options[*]:8:4} \\"
	show_command '' "    ${options[*]:12}"
	show_command gateway 'svcroute announce --watch &'
	show_command nodes "the same load, with --node node1 --pods 'azv*' instead of --announce"
	load_everywhere --announce
	lab_spawn gateway1 "$LAB_DIR/bin/gateway1/svcroute" announce --watch
	lab_spawn gateway2 "$LAB_DIR/bin/gateway2/svcroute" announce --watch
	publish web-1 node1 10.244.1.10 fd00:244:1::10
	publish web-2 node2 10.244.2.10 fd00:244:2::10
	publish web-3 node3 10.244.3.10 fd00:244:3::10
	check_agreement
}

basic_outside() {
	title 'From outside, pods and the ClusterIP cannot be reached'
	silence client 10.244.1.10:80 'no route to pods'
	silence client '[fd00:244:1::10]:80' 'no route to pods'
	silence client "$cluster4" 'nor to ClusterIPs'
	silence client "$cluster6" 'nor to ClusterIPs'
}

basic_external() {
	ask client "http://$external4/" >/dev/null
	title "The external IP, which $(basic_holder 4) announces: $requests requests each"
	shares client "$external4"
	shares client "$external6"
}

basic_services() {
	basic_external
	title 'The ClusterIP: from each pod and from a node'
	each_insider "$cluster4"
	each_insider "$cluster6"
}

# The gateway that the client finds behind the external IP of a family.
basic_holder() {
	local address=external$1

	case $(lab_station_mac client "$(host_of "${!address}")") in
	02:00:0a:f0:00:07) echo gateway1 ;;
	02:00:0a:f0:00:08) echo gateway2 ;;
	*) echo nobody ;;
	esac
}

# basic_kill GATEWAY OTHER: it dies while requests are coming in.
basic_kill() {
	local killed moved

	title "$1 is killed while requests come in; $2 watches"
	basic_begin_requests 4 "$external4"
	basic_begin_requests 6 "$external6"
	basic_await_requests "$BASIC_ENOUGH" 0
	killed=$EPOCHREALTIME
	basic_power_off "$1"
	basic_await_move "$2"
	moved=$EPOCHREALTIME
	basic_await_requests "$BASIC_ENOUGH" "$moved"
	touch "$LAB_DIR/enough"
	wait "${followers[@]}"
	basic_tell 4 "$external4" "$killed" "$moved"
	basic_tell 6 "$external6" "$killed" "$moved"
}

# Its link first, then its processes.
basic_power_off() {
	local pid

	lab_ip fabric link set "$1" down
	for pid in $(ip netns pids "$LAB-$1"); do
		kill -KILL "$pid" 2>/dev/null || true
	done
}

# Half a minute at most.
basic_await_move() {
	local i

	for ((i = 0; i < 600; i++)); do
		[[ $(basic_holder 4)$(basic_holder 6) != "$1$1" ]] || return 0
		sleep 0.05
	done
}

# basic_await_requests NUMBER SINCE: so many of each family that began after SINCE have ended; a minute at most.
basic_await_requests() {
	local i

	for ((i = 0; i < 600; i++)); do
		! basic_have_requests "$@" || return 0
		sleep 0.1
	done
}

basic_have_requests() {
	local family

	for family in 4 6; do
		(($(awk -v since="$2" '$1 > since' "$LAB_DIR/requests.$family" | wc -l) >= $1)) || return 1
	done
}

# basic_begin_requests FAMILY ADDRESS: up to twenty a second, a line each of when it began and ended, and who answered.
basic_begin_requests() {
	lab_in client bash -c "$(declare -f basic_requests basic_request)"'; basic_requests "$@"' \
		bash "$2" "$LAB_DIR/enough" >"$LAB_DIR/requests.$1" &
	followers+=($!)
}

basic_requests() {
	until [[ -e $2 ]]; do
		basic_request "$1" &
		sleep 0.05
	done
	wait
}

basic_request() {
	local begun=$EPOCHREALTIME answer

	answer=$(curl --silent --connect-timeout 2 --max-time 2 "http://$1/" || true)
	echo "$begun $EPOCHREALTIME ${answer:-none}"
}

# basic_tell FAMILY ADDRESS KILLED MOVED: all that ended before the gateway died were answered, and all that began after
# the address had moved. What is under way when it dies may be lost with it.
basic_tell() {
	local sum verdict=no

	sum=$(awk -v killed="$3" -v moved="$4" -v enough="$BASIC_ENOUGH" '
		{ when = $2 < killed ? "before" : $1 <= moved ? "between" : "after"; all[when]++; lost[when] += $3 == "none" }
		END {
			good = all["before"] >= enough && all["after"] >= enough && !lost["before"] && !lost["after"]
			printf "%s moved in %.1f s; lost: %d of %d before, %d of %d between, %d of %d since\n",
				good ? "yes" : "no", moved - killed, lost["before"], all["before"],
				lost["between"], all["between"], lost["after"], all["after"]
		}' "$LAB_DIR/requests.$1")
	[[ $(basic_holder "$1") == nobody ]] || verdict=${sum%% *}
	row "$verdict" client "http://$2/" "${sum#* }"
}
