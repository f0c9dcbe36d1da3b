#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# SCTP associations of the kernel's own sockets through services, port 90 to port
# 2905. Skipped where the kernel has no SCTP.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-assoc
	knows_sctp || skip "this kernel has no SCTP"
}

setup_file() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-assoc
	knows_sctp || return 0
	net_start node1
	serve web-1 "${WEB1[@]}"
	serve web-3 "${WEB3[@]}"
	{
		sctp_service 40 30
		sctp_service 41 32
	} >"$LAB_DIR/services.yaml"
}

teardown_file() {
	# shellcheck source=tests/net/expect.bash
	source "$BATS_TEST_DIRNAME/expect.bash"
	lab_use sr-assoc
	! knows_sctp || lab_stop
}

knows_sctp() {
	"$LAB_PYTHON" -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)' 2>/dev/null
}

serve() {
	lab_spawn "$1" "$LAB_PYTHON" "$LAB_TESTS/associations.py" serve "$1" 2905 "${@:2}"
	for _ in {1..200}; do
		! grep -qs ready "$LAB_DIR/log/$1" || return 0
		sleep 0.05
	done
	fail "associations.py does not start: $(tail -n 3 "$LAB_DIR/log/$1")"
}

# sctp_service N HOST: as in kinds.bash, of one pod.
sctp_service() {
	cat <<-YAML
		---
		apiVersion: v1
		kind: Service
		metadata: {namespace: shop, name: sctp-$1}
		spec:
		  type: NodePort
		  ipFamilies: [IPv4, IPv6]
		  clusterIP: 10.0.0.$1
		  clusterIPs: [10.0.0.$1, "fd00:10::$1"]
		  externalIPs: [10.240.16.$1, "fd00:240:0:10::$1"]
		  ports: [{name: sctp, port: 90, protocol: SCTP, targetPort: 2905, nodePort: 300$1}]
	YAML
	sctp_slice "$1" IPv4 "10.240.0.$2"
	sctp_slice "$1" IPv6 "fd00:240::$2"
}

sctp_slice() {
	cat <<-YAML
		---
		apiVersion: discovery.k8s.io/v1
		kind: EndpointSlice
		metadata: {namespace: shop, name: sctp-$1-${2,,}, labels: {kubernetes.io/service-name: sctp-$1}}
		addressType: $2
		ports: [{name: sctp, port: 2905, protocol: SCTP}]
		endpoints: [{addresses: ["$3"], conditions: {ready: true}}]
	YAML
}

# with LINKS XDP: links of wires or veths; see lab_links.
with() {
	[[ $(cat "$LAB_DIR/mode" 2>/dev/null) != "$*" ]] || return 0
	net_links "$1"
	lab_load node1 -q -f "$LAB_DIR/services.yaml" --uplink eth0 --pods 'azv*' --xdp "$2"
	echo "$*" >"$LAB_DIR/mode"
}

# associates CALLER SOURCE ADDRESS PORT WANTED: SOURCE is its own address.
associates() {
	local got

	got=$(lab_in "$1" "$LAB_PYTHON" "$LAB_TESTS/associations.py" call "$3" "$4" "$2" 1 1000 1452 20000) ||
		fail "$1 to $3 port $4: no association"
	[[ $got == "$5" ]] || fail "$1 to $3 port $4: '$got', not '$5'"
}

pods_associate() {
	associates web-2 "${WEB2[0]}" 10.0.0.40 90 "web-1 ${WEB2[0]}"
	associates web-2 "${WEB2[1]}" fd00:10::40 90 "web-1 ${WEB2[1]}"
	associates web-2 "${WEB2[0]}" 10.0.0.41 90 "web-3 ${WEB2[0]}"
	associates web-2 "${WEB2[1]}" fd00:10::41 90 "web-3 ${WEB2[1]}"
}

# By a node port and by an external IP, to a pod here and to another node's.
outside_associates() {
	associates client "${CLIENT[0]}" "${NODE1[0]}" 30040 "web-1 ${CLIENT[0]}"
	associates client "${CLIENT[1]}" "${NODE1[1]}" 30040 "web-1 ${CLIENT[1]}"
	associates client "${CLIENT[0]}" "${NODE1[0]}" 30041 "web-3 ${NODE1[0]}"
	associates client "${CLIENT[1]}" fd00:240:0:10::40 90 "web-1 ${CLIENT[1]}"
	associates client "${CLIENT[1]}" fd00:240:0:10::41 90 "web-3 ${NODE1[1]}"
}

@test "a pod associates with a pod here and with another node's; veth" {
	with veth off
	pods_associate
}

@test "a pod associates with itself; veth" {
	with veth off
	associates web-1 "${WEB1[0]}" 10.0.0.40 90 "web-1 ${NODE1[0]}"
	associates web-1 "${WEB1[1]}" fd00:10::40 90 "web-1 ${NODE1[1]}"
}

@test "the node associates with a pod here and with another node's; veth" {
	with veth off
	associates node1 "${NODE1[0]}" 10.0.0.40 90 "web-1 ${NODE1[0]}"
	associates node1 "${NODE1[0]}" 10.0.0.41 90 "web-3 ${NODE1[0]}"
	associates node1 "${NODE1[1]}" fd00:10::41 90 "web-3 ${NODE1[1]}"
}

@test "outside associates by node port and external IP; veth" {
	with veth off
	outside_associates
}

@test "a pod and outside associate; wire, tc" {
	with wire off
	pods_associate
	outside_associates
}

@test "a pod and outside associate; wire, XDP" {
	with wire native
	pods_associate
	outside_associates
}
