# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Services that have an address of every kind, and who answers there.
#
# Service N is reached at its ClusterIP 10.0.0.N, its node port 30000 + N, its
# external IP 10.240.16.N and its load balancer's 10.240.17.N, and likewise over
# IPv6; port 90 over TCP and UDP leads to whoami.py. Its pods are said by the
# last number of their address, and live where net_start put them.

# shellcheck source=tests/net/expect.bash
source "${BASH_SOURCE[0]%/*}/expect.bash"

NODE_OF=([4]=node1 [30]=node1 [31]=node1 [32]=node2 [5]=node2)

# kinds N SPEC HOST...: SPEC stands among the fields of its spec, as "field: value",
# a comma between two.
kinds() {
	local n=$1 protocols=${PROTOCOLS:-TCP UDP}

	cat <<-YAML
		---
		apiVersion: v1
		kind: Service
		metadata: {namespace: shop, name: kinds-$n}
		spec: {
		  type: LoadBalancer, ${2:+$2,}
		  ipFamilies: [IPv4, IPv6], clusterIP: 10.0.0.$n, clusterIPs: [10.0.0.$n, "fd00:10::$n"],
		  externalIPs: [10.240.16.$n, "fd00:240:0:10::$n"],
		  ports: [$(kinds_ports "$n")]
		}
		status: {loadBalancer: {ingress: [{ip: 10.240.17.$n}, {ip: "fd00:240:0:11::$n"}]}}
	YAML
	kinds_slice "$n" IPv4 10.240.0. "${@:3}"
	kinds_slice "$n" IPv6 fd00:240:: "${@:3}"
}

# Of those in $protocols; a node port is ${NODE_PORT-30000 + N}.
kinds_ports() {
	local protocol

	for protocol in $protocols; do
		printf '{name: %s, port: 90, protocol: %s, targetPort: 80, nodePort: %d}, ' \
			"${protocol,,}" "$protocol" "${NODE_PORT:-$((30000 + $1))}"
	done
}

# An endpoint's conditions are CONDITIONS, if it is set.
kinds_slice() {
	local host

	cat <<-YAML
		---
		apiVersion: discovery.k8s.io/v1
		kind: EndpointSlice
		metadata: {namespace: shop, name: kinds-$1-${2,,}, labels: {kubernetes.io/service-name: kinds-$1}}
		addressType: $2
		ports: [{name: tcp, port: 80, protocol: TCP}, {name: udp, port: 80, protocol: UDP}]
		endpoints:
	YAML
	for host in "${@:4}"; do
		printf '  - {addresses: ["%s%s"], nodeName: %s, conditions: {%s}}\n' \
			"$3" "$host" "${NODE_OF[host]}" "${CONDITIONS-ready: true}"
	done
}

# kinds_routes: the fabric leads the load balancers' addresses to node1, too.
kinds_routes() {
	lab_route node1 10.240.17.0/24 fd00:240:0:11::/64
}

# whom FROM tcp|udp ADDRESS PORT [ARGUMENT...]: "NAME CLIENT", "refused" or "none".
whom() {
	probe_from "$1" whom "${@:2}"
}

# whom_is FROM ADDRESS PORT WANTED: over TCP and UDP; WANTED is a pattern.
whom_is() {
	local protocol got

	for protocol in tcp udp; do
		got=$(whom "$1" "$protocol" "$2" "$3" --timeout "${PATIENCE:-2}")
		# shellcheck disable=SC2053 # WANTED is a pattern
		[[ $got == $4 ]] || fail "$protocol, $1 to $2 port $3: '$got', not '$4'"
	done
}

# names FROM tcp|udp ADDRESS PORT: who answers 16 calls, each once.
names() {
	whom "$@" --count 16 | cut -d' ' -f1 | sort -u | tr '\n' ' '
}
