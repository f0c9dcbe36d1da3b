/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * START HERE. What happens to a packet, as a story.
 *
 * Packets meet us twice. On the way in (from a pod, from the wire; before
 * routing) service_in() gives traffic for a service its backend. On the way
 * out (to a pod, to the wire; after routing) service_out() gives the backend's
 * answers the service's address back. Only of flows that pass the stack by they
 * are turned back on the way in: where we replaced the source they are addressed to
 * this node, and with --forward direct they leave as their flow does. What this
 * host itself sends is met on the way out only, and served there.
 */
#ifndef BPF_SERVICE_H
#define BPF_SERVICE_H

#include "claim.h"
#include "flood.h"
#include "forward.h"
#include "origin.h"
#include "packet.h"
#include "select.h"
#include "source.h"
#include "takeover.h"

/* A flow whose answers we would turn back has been translated before, by XDP. */
static __always_inline bool service_is_translated(const struct pkt *pkt, struct sr_tuple *answer)
{
	struct sr_conn *conn;

	if (likely(!bloom_has_backend(&pkt->tuple.dst, pkt->tuple.dport)))
		return false;
	tuple_invert(answer, &pkt->tuple);
	conn = conn_get(answer);
	return conn && conn->to.flags & SR_CONN_REPLY;
}

/* `conn`, if the packet is not its first one; `again`: it leaves as those before it. */
static __always_inline int service_send(sr_ctx *ctx, struct pkt *pkt, struct sr_conn *conn, bool again,
					const struct sr_rewrite *to)
{
	int ret = SR_OK;

	if (likely(!(to->flags & (SR_CONN_PAST | SR_CONN_DSR))))
		return nat_rewrite(ctx, pkt, to);
	if (unlikely(to->flags & SR_CONN_DSR))
		return CTX_CAN_REDO ? SR_PASS_TO_TC : CTX_NAME(dsr_send)(ctx, pkt, &to->dst);
	if (unlikely(to->flags & SR_CONN_HELD))
		return SR_DROP_HELD;

	if (sr_forward_direct && CTX_CAN_REDO && again && conn && conn->hop.peer)
		return SR_PASS_TO_TC;
	if (!conn || !again || !forward_again(ctx, pkt, conn))
		ret = forward_begin(ctx, pkt, conn, to->flags, &to->src, &to->dst);
	if (ret == SR_OK)
		ret = nat_rewrite(ctx, pkt, to);
	return ret == SR_OK ? forward_end(ctx, pkt, to->flags) : ret;
}

/* scratch->conn is that of a flow's first packet, but for where it leads. */
static __always_inline void service_note(struct sr_scratch *scratch, const struct pkt *pkt)
{
	scratch->conn.from = pkt->tuple;
	scratch->conn.created = scratch->conn.seen = conn_now();
	/* Of the client: the other half keeps it. */
	scratch->conn.isn = pkt->seq;
}

/* Does it begin a flow, as far as TCP and SCTP tell? */
static __always_inline bool service_is_first(const struct pkt *pkt)
{
	return (pkt->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN;
}

/*
 * A client may call a backend directly, from a port that it uses for the service
 * as well: its answers would be taken for the service's, and the backend sees
 * one connection where there are two. So that one gets another port, as
 * netfilter would give it: scratch->conn leads to where it went, and conn_open()
 * finds its port taken: also by one that is over, whose entry still turns what
 * answers it. What another hook of ours has translated looks alike, but bears
 * the initial sequence number that the entry knows.
 */
static __always_inline bool service_is_collision(const struct pkt *pkt, struct sr_scratch *scratch, enum side from)
{
	struct sr_conn *conn;

	if (likely(!service_is_first(pkt)) || from == SIDE_HOST)
		return false;
	tuple_invert(&scratch->reply.from, &pkt->tuple);
	conn = conn_get(&scratch->reply.from);
	if (!conn || (conn->to.flags & (SR_CONN_REPLY | SR_CONN_DSR)) != SR_CONN_REPLY ||
	    sr_conn_is_masked(&conn->from, &conn->to) || !conn_is_live(conn, conn->to.flags) || conn->isn == pkt->seq)
		return false;

	service_note(scratch, pkt);
	scratch->conn.service = scratch->conn.backend = scratch->conn.generation = 0;
	scratch->conn.to.src = pkt->tuple.src;
	scratch->conn.to.dst = pkt->tuple.dst;
	scratch->conn.to.sport = pkt->tuple.sport;
	scratch->conn.to.dport = pkt->tuple.dport;
	scratch->conn.to.flags = SR_CONN_DIRECT;
	return true;
}

/* Find the service that a flow's first packet calls: scratch->conn begins with it. */
__subprog int service_find(const struct pkt *pkt, __u32 from)
{
	struct sr_scratch *scratch = conn_scratch();
	struct frontend frontend = {};
	int ret;

	if (!pkt || !scratch)
		return SR_DROP_INTERNAL;
	ret = frontend_lookup(&pkt->tuple.dst, pkt->tuple.dport, pkt->tuple.proto, &frontend);
	if (likely(ret > 0))
		return service_is_collision(pkt, scratch, from) ? SR_OK : ret;
	if (unlikely(takeover_leaves(pkt)))
		return SR_PASS_TAKEOVER;
	if (service_is_translated(pkt, &scratch->reply.from))
		return SR_PASS_MARKED;
	if (!dispatch_is_reachable(frontend.kind, from))
		return SR_DROP_NOT_REACHABLE;
	if (ret != SR_OK)
		return ret;

	service_note(scratch, pkt);
	scratch->kind = frontend.kind;
	scratch->conn.service = frontend.service;
	scratch->conn.to.flags = 0;
	return SR_OK;
}

/* Complete scratch->conn: its backend, and the source that the backend sees. */
static __always_inline int service_choose(sr_ctx *ctx, const struct pkt *pkt, enum side from,
					  struct sr_scratch *scratch)
{
	int ret;

	if (scratch->conn.to.flags & SR_CONN_DIRECT)
		return SR_OK;
	ret = CTX_NAME(backend_select)(&scratch->conn, scratch->kind, ctx_is_unwrapped(ctx) ? SIDE_TUNNEL : from);
	if (ret == SR_OK)
		ret = from == SIDE_HOST ? source_choose_outbound(ctx, pkt) : source_choose(ctx, pkt, from);
	return ret;
}

/*
 * The first packet of a flow: `to` says how it leaves. A flow that cannot be
 * entered is dropped, never half translated.
 */
static __always_inline int service_begin(sr_ctx *ctx, const struct pkt *pkt, enum side from, enum conn_met met,
					 struct sr_rewrite *to)
{
	struct sr_scratch *scratch = conn_scratch();
	int ret;

	if (!scratch)
		return SR_DROP_INTERNAL;
	ret = service_find(pkt, from);
	if (ret == SR_OK)
		ret = origin_check(ctx, pkt, from);
	if (ret == SR_OK)
		ret = service_choose(ctx, pkt, from, scratch);
	if (ret == SR_OK)
		ret = conn_open(met == CONN_MET_OVERDUE);
	if (ret != SR_OK)
		return ret;
	flood_count(pkt);
	*to = scratch->conn.to;
	return SR_OK;
}

/*
 * Take note of a packet of a connection. One whose backend is gone ends, if so
 * configured: refused is the client's packet, and the backend's becomes the
 * client's reset. XDP cannot refuse, and leaves the end to tc.
 */
static __always_inline int service_track(sr_ctx *ctx, struct pkt *pkt, struct sr_conn *conn, __u32 flags)
{
	int ret = SR_OK;

	if (conn_is_terminated(conn, pkt)) {
		if (CTX_CAN_REDO)
			return SR_PASS_TO_TC;
		ret = flags & SR_CONN_REPLY ? nat_make_reset(ctx, pkt) : SR_DROP_TERMINATED;
	}
	conn_track(conn, pkt, flags);
	return ret;
}

/* A packet that may be for a service; `conn` is its connection, if it has one, and leaves as `to` says. */
static __always_inline int service_serve(sr_ctx *ctx, struct pkt *pkt, enum side from, enum conn_met met,
					 struct sr_conn *conn, struct sr_rewrite *to)
{
	bool again = met >= CONN_MET_LIVE && forward_hop_is_fresh(conn);
	int ret = SR_OK;

	if (met == CONN_MET_LIVE && !(to->flags & SR_CONN_REPLY) && !conn_goes_on(conn, pkt, to->flags)) {
		conn_forget(conn);
		met = CONN_MET_NONE;
	}
	if (met < CONN_MET_LIVE) {
		ret = service_begin(ctx, pkt, from, met, to);
		conn = NULL;
	} else if (met == CONN_MET_LIVE) {
		ret = service_track(ctx, pkt, conn, to->flags);
	}
	return ret == SR_OK ? service_send(ctx, pkt, conn, again, to) : ret;
}

/* Is it certain that a packet on its way in is none of ours? What would be a collision is not. */
static __always_inline bool service_is_foreign_in(sr_ctx *ctx, const struct pkt *pkt)
{
	const struct sr_tuple *tuple = &pkt->tuple;

	return !bloom_has_addr(&tuple->dst) && !ctx_is_unwrapped(ctx) &&
	       !(sr_forward_direct && bloom_has_backend(&tuple->src, tuple->sport)) &&
	       address_unknown(&tuple->dst) == SR_PASS_NOT_A_SERVICE &&
	       !(service_is_first(pkt) && bloom_has_backend(&tuple->dst, tuple->dport));
}

/* On the way in: a packet for a service goes to its backend. */
static __always_inline int service_in(sr_ctx *ctx, struct pkt *pkt, enum side from)
{
	struct sr_rewrite to;
	struct sr_conn *conn;
	enum conn_met met;

	if (service_is_foreign_in(ctx, pkt))
		return SR_PASS_NOT_A_SERVICE;
	met = conn_meet(pkt, &conn, &to);
	if (met >= CONN_MET_LIVE && ctx_is_unwrapped(ctx) && conn_leads_elsewhere(&pkt->tuple, &to))
		return SR_DROP_TUNNEL;
	if (met >= CONN_MET_LIVE && (to.flags & (SR_CONN_REPLY | SR_CONN_PAST)) == SR_CONN_REPLY)
		return SR_PASS_NOT_A_SERVICE;
	return service_serve(ctx, pkt, from, met, conn, &to);
}

/* Did it come by no way in of ours: from this host itself, or by another's device? */
static __always_inline bool service_is_unmet(const sr_ctx *ctx)
{
	return !ctx_ingress(ctx) || !device_lookup(ctx_ingress(ctx));
}

/* Is it certain that a packet on its way out is none of ours? */
static __always_inline bool service_is_foreign_out(const struct pkt *pkt, bool to_wire)
{
	const struct sr_tuple *tuple = &pkt->tuple;

	return !bloom_has_backend(&tuple->src, tuple->sport) &&
	       !(to_wire && (bloom_has_addr(&tuple->dst) || address_unknown(&tuple->dst) != SR_PASS_NOT_A_SERVICE));
}

/*
 * On the way out: an answer of a backend bears the service's address again. On
 * the wire's side (`to_wire`) packets are met, too, that did not come in by us.
 */
static __always_inline int service_out(sr_ctx *ctx, struct pkt *pkt, bool to_wire)
{
	struct sr_rewrite to;
	struct sr_conn *conn;
	enum conn_met met;
	int ret = SR_OK;

	if (service_is_foreign_out(pkt, to_wire))
		return to_wire && service_is_unmet(ctx) ? SR_PASS_NOT_A_SERVICE : SR_PASS_NOT_A_REPLY;
	met = conn_meet(pkt, &conn, &to);
	/* One that was to be turned on its way in, but came by no device of ours, is turned here. */
	if (met >= CONN_MET_LIVE && (to.flags & (SR_CONN_REPLY | SR_CONN_DSR | SR_CONN_HELD)) == SR_CONN_REPLY &&
	    !sr_conn_is_masked(&pkt->tuple, &to)) {
		if (met != CONN_MET_ROUTINE)
			ret = service_track(ctx, pkt, conn, to.flags);
		return ret == SR_OK ? nat_rewrite(ctx, pkt, &to) : ret;
	}
	if (!to_wire || !service_is_unmet(ctx))
		return SR_PASS_NOT_A_REPLY;
	return service_serve(ctx, pkt, SIDE_HOST, met, conn, &to);
}

/*
 * A protocol that services do not use: a ClusterIP and an announced address
 * refuse it, as they do a port that they have not. SR_DROP_*, or SR_PASS_NOT_SERVED_PROTO.
 */
__subprog int service_refuse_stray(const struct pkt *pkt, __u32 from)
{
	__u32 kind = SR_FRONTEND_CLUSTER_IP;
	int ret;

	if (!pkt)
		return SR_DROP_INTERNAL;
	ret = frontend_lookup_address(&pkt->tuple.dst, &kind);
	if (ret > 0)
		return SR_PASS_NOT_SERVED_PROTO;
	return dispatch_is_reachable(kind, from) ? ret : SR_DROP_NOT_REACHABLE;
}

#endif
