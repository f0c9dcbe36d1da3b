/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of which every refusal is made: its addresses, its IP header, the way back. */
#ifndef BPF_REFUSAL_H
#define BPF_REFUSAL_H

#include "conn.h"

#define REFUSE_TTL 64
/* Internetwork control (RFC 1812, section 4.3.2.5). */
#define REFUSE_TOS 0xc0

/* The answer while it is made. */
struct refusal {
	struct sr_addr src; /* of the answer */
	enum sr_refusal kind;
	__u16 l4;      /* offset of its transport header */
	__u16 payload; /* its length after the IP header */
};

static __always_inline __u16 refuse_ip_size(const struct pkt *pkt)
{
	return pkt->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

static __always_inline __u64 refuse_addr_sum(const struct sr_addr *addr, __u8 family)
{
	__u64 sum = addr->word[3];

	if (family == 6)
		sum += (__u64)addr->word[0] + addr->word[1] + addr->word[2];
	return sum;
}

/* The pseudo header's sum (RFC 9293, section 3.1; RFC 8200, section 8.1). */
static __always_inline __u64 refuse_pseudo(const struct pkt *pkt, const struct sr_addr *src, const struct sr_addr *dst,
					   __u8 proto, __u32 length)
{
	return refuse_addr_sum(src, pkt->family) + refuse_addr_sum(dst, pkt->family) + bpf_htonl(length) +
	       bpf_htonl(proto);
}

/* Back to where it came from. */
static __always_inline int refuse_turn_link(sr_ctx *ctx, const struct pkt *pkt)
{
	__u8 from[12], to[12];

	if (!pkt_l3(pkt))
		return 0;
	if (bpf_skb_load_bytes(ctx, 0, from, sizeof(from)))
		return -1;
	__builtin_memcpy(to, from + 6, 6);
	__builtin_memcpy(to + 6, from, 6);
	return bpf_skb_store_bytes(ctx, 0, to, sizeof(to), 0);
}

static __always_inline int refuse_write_v4(sr_ctx *ctx, const struct pkt *pkt, const struct refusal *refusal,
					   __u8 proto)
{
	/* It is never fragmented, so that it needs no id (RFC 6864, section 4.1). */
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.tos = REFUSE_TOS,
		.tot_len = bpf_htons(sizeof(ip) + refusal->payload),
		.frag_off = bpf_htons(IP_DF),
		.ttl = REFUSE_TTL,
		.protocol = proto,
		.saddr = refusal->src.word[3],
		.daddr = pkt->tuple.src.word[3],
	};

	ip.check = ~csum_fold16(bpf_csum_diff(NULL, 0, (__be32 *)&ip, sizeof(ip), 0));
	return bpf_skb_store_bytes(ctx, pkt_l3(pkt), &ip, sizeof(ip), 0);
}

static __always_inline int refuse_write_v6(sr_ctx *ctx, const struct pkt *pkt, const struct refusal *refusal,
					   __u8 proto)
{
	struct ipv6hdr ip = {
		.version = 6,
		.priority = REFUSE_TOS >> 4,
		.payload_len = bpf_htons(refusal->payload),
		.nexthdr = proto,
		.hop_limit = REFUSE_TTL,
	};

	__builtin_memcpy(&ip.saddr, &refusal->src, 16);
	__builtin_memcpy(&ip.daddr, &pkt->tuple.src, 16);
	return bpf_skb_store_bytes(ctx, pkt_l3(pkt), &ip, sizeof(ip), 0);
}

static __always_inline int refuse_write_ip(sr_ctx *ctx, const struct pkt *pkt, const struct refusal *refusal,
					   __u8 proto)
{
	return pkt->family == 4 ? refuse_write_v4(ctx, pkt, refusal, proto) : refuse_write_v6(ctx, pkt, refusal, proto);
}

#endif
