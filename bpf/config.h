/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the user program tells the programs before it loads them. Read-only to
 * both the programs and, once loaded, to everybody.
 */
#ifndef BPF_CONFIG_H
#define BPF_CONFIG_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "svcroute/abi.h"

/*
 * Where pods live. If that is told, whoever calls a ClusterIP from elsewhere
 * gets a source address of this node, as with kube-proxy's --cluster-cidr.
 */
const volatile struct sr_net sr_cluster_cidrs[SR_MAX_CLUSTER_CIDRS] __weak = {};
const volatile __u32 sr_num_cluster_cidrs __weak = 0;

/* Where ClusterIPs come from, if that is told: an address of it that no service has is nobody's. */
const volatile struct sr_net sr_service_cidrs[SR_MAX_SERVICE_CIDRS] __weak = {};
const volatile __u32 sr_num_service_cidrs __weak = 0;

/* Established TCP connections end with their endpoint. */
const volatile bool sr_terminate __weak = false;

/* Flows between devices of ours pass the stack by. */
const volatile bool sr_forward_direct __weak = false;

/* Flows for other nodes' backends go there through tunnels, and keep their client's address. */
const volatile bool sr_dsr __weak = false;

/* From where tunnels may come. */
const volatile struct sr_net sr_dsr_from[SR_MAX_DSR_SOURCES] __weak = {};
const volatile __u32 sr_num_dsr_from __weak = 0;

/* Jiffies that an ICMP error to one peer costs, as net.ipv4.icmp_ratelimit says. 0: no limit. */
const volatile __u32 sr_refusal_cost __weak = 0;

/* ClusterIPs may be called from the uplink, too. */
const volatile bool sr_allow_external_clusterip __weak = false;

/* So many TCP flows may begin on a CPU in a tick before whoever calls has to show itself (flood.h). */
const volatile __u32 sr_flood_limit __weak = ~0U;

/* Source ports for SNAT, inclusive, host byte order. */
const volatile __u16 sr_snat_port_low __weak = 1024;
const volatile __u16 sr_snat_port_high __weak = 32767;

/* Cookie of the host's network namespace, by which its sockets are known. 0: all are the host's. */
const volatile __u64 sr_host_netns __weak = 0;

/* Sockets of other namespaces, pods' that is, are served, too. */
const volatile bool sr_pod_sockets __weak = false;

/* Seeds of the hashes of tuples and senders: outlive programs. */
const volatile __u64 sr_key_seed[SR_KEY_SEEDS] __weak = {1, 2, 3, 4, 5};

/* To count the seconds of session affinity. */
const volatile __u32 sr_jiffies_per_second __weak = 0;

/* How long a flow may be silent, in ticks of 1 << SR_TICK_SHIFT jiffies. */
const volatile __u32 sr_timeout_tcp __weak = 0;
const volatile __u32 sr_timeout_udp __weak = 0;
const volatile __u32 sr_timeout_closing __weak = 0;
const volatile __u32 sr_timeout_new __weak = 0;

/* A new flow's source port is its own for so long where others find none free. */
const volatile __u32 sr_grace_new __weak = 0;

/* Sets in the table of connections. */
const volatile __u32 sr_num_conn_sets __weak = 1;

/*
 * While the table of connections is replaced, other programs are attached that know
 * the former one, sr_conns_beside: its sets, the bytes of an entry, and how many words
 * entries have in common with ours. 0: nothing is replaced, and there is no such map.
 */
const volatile __u32 sr_beside_words __weak = 0;
const volatile __u32 sr_beside_stride __weak = 0;
const volatile __u32 sr_beside_sets __weak = 0;

/* How long the fragments of one datagram may be under way. */
const volatile __u32 sr_timeout_fragments __weak = 0;

/* UDP is established when both sides have spoken and this has passed. */
const volatile __u32 sr_prove_udp __weak = 0;

#endif
