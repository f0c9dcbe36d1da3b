/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The address a new flow bears towards its backend: the client's own, unless
 * its answers would not come back to us.
 */
#ifndef BPF_SOURCE_H
#define BPF_SOURCE_H

#include "conntrack.h"
#include "dispatch.h"
#include "forward.h"

/* Who calls a ClusterIP and is no pod: only if it was told where pods live. */
static __always_inline bool source_is_stranger(const struct sr_addr *src, __u32 kind)
{
	return kind == SR_FRONTEND_CLUSTER_IP && sr_num_cluster_cidrs && !dispatch_is_pod(src);
}

/*
 * The device whose address a flow must bear, so that its answers come back to
 * us and not by another way: that to a backend on another node, which would
 * answer the client directly; that of a pod that was given itself, which would
 * answer itself; that to the backend of a stranger. NULL: the client's address
 * stays.
 */
static __always_inline struct sr_device *source_device(sr_ctx *ctx, const struct pkt *pkt, enum side from, __u32 kind,
						       const struct sr_addr *backend)
{
	bool is_stranger = source_is_stranger(&pkt->tuple.src, kind);
	struct sr_device *device;

	if (from == SIDE_POD && addr_is_equal(backend, &pkt->tuple.src))
		return device_lookup(ctx_ifindex(ctx));
	if (from == SIDE_POD && !is_stranger)
		return NULL;

	device = forward_device(ctx, pkt, backend);
	if (device && !(device->flags & SR_DEVICE_UPLINK) && !is_stranger)
		return NULL;
	return device;
}

/* Complete scratch->conn, whose backend is chosen. SR_OK or SR_DROP_*. */
static __noinline int source_choose(sr_ctx *ctx, const struct pkt *pkt, enum side from)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_device *device;
	struct sr_conn *conn;

	if (!pkt || !scratch)
		return SR_DROP_INTERNAL;
	conn = &scratch->conn;
	device = source_device(ctx, pkt, from, scratch->kind, &conn->to.dst);
	conn->to.src = pkt->tuple.src;
	conn->to.sport = pkt->tuple.sport;
	conn->to.flags = 0;
	if (!device)
		return SR_OK;

	conn->to.src = pkt->family == 4 ? device->snat4 : device->snat6;
	if (!(conn->to.src.half[0] | conn->to.src.half[1]))
		return SR_DROP_NO_NODE_ADDRESS;
	conn->to.flags = SR_CONN_SNAT;
	return SR_OK;
}

#endif
