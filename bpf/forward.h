/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Routing what must not enter the stack: a packet that carries the node's own
 * source address, or a service's, would be a martian there (RFC 1812, section
 * 5.3.7). It leaves at once, as the routing table says.
 */
#ifndef BPF_FORWARD_H
#define BPF_FORWARD_H

#include "conn.h"
#include "nat.h"

static __always_inline void forward_ask(struct bpf_fib_lookup *fib, sr_ctx *ctx, const struct pkt *pkt,
					const struct sr_addr *src, const struct sr_addr *dst)
{
	fib->family = pkt->family == 4 ? AF_INET : AF_INET6;
	fib->l4_protocol = pkt->tuple.proto;
	fib->ifindex = ctx_ifindex(ctx);
	if (pkt->family == 4) {
		fib->ipv4_src = src->word[3];
		fib->ipv4_dst = dst->word[3];
	} else {
		__builtin_memcpy(fib->ipv6_src, src, 16);
		__builtin_memcpy(fib->ipv6_dst, dst, 16);
	}
}

static __always_inline bool forward_has_route(long ret)
{
	return ret == BPF_FIB_LKUP_RET_SUCCESS || ret == BPF_FIB_LKUP_RET_NO_NEIGH ||
	       ret == BPF_FIB_LKUP_RET_FRAG_NEEDED;
}

/* Which device a route leads to: the neighbour does not matter. */
static __always_inline long forward_lookup_device(sr_ctx *ctx, struct bpf_fib_lookup *fib)
{
	long way = ctx_fib_lookup(ctx, fib, BPF_FIB_LOOKUP_SKIP_NEIGH);

	/* A kernel that does not know the flag has done nothing. */
	return unlikely(way < 0) ? ctx_fib_lookup(ctx, fib, 0) : way;
}

/* What such a route says of a packet: SR_OK if it has none, for that is this host itself, too. */
static __always_inline int forward_verdict(long ret)
{
	if (ret == BPF_FIB_LKUP_RET_UNREACHABLE || ret == BPF_FIB_LKUP_RET_PROHIBIT)
		return SR_DROP_NO_ROUTE;
	return ret == BPF_FIB_LKUP_RET_BLACKHOLE ? SR_DROP_BLACKHOLE : SR_OK;
}

/*
 * The device of ours by which `dst` is reached. NULL: it is this host itself,
 * or lies behind a device that is neither uplink nor pod. SR_OK or SR_DROP_*.
 */
static __always_inline int forward_device(sr_ctx *ctx, const struct pkt *pkt, const struct sr_addr *dst,
					  struct sr_device **device)
{
	struct bpf_fib_lookup fib = {};
	long way;

	forward_ask(&fib, ctx, pkt, &pkt->tuple.src, dst);
	way = forward_lookup_device(ctx, &fib);
	*device = forward_has_route(way) ? device_lookup(fib.ifindex) : NULL;
	return forward_verdict(way);
}

/* One hop less to live (RFC 791, section 3.2; RFC 8200, section 3). */
static __always_inline int forward_age(sr_ctx *ctx, const struct pkt *pkt)
{
	struct iphdr *ip = ctx_data(ctx) + pkt_l3(pkt);
	__u8 ttl = pkt->ttl - 1;

	if (pkt->family == 6)
		return ctx_store(ctx, pkt_l3(pkt) + offsetof(struct ipv6hdr, hop_limit), &ttl, 1) ? SR_DROP_INTERNAL
												  : SR_OK;
	if ((void *)(ip + 1) > ctx_data_end(ctx))
		return SR_DROP_INTERNAL;
	ip->check = csum_update(ip->check, nat_word_delta(bpf_htons(0x0100), 0));
	ip->ttl = ttl;
	return SR_OK;
}

/* XDP writes the link's addresses itself; tc leaves that to the neighbour table. */
static __always_inline int forward_link(sr_ctx *ctx, const struct bpf_fib_lookup *fib)
{
	struct ethhdr *eth = ctx_data(ctx);

	if ((void *)(eth + 1) > ctx_data_end(ctx))
		return SR_DROP_INTERNAL;
	__builtin_memcpy(eth->h_dest, fib->dmac, 6);
	__builtin_memcpy(eth->h_source, fib->smac, 6);
	return SR_OK;
}

/*
 * Can XDP send the packet to its end? Only back out of the device it came in
 * by: whether another's driver takes frames from us cannot be known. Not when
 * there is no neighbour yet, nor when the packet is too long for the way out.
 */
static __always_inline bool forward_is_for_xdp(sr_ctx *ctx, const struct bpf_fib_lookup *fib, long way)
{
	return way == BPF_FIB_LKUP_RET_SUCCESS && fib->ifindex == ctx_ifindex(ctx);
}

/*
 * How long the packet is on the wire. What stands for many segments is cut to
 * pieces of gso_size on its way out. SCTP's own pieces are taken to be short:
 * a program cannot see them.
 */
static __always_inline __u16 forward_length(sr_ctx *ctx, const struct pkt *pkt)
{
	__u32 segment = ctx_segment(ctx);
	__u8 header = sizeof(struct udphdr);

	if (likely(!segment))
		return pkt->length;
	if (segment == CTX_GSO_BY_FRAGS)
		segment = 0;
	if (pkt->tuple.proto == IPPROTO_TCP && ctx_read(ctx, pkt_l4(pkt) + 12, &header, 1) == 0)
		header = (header >> 4) * 4;
	return pkt_l4(pkt) - pkt_l3(pkt) + header + segment;
}

/*
 * On its way out a packet has a route, to where it went before. It would be sent
 * to that route's neighbour once it has waited for its own to answer (see
 * neigh_update() in net/core/neighbour.c), were it not given a new one.
 */
static __always_inline bool forward_must_ask_again(const sr_ctx *ctx, long way)
{
	return way == BPF_FIB_LKUP_RET_NO_NEIGH && !ctx_is_ingress(ctx);
}

/*
 * What the routing table and the neighbour's entry said of a connection's packets
 * is good for the rest of the second, or of the next: whoever renews `seen` keeps
 * it, and a packet of the next second asks again.
 */
#define FORWARD_HOP_SHIFT 2 /* ticks of a quarter of a second, or less */

static __always_inline bool forward_hop_is_fresh(const struct sr_conn *conn)
{
	return (CTX_CAN_REDO || sr_forward_direct) && conn->hop.mtu &&
	       conn->seen >> FORWARD_HOP_SHIFT == conn_now() >> FORWARD_HOP_SHIFT;
}

/* XDP sends back by the device that the packet came in by; tc gives it to a pod, from where it met the packet first. */
static __always_inline bool forward_is_alike(sr_ctx *ctx, const struct ethhdr *eth, const struct sr_hop *hop)
{
	if (!CTX_CAN_REDO)
		return hop->peer && ctx_is_ingress(ctx);
	return *(__u32 *)eth->h_dest == *(__u32 *)hop->from && *(__u16 *)(eth->h_dest + 4) == *(__u16 *)(hop->from + 4);
}

/* Send the packet as the one before it: false if it differs. Its way may be another connection's by now. */
static __always_inline bool forward_again(sr_ctx *ctx, struct pkt *pkt, const struct sr_conn *conn)
{
	struct ethhdr *eth = ctx_data(ctx);
	struct sr_hop hop = conn->hop;

	barrier();
	if (!pkt_l3(pkt) || (void *)(eth + 1) > ctx_data_end(ctx) || !sr_conn_is_of(conn, &pkt->tuple))
		return false;
	if (pkt->ttl <= 1 || forward_length(ctx, pkt) > hop.mtu || !forward_is_alike(ctx, eth, &hop))
		return false;
	__builtin_memcpy(eth->h_dest, hop.to, 6);
	__builtin_memcpy(eth->h_source, hop.from, 6);
	pkt->out_ifindex = CTX_CAN_REDO ? ctx_ifindex(ctx) : hop.peer;
	if (!CTX_CAN_REDO)
		pkt->out_family = PKT_HOP_PEER;
	return true;
}

/* For the packets to come. The neighbour's address is one word, and so never half another's. */
static __always_inline void forward_remember(struct sr_conn *conn, const struct pkt *pkt,
					     const struct bpf_fib_lookup *fib)
{
	struct sr_hop hop = {.mtu = fib->mtu_result, .peer = CTX_CAN_REDO ? 0 : fib->ifindex};

	__builtin_memcpy(hop.to, fib->dmac, 6);
	__builtin_memcpy(hop.from, fib->smac, 6);
	if (sr_conn_is_of(conn, &pkt->tuple))
		conn->hop = hop;
}

/*
 * Does it go to a pod whose namespace tc can give it to, as if the pod's own end of
 * the link had received it? Only where it has just come in, and where the link
 * header can be written: that of its neighbour must be known.
 */
static __always_inline bool forward_is_to_peer(sr_ctx *ctx, const struct pkt *pkt, const struct bpf_fib_lookup *fib,
					       long way)
{
	struct sr_device *device;

	if (!sr_forward_direct || way != BPF_FIB_LKUP_RET_SUCCESS || !pkt_l3(pkt) || !ctx_is_ingress(ctx))
		return false;
	device = device_lookup(fib->ifindex);
	return device && device->flags & SR_DEVICE_PEER;
}

/* Note in `pkt`, and beside it, where it leaves. */
static __always_inline void forward_note(sr_ctx *ctx, struct pkt *pkt, const struct bpf_fib_lookup *fib, long way)
{
	struct sr_scratch *scratch = conn_scratch();

	pkt->out_ifindex = fib->ifindex;
	/* XDP writes the frame instead. */
	if (CTX_CAN_REDO)
		return;
	if (forward_is_to_peer(ctx, pkt, fib, way)) {
		pkt->out_family = PKT_HOP_PEER;
		return;
	}
	pkt->out_family = forward_must_ask_again(ctx, way) ? PKT_HOP_BY_ROUTE : fib->family;
	if (scratch)
		__builtin_memcpy(&scratch->hop, fib->ipv6_dst, sizeof(scratch->hop));
}

/*
 * Where a packet leaves once it is `src` to `dst`: it is noted in `pkt`. What
 * XDP cannot finish it leaves untouched to tc.
 *
 * Too long is too long, whether or not IPv4 would let a router cut the packet:
 * it goes to the device past the stack, and a program cannot cut it. Senders
 * that allow it learn the MTU all the same, and cut their packets themselves.
 * `conn`, which may be NULL, remembers it.
 */
static __noinline int forward_route(sr_ctx *ctx, struct pkt *pkt, struct sr_conn *conn, const struct sr_addr *src,
				    const struct sr_addr *dst)
{
	struct bpf_fib_lookup fib = {};
	long way;

	if (!pkt || !src || !dst)
		return SR_DROP_INTERNAL;
	if (pkt->ttl <= 1)
		return SR_DROP_TTL;

	/* What was known of the way is not: also where it turns out to be none that could be remembered. */
	if (conn && sr_conn_is_of(conn, &pkt->tuple))
		conn->hop.mtu = 0;
	forward_ask(&fib, ctx, pkt, src, dst);
	fib.tot_len = forward_length(ctx, pkt);
	way = ctx_fib_lookup(ctx, &fib, 0);
	if (CTX_CAN_REDO && !forward_is_for_xdp(ctx, &fib, way))
		return SR_PASS_TO_TC;
	if (way == BPF_FIB_LKUP_RET_FRAG_NEEDED) {
		pkt->mtu = fib.mtu_result;
		return SR_DROP_TOO_BIG;
	}
	if (!forward_has_route(way))
		return SR_DROP_NO_ROUTE;

	forward_note(ctx, pkt, &fib, way);
	if (!CTX_CAN_REDO && pkt->out_family != PKT_HOP_PEER)
		return SR_OK;
	/* (tc has 16 bits for a device: those with a higher index are asked for each time.) */
	if (conn && (CTX_CAN_REDO || fib.ifindex <= 0xffff))
		forward_remember(conn, pkt, &fib);
	return forward_link(ctx, &fib);
}

/*
 * The same for a packet that ends at this host: it is given to the stack as if
 * it came from `src`: by the device that leads there, or a strict reverse path
 * filter (RFC 3704, section 2.2) would not have it.
 */
static __noinline int forward_to_host(sr_ctx *ctx, struct pkt *pkt, const struct sr_addr *src,
				      const struct sr_addr *dst)
{
	struct bpf_fib_lookup fib = {};
	struct sr_device *device;

	if (!pkt || !src || !dst)
		return SR_DROP_INTERNAL;
	if (CTX_CAN_REDO)
		return SR_PASS_TO_TC;

	forward_ask(&fib, ctx, pkt, dst, src);
	if (!forward_has_route(forward_lookup_device(ctx, &fib)))
		return SR_DROP_NO_ROUTE;
	device = device_lookup(fib.ifindex);
	if (!device)
		return SR_DROP_NO_ROUTE;

	pkt->out_ifindex = fib.ifindex;
	if (pkt_l3(pkt) && ctx_write(ctx, 0, device->mac, sizeof(device->mac)))
		return SR_DROP_INTERNAL;
	return SR_OK;
}

/* Does what leaves so end at this host, though it was on its way out of it? */
static __always_inline bool forward_ends_here(__u32 flags)
{
	return flags & (flags & SR_CONN_REPLY ? SR_CONN_CLIENT_HOST : SR_CONN_BACKEND_HOST);
}

/*
 * A packet of a connection leaves past the stack, as `src` to `dst`: forward_begin()
 * says where, then it is rewritten, then forward_end() counts the hop, if it was one.
 */
static __always_inline int forward_begin(sr_ctx *ctx, struct pkt *pkt, struct sr_conn *conn, __u32 flags,
					 const struct sr_addr *src, const struct sr_addr *dst)
{
	if (unlikely(forward_ends_here(flags)))
		return forward_to_host(ctx, pkt, src, dst);
	return forward_route(ctx, pkt, conn, src, dst);
}

static __always_inline int forward_end(sr_ctx *ctx, const struct pkt *pkt, __u32 flags)
{
	return unlikely(forward_ends_here(flags)) ? SR_OK : forward_age(ctx, pkt);
}

#endif
