// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Chain for chain and rule for rule what was recorded of a real one for ten
 * services of four endpoints: what the kernel then lists is the same word for
 * word, but for names, addresses, and parts that none of these services uses
 * (counters of nfacct, elements for hairpins of this node's own endpoints).
 * tests/net/kube_proxy.bash writes the rules of services with every feature, but
 * takes a second for fifteen of them.
 */
#include "kube_proxy.h"

#include <string.h>

#include "base/hash.h"

/* A chain's name: kube-proxy has the first digits of a digest in base 32, of which any spread will do. */
struct chain_name {
	char text[17];
};

static struct chain_name chain_name(const char *kind, unsigned int service, unsigned int endpoint, size_t digits)
{
	static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	struct chain_name name = {};
	uint64_t hash = SR_HASH_START;

	for (size_t i = 0; i < digits; i++) {
		if (i % 8 == 0) {
			hash = sr_hash(hash, kind, strlen(kind));
			hash = sr_hash(hash, &service, sizeof(service));
			hash = sr_hash(hash, &endpoint, sizeof(endpoint));
			hash ^= hash >> 29;
		}
		name.text[i] = base32[hash >> 5 * (i % 8) & 31];
	}
	return name;
}

/* --- mode nftables ---------------------------------------------------------------------- */

struct nft_chain {
	char text[64];
};

static struct nft_chain nft_service_chain(unsigned int service)
{
	struct nft_chain chain;

	snprintf(chain.text, sizeof(chain.text), "service-%s-" CLUSTER_NAMESPACE "/%s/tcp/http",
		 chain_name("service", service, 0, 8).text, cluster_name(service).text);
	return chain;
}

/* The table as it is without services, as one transaction begins. */
static const char nft_table[] =
	"add table ip kube-proxy { comment \"rules for kube-proxy\" ; }\n"
	"add set ip kube-proxy hairpin-connections { type ipv4_addr . ipv4_addr . inet_proto . inet_service ; comment "
	"\"service hairpin connections\" ; }\n"
	"add set ip kube-proxy cluster-ips { type ipv4_addr ; comment \"Active ClusterIPs\" ; }\n"
	"add set ip kube-proxy nodeport-ips { type ipv4_addr ; comment \"IPs that accept NodePort traffic\" ; }\n"
	"add map ip kube-proxy no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict ; comment "
	"\"vmap to drop or reject packets to services with no endpoints\" ; }\n"
	"add map ip kube-proxy no-endpoint-nodeports { type inet_proto . inet_service : verdict ; comment "
	"\"vmap to drop or reject packets to service nodeports with no endpoints\" ; }\n"
	"add map ip kube-proxy firewall-ips { type ipv4_addr . inet_proto . inet_service : verdict ; comment "
	"\"destinations that are subject to LoadBalancerSourceRanges\" ; }\n"
	"add map ip kube-proxy service-ips { type ipv4_addr . inet_proto . inet_service : verdict ; comment "
	"\"ClusterIP, ExternalIP and LoadBalancer IP traffic\" ; }\n"
	"add map ip kube-proxy service-nodeports { type inet_proto . inet_service : verdict ; comment \"NodePort "
	"traffic\" ; }\n"
	"add chain ip kube-proxy nodeport-endpoints-check\n"
	"add chain ip kube-proxy service-endpoints-check\n"
	"add chain ip kube-proxy firewall-check\n"
	"add chain ip kube-proxy services\n"
	"add chain ip kube-proxy masquerading\n"
	"add chain ip kube-proxy cluster-ips-check\n"
	"add chain ip kube-proxy reject-chain { comment \"helper for @no-endpoint-services / @no-endpoint-nodeports\" "
	"; "
	"}\n"
	"add chain ip kube-proxy filter-prerouting-pre-dnat { type filter hook prerouting priority -110 ; }\n"
	"add chain ip kube-proxy filter-output-pre-dnat { type filter hook output priority -110 ; }\n"
	"add chain ip kube-proxy filter-input { type filter hook input priority 0 ; }\n"
	"add chain ip kube-proxy filter-forward { type filter hook forward priority 0 ; }\n"
	"add chain ip kube-proxy filter-output { type filter hook output priority 0 ; }\n"
	"add chain ip kube-proxy nat-prerouting { type nat hook prerouting priority -100 ; }\n"
	"add chain ip kube-proxy nat-output { type nat hook output priority -100 ; }\n"
	"add chain ip kube-proxy nat-postrouting { type nat hook postrouting priority 100 ; }\n";

static const char nft_rules[] =
	"add element ip kube-proxy nodeport-ips { 192.168.77.1 }\n"
	"add rule ip kube-proxy nodeport-endpoints-check ip daddr @nodeport-ips meta l4proto . th dport vmap "
	"@no-endpoint-nodeports\n"
	"add rule ip kube-proxy service-endpoints-check ip daddr . meta l4proto . th dport vmap "
	"@no-endpoint-services\n"
	"add rule ip kube-proxy firewall-check ip daddr . meta l4proto . th dport vmap @firewall-ips\n"
	"add rule ip kube-proxy services ip daddr @cluster-ips ip saddr != " CLUSTER_PODS_CIDR
	" mark set mark or 0x4000 comment \"masquerade clusterIP traffic from outside cluster\"\n"
	"add rule ip kube-proxy services ip daddr . meta l4proto . th dport vmap @service-ips\n"
	"add rule ip kube-proxy services ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports\n"
	"add rule ip kube-proxy masquerading mark and 0x4000 != 0 mark set mark xor 0x4000 masquerade fully-random\n"
	"add rule ip kube-proxy masquerading ct status dnat ip saddr . ip daddr . meta l4proto . th dport "
	"@hairpin-connections masquerade fully-random\n"
	"add rule ip kube-proxy cluster-ips-check ip daddr @cluster-ips reject comment \"Reject traffic to invalid "
	"ports of ClusterIPs\"\n"
	"add rule ip kube-proxy cluster-ips-check ip daddr 10.96.0.0/12 drop comment \"Drop traffic to unallocated "
	"ClusterIPs\"\n"
	"add rule ip kube-proxy reject-chain reject\n"
	"add rule ip kube-proxy filter-prerouting-pre-dnat ct state new jump firewall-check\n"
	"add rule ip kube-proxy filter-output-pre-dnat ct state new jump firewall-check\n"
	"add rule ip kube-proxy filter-input ct state new jump nodeport-endpoints-check\n"
	"add rule ip kube-proxy filter-input ct state new jump service-endpoints-check\n"
	"add rule ip kube-proxy filter-forward ct state new jump service-endpoints-check\n"
	"add rule ip kube-proxy filter-forward ct state new jump cluster-ips-check\n"
	"add rule ip kube-proxy filter-output ct state new jump service-endpoints-check\n"
	"add rule ip kube-proxy filter-output ct state new jump cluster-ips-check\n"
	"add rule ip kube-proxy nat-prerouting jump services\n"
	"add rule ip kube-proxy nat-output jump services\n"
	"add rule ip kube-proxy nat-postrouting jump masquerading\n";

/* The whole rule anew: a map within a rule cannot be changed. */
static void nft_service_rule(FILE *out, const struct cluster *cluster, unsigned int service, unsigned int endpoints)
{
	fprintf(out, "add rule ip kube-proxy %s meta l4proto tcp dnat ip to numgen random mod %u map { ",
		nft_service_chain(service).text, endpoints);
	for (unsigned int i = 0; i < endpoints; i++)
		fprintf(out, "%s%u : %s . %d", i ? " , " : "", i, cluster_pod(cluster, service, i).text,
			CLUSTER_TARGET_PORT);
	fprintf(out, " }\n");
}

void kube_proxy_nft(FILE *out, const struct cluster *cluster)
{
	fputs(nft_table, out);
	for (unsigned int i = 0; i < cluster->services; i++)
		fprintf(out, "add chain ip kube-proxy %s\n", nft_service_chain(i).text);
	fputs(nft_rules, out);
	for (unsigned int i = 0; i < cluster->services; i++) {
		fprintf(out, "add element ip kube-proxy cluster-ips { %s }\n", cluster_ip(i).text);
		fprintf(out, "add element ip kube-proxy service-ips { %s . tcp . %d : goto %s }\n", cluster_ip(i).text,
			CLUSTER_PORT, nft_service_chain(i).text);
		nft_service_rule(out, cluster, i, cluster->endpoints);
	}
}

void kube_proxy_nft_change(FILE *out, const struct cluster *cluster, unsigned int service, unsigned int endpoints)
{
	struct nft_chain chain = nft_service_chain(service);

	fprintf(out, "add chain ip kube-proxy %s\nflush chain ip kube-proxy %s\n", chain.text, chain.text);
	nft_service_rule(out, cluster, service, endpoints);
}

/* --- mode iptables ---------------------------------------------------------------------- */

static const char ipt_filter[] =
	"*filter\n"
	":KUBE-SERVICES - [0:0]\n:KUBE-EXTERNAL-SERVICES - [0:0]\n:KUBE-FIREWALL - [0:0]\n:KUBE-FORWARD - [0:0]\n"
	":KUBE-NODEPORTS - [0:0]\n:KUBE-PROXY-FIREWALL - [0:0]\n"
	"-A KUBE-FIREWALL -m comment --comment \"block incoming localnet connections\" -d 127.0.0.0/8 ! -s 127.0.0.0/8 "
	"-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\n"
	"-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP\n"
	"-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding rules\" -m mark --mark 0x4000/0x4000 -j ACCEPT\n"
	"-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding conntrack rule\" -m conntrack --ctstate "
	"RELATED,ESTABLISHED -j ACCEPT\n"
	"COMMIT\n";

static const char ipt_nat[] = "*nat\n"
			      ":KUBE-SERVICES - [0:0]\n:KUBE-NODEPORTS - [0:0]\n:KUBE-POSTROUTING - [0:0]\n"
			      ":KUBE-MARK-MASQ - [0:0]\n";

static const char ipt_nat_rules[] =
	"-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"
	"-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000\n"
	"-A KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE "
	"--random-fully\n"
	"-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n";

/* What leads into those chains: it stays, and is written when kube-proxy begins. */
static const char ipt_jumps[] =
	"*filter\n:KUBE-SERVICES - [0:0]\n:KUBE-EXTERNAL-SERVICES - [0:0]\n:KUBE-FIREWALL - [0:0]\n"
	":KUBE-FORWARD - [0:0]\n:KUBE-NODEPORTS - [0:0]\n:KUBE-PROXY-FIREWALL - [0:0]\n"
	"-A INPUT -j KUBE-FIREWALL\n"
	"-A INPUT -m conntrack --ctstate NEW -m comment --comment \"kubernetes load balancer firewall\" -j "
	"KUBE-PROXY-FIREWALL\n"
	"-A INPUT -m comment --comment \"kubernetes health check service ports\" -j KUBE-NODEPORTS\n"
	"-A INPUT -m conntrack --ctstate NEW -m comment --comment \"kubernetes externally-visible service portals\" -j "
	"KUBE-EXTERNAL-SERVICES\n"
	"-A FORWARD -m conntrack --ctstate NEW -m comment --comment \"kubernetes load balancer firewall\" -j "
	"KUBE-PROXY-FIREWALL\n"
	"-A FORWARD -m comment --comment \"kubernetes forwarding rules\" -j KUBE-FORWARD\n"
	"-A FORWARD -m conntrack --ctstate NEW -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n"
	"-A FORWARD -m conntrack --ctstate NEW -m comment --comment \"kubernetes externally-visible service portals\" "
	"-j KUBE-EXTERNAL-SERVICES\n"
	"-A OUTPUT -j KUBE-FIREWALL\n"
	"-A OUTPUT -m conntrack --ctstate NEW -m comment --comment \"kubernetes load balancer firewall\" -j "
	"KUBE-PROXY-FIREWALL\n"
	"-A OUTPUT -m conntrack --ctstate NEW -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n"
	"COMMIT\n"
	"*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-POSTROUTING - [0:0]\n"
	"-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n"
	"-A OUTPUT -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n"
	"-A POSTROUTING -m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING\n"
	"COMMIT\n";

static struct chain_name ipt_svc(unsigned int service)
{
	return chain_name("svc", service, 0, 16);
}

static struct chain_name ipt_sep(unsigned int service, unsigned int endpoint)
{
	return chain_name("sep", service, endpoint, 16);
}

static void ipt_chains(FILE *out, unsigned int service, unsigned int endpoints)
{
	fprintf(out, ":KUBE-SVC-%s - [0:0]\n", ipt_svc(service).text);
	for (unsigned int i = 0; i < endpoints; i++)
		fprintf(out, ":KUBE-SEP-%s - [0:0]\n", ipt_sep(service, i).text);
}

static void ipt_portal(FILE *out, unsigned int service)
{
	fprintf(out,
		"-A KUBE-SERVICES -m comment --comment \"" CLUSTER_NAMESPACE
		"/%s:http cluster IP\" -m tcp -p tcp -d %s --dport %d -j KUBE-SVC-%s\n",
		cluster_name(service).text, cluster_ip(service).text, CLUSTER_PORT, ipt_svc(service).text);
}

/* One of those that are left is as likely as any other. */
static void ipt_choice(FILE *out, const struct cluster *cluster, unsigned int service, unsigned int endpoint,
		       unsigned int left)
{
	fprintf(out, "-A KUBE-SVC-%s -m comment --comment \"" CLUSTER_NAMESPACE "/%s:http -> %s:%d\"",
		ipt_svc(service).text, cluster_name(service).text, cluster_pod(cluster, service, endpoint).text,
		CLUSTER_TARGET_PORT);
	if (left > 1)
		fprintf(out, " -m statistic --mode random --probability %.10f", 1.0 / left);
	fprintf(out, " -j KUBE-SEP-%s\n", ipt_sep(service, endpoint).text);
}

static void ipt_endpoint(FILE *out, const struct cluster *cluster, unsigned int service, unsigned int endpoint)
{
	const char *format = "-A KUBE-SEP-%s -m comment --comment \"" CLUSTER_NAMESPACE "/%s:http\" ";
	struct cluster_text name = cluster_name(service), pod = cluster_pod(cluster, service, endpoint);
	struct chain_name chain = ipt_sep(service, endpoint);

	fprintf(out, format, chain.text, name.text);
	fprintf(out, "-s %s -j KUBE-MARK-MASQ\n", pod.text);
	fprintf(out, format, chain.text, name.text);
	fprintf(out, "-m tcp -p tcp -j DNAT --to-destination %s:%d\n", pod.text, CLUSTER_TARGET_PORT);
}

static void ipt_service(FILE *out, const struct cluster *cluster, unsigned int service, unsigned int endpoints)
{
	fprintf(out,
		"-A KUBE-SVC-%s -m comment --comment \"" CLUSTER_NAMESPACE
		"/%s:http cluster IP\" -m tcp -p tcp -d %s --dport %d ! -s " CLUSTER_PODS_CIDR " -j KUBE-MARK-MASQ\n",
		ipt_svc(service).text, cluster_name(service).text, cluster_ip(service).text, CLUSTER_PORT);
	for (unsigned int i = 0; i < endpoints; i++)
		ipt_choice(out, cluster, service, i, endpoints - i);
	for (unsigned int i = 0; i < endpoints; i++)
		ipt_endpoint(out, cluster, service, i);
}

static void ipt_end(FILE *out)
{
	fprintf(out,
		"-A KUBE-SERVICES -m comment --comment \"kubernetes service nodeports; NOTE: this must be the last "
		"rule in this chain\" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS\nCOMMIT\n");
}

void kube_proxy_iptables(FILE *out, const struct cluster *cluster)
{
	fputs(ipt_jumps, out);
	fputs(ipt_filter, out);
	fputs(ipt_nat, out);
	for (unsigned int i = 0; i < cluster->services; i++)
		ipt_chains(out, i, cluster->endpoints);
	fputs(ipt_nat_rules, out);
	for (unsigned int i = 0; i < cluster->services; i++) {
		ipt_portal(out, i);
		ipt_service(out, cluster, i, cluster->endpoints);
	}
	ipt_end(out);
}

/*
 * The chain of all services' portals, as ever, and the chains of that one
 * service alone: so it has been since 1.26. The chain of an endpoint that has
 * gone is removed by a later, whole sync.
 */
void kube_proxy_iptables_change(FILE *out, const struct cluster *cluster, unsigned int service, unsigned int endpoints)
{
	fputs(ipt_filter, out);
	fputs(ipt_nat, out);
	ipt_chains(out, service, endpoints);
	fputs(ipt_nat_rules, out);
	for (unsigned int i = 0; i < cluster->services; i++)
		ipt_portal(out, i);
	ipt_service(out, cluster, service, endpoints);
	ipt_end(out);
}
