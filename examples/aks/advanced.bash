# shellcheck shell=bash disable=SC2034,SC2154 # the files of the demo share variables
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Advanced networking: pods have addresses of the virtual network, the fabric
# knows them, and the frontend's address is the gateway's.

advanced() {
	lab_use aks
	machines=(gateway node1 node2 node3)
	options=(
		--xdp native --uplink eth0
		--service-cidr 10.0.0.0/16 --service-cidr fd00:10::/108
		--subnet services=10.240.16.0/24 --subnet services=fd00:240:0:10::/64
	)

	advanced_plan
	advanced_network
	advanced_load
	advanced_services
	advanced_names
	advanced_closed
	advanced_replace web-3 node3 10.240.0.32 fd00:240::32 web-4 10.240.0.33 fd00:240::33
	advanced_services
}

advanced_plan() {
	cat <<-'PLAN'

		  Advanced networking; virtual network 10.240.0.0/16, fd00:240::/48

		    client 10.240.32.10 ──┐              ┌── node1 10.240.0.4 ── web-1 10.240.0.30
		                          ├── (fabric) ──┼── node2 10.240.0.5 ── web-2 10.240.0.31
		    gateway 10.240.0.7 ───┘              └── node3 10.240.0.6 ── web-3 10.240.0.32

		  web.shop listens on 90 ─→ 85, as the pod publishes it ─→ 80, in its container.
	PLAN
}

advanced_network() {
	lab_start
	lab_machine node1 10.240.0.4/20 fd00:240::4
	lab_machine node2 10.240.0.5/20 fd00:240::5
	lab_machine node3 10.240.0.6/20 fd00:240::6
	lab_machine gateway 10.240.0.7/20 fd00:240::7
	lab_machine client 10.240.32.10/24 fd00:240:0:20::10
	lab_links wire node1 node2 node3 gateway client

	advanced_pod web-1 node1 10.240.0.30 fd00:240::30
	advanced_pod web-2 node2 10.240.0.31 fd00:240::31
	advanced_pod web-3 node3 10.240.0.32 fd00:240::32
	pods=(web-1 web-2 web-3)
	cp -r "$here/manifests" "$LAB_DIR/manifests"
}

advanced_pod() {
	local pod=$1 node=$2

	lab_pod "$node" "$pod" "$3" "$4"
	lab_links wire "$pod"
	lab_serve "$pod" 80
}

# The frontend is given to the gateway by the fabric: on Azure, an address of its network card.
advanced_load() {
	title 'svcroute load, on the gateway and on each node'
	show_command gateway "svcroute load -f manifests --node none ${options[*]:0:4} \\"
	show_command '' "    ${options[*]:4:4} \\"
	show_command '' "    ${options[*]:8}"
	show_command 'nodes' "the same, with --node node1 --pods 'azv*'"
	load_everywhere
	lab_route gateway "$(host_of "$external4")" "$(host_of "$external6")"
	publish web-1 node1 10.240.0.30 fd00:240::30
	publish web-2 node2 10.240.0.31 fd00:240::31
	publish web-3 node3 10.240.0.32 fd00:240::32
	check_agreement
}

# advanced_replace OLD NODE IPV4 IPV6 NEW IPV4 IPV6
advanced_replace() {
	title "$1 is killed, $5 takes its place under a new address: svcroute load again"
	lab_pod_kill "$1"
	withdraw "$1" "$2" "$3" "$4"
	advanced_pod "$5" "$2" "$6" "$7"
	publish "$5" "$2" "$6" "$7"
	pods=("${pods[@]/$1/$5}")

	sed -i "s/\b$1\b/$5/; s/\b$3\b/$6/; s/\b$4\b/$7/" "$LAB_DIR/manifests/pods.yaml"
	load_again
}

advanced_services() {
	title "The external IP, from a machine of another subnet, by way of the gateway: $requests requests each"
	shares client "$external4"
	shares client "$external6"

	title 'The ClusterIP, which no route of the network knows: from each pod and from a node'
	each_insider "$cluster4"
	each_insider "$cluster6"
}

advanced_names() {
	title "By name, as 'svcroute map list -o hosts' tells it"
	lab_svcroute gateway map list -o hosts >"$LAB_DIR/hosts"
	each_insider "$name:90" -4
	each_insider "$name:90" -6
}

# Even where a route of the fabric leads ClusterIPs to our machines.
advanced_closed() {
	local machine address

	title 'The ClusterIP from outside: no answer, even if a route leads there'
	for machine in gateway node1; do
		lab_route "$machine" "$(host_of "$cluster4")" "$(host_of "$cluster6")"
		for address in "$cluster4" "$cluster6"; do
			silence client "$address" "routed to $machine"
		done
	done
	for address in "$cluster4" "$cluster6"; do
		lab_unroute "$(host_of "$address")"
	done
}
