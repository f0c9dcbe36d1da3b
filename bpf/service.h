/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * START HERE. What happens to a packet, as a story.
 *
 * Packets meet us twice. On the way in (from a pod, from the wire; before
 * routing) service_in() gives traffic for a service its backend. On the way
 * out (to a pod, to the wire; after routing) service_out() gives the backend's
 * answers the service's address back. Only flows whose source we replaced are
 * turned back on the way in, for their answers are addressed to this node.
 */
#ifndef BPF_SERVICE_H
#define BPF_SERVICE_H

#include "conntrack.h"
#include "forward.h"
#include "select.h"

enum side {
	SIDE_POD,
	SIDE_WIRE,
};

/* ClusterIPs are for the inside. */
static __always_inline bool service_is_reachable(const struct frontend *frontend, enum side from)
{
	return from == SIDE_POD || frontend->kind == SR_FRONTEND_EXTERNAL_IP || sr_allow_external_clusterip;
}

/* A flow whose answers we would turn back has been translated before, by XDP. */
static __always_inline bool service_is_translated(const struct pkt *pkt, struct sr_tuple *answer)
{
	struct sr_conn *conn;

	tuple_invert(answer, &pkt->tuple);
	conn = conn_get(answer);
	return conn && conn->to.flags & SR_CONN_REPLY;
}

static __always_inline bool service_net_contains(const volatile struct sr_net *net, const struct sr_addr *addr)
{
	return (addr->half[0] & net->mask.half[0]) == net->addr.half[0] &&
	       (addr->half[1] & net->mask.half[1]) == net->addr.half[1];
}

/* Who calls a ClusterIP and is no pod: only if it was told where pods live. */
static __always_inline bool service_is_stranger(const struct sr_addr *src, const struct frontend *frontend)
{
	if (frontend->kind != SR_FRONTEND_CLUSTER_IP || !sr_num_cluster_cidrs)
		return false;
	for (__u32 i = 0; i < SR_MAX_CLUSTER_CIDRS; i++)
		if (i < sr_num_cluster_cidrs && service_net_contains(&sr_cluster_cidrs[i], src))
			return false;
	return true;
}

/*
 * The device whose address a flow must bear, so that its answers come back to
 * us and not by another way: that to a backend on another node, which would
 * answer the client directly; that of a pod that was given itself, which would
 * answer itself; that to the backend of a stranger. NULL: the client's address
 * stays.
 */
static __always_inline struct sr_device *service_source_device(sr_ctx *ctx, const struct pkt *pkt, enum side from,
							       const struct frontend *frontend,
							       const struct sr_addr *backend)
{
	struct sr_device *device;

	if (from == SIDE_POD && addr_is_equal(backend, &pkt->tuple.src))
		return device_lookup(ctx_ifindex(ctx));
	if (from == SIDE_POD && !service_is_stranger(&pkt->tuple.src, frontend))
		return NULL;

	device = forward_device(ctx, pkt, backend);
	if (device && !(device->flags & SR_DEVICE_UPLINK) && !service_is_stranger(&pkt->tuple.src, frontend))
		return NULL;
	return device;
}

/* SR_OK, with `conn` completed, or SR_DROP_*. */
static __always_inline int service_choose_source(sr_ctx *ctx, const struct pkt *pkt, enum side from,
						 const struct frontend *frontend, struct sr_conn *conn)
{
	struct sr_device *device = service_source_device(ctx, pkt, from, frontend, &conn->to.dst);

	conn->to.src = pkt->tuple.src;
	conn->to.sport = pkt->tuple.sport;
	if (!device)
		return SR_OK;

	conn->to.src = pkt->family == 4 ? device->snat4 : device->snat6;
	if (!(conn->to.src.half[0] | conn->to.src.half[1]))
		return SR_DROP_NO_NODE_ADDRESS;
	conn->to.flags |= SR_CONN_SNAT;
	return SR_OK;
}

static __always_inline int service_send(sr_ctx *ctx, struct pkt *pkt, const struct sr_rewrite *to)
{
	if (to->flags & SR_CONN_SNAT)
		return forward_rewritten(ctx, pkt, to);
	return nat_rewrite(ctx, pkt, to);
}

/* Fill in the forward half of a new connection. SR_OK or SR_DROP_*. */
static __always_inline int service_choose(sr_ctx *ctx, const struct pkt *pkt, enum side from,
					  const struct frontend *frontend, struct sr_conn *conn)
{
	int ret;

	conn->from = pkt->tuple;
	ret = backend_select(frontend->service, conn);
	if (ret != SR_OK)
		return ret;

	conn->to.flags = 0;
	conn->service = frontend->service;
	conn->created = conn->seen = conn_now();
	conn->isn = 0;
	return service_choose_source(ctx, pkt, from, frontend, conn);
}

/* Find the service of a flow's first packet, and choose its backend. */
static __noinline int service_open(sr_ctx *ctx, const struct pkt *pkt, enum side from)
{
	struct sr_scratch *scratch = conn_scratch();
	struct frontend frontend = {};
	int ret;

	if (!pkt || !scratch)
		return SR_DROP_INTERNAL;
	ret = frontend_lookup(&pkt->tuple.dst, pkt->tuple.dport, pkt->tuple.proto, &frontend);
	if (likely(ret != SR_OK))
		return ret;
	if (service_is_translated(pkt, &scratch->reply.from))
		return SR_PASS_MARKED;
	if (!service_is_reachable(&frontend, from))
		return SR_DROP_NOT_REACHABLE;
	return service_choose(ctx, pkt, from, &frontend, &scratch->conn);
}

/*
 * The first packet of a flow: `to` says how it leaves. A flow that cannot be
 * entered is dropped, never half translated.
 */
static __always_inline int service_begin(sr_ctx *ctx, const struct pkt *pkt, enum side from, struct sr_rewrite *to)
{
	struct sr_scratch *scratch;
	int ret;

	ret = service_open(ctx, pkt, from);
	if (ret == SR_OK)
		ret = conn_open();
	if (ret != SR_OK)
		return ret;

	scratch = conn_scratch();
	if (!scratch)
		return SR_DROP_INTERNAL;
	*to = scratch->conn.to;
	return SR_OK;
}

/* On the way in: a packet for a service goes to its backend. */
static __always_inline int service_in(sr_ctx *ctx, struct pkt *pkt, enum side from)
{
	struct sr_rewrite to;
	struct sr_conn *conn;
	int ret;

	conn = conn_find(&pkt->tuple, &to);
	if (conn && to.flags & SR_CONN_REPLY && !(to.flags & SR_CONN_SNAT))
		return SR_PASS_NOT_A_SERVICE;

	if (conn && !(to.flags & SR_CONN_REPLY) && unlikely(!conn_goes_on(conn, pkt, to.flags))) {
		conn_forget(conn);
		conn = NULL;
	}
	if (conn) {
		conn_track(conn, pkt, to.flags);
	} else {
		ret = service_begin(ctx, pkt, from, &to);
		if (ret != SR_OK)
			return ret;
	}
	return service_send(ctx, pkt, &to);
}

/* On the way out: an answer of a backend bears the service's address again. */
static __always_inline int service_out(sr_ctx *ctx, struct pkt *pkt)
{
	struct sr_rewrite to;
	struct sr_conn *conn;

	conn = conn_find(&pkt->tuple, &to);
	if (!conn || (to.flags & (SR_CONN_REPLY | SR_CONN_SNAT)) != SR_CONN_REPLY)
		return SR_PASS_NOT_A_REPLY;

	conn_track(conn, pkt, to.flags);
	return nat_rewrite(ctx, pkt, &to);
}

#endif
