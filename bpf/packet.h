/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a packet says: its tuple, where its headers lie, and what TCP, SCTP and
 * fragmentation add. Include a ctx_*.h first.
 */
#ifndef BPF_PACKET_H
#define BPF_PACKET_H

#include "addr.h"
#include "maps.h"
#include "net.h"
#include "sctp.h"

enum pkt_fragment {
	PKT_WHOLE,
	PKT_FIRST_FRAGMENT,
	PKT_LATER_FRAGMENT, /* has no transport header */
};

struct pkt {
	struct sr_tuple tuple;
	__be32 fragment_id;
	__u32 seq; /* TCP, host byte order */
	__u32 ack;
	__u32 frame;  /* length of what the hook was given */
	__u16 l4;     /* offset of the transport header in the frame */
	__u16 length; /* of the IP packet */
	__u8 family;  /* 4 or 6 */
	__u8 fragment : 4;
	__u8 l3 : 4;	/* offset of the network header: 0 where the device has no link header */
	__u8 tcp_flags; /* SCTP's, too: sctp_tcp_flags() */
	__u8 ttl;	/* hop limit */
	union {
		/* Set by forward.h: the packet leaves here at once. 0: the stack routes it. */
		__u32 out_ifindex;
		/* With SR_DROP_TOO_BIG: as many bytes may a packet have. */
		__u32 mtu;
	};
	struct bpf_redir_neigh out_hop; /* without a family: it comes in by that device, to this host */
};

#define PKT_HOP_BY_ROUTE 0xffff /* for out_hop's family: whom the routing table says, it is not known yet */

/* No chain of headers is longer; the verifier wants to see the bound at each use. */
#define PKT_MAX_OFFSET 0x7ff

static __always_inline __u16 pkt_l4(const struct pkt *pkt)
{
	return pkt->l4 & PKT_MAX_OFFSET;
}

/* XDP sits on Ethernet devices only. */
static __always_inline __u16 pkt_l3(const struct pkt *pkt)
{
	return CTX_CAN_REDO ? ETH_HLEN : pkt->l3;
}

/* Both ports as one word, as they lie in the packet. */
static __always_inline __u32 *tuple_ports(struct sr_tuple *tuple)
{
	return (__u32 *)&tuple->sport;
}

/* The tuple of the answer. */
static __always_inline void tuple_invert(struct sr_tuple *out, const struct sr_tuple *tuple)
{
	out->src = tuple->dst;
	out->dst = tuple->src;
	out->sport = tuple->dport;
	out->dport = tuple->sport;
	*(__u32 *)&out->proto = tuple->proto;
}

/* Bytes of the transport's header and payload, in this packet. */
static __always_inline int pkt_l4_length(const struct pkt *pkt)
{
	return pkt->length - (pkt_l4(pkt) - pkt_l3(pkt));
}

/*
 * Does it end within its transport's header, by its own account? A packet that
 * is longer than any length field (BIG TCP) has no account of it.
 */
static __always_inline bool pkt_is_short(const struct pkt *pkt, int header)
{
	return unlikely(pkt_l4_length(pkt) < header && pkt->frame <= 0xffff);
}

static __always_inline int pkt_parse_tcp(struct pkt *pkt, void *data, void *data_end)
{
	struct tcphdr *tcp = data + pkt_l4(pkt);

	if ((void *)(tcp + 1) > data_end || pkt_is_short(pkt, sizeof(*tcp)))
		return SR_PASS_MALFORMED;

	*tuple_ports(&pkt->tuple) = *(__u32 *)tcp;
	pkt->tcp_flags = ((__u8 *)tcp)[13];
	pkt->seq = bpf_ntohl(tcp->seq);
	pkt->ack = bpf_ntohl(tcp->ack_seq);
	return SR_OK;
}

static __always_inline int pkt_parse_udp(struct pkt *pkt, void *data, void *data_end)
{
	struct udphdr *udp = data + pkt_l4(pkt);

	if ((void *)(udp + 1) > data_end || pkt_is_short(pkt, sizeof(*udp)))
		return SR_PASS_MALFORMED;

	*tuple_ports(&pkt->tuple) = *(__u32 *)udp;
	return SR_OK;
}

/*
 * An association is tracked as a TCP connection is: a side's Initiate Tag
 * stands for its initial sequence number, and a Verification Tag, which
 * repeats the other's, for its acknowledgement (RFC 9260, section 8.5).
 */
__subprog int CTX_NAME(pkt_parse_sctp)(sr_ctx *ctx, struct pkt *pkt)
{
	void *data_end = ctx_data_end(ctx);
	struct sctp_header *sctp;
	struct sctp_init *chunk;

	if (!pkt)
		return SR_PASS_MALFORMED;
	sctp = ctx_data(ctx) + pkt_l4(pkt);
	chunk = (void *)(sctp + 1);
	if ((void *)(sctp + 1) > data_end || pkt_l4_length(pkt) < (int)sizeof(*sctp))
		return SR_PASS_MALFORMED;

	*tuple_ports(&pkt->tuple) = sctp->ports;
	pkt->tcp_flags = TCP_FLAG_ACK;
	pkt->ack = bpf_ntohl(sctp->tag) + 1;
	if ((void *)(&chunk->type + 1) <= data_end)
		pkt->tcp_flags = sctp_tcp_flags(chunk->type);
	if ((void *)(chunk + 1) <= data_end)
		pkt->seq = bpf_ntohl(chunk->tag);
	return SR_OK;
}

/* A header that promises more than there is. It may promise less: short frames are padded. */
static __always_inline bool pkt_is_cut(const struct pkt *pkt)
{
	return unlikely(pkt_l3(pkt) + pkt->length > pkt->frame);
}

static __always_inline bool pkt_is_served(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

static __always_inline int pkt_parse_transport(sr_ctx *ctx, struct pkt *pkt, void *data, void *data_end)
{
	if (pkt_is_cut(pkt))
		return SR_PASS_MALFORMED;
	/* Over IPv6 it names the first header of what was cut, which may be an extension. */
	if (pkt->fragment == PKT_LATER_FRAGMENT && pkt->family == 6)
		return SR_OK;
	if (!pkt_is_served(pkt->tuple.proto))
		return SR_PASS_NOT_SERVED_PROTO;
	if (pkt->fragment == PKT_LATER_FRAGMENT)
		return SR_OK;
	if (pkt->tuple.proto == IPPROTO_TCP)
		return pkt_parse_tcp(pkt, data, data_end);
	if (pkt->tuple.proto == IPPROTO_UDP)
		return pkt_parse_udp(pkt, data, data_end);
	return CTX_NAME(pkt_parse_sctp)(ctx, pkt);
}

static __always_inline int pkt_parse_v4(sr_ctx *ctx, struct pkt *pkt, void *data, void *data_end)
{
	struct iphdr *ip = data + pkt_l3(pkt);
	__u16 offset;

	if ((void *)(ip + 1) > data_end || ip->version != 4 || ip->ihl < 5)
		return SR_PASS_MALFORMED;

	pkt->family = 4;
	pkt->l4 = pkt_l3(pkt) + ip->ihl * 4;
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
	__builtin_memcpy(&pkt->tuple.src, &ip->saddr, 16);
	__builtin_memcpy(&pkt->tuple.dst, &ip->daddr, 16);
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

	pkt->frame = ctx_length(ctx);
	if ((void *)(eth + 1) > data_end)
		return SR_PASS_MALFORMED;
	if (unlikely(ctx_is_tagged(ctx, eth->h_proto)))
		return SR_PASS_VLAN;
	pkt->l3 = ETH_HLEN;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return pkt_parse_v4(ctx, pkt, data, data_end);
	if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		return pkt_parse_v6(ctx, pkt, data, data_end);
	return SR_PASS_NOT_IP;
}

/*
 * Ports of a fragmented datagram (RFC 791, section 3.2; RFC 8200, section
 * 4.5): the first fragment leaves them for the later ones.
 */
__subprog int pkt_fragment_ports(struct pkt *pkt)
{
	struct sr_fragment_key key = {};
	struct sr_fragment *known;
	struct sr_fragment first;

	if (!pkt)
		return SR_PASS_FRAGMENT;
	key.src = pkt->tuple.src;
	key.dst = pkt->tuple.dst;
	key.id = pkt->fragment_id;
	key.proto = pkt->family == 4 ? pkt->tuple.proto : 0;
	if (pkt->fragment == PKT_FIRST_FRAGMENT) {
		first = (struct sr_fragment){
			.self = key,
			.sport = pkt->tuple.sport,
			.dport = pkt->tuple.dport,
			.proto = pkt->tuple.proto,
		};
		bpf_map_update_elem(&sr_fragments, &key, &first, BPF_ANY);
		return SR_OK;
	}

	known = bpf_map_lookup_elem(&sr_fragments, &key);
	if (!known)
		return SR_PASS_FRAGMENT;
	pkt->tuple.sport = known->sport;
	pkt->tuple.dport = known->dport;
	*(__u32 *)&pkt->tuple.proto = known->proto;
	return addr_is_equal(&known->self.src, &key.src) && addr_is_equal(&known->self.dst, &key.dst) &&
			       known->self.id == key.id
		       ? SR_OK
		       : SR_PASS_FRAGMENT;
}

/* SR_OK, or why the packet cannot be ours. `bare`: the device has no link header. */
static __always_inline int pkt_parse(sr_ctx *ctx, struct pkt *pkt, bool bare)
{
	int ret;

	ctx_pull_headers(ctx);
	ret = bare ? pkt_parse_bare(ctx, pkt) : pkt_parse_ethernet(ctx, pkt);
	if (ret != SR_OK || likely(pkt->fragment == PKT_WHOLE))
		return ret;
	if (!CTX_CAN_REDO)
		return pkt_fragment_ports(pkt);
	return SR_PASS_TO_TC;
}

static __always_inline bool pkt_has_transport(const struct pkt *pkt)
{
	return pkt->fragment != PKT_LATER_FRAGMENT;
}

#endif
