/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading a packet: link and IP headers, down to its transport. */
#ifndef BPF_PACKET_H
#define BPF_PACKET_H

#include "fragment.h"
#include "transport.h"

static __always_inline int pkt_parse_v4(sr_ctx *ctx, struct pkt *pkt, void *data, void *data_end)
{
	struct iphdr *ip = data + pkt_l3(pkt);
	__u16 offset;
	__u32 first;

	if ((void *)(ip + 1) > data_end)
		return SR_PASS_MALFORMED;
	/* Version 4, and a header of five words at least. */
	first = *(__u8 *)ip - 0x45;
	if (first > 0x4f - 0x45)
		return SR_PASS_MALFORMED;

	pkt->family = 4;
	pkt->l4 = pkt_l3(pkt) + sizeof(*ip) + first * 4;
	pkt->length = bpf_ntohs(ip->tot_len);
	pkt->ttl = ip->ttl;
	addr_from_v4(&pkt->tuple.src, ip->saddr);
	addr_from_v4(&pkt->tuple.dst, ip->daddr);
	*(__u32 *)&pkt->tuple.proto = ip->protocol;

	offset = bpf_ntohs(ip->frag_off);
	if (unlikely(offset & (IP_MF | IP_OFFSET))) {
		pkt->fragment = offset & IP_OFFSET ? PKT_LATER_FRAGMENT : PKT_FIRST_FRAGMENT;
		pkt->fragment_id = ip->id;
	}
	return pkt_parse_transport(ctx, pkt, data, data_end);
}

static __always_inline bool pkt_is_extension(__u8 next)
{
	return next == NEXTHDR_HOP || next == NEXTHDR_ROUTING || next == NEXTHDR_FRAGMENT || next == NEXTHDR_AUTH ||
	       next == NEXTHDR_DEST;
}

#define PKT_MAX_EXTENSIONS 6

/*
 * Walk to the transport header (RFC 8200, section 4); return its number or < 0.
 * It is rare, and has many ways through: the verifier shall not follow each of
 * them to the program's end.
 */
__subprog int CTX_NAME(pkt_skip_extensions)(sr_ctx *ctx, struct pkt *pkt, __u8 next)
{
	void *data_end = ctx_data_end(ctx);
	void *data = ctx_data(ctx);

	if (!pkt)
		return -1;
	for (int i = 0; i < PKT_MAX_EXTENSIONS && unlikely(pkt_is_extension(next)); i++) {
		__u8 *header = data + pkt_l4(pkt);

		if ((void *)header + 8 > data_end)
			return -1;

		if (next == NEXTHDR_FRAGMENT) {
			__u16 offset = bpf_ntohs(*(__be16 *)(header + 2));

			pkt->fragment_id = *(__be32 *)(header + 4);
			if (offset & ~7)
				pkt->fragment = PKT_LATER_FRAGMENT;
			else if (offset & 1)
				pkt->fragment = PKT_FIRST_FRAGMENT;
			pkt->l4 += 8;
		} else if (next == NEXTHDR_AUTH) {
			pkt->l4 += (header[1] + 2) * 4;
		} else {
			pkt->l4 += (header[1] + 1) * 8;
		}
		next = header[0];
		if (pkt->fragment == PKT_LATER_FRAGMENT)
			break;
	}
	return next;
}

static __always_inline int pkt_parse_v6(sr_ctx *ctx, struct pkt *pkt, void *data, void *data_end)
{
	struct ipv6hdr *ip = data + pkt_l3(pkt);
	int next;

	if ((void *)(ip + 1) > data_end || ip->version != 6)
		return SR_PASS_MALFORMED;

	pkt->family = 6;
	pkt->l4 = pkt_l3(pkt) + sizeof(*ip);
	pkt->length = bpf_ntohs(ip->payload_len) + sizeof(*ip);
	/* Longer than any frame: `length` has wrapped. */
	if (pkt->length < sizeof(*ip))
		return SR_PASS_MALFORMED;
	pkt->ttl = ip->hop_limit;
	addr_from_v6(&pkt->tuple.src, &ip->saddr);
	addr_from_v6(&pkt->tuple.dst, &ip->daddr);
	/* Within us they are IPv4; on a wire they are nobody's (RFC 4291, section 2.5.5.2). */
	if (unlikely(addr_is_v4(&pkt->tuple.src) || addr_is_v4(&pkt->tuple.dst)))
		return SR_PASS_MALFORMED;

	next = ip->nexthdr;
	if (unlikely(pkt_is_extension(next)))
		next = CTX_NAME(pkt_skip_extensions)(ctx, pkt, next);
	if (next < 0 || pkt->l4 > PKT_MAX_OFFSET)
		return SR_PASS_MALFORMED;
	*(__u32 *)&pkt->tuple.proto = next;
	return pkt_parse_transport(ctx, pkt, data, data_end);
}

/* Without a link header it is the first byte that tells the family. */
static __always_inline int pkt_parse_bare(sr_ctx *ctx, struct pkt *pkt)
{
	void *data_end = ctx_data_end(ctx);
	void *data = ctx_data(ctx);
	__u8 *first = data;

	pkt->frame = ctx_length(ctx);
	if ((void *)(first + 1) > data_end)
		return SR_PASS_MALFORMED;
	if (*first >> 4 == 4)
		return pkt_parse_v4(ctx, pkt, data, data_end);
	return pkt_parse_v6(ctx, pkt, data, data_end);
}

static __always_inline int pkt_parse_ethernet(sr_ctx *ctx, struct pkt *pkt)
{
	void *data_end = ctx_data_end(ctx);
	void *data = ctx_data(ctx);
	struct ethhdr *eth = data;
	__be16 type;

	pkt->frame = ctx_length(ctx);
	if ((void *)(eth + 1) > data_end)
		return SR_PASS_MALFORMED;
	pkt->l3 = ETH_HLEN;
	type = eth->h_proto;
	if (unlikely(ctx_is_tagged(ctx)))
		return SR_PASS_VLAN;
	if (type == bpf_htons(ETH_P_IP))
		return pkt_parse_v4(ctx, pkt, data, data_end);
	if (type == bpf_htons(ETH_P_IPV6))
		return pkt_parse_v6(ctx, pkt, data, data_end);
	/* A VLAN has a device of its own, which is served by itself if it is named. */
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD) ? SR_PASS_VLAN : SR_PASS_NOT_IP;
}

/* Where a packet is met, for pkt_parse(). */
enum pkt_place {
	PKT_AT_BARE = 1 << 0,	/* the device has no link header */
	PKT_AT_SHARED = 1 << 1, /* on its way in from a link that carries others' frames, too */
};

/* SR_OK, or why the packet cannot be ours. `place`: of enum pkt_place, constant. */
static __always_inline int pkt_parse(sr_ctx *ctx, struct pkt *pkt, __u32 place)
{
	int ret;

	ctx_pull_headers(ctx);
	ret = place & PKT_AT_BARE ? pkt_parse_bare(ctx, pkt) : pkt_parse_ethernet(ctx, pkt);
	if (ret != SR_OK || likely(pkt->fragment == PKT_WHOLE))
		return ret;
	if (CTX_CAN_REDO)
		return SR_PASS_TO_TC;
	/* Others' fragments say nothing of ours. */
	if (place & PKT_AT_SHARED && !ctx_is_for_us(ctx))
		return SR_PASS_OTHER_HOST;
	return pkt_fragment_ports(pkt);
}

#endif
