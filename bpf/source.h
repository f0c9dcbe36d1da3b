/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The address a new flow bears towards its backend: the client's own, unless
 * its answers would not come back to us.
 */
#ifndef BPF_SOURCE_H
#define BPF_SOURCE_H

#include "conn.h"
#include "dispatch.h"
#include "dsr.h"
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
 * stays. With --forward direct a flow that keeps it, and whose backend lies behind
 * a device of ours, leaves past the stack all the same.
 *
 * A flow whose backend has no route yet is not entered: it would keep for good
 * what was chosen in ignorance. SR_OK or SR_DROP_*.
 */
static __always_inline int source_device(sr_ctx *ctx, const struct pkt *pkt, enum side from, struct sr_scratch *scratch,
					 struct sr_device **device)
{
	bool is_stranger = source_is_stranger(&pkt->tuple.src, scratch->kind);
	struct sr_device *way = NULL;
	int ret = SR_OK;

	*device = NULL;
	if (from == SIDE_POD && addr_is_equal(&scratch->conn.to.dst, &pkt->tuple.src)) {
		*device = device_lookup(ctx_ifindex(ctx));
		return SR_OK;
	}
	if (from != SIDE_POD || is_stranger || sr_forward_direct)
		ret = forward_device(ctx, pkt, &scratch->conn.to.dst, &way);
	if (!way)
		return ret;
	if (is_stranger || (from != SIDE_POD && way->flags & SR_DEVICE_UPLINK))
		*device = way;
	else if (sr_forward_direct && !ctx_is_unwrapped(ctx))
		scratch->conn.to.flags |= SR_CONN_PAST;
	return ret;
}

/* SR_OK, with the address of this node towards a device in `conn`, or SR_DROP_*. */
static __always_inline int source_of_device(const struct sr_device *device, const struct pkt *pkt, struct sr_conn *conn)
{
	conn->to.src = pkt->family == 4 ? device->snat4 : device->snat6;
	if (!(conn->to.src.half[0] | conn->to.src.half[1]))
		return SR_DROP_NO_NODE_ADDRESS;
	conn->to.flags |= SR_CONN_PAST;
	return SR_OK;
}

/* Complete scratch->conn, whose backend is chosen. SR_OK or SR_DROP_*. */
static __noinline int source_choose(sr_ctx *ctx, const struct pkt *pkt, enum side from)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_device *device;
	int ret;

	if (!pkt || !scratch)
		return SR_DROP_INTERNAL;
	scratch->conn.to.src = pkt->tuple.src;
	scratch->conn.to.sport = pkt->tuple.sport;
	scratch->conn.to.flags = 0;
	ret = source_device(ctx, pkt, from, scratch, &device);
	if (ret != SR_OK || !device)
		return ret;
	if (ctx_is_unwrapped(ctx))
		return SR_DROP_TUNNEL;
	if (from == SIDE_WIRE && dsr_choose())
		return SR_OK;
	return source_of_device(device, pkt, &scratch->conn);
}

/*
 * The same for a flow that was met on its way out: its answers must come back
 * to an address of this node, where they are turned. A backend that is this
 * host itself sees the service as its client: the host's own address would be a
 * martian to it.
 */
static __noinline int source_choose_outbound(sr_ctx *ctx, const struct pkt *pkt)
{
	struct sr_scratch *scratch = conn_scratch();
	struct bpf_fib_lookup fib = {};
	struct sr_device *device;
	long way;

	if (!pkt || !scratch)
		return SR_DROP_INTERNAL;
	scratch->conn.to.flags = ctx_ingress(ctx) ? 0 : SR_CONN_CLIENT_HOST;
	forward_ask(&fib, ctx, pkt, &pkt->tuple.src, &scratch->conn.to.dst);
	way = forward_lookup_device(ctx, &fib);
	if (way == BPF_FIB_LKUP_RET_NOT_FWDED) {
		scratch->conn.to.src = pkt->tuple.dst;
		scratch->conn.to.flags |= SR_CONN_PAST | SR_CONN_BACKEND_HOST;
		return SR_OK;
	}
	if (forward_verdict(way) != SR_OK)
		return forward_verdict(way);
	device = forward_has_route(way) ? device_lookup(fib.ifindex) : NULL;
	if (!device)
		device = device_lookup(ctx_ifindex(ctx));
	return device ? source_of_device(device, pkt, &scratch->conn) : SR_DROP_NO_ROUTE;
}

#endif
