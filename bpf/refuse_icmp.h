/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Refusing by an ICMP or ICMPv6 error, which quotes the packet. */
#ifndef BPF_REFUSE_ICMP_H
#define BPF_REFUSE_ICMP_H

#include "refusal.h"
#include "sum.h"

#define REFUSE_ICMP_SIZE 8

/* The whole error has at most so many bytes (RFC 1812, section 4.3.2.3; RFC 4443, section 2.4 (c)). */
#define REFUSE_MAX_V4 576
#define REFUSE_MAX_V6 1280

struct refuse_icmp {
	__u8 type;
	__u8 code;
	__sum16 check;
	__be16 unused;
	__be16 mtu; /* the low half of ICMPv6's 32 bits, too */
};

/* Sum up bytes of the packet: there are as many. */
static __always_inline __u64 refuse_sum(sr_ctx *ctx, __u32 from, __u32 length)
{
	return (__u32)CTX_NAME(sum_bytes)(ctx, from, length);
}

/*
 * The quote's sum, as its reader will find it.
 *
 * A checksum that the sender left to the device (CHECKSUM_PARTIAL) is filled in
 * after us, in the midst of the quote, if the device that it leaves by must do
 * so; if not, the receiver checks nothing. Filled in, the field makes the bytes
 * from the transport header on sum up to the complement of what was in it, the
 * sum of the pseudo header: whatever they are, and however many are left.
 */
static __always_inline __u64 refuse_quote_sum(sr_ctx *ctx, const struct pkt *pkt, __u32 at, __u32 quote)
{
	bool udp = pkt->tuple.proto == IPPROTO_UDP;
	__u16 place = udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check);
	__u32 header = pkt_l4(pkt) - pkt_l3(pkt);
	__u16 pseudo = csum_fold16(
		refuse_pseudo(pkt, &pkt->tuple.src, &pkt->tuple.dst, pkt->tuple.proto, pkt->length - header));
	__sum16 field = 0;

	if ((!udp && pkt->tuple.proto != IPPROTO_TCP) ||
	    bpf_skb_load_bytes(ctx, at + header + place, &field, sizeof(field)) ||
	    !ctx_csum_is_partial(ctx, field, pseudo))
		return refuse_sum(ctx, at, quote);
	return refuse_sum(ctx, at, header) + (__u16)~field;
}

/* RFC 792 and 1191; RFC 4443, section 3. */
static __always_inline struct refuse_icmp refuse_icmp_header(const struct pkt *pkt, enum sr_refusal kind)
{
	bool v4 = pkt->family == 4;

	switch (kind) {
	case SR_REFUSAL_NO_ROUTE:
		return (struct refuse_icmp){.type = v4 ? ICMP_DEST_UNREACH : ICMPV6_DEST_UNREACH,
					    .code = v4 ? ICMP_HOST_UNREACH : ICMPV6_NOROUTE};
	case SR_REFUSAL_EXPIRED:
		return (struct refuse_icmp){.type = v4 ? ICMP_TIME_EXCEEDED : ICMPV6_TIME_EXCEED};
	case SR_REFUSAL_TOO_BIG:
		return (struct refuse_icmp){.type = v4 ? ICMP_DEST_UNREACH : ICMPV6_PKT_TOOBIG,
					    .code = v4 ? ICMP_FRAG_NEEDED : 0,
					    .mtu = bpf_htons(pkt->mtu)};
	default:
		return (struct refuse_icmp){.type = v4 ? ICMP_DEST_UNREACH : ICMPV6_DEST_UNREACH,
					    .code = v4 ? ICMP_PORT_UNREACH : ICMPV6_PORT_UNREACH};
	}
}

/* As much of the packet as fits, without what Ethernet may have padded it with. */
static __always_inline __u32 refuse_quote_size(const struct pkt *pkt)
{
	__u32 max = (pkt->family == 4 ? REFUSE_MAX_V4 : REFUSE_MAX_V6) - refuse_ip_size(pkt) - REFUSE_ICMP_SIZE;

	/* Longer than its header can say (RFC 2675). */
	if (pkt->frame > 0xffff)
		return max;
	return pkt->length < max ? pkt->length : max;
}

static __always_inline int refuse_by_icmp(sr_ctx *ctx, const struct pkt *pkt, struct refusal *refusal)
{
	struct refuse_icmp icmp = refuse_icmp_header(pkt, refusal->kind);
	__u8 proto = pkt->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	__u16 room = refuse_ip_size(pkt) + REFUSE_ICMP_SIZE;
	__u32 quote = refuse_quote_size(pkt);
	__u16 l3 = pkt_l3(pkt);
	__u64 sum;

	if (ctx_resize(ctx, l3 + quote) || bpf_skb_adjust_room(ctx, room, BPF_ADJ_ROOM_MAC, 0))
		return -1;

	refusal->payload = quote + REFUSE_ICMP_SIZE;
	sum = refuse_quote_sum(ctx, pkt, l3 + room, quote);
	sum += bpf_csum_diff(NULL, 0, (__be32 *)&icmp, sizeof(icmp), 0);
	if (pkt->family == 6)
		sum += refuse_pseudo(pkt, &refusal->src, &pkt->tuple.src, proto, refusal->payload);
	icmp.check = ~csum_fold16(sum);
	if (bpf_skb_store_bytes(ctx, l3 + refuse_ip_size(pkt), &icmp, sizeof(icmp), 0))
		return -1;
	return refuse_write_ip(ctx, pkt, refusal, proto);
}

#endif
