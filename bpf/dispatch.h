/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who may call a frontend, and among which endpoints its service's traffic
 * policies let that caller choose.
 */
#ifndef BPF_DISPATCH_H
#define BPF_DISPATCH_H

#include "config.h"
#include "lookup.h"

/* Where a new flow comes from. */
enum side {
	SIDE_POD,    /* of this node */
	SIDE_WIRE,   /* outside; another node's pods, too */
	SIDE_HOST,   /* this host itself, or a device that is not ours */
	SIDE_TUNNEL, /* a gateway's tunnel: for this node's own backends */
};

/* Is it known to be a pod's address? */
static __always_inline bool dispatch_is_pod(const struct sr_addr *addr)
{
	for (__u32 i = 0; i < SR_MAX_CLUSTER_CIDRS; i++)
		if (i < sr_num_cluster_cidrs && net_contains(&sr_cluster_cidrs[i], addr))
			return true;
	return false;
}

/* ClusterIPs are for the inside. */
static __always_inline bool dispatch_is_reachable(__u32 kind, enum side from)
{
	return from != SIDE_WIRE || kind != SR_FRONTEND_CLUSTER_IP || sr_allow_external_clusterip;
}

/*
 * The set that policy chooses. What comes from within the cluster short-cuts
 * externalTrafficPolicy: Local, as if it had not left for the address.
 */
static __always_inline enum sr_set dispatch_set(__u32 kind, __u32 flags, enum side from, const struct sr_addr *src)
{
	if (from == SIDE_TUNNEL)
		return SR_SET_LOCAL;
	if (kind == SR_FRONTEND_CLUSTER_IP)
		return flags & SR_SERVICE_INTERNAL_LOCAL ? SR_SET_LOCAL : SR_SET_CLUSTER;
	if (kind == SR_FRONTEND_HOST_PORT || !(flags & SR_SERVICE_EXTERNAL_LOCAL))
		return SR_SET_CLUSTER;
	if (from != SIDE_WIRE || dispatch_is_pod(src))
		return SR_SET_CLUSTER;
	return SR_SET_LOCAL;
}

/* loadBalancerSourceRanges, which hold for LoadBalancer addresses and for pods, too. */
static __always_inline bool dispatch_is_listed(const struct frontend *frontend, __u32 flags, const struct sr_addr *src)
{
	struct sr_source_key key = {
		.prefixlen = SR_SOURCE_SERVICE_BITS + 8 * sizeof(*src),
		.service = frontend->service,
		.addr = *src,
	};

	if (frontend->kind != SR_FRONTEND_LOAD_BALANCER || !(flags & SR_SERVICE_SOURCE_RANGES))
		return true;
	return bpf_map_lookup_elem(&sr_sources, &key);
}

#endif
