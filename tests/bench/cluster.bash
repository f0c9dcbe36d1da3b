# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# So many services, as manifests and as the rules that kube-proxy 1.36 writes for
# them on a node (see tests/net/kube_proxy.bash). The one in the middle is served
# by a pod that is there; each of the others has an endpoint that nobody calls.
#
# All have port 80 for TCP, which leads to 8080. The one that is served has 5201
# for TCP and UDP, too, for iperf3.

SERVER=10.240.1.30
PODS_CIDR=10.240.0.0/12

# cluster_ip I, external_ip I, pod_ip I: of the I-th service, from 0 on.
cluster_ip() {
	printf '10.0.%d.%d' $(($1 / 250)) $(($1 % 250 + 1))
}

external_ip() {
	printf '10.241.%d.%d' $(($1 / 250)) $(($1 % 250 + 1))
}

# The one in the middle of NUM.
served() {
	echo $(($1 / 2))
}

# each_service NUM FUNCTION: FUNCTION I CLUSTER-IP EXTERNAL-IP ENDPOINT PORT-PROTOCOL-TARGET..., in this order.
each_service() {
	local i at=0

	for ((i = 0; i < $1; i++)); do
		at=$((i / 250)).$((i % 250 + 1))
		if ((i == $1 / 2)); then
			"$2" $i 10.0.$at 10.241.$at $SERVER 80/tcp/8080 5201/tcp/5201 5201/udp/5201
		else
			"$2" $i 10.0.$at 10.241.$at 10.242.$at 80/tcp/8080
		fi
	done
}

# --- manifests --------------------------------------------------------------------

# bench_manifests NUM
bench_manifests() {
	each_service "$1" manifest
}

manifest() {
	local i=$1 cluster_ip=$2 external_ip=$3 endpoint=$4 ports='' slice_ports='' port protocol target

	for port in "${@:5}"; do
		IFS=/ read -r port protocol target <<<"$port"
		ports+="{name: p-$port-$protocol, port: $port, protocol: ${protocol^^}, targetPort: $target}, "
		slice_ports+="{name: p-$port-$protocol, port: $target, protocol: ${protocol^^}}, "
	done
	printf -- '---\napiVersion: v1\nkind: Service\nmetadata: {namespace: bench, name: s-%d}\n' "$i"
	printf 'spec: {clusterIP: %s, externalIPs: [%s], ports: [%s]}\n' "$cluster_ip" "$external_ip" "$ports"
	printf -- '---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n'
	printf 'metadata: {namespace: bench, name: s-%d, labels: {kubernetes.io/service-name: s-%d}}\n' "$i" "$i"
	printf 'addressType: IPv4\nports: [%s]\n' "$slice_ports"
	printf 'endpoints: [{addresses: [%s], conditions: {ready: true}}]\n' "$endpoint"
}

# --- mode nftables ----------------------------------------------------------------

# bench_nftables NUM
bench_nftables() {
	cat <<-TABLE
		table ip kube-proxy {
			set cluster-ips { type ipv4_addr; }
			set nodeport-ips { type ipv4_addr; }
			set hairpin-connections { type ipv4_addr . ipv4_addr . inet_proto . inet_service; }
			map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
			map service-nodeports { type inet_proto . inet_service : verdict; }
			chain services {
				ip daddr @cluster-ips ip saddr != $PODS_CIDR meta mark set meta mark | 0x00004000
				ip daddr . meta l4proto . th dport vmap @service-ips
				ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
			}
			chain masquerading {
				meta mark & 0x00004000 != 0x00000000 meta mark set meta mark ^ 0x00004000 masquerade fully-random
				ct status dnat ip saddr . ip daddr . meta l4proto . th dport @hairpin-connections masquerade fully-random
			}
			chain cluster-ips-check {
				ip daddr @cluster-ips reject
				ip daddr 10.0.0.0/16 drop
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
	each_service "$1" nft_service
}

nft_service() {
	local i=$1 cluster_ip=$2 endpoint=$4 port protocol target id

	echo "add element ip kube-proxy cluster-ips { $cluster_ip }"
	for port in "${@:5}"; do
		IFS=/ read -r port protocol target <<<"$port"
		id=service-$i/$protocol/$port
		echo "add chain ip kube-proxy $id"
		echo "add rule ip kube-proxy $id meta l4proto $protocol dnat ip to $endpoint:$target"
		echo "add element ip kube-proxy service-ips { $cluster_ip . $protocol . $port : goto $id }"
		echo "add element ip kube-proxy hairpin-connections { $endpoint . $endpoint . $protocol . $target }"
	done
}

# --- mode iptables ----------------------------------------------------------------

# bench_iptables NUM
bench_iptables() {
	cat <<-RULES
		*filter
		:KUBE-FORWARD - [0:0]
		-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
		-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
		-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
		-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		COMMIT
		*nat
		:KUBE-MARK-MASQ - [0:0]
		:KUBE-NODEPORTS - [0:0]
		:KUBE-POSTROUTING - [0:0]
		:KUBE-SERVICES - [0:0]
		-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
		-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
		-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
		-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
		-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
		-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
		-A KUBE-POSTROUTING -j MASQUERADE --random-fully
	RULES
	each_service "$1" iptables_service
	echo '-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS'
	echo COMMIT
}

iptables_service() {
	local i=$1 cluster_ip=$2 endpoint=$4 port protocol target id

	for port in "${@:5}"; do
		IFS=/ read -r port protocol target <<<"$port"
		id=$i-$protocol-$port
		printf ':KUBE-%s-%s - [0:0]\n' SVC "$id" SEP "$id"
		echo "-A KUBE-SERVICES -d $cluster_ip/32 -p $protocol -m $protocol --dport $port -j KUBE-SVC-$id"
		echo "-A KUBE-SVC-$id ! -s $PODS_CIDR -d $cluster_ip/32 -p $protocol -m $protocol --dport $port -j KUBE-MARK-MASQ"
		echo "-A KUBE-SVC-$id -j KUBE-SEP-$id"
		echo "-A KUBE-SEP-$id -s $endpoint/32 -j KUBE-MARK-MASQ"
		echo "-A KUBE-SEP-$id -p $protocol -m $protocol -j DNAT --to-destination $endpoint:$target"
	done
}
