# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Services, and the rules that kube-proxy 1.36 writes for them on node1, in either
# of its modes: chain for chain what was recorded of a real one, but for parts
# that no service here uses (source ranges, affinity, health checks).
#
# Service N is reached at its ClusterIP 10.0.0.N, its external IP 10.240.16.N and
# its node ports 30000 + N and 31000 + N, and likewise over IPv6. Port 90 leads to
# whoami.py, 5201 (node port 31000 + N) to iperf3.

# shellcheck source=tests/net/expect.bash
source "${BASH_SOURCE[0]%/*}/expect.bash"

# N, externalTrafficPolicy, and endpoints by the last number of their address.
SERVED=('20 Cluster 32' '21 Cluster 30' '22 Local 31' '23 Cluster 30 32' '24 Cluster 4')

# Name, protocol, port, target port, and what to add to N for the node port.
PORTS=('http tcp 90 80 30000' 'echo udp 90 80 30000' 'iperf tcp 5201 5201 31000')

# FAMILY is 4 or 6 in all that follows.
declare -gA CLUSTER_IPS=([4]=10.0.0. [6]=fd00:10::) EXTERNAL_IPS=([4]=10.240.16. [6]=fd00:240:0:10::)
declare -gA PODS=([4]=10.240.0. [6]=fd00:240::) PODS_CIDR=([4]=10.240.0.0/24 [6]=fd00:240::/64)
declare -gA SERVICES_CIDR=([4]=10.0.0.0/24 [6]=fd00:10::/112) WHOLE=([4]=32 [6]=128)
declare -gA NODE=([4]=${NODE1[0]} [6]=${NODE1[1]})

# --- the services as manifests ----------------------------------------------------

served_manifests() {
	local service n policy hosts

	echo '{apiVersion: v1, kind: Node, metadata: {name: node1}, status: {addresses: [' \
		"{type: InternalIP, address: ${NODE1[0]}}, {type: InternalIP, address: '${NODE1[1]}'}]}}"
	for service in "${SERVED[@]}"; do
		read -r n policy hosts <<<"$service"
		cat <<-YAML
			---
			apiVersion: v1
			kind: Service
			metadata: {namespace: shop, name: s-$n}
			spec:
			  type: NodePort
			  externalTrafficPolicy: $policy
			  ipFamilies: [IPv4, IPv6]
			  clusterIP: 10.0.0.$n
			  clusterIPs: [10.0.0.$n, "fd00:10::$n"]
			  externalIPs: [10.240.16.$n, "fd00:240:0:10::$n"]
			  ports: [$(served_ports "$n")]
		YAML
		served_slice "$n" 4 "$hosts"
		served_slice "$n" 6 "$hosts"
	done
}

served_ports() {
	local port name protocol number target base

	for port in "${PORTS[@]}"; do
		read -r name protocol number target base <<<"$port"
		printf '{name: %s, protocol: %s, port: %d, targetPort: %d, nodePort: %d}, ' \
			"$name" "${protocol^^}" "$number" "$target" $((base + $1))
	done
}

served_slice() {
	local n=$1 family=$2 host node

	cat <<-YAML
		---
		apiVersion: discovery.k8s.io/v1
		kind: EndpointSlice
		metadata: {namespace: shop, name: s-$n-$family, labels: {kubernetes.io/service-name: s-$n}}
		addressType: IPv$family
		ports:
		  - {name: http, port: 80, protocol: TCP}
		  - {name: echo, port: 80, protocol: UDP}
		  - {name: iperf, port: 5201, protocol: TCP}
		endpoints:
	YAML
	for host in $3; do
		node=node1
		[[ $host != 32 ]] || node=node2
		printf '  - {addresses: ["%s%s"], nodeName: %s, conditions: {ready: true}}\n' "${PODS[$family]}" "$host" $node
	done
}

# each_port FUNCTION: FUNCTION N POLICY HOSTS PROTOCOL PORT TARGET NODE_PORT, for each port of each service.
each_port() {
	local service port n policy hosts protocol number target base

	for service in "${SERVED[@]}"; do
		read -r n policy hosts <<<"$service"
		for port in "${PORTS[@]}"; do
			read -r _ protocol number target base <<<"$port"
			"$1" "$n" "$policy" "$hosts" "$protocol" "$number" "$target" $((base + n))
		done
	done
}

# --- mode nftables ----------------------------------------------------------------

nft_ip() {
	if ((FAMILY == 4)); then echo ip; else echo ip6; fi
}

nft_cluster_ip() {
	[[ $5 != 5201 ]] || echo "${CLUSTER_IPS[$FAMILY]}$1,"
}

nft_service_ips() {
	echo "${CLUSTER_IPS[$FAMILY]}$1 . $4 . $5 : goto service-$1/$4/$5, ${EXTERNAL_IPS[$FAMILY]}$1 . $4 . $5 : goto external-$1/$4/$5,"
}

nft_node_ports() {
	echo "$4 . $7 : goto external-$1/$4/$5,"
}

nft_hairpin() {
	local host

	for host in $3; do
		echo "${PODS[$FAMILY]}$host . ${PODS[$FAMILY]}$host . $4 . $6,"
	done
}

# nft_dnat PROTOCOL TARGET HOST...
nft_dnat() {
	local protocol=$1 target=$2 host choices='' i=0

	shift 2
	for host in "$@"; do
		choices+="$((i++)) : ${PODS[$FAMILY]}$host . $target, "
	done
	echo "meta l4proto $protocol dnat $(nft_ip) to numgen random mod $# map { $choices }"
}

nft_chains() {
	local local_hosts

	# shellcheck disable=SC2086 # words
	cat <<-CHAINS
		chain service-$1/$4/$5 {
			$(nft_dnat "$4" "$6" $3)
		}
	CHAINS
	if [[ $2 == Cluster ]]; then
		cat <<-CHAINS
			chain external-$1/$4/$5 {
				meta mark set meta mark | 0x00004000 comment "masquerade"
				goto service-$1/$4/$5
			}
		CHAINS
		return
	fi
	local_hosts=${3//32/}
	# shellcheck disable=SC2086 # words
	cat <<-CHAINS
		chain local-$1/$4/$5 {
			$(nft_dnat "$4" "$6" $local_hosts)
		}
		chain external-$1/$4/$5 {
			$(nft_ip) saddr ${PODS_CIDR[$FAMILY]} goto service-$1/$4/$5 comment "short-circuit pod traffic"
			fib saddr type local meta mark set meta mark | 0x00004000 comment "masquerade local traffic"
			fib saddr type local goto service-$1/$4/$5 comment "short-circuit local traffic"
			goto local-$1/$4/$5
		}
	CHAINS
}

kube_proxy_nft() {
	local ip type=ipv${FAMILY}_addr

	ip=$(nft_ip)
	cat <<-TABLE
		table $ip kube-proxy {
			comment "rules for kube-proxy"
			set hairpin-connections {
				type $type . $type . inet_proto . inet_service
				elements = { $(each_port nft_hairpin | sort -u) }
			}
			set cluster-ips {
				type $type
				elements = { $(each_port nft_cluster_ip) }
			}
			set nodeport-ips {
				type $type
				elements = { ${NODE[$FAMILY]} }
			}
			map service-ips {
				type $type . inet_proto . inet_service : verdict
				elements = { $(each_port nft_service_ips) }
			}
			map service-nodeports {
				type inet_proto . inet_service : verdict
				elements = { $(each_port nft_node_ports) }
			}
			$(each_port nft_chains)
			chain services {
				$ip daddr @cluster-ips $ip saddr != ${PODS_CIDR[$FAMILY]} meta mark set meta mark | 0x00004000
				$ip daddr . meta l4proto . th dport vmap @service-ips
				$ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
			}
			chain masquerading {
				meta mark & 0x00004000 != 0x00000000 meta mark set meta mark ^ 0x00004000 masquerade fully-random
				ct status dnat $ip saddr . $ip daddr . meta l4proto . th dport @hairpin-connections masquerade fully-random
			}
			chain cluster-ips-check {
				$ip daddr @cluster-ips reject
				$ip daddr ${SERVICES_CIDR[$FAMILY]} drop
			}
			chain filter-forward {
				type filter hook forward priority filter; policy accept;
				ct state new jump cluster-ips-check
			}
			chain filter-output {
				type filter hook output priority filter; policy accept;
				ct state new jump cluster-ips-check
			}
			chain nat-prerouting {
				type nat hook prerouting priority dstnat; policy accept;
				jump services
			}
			chain nat-output {
				type nat hook output priority -100; policy accept;
				jump services
			}
			chain nat-postrouting {
				type nat hook postrouting priority srcnat; policy accept;
				jump masquerading
			}
		}
	TABLE
}

# --- mode iptables ----------------------------------------------------------------

ipt_names() {
	local host

	printf ':KUBE-%s-%s - [0:0]\n' SVC "$1-$4-$5" EXT "$1-$4-$5" SVL "$1-$4-$5"
	for host in $3; do
		echo ":KUBE-SEP-$1-$4-$5-$host - [0:0]"
	done
}

ipt_external() {
	local id=$1-$4-$5

	if [[ $2 == Cluster ]]; then
		echo "-A KUBE-EXT-$id -j KUBE-MARK-MASQ"
		echo "-A KUBE-EXT-$id -j KUBE-SVC-$id"
		return
	fi
	cat <<-RULES
		-A KUBE-EXT-$id -s ${PODS_CIDR[$FAMILY]} -j KUBE-SVC-$id
		-A KUBE-EXT-$id -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
		-A KUBE-EXT-$id -m addrtype --src-type LOCAL -j KUBE-SVC-$id
		-A KUBE-EXT-$id -j KUBE-SVL-$id
	RULES
	ipt_choices "KUBE-SVL-$id" "$id" "${3//32/}"
}

# ipt_choices CHAIN ID HOSTS: each of those that are left is as likely as any other.
ipt_choices() {
	local host left

	left=$(wc -w <<<"$3")
	for host in $3; do
		((left == 1)) || printf -- '-A %s -m statistic --mode random --probability %s -j KUBE-SEP-%s\n' \
			"$1" "$(awk "BEGIN { printf \"%.11f\", 1 / $left }")" "$2-$host"
		((left-- > 1)) || echo "-A $1 -j KUBE-SEP-$2-$host"
	done
}

ipt_rules() {
	local id=$1-$4-$5 host whole=${WHOLE[$FAMILY]} pods=${PODS[$FAMILY]}

	cat <<-RULES
		-A KUBE-SERVICES -d ${CLUSTER_IPS[$FAMILY]}$1/$whole -p $4 -m $4 --dport $5 -j KUBE-SVC-$id
		-A KUBE-SERVICES -d ${EXTERNAL_IPS[$FAMILY]}$1/$whole -p $4 -m $4 --dport $5 -j KUBE-EXT-$id
		-A KUBE-NODEPORTS -p $4 -m $4 --dport $7 -j KUBE-EXT-$id
		-A KUBE-SVC-$id ! -s ${PODS_CIDR[$FAMILY]} -d ${CLUSTER_IPS[$FAMILY]}$1/$whole -p $4 -m $4 --dport $5 -j KUBE-MARK-MASQ
	RULES
	ipt_choices "KUBE-SVC-$id" "$id" "$3"
	ipt_external "$@"
	for host in $3; do
		echo "-A KUBE-SEP-$id-$host -s $pods$host/$whole -j KUBE-MARK-MASQ"
		echo "-A KUBE-SEP-$id-$host -p $4 -m $4 -j DNAT --to-destination $(bracket "$pods$host"):$6"
	done
}

kube_proxy_iptables() {
	cat <<-RULES
		*filter
		:KUBE-FORWARD - [0:0]
		-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
		-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
		-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
		-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		COMMIT
		*nat
		$(printf ':KUBE-%s - [0:0]\n' MARK-MASQ NODEPORTS POSTROUTING SERVICES)
		$(each_port ipt_names)
		-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
		-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
		-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
		-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
		-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
		-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
		-A KUBE-POSTROUTING -j MASQUERADE --random-fully
		$(each_port ipt_rules)
		-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
		COMMIT
	RULES
}

# --- there, and gone --------------------------------------------------------------

# kube_proxy nftables|iptables: its rules on node1.
kube_proxy() {
	local FAMILY

	if [[ $1 == nftables ]]; then
		for FAMILY in 4 6; do kube_proxy_nft; done | lab_in node1 nft -f -
		return
	fi
	FAMILY=4 kube_proxy_iptables | lab_in node1 iptables-restore
	FAMILY=6 kube_proxy_iptables | lab_in node1 ip6tables-restore
}

# As `kube-proxy --cleanup` leaves it. Not the netfilter chains of iptables, which stay.
kube_proxy_cleanup() {
	local command table

	if [[ $1 == nftables ]]; then
		lab_in node1 nft 'delete table ip kube-proxy; delete table ip6 kube-proxy'
		return
	fi
	for command in iptables ip6tables; do
		for table in nat filter; do
			lab_in node1 "$command" -t "$table" -F
			lab_in node1 "$command" -t "$table" -X
		done
	done
}
