# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The network of expect.bash, with gateways that tunnel to its nodes.

# dsr_start: all of it but svcroute; homes.yaml has the services, with nodes.
dsr_start() {
	net_start gateway
	# What comes from a node is not where the fabric sends the service's packets.
	lab_sysctl fabric net.ipv4.conf.node1.rp_filter=0 net.ipv4.conf.node2.rp_filter=0
	lab_ip fabric addr del "$LAB_GATEWAY4/32" dev lo
	lab_ip fabric addr add 192.0.2.1/32 dev lo
	lab_ip fabric addr add fd00:192::1/128 dev lo
	lab_sysctl fabric net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
	dsr_homes node1 node2 <"$LAB_DIR/services.yaml" >"$LAB_DIR/homes.yaml"
}

# dsr_load_nodes CIDR...: the nodes unwrap what comes from there.
dsr_load_nodes() {
	local node

	for node in node1 node2; do
		lab_load "$node" -q -f "$LAB_DIR/homes.yaml" --node "$node" --uplink eth0 --pods 'azv*' --xdp off \
			"${@/#/--dsr-from=}"
	done
}

# dsr_load_gateway MACHINE FILE ARGUMENT...
dsr_load_gateway() {
	lab_load "$1" -f "$LAB_DIR/$2" --node none --uplink eth0 --xdp off --dsr ipip "${@:3}"
}

# dsr_homes NODE-OF-WEB-1-AND-2 NODE-OF-WEB-3: services from stdin, with nodes.
dsr_homes() {
	sed -E -e "s/(.*addresses: \[\".*[.:]3[01]\"\])/\1\n    nodeName: $1/" \
		-e "s/(.*addresses: \[\".*[.:]32\"\])/\1\n    nodeName: $2/"
	dsr_node node1 4
	dsr_node node2 5
}

dsr_node() {
	cat <<-YAML
		---
		apiVersion: v1
		kind: Node
		metadata: {name: $1}
		status:
		  addresses:
		    - {type: InternalIP, address: 10.240.0.$2}
		    - {type: InternalIP, address: "fd00:240::$2"}
	YAML
}

# dsr_received MACHINE packets|bytes: by its uplink so far.
dsr_received() {
	lab_ip "$1" -json -stats link show dev eth0 | jq ".[0].stats64.rx.$2"
}
