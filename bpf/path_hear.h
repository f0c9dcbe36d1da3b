/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Routers' complaints about the length of tunnels' packets: what they say is kept in sr_paths. tc only. */
#ifndef BPF_PATH_HEAR_H
#define BPF_PATH_HEAR_H

#include "dsr.h"
#include "sum.h"

/* A complaint: about which tunnel's packet, and what would have been short enough. */
struct path_complaint {
	struct sr_addr from, node;
	__u32 length;
	__u32 mtu;
};

/* RFC 1191, section 4. One of 0 is from before that, and says nothing. */
static __always_inline bool path_read_v4(sr_ctx *ctx, const struct pkt *pkt, struct path_complaint *out)
{
	struct {
		struct icmphdr icmp;
		struct iphdr ip;
	} header;

	if (ctx_read(ctx, pkt_l4(pkt), &header, sizeof(header)) || header.icmp.type != ICMP_DEST_UNREACH ||
	    header.icmp.code != ICMP_FRAG_NEEDED || header.ip.version != 4 || header.ip.protocol != IPPROTO_IPIP)
		return false;
	addr_from_v4(&out->from, header.ip.saddr);
	addr_from_v4(&out->node, header.ip.daddr);
	out->length = bpf_ntohs(header.ip.tot_len);
	out->mtu = bpf_ntohs(header.icmp.un.frag.mtu);
	if (out->mtu && out->mtu < PATH_MIN_V4)
		out->mtu = PATH_MIN_V4;
	return out->mtu;
}

/* RFC 4443, section 3.2. */
static __always_inline bool path_read_v6(sr_ctx *ctx, const struct pkt *pkt, struct path_complaint *out)
{
	struct {
		struct icmphdr icmp;
		struct ipv6hdr ip;
	} header;

	if (ctx_read(ctx, pkt_l4(pkt), &header, sizeof(header)) || header.icmp.type != ICMPV6_PKT_TOOBIG ||
	    header.ip.version != 6 || header.ip.nexthdr != IPPROTO_IPV6)
		return false;
	__builtin_memcpy(&out->from, &header.ip.saddr, 16);
	__builtin_memcpy(&out->node, &header.ip.daddr, 16);
	out->length = bpf_ntohs(header.ip.payload_len) + sizeof(header.ip);
	out->mtu = bpf_ntohl(header.icmp.un.gateway);
	if (out->mtu < PATH_MIN_V6)
		out->mtu = PATH_MIN_V6;
	return true;
}

/* Is it about what we may have sent: from here, and longer than what it asks for? */
static __always_inline bool path_is_credible(sr_ctx *ctx, const struct pkt *pkt, const struct path_complaint *complaint)
{
	return addr_is_equal(&complaint->from, &pkt->tuple.dst) && complaint->length > complaint->mtu &&
	       dsr_is_for_us(ctx, pkt) && sum_is_right(ctx, pkt);
}

/* What a complaint about a tunnel's packet says is noted; the stack has it all the same. */
__subprog int path_hear(struct __sk_buff *ctx, const struct pkt *pkt)
{
	struct path_complaint complaint = {};
	struct sr_path *path;

	if (!pkt || pkt->fragment != PKT_WHOLE)
		return 0;
	if (pkt->family == 4 ? !path_read_v4(ctx, pkt, &complaint) : !path_read_v6(ctx, pkt, &complaint))
		return 0;
	path = bpf_map_lookup_elem(&sr_paths, &complaint.node);
	if (!path || !path_is_credible(ctx, pkt, &complaint))
		return 0;
	if (path->mtu && path->mtu < complaint.mtu && !path_is_old(path->learnt))
		return 0;
	path->learnt = conn_now();
	path->mtu = complaint.mtu;
	return 0;
}

#endif
