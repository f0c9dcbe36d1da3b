# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A virtual network in a box: machines, their pods, and the fabric that joins
# them. The network tests and the demo of examples/aks/ are built from it.
#
#     machine ─ eth0 ══ fabric ══ eth0 ─ machine ─ azv… ══ eth0 ─ pod
#
# Each is a network namespace called LAB-NAME; LAB is the network's own name,
# which everything it makes bears. The fabric behaves as a cloud's: a router
# with a link to each machine, which answers every ARP request itself and knows
# by a host route which machine an address belongs to, pods' addresses included
# (lab_route). Or machines share one Ethernet, a bridge (lab_lan, lab_station).
# The host's own network is never touched.
#
# A machine's processes, and those of its pods, run in a cgroup of its own, so
# that the socket hooks of one machine do not see those of another.

LAB_TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_ROOT=$(cd "$LAB_TESTS/../.." && pwd)
LAB_PYTHON=$(command -v /usr/bin/python3 || command -v python3)
SVCROUTE=${SVCROUTE:-$LAB_ROOT/build/svcroute}

# Where a machine's and a pod's default route leads, as on Azure.
LAB_GATEWAY4=169.254.1.1
LAB_GATEWAY6=fe80::1

# --- the network as a whole -----------------------------------------------------

# lab_use LAB: choose the network that all other functions work on.
lab_use() {
	LAB=$1
	LAB_DIR=/run/svcroute-lab/$LAB
	LAB_CGROUP=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/$LAB
}

# lab_start: an empty network, after clearing what a crash may have left of it.
lab_start() {
	lab_stop
	mkdir -p "$LAB_DIR"/{cgroup,log} "$LAB_CGROUP/fabric"
	lab_namespace fabric "$LAB_CGROUP/fabric"
	lab_sysctl fabric net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	lab_ip fabric addr add "$LAB_GATEWAY4/32" dev lo
}

# lab_stop: processes, svcroute instances, namespaces, cgroups, files: all gone.
lab_stop() {
	local namespace

	lab_kill_all
	lab_unload_all
	for namespace in /run/netns/"$LAB"-*; do
		[[ ! -e $namespace ]] || ip netns del "${namespace##*/}"
	done
	[[ ! -d $LAB_CGROUP ]] || find "$LAB_CGROUP" -depth -type d -exec rmdir {} +
	rm -rf "$LAB_DIR"
}

# Only processes of this network are in its cgroups.
lab_kill_all() {
	local procs pids

	[[ -d $LAB_CGROUP ]] || return 0
	for _ in {1..50}; do
		mapfile -t procs < <(find "$LAB_CGROUP" -name cgroup.procs)
		mapfile -t pids < <(cat "${procs[@]}" 2>/dev/null)
		((${#pids[@]})) || return 0
		kill -KILL "${pids[@]}" 2>/dev/null || true
		sleep 0.02
	done
}

lab_unload_all() {
	local instance

	for instance in /sys/fs/bpf/svcroute/"$LAB"-*; do
		[[ ! -d $instance ]] || "$SVCROUTE" --instance "${instance##*/}" -q unload || true
	done
}

# --- its parts ------------------------------------------------------------------

# lab_machine NAME IPV4/LENGTH IPV6: a machine, its eth0 on a link of the fabric.
lab_machine() {
	local name=$1 ipv4=$2 ipv6=$3

	mkdir -p "$LAB_CGROUP/$name"
	lab_wrap_svcroute "$name"
	lab_namespace "$name" "$LAB_CGROUP/$name"
	lab_sysctl "$name" net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	lab_sysctl "$name" net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 # tests ask faster than one a second
	lab_link fabric "$name" "$name" eth0
	lab_sysctl fabric "net.ipv4.conf.$name.proxy_arp=1" "net.ipv4.neigh.$name.proxy_delay=0"
	lab_ip "$name" addr add "$ipv4" dev eth0
	lab_ip "$name" addr add "$ipv6/128" dev eth0
	lab_default_route "$name"
	lab_ip fabric route add "${ipv4%/*}" dev "$name"
	lab_ip fabric route add "$ipv6" dev "$name"
	echo "${ipv4%/*} $ipv6" >"$LAB_DIR/address.$name"
}

# lab_lan: one Ethernet for all stations.
lab_lan() {
	lab_ip fabric link add lan type bridge mcast_snooping 0
	lab_ip fabric link set lan up
}

# lab_station NAME IPV4/LENGTH IPV6/LENGTH MAC: a machine on it, that knows no
# other routes than the link's.
lab_station() {
	mkdir -p "$LAB_CGROUP/$1"
	lab_wrap_svcroute "$1"
	lab_namespace "$1" "$LAB_CGROUP/$1"
	lab_sysctl "$1" net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n "$LAB-fabric" link add "$1" type veth peer name eth0 netns "$LAB-$1"
	lab_ip fabric link set "$1" master lan up
	lab_ip "$1" link set eth0 address "$4" up
	lab_ip "$1" addr add "$2" dev eth0
	lab_ip "$1" addr add "$3" dev eth0
}

# lab_station_mac STATION ADDRESS: whom the station takes for it.
lab_station_mac() {
	lab_ip "$1" neigh show "$2" dev eth0 | sed -n 's/.*lladdr \([^ ]*\).*/\1/p'
}

# lab_pod MACHINE NAME IPV4 IPV6: a pod, wired as Azure's network plugin does it.
lab_pod() {
	lab_pod_wire "$@"
	lab_route "$1" "$3" "$4"
}

# lab_pod_wire MACHINE NAME IPV4 IPV6: the same, known to its machine only.
lab_pod_wire() {
	local machine=$1 name=$2 ipv4=$3 ipv6=$4 veth

	veth=$(lab_veth "$name")
	lab_namespace "$name" "$LAB_CGROUP/$machine"
	lab_link "$machine" "$veth" "$name" eth0
	lab_ip "$name" addr add "$ipv4/32" dev eth0
	lab_ip "$name" addr add "$ipv6/128" dev eth0
	lab_default_route "$name"
	lab_ip "$machine" route add "$ipv4" dev "$veth"
	lab_ip "$machine" route add "$ipv6" dev "$veth"
}

# lab_pod_kill NAME: the pod's processes die, its veth and its address go.
lab_pod_kill() {
	local pid

	for pid in $(ip netns pids "$LAB-$1"); do
		kill -KILL "$pid" 2>/dev/null || true
	done
	ip netns del "$LAB-$1"
	rm -f "$LAB_DIR/cgroup/$1"
}

# lab_veth POD: the name of its end on the machine: azv and eleven digits of hex.
lab_veth() {
	printf 'azv%.11s\n' "$(sha1sum <<<"$LAB-$1")"
}

# lab_route MACHINE ADDRESS...: tell the fabric that these are the machine's.
lab_route() {
	local machine=$1 address gateway4 gateway6

	read -r gateway4 gateway6 <"$LAB_DIR/address.$machine"
	for address in "${@:2}"; do
		case $address in
		*:*) lab_ip fabric route replace "$address" via "$gateway6" dev "$machine" ;;
		*) lab_ip fabric route replace "$address" via "$gateway4" dev "$machine" ;;
		esac
	done
}

# lab_unroute ADDRESS...: the fabric forgets them.
lab_unroute() {
	local address

	for address in "$@"; do
		lab_ip fabric route del "$address"
	done
}

# lab_links wire|veth NAME...: how their eth0 delivers frames.
#
# A veth leaves checksums and segmentation to whoever comes last. A wire does
# not, and XDP relies on that. Also, a veth keeps back what an XDP program sends
# out (XDP_TX) unless one runs at the other end, too: the fabric gets an idle one.
lab_links() {
	local tx=on name

	[[ $1 != wire ]] || tx=off
	for name in "${@:2}"; do
		lab_in "$name" ethtool -K eth0 tx "$tx" >/dev/null
		lab_in "$(lab_peer_of "$name")" ethtool -K "$(lab_peer_device "$name")" tx "$tx" >/dev/null
		[[ $(lab_peer_of "$name") != fabric ]] || "lab_idle_xdp_$1" "$name"
	done
}

lab_idle_xdp_wire() {
	local object=$LAB_DIR/idle.o

	[[ -e $object ]] || clang -O2 -target bpf -x c -c -o "$object" - <<-'PROGRAM'
		__attribute__((section("xdp"), used)) int lab_idle(void *ctx) { return 2; /* XDP_PASS */ }
	PROGRAM
	lab_ip fabric -force link set dev "$1" xdp object "$object" section xdp
}

lab_idle_xdp_veth() {
	lab_ip fabric link set dev "$1" xdp off
}

# A pod's eth0 ends at its machine, a machine's at the fabric.
lab_peer_of() {
	local owner

	owner=$(basename "$(readlink "$LAB_DIR/cgroup/$1")")
	[[ $owner != "$1" ]] || owner=fabric
	echo "$owner"
}

lab_peer_device() {
	if [[ $(lab_peer_of "$1") == fabric ]]; then echo "$1"; else lab_veth "$1"; fi
}

# lab_namespace NAME CGROUP: a network namespace whose processes run in a cgroup.
lab_namespace() {
	ip netns add "$LAB-$1"
	ln -s "$2" "$LAB_DIR/cgroup/$1"
	lab_sysctl "$1" net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=2 \
		net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0 net.ipv4.ping_group_range="0 0"
	lab_ip "$1" link set lo up
}

# lab_link NAME DEVICE NAME DEVICE: the first end is the router's: it gets the
# address that the other's default route leads to.
lab_link() {
	ip -n "$LAB-$1" link add "$2" type veth peer name "$4" netns "$LAB-$3"
	lab_ip "$1" addr add "$LAB_GATEWAY6/64" dev "$2"
	lab_ip "$1" link set "$2" up
	lab_ip "$3" link set "$4" up
}

# The router's IPv4 address need not exist: a fixed neighbour stands for it.
lab_neighbour() {
	local mac

	mac=$(lab_ip "$(lab_peer_of "$1")" -br link show dev "$(lab_peer_device "$1")" | awk '{ print $3 }')
	lab_ip "$1" neigh replace "$LAB_GATEWAY4" lladdr "$mac" dev eth0
}

lab_default_route() {
	lab_neighbour "$1"
	lab_ip "$1" route add "$LAB_GATEWAY4" dev eth0
	lab_ip "$1" route add default via "$LAB_GATEWAY4" dev eth0
	lab_ip "$1" route add default via "$LAB_GATEWAY6" dev eth0
}

# lab_ip NAME ARGUMENT...: `ip` there, of the family that an address names.
lab_ip() {
	case " ${*:2} " in
	*' route '*:*) ip -6 -n "$LAB-$1" "${@:2}" ;;
	*) ip -n "$LAB-$1" "${@:2}" ;;
	esac
}

lab_sysctl() {
	nsenter --net="/run/netns/$LAB-$1" sysctl -q -w "${@:2}"
}

# --- what runs there ------------------------------------------------------------

# lab_in NAME COMMAND...: run it there. Not `ip netns exec`: that hides bpffs.
lab_in() (
	echo "$BASHPID" >"$LAB_DIR/cgroup/$1/cgroup.procs"
	exec nsenter --net="/run/netns/$LAB-$1" "${@:2}"
)

# lab_spawn NAME COMMAND...: the same, in the background; $! is its id.
lab_spawn() {
	lab_in "$@" </dev/null >>"$LAB_DIR/log/$1" 2>&1 3>&- &
}

# lab_serve NAME PORT: an HTTP and UDP server that answers "NAME CLIENT".
lab_serve() {
	lab_spawn "$1" "$LAB_PYTHON" "$LAB_TESTS/whoami.py" "$1" "$2"
	lab_await "$1" "$2"
}

# lab_await NAME PORT: until something there listens on a TCP port.
lab_await() {
	for _ in {1..200}; do
		[[ -z $(lab_in "$1" ss -Hltn "sport = :$2") ]] || return 0
		sleep 0.02
	done
	echo "nothing listens on port $2 of $1: $(tail -n 3 "$LAB_DIR/log/$1")" >&2
	return 1
}

# A machine's own `svcroute`: an instance and a state of its own.
lab_wrap_svcroute() {
	mkdir -p "$LAB_DIR/bin/$1" "$LAB_DIR/state/$1"
	cat >"$LAB_DIR/bin/$1/svcroute" <<-WRAPPER
		#!/bin/sh
		export SVCROUTE_STATE_DIR='$LAB_DIR/state/$1' SVCROUTE_CONFIG_DIR='$LAB_DIR/etc/$1'
		exec '$SVCROUTE' --instance '$LAB-$1' "\$@"
	WRAPPER
	chmod +x "$LAB_DIR/bin/$1/svcroute"
}

# lab_svcroute MACHINE ARGUMENT...: svcroute there.
lab_svcroute() {
	lab_in "$1" "$LAB_DIR/bin/$1/svcroute" "${@:2}"
}

# lab_load MACHINE ARGUMENT...: `svcroute load` there, with its sockets.
lab_load() {
	lab_svcroute "$1" load --cgroup "$LAB_CGROUP/$1" "${@:2}"
}
