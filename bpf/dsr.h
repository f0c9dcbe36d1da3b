/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Direct server return, the gateway's half: a packet goes unchanged to its
 * backend's node, within another of the same family (RFC 2003, RFC 2473). The
 * node answers the client by itself: dsr_receive.h.
 */
#ifndef BPF_DSR_H
#define BPF_DSR_H

#include "conn.h"
#include "forward.h"
#include "path.h"

#define DSR_TTL 64

/* Of the outer header. Its DSCP and ECN are the inner one's (RFC 2003, section 3.1; RFC 6040, section 4.1). */
static __always_inline __u32 dsr_size(const struct pkt *pkt)
{
	return pkt->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

/*
 * Of scratch->conn, whose backend is chosen: it goes through a tunnel, if it is
 * known to where. Not what leads to other frontends in turn, nor to addresses
 * that are this machine's own: the node would not know them.
 */
__subprog bool dsr_choose(void)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_backend *backend;
	struct sr_node *found;
	struct sr_addr key;
	__u32 index;

	if (!sr_dsr || !scratch ||
	    (scratch->kind != SR_FRONTEND_EXTERNAL_IP && scratch->kind != SR_FRONTEND_LOAD_BALANCER))
		return false;
	index = scratch->conn.backend;
	key = scratch->conn.to.dst;
	backend = bpf_map_lookup_elem(&sr_backends, &index);
	found = bpf_map_lookup_elem(&sr_nodes, &key);
	if (!backend || !found || !addr_is_equal(&backend->addr, &key))
		return false;
	scratch->conn.to.dst = found->node;
	/* An element is recycled without waiting for its readers. */
	barrier();
	if (!addr_is_equal(&found->self, &key)) {
		scratch->conn.to.dst = key;
		return false;
	}
	scratch->conn.to.flags = SR_CONN_DSR;
	return true;
}

/* What the way to a node carries, where its route carries `mtu`. */
static __always_inline __u32 dsr_mtu(const struct sr_addr *node, __u32 mtu)
{
	__u32 path = path_mtu(node);

	return path && path < mtu ? path : mtu;
}

/* (Where it has no route to, a packet to this link address has no other end than here, either.) */
static __always_inline bool dsr_is_for_us(sr_ctx *ctx, const struct pkt *pkt)
{
	struct bpf_fib_lookup fib = {};

	forward_ask(&fib, ctx, pkt, &pkt->tuple.src, &pkt->tuple.dst);
	return forward_lookup_device(ctx, &fib) == BPF_FIB_LKUP_RET_NOT_FWDED;
}

/*
 * Where the tunnel's packet leaves, and from which address. One that is too long
 * for that is refused, whether or not it may be cut, as in forward_route(): its
 * sender learns what is left to it.
 */
static __always_inline int dsr_route(sr_ctx *ctx, struct pkt *pkt, const struct sr_addr *node, struct sr_addr *src)
{
	__u16 length = forward_length(ctx, pkt) + dsr_size(pkt);
	struct bpf_fib_lookup fib = {};
	struct sr_device *device;
	__u32 mtu;
	long way;

	if (pkt->ttl <= 1)
		return SR_DROP_TTL;
	forward_ask(&fib, ctx, pkt, src, node);
	fib.l4_protocol = pkt->family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
	fib.tot_len = length;
	way = ctx_fib_lookup(ctx, &fib, 0);
	mtu = dsr_mtu(node, way == BPF_FIB_LKUP_RET_FRAG_NEEDED ? fib.mtu_result : length);
	if (length > mtu) {
		pkt->mtu = mtu - dsr_size(pkt);
		return SR_DROP_TOO_BIG;
	}
	device = forward_has_route(way) ? device_lookup(fib.ifindex) : NULL;
	if (!device)
		return SR_DROP_NO_ROUTE;
	*src = pkt->family == 4 ? device->snat4 : device->snat6;
	if (!(src->half[0] | src->half[1]))
		return SR_DROP_NO_NODE_ADDRESS;
	forward_note(ctx, pkt, &fib, way);
	return SR_OK;
}

/* Whether or not the inner packet may be cut, the outer one may not: so it needs no id (RFC 6864, section 4.1). */
static __always_inline int dsr_wrap_v4(sr_ctx *ctx, const struct pkt *pkt, const struct sr_addr *src,
				       const struct sr_addr *node)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.tot_len = bpf_htons(pkt->length + sizeof(ip)),
		.frag_off = bpf_htons(IP_DF),
		.ttl = DSR_TTL,
		.protocol = IPPROTO_IPIP,
		.saddr = src->word[3],
		.daddr = node->word[3],
	};

	if (ctx_read(ctx, pkt_l3(pkt) + offsetof(struct iphdr, tos), &ip.tos, 1) || ctx_wrap(ctx, sizeof(ip)))
		return SR_DROP_INTERNAL;
	ip.check = ~csum_fold16(bpf_csum_diff(NULL, 0, (__be32 *)&ip, sizeof(ip), 0));
	return ctx_store(ctx, pkt_l3(pkt), &ip, sizeof(ip)) ? SR_DROP_INTERNAL : SR_OK;
}

/* The flow label, too: routers spread what it tells apart (RFC 6438). */
static __always_inline int dsr_wrap_v6(sr_ctx *ctx, const struct pkt *pkt, const struct sr_addr *src,
				       const struct sr_addr *node)
{
	struct ipv6hdr ip = {};

	if (ctx_read(ctx, pkt_l3(pkt), &ip, 4) || ctx_wrap(ctx, sizeof(ip)))
		return SR_DROP_INTERNAL;
	ip.payload_len = bpf_htons(pkt->length);
	ip.nexthdr = IPPROTO_IPV6;
	ip.hop_limit = DSR_TTL;
	__builtin_memcpy(&ip.saddr, src, 16);
	__builtin_memcpy(&ip.daddr, node, 16);
	return ctx_store(ctx, pkt_l3(pkt), &ip, sizeof(ip)) ? SR_DROP_INTERNAL : SR_OK;
}

/* Send the packet, as it is but for one hop less to live, to a node. */
__subprog int CTX_NAME(dsr_send)(sr_ctx *ctx, struct pkt *pkt, const struct sr_addr *node)
{
	struct sr_addr src = {};
	int ret;

	if (!pkt || !node)
		return SR_DROP_INTERNAL;
	ret = dsr_route(ctx, pkt, node, &src);
	if (ret == SR_OK)
		ret = forward_age(ctx, pkt);
	if (ret != SR_OK)
		return ret;
	return pkt->family == 4 ? dsr_wrap_v4(ctx, pkt, &src, node) : dsr_wrap_v6(ctx, pkt, &src, node);
}

#endif
