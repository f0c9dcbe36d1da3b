/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Refusals: a packet that is dropped becomes what its sender is told: an ICMP
 * error that quotes it, or a TCP reset. tc only: XDP cannot make room.
 */
#ifndef BPF_REFUSE_H
#define BPF_REFUSE_H

#include "conntrack.h"
#include "nat.h"

#define REFUSE_TTL 64
/* Internetwork control (RFC 1812, section 4.3.2.5). */
#define REFUSE_TOS 0xc0

#define REFUSE_ICMP_SIZE 8
#define REFUSE_TCP_SIZE	 20

/* The whole error has at most so many bytes (RFC 1812, section 4.3.2.3; RFC 4443, section 2.4 (c)). */
#define REFUSE_MAX_V4 576
#define REFUSE_MAX_V6 1280

/* The answer while it is made. */
struct refusal {
	struct sr_addr src; /* of the answer */
	enum sr_refusal kind;
	__u16 l4;      /* offset of its transport header */
	__u16 payload; /* its length after the IP header */
};

struct refuse_icmp {
	__u8 type;
	__u8 code;
	__sum16 check;
	__be16 unused;
	__be16 mtu; /* the low half of ICMPv6's 32 bits, too */
};

static __always_inline __u16 refuse_ip_size(const struct pkt *pkt)
{
	return pkt->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

/* Whom an error may be sent to: one host, and not this one (RFC 1122, section 3.2.2; RFC 4443, section 2.4 (e)). */
static __always_inline bool refuse_is_host(const struct sr_addr *addr, __u8 family)
{
	__u8 first = family == 4 ? addr->byte[12] : addr->byte[0];

	if (family == 4)
		return first != 0 && first != 127 && first < 224;
	return first != 0xff && (addr->half[0] || addr->word[2] || bpf_ntohl(addr->word[3]) > 1);
}

/* Nothing answers an error, a part of a packet that bears no ports, or what went to many. */
static __always_inline bool refuse_may_answer(sr_ctx *ctx, const struct pkt *pkt, enum sr_refusal kind)
{
	__u8 proto = pkt->tuple.proto;
	__u8 link = 0;

	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP && proto != IPPROTO_SCTP)
		return false;
	if (!pkt_has_transport(pkt) || !refuse_is_host(&pkt->tuple.src, pkt->family))
		return false;
	if (kind == SR_REFUSAL_RESET && (proto != IPPROTO_TCP || pkt->tcp_flags & TCP_FLAG_RST))
		return false;
	if (pkt_l3(pkt))
		bpf_skb_load_bytes(ctx, 0, &link, 1);
	return !(link & 1);
}

#define REFUSE_BURST 6

/*
 * May this peer be sent one more? A bucket of tokens, as the kernel limits its
 * own (net.ipv4.icmp_ratelimit); it does not limit what path-MTU discovery needs.
 */
static __always_inline bool refuse_spend(const struct sr_addr *peer)
{
	__u64 now = bpf_jiffies64(), full = (__u64)sr_refusal_cost * REFUSE_BURST;
	struct sr_refusal_budget fresh = {.refilled = now, .tokens = full - sr_refusal_cost};
	struct sr_addr key = *peer;
	struct sr_refusal_budget *budget;
	__u64 tokens;

	budget = bpf_map_lookup_elem(&sr_refusals, &key);
	if (!budget) {
		bpf_map_update_elem(&sr_refusals, &key, &fresh, BPF_ANY);
		return true;
	}
	tokens = budget->tokens + now - budget->refilled;
	if (tokens > full)
		tokens = full;
	budget->refilled = now;
	budget->tokens = tokens < sr_refusal_cost ? tokens : tokens - sr_refusal_cost;
	return tokens >= sr_refusal_cost;
}

static __always_inline bool refuse_is_limited(enum sr_refusal kind)
{
	return sr_refusal_cost && (kind == SR_REFUSAL_UNREACHABLE || kind == SR_REFUSAL_EXPIRED);
}

/*
 * Who speaks: this node, by its address on the device. To the host itself that
 * would be a martian, and a reset comes from who was called: their address.
 */
static __always_inline void refuse_source(struct refusal *refusal, sr_ctx *ctx, const struct pkt *pkt, bool outgoing)
{
	struct sr_device *device = device_lookup(ctx_ifindex(ctx));

	refusal->src = pkt->tuple.dst;
	if (outgoing || refusal->kind == SR_REFUSAL_RESET || !device)
		return;
	if (pkt->family == 4 && device->snat4.half[1])
		refusal->src = device->snat4;
	if (pkt->family == 6 && device->snat6.half[0] | device->snat6.half[1])
		refusal->src = device->snat6;
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

#define REFUSE_CHUNKS ((REFUSE_MAX_V6 + SR_SCRATCH_BYTES - 1) / SR_SCRATCH_BYTES)

/* Sum up bytes of the packet; what is missing to a whole word is zeros. */
static __always_inline __u64 refuse_sum(sr_ctx *ctx, __u32 from, __u32 length)
{
	struct sr_scratch *scratch = conn_scratch();
	__s64 sum = 0;

	for (int i = 0; scratch && i < REFUSE_CHUNKS; i++) {
		__u32 size = length < SR_SCRATCH_BYTES ? length : SR_SCRATCH_BYTES;
		__u32 last = size - 1, word;

		/* Bounds that the verifier sees: it would lose those of `length`, and before 6.8 those of != 0. */
		barrier_var(last);
		if (last >= SR_SCRATCH_BYTES)
			break;
		word = last & (SR_SCRATCH_BYTES - 4);
		*(__u32 *)(scratch->bytes + word) = 0;
		if (bpf_skb_load_bytes(ctx, from, scratch->bytes, last + 1))
			break;
		sum = bpf_csum_diff(NULL, 0, (__be32 *)scratch->bytes, word + 4, sum);
		from += size;
		length -= size;
	}
	return (__u32)sum;
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

	if (pkt->tuple.proto == IPPROTO_SCTP || bpf_skb_load_bytes(ctx, at + header + place, &field, sizeof(field)) ||
	    !ctx_csum_is_partial(ctx, field, pseudo))
		return refuse_sum(ctx, at, quote);
	return refuse_sum(ctx, at, header) + (__u16)~field;
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

/* RFC 792 and 1191; RFC 4443, section 3. */
static __always_inline struct refuse_icmp refuse_icmp_header(const struct pkt *pkt, enum sr_refusal kind)
{
	bool v4 = pkt->family == 4;

	switch (kind) {
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

/*
 * Cut the packet behind its quote. It changes its length twice, for only then
 * does the kernel forget what concerned the whole: how to cut it into segments,
 * and a sum over all bytes that the device made.
 */
static __always_inline int refuse_cut(sr_ctx *ctx, __u32 length)
{
	return bpf_skb_change_tail(ctx, length + 4, 0) || bpf_skb_change_tail(ctx, length, 0) ? -1 : 0;
}

static __always_inline int refuse_by_icmp(sr_ctx *ctx, const struct pkt *pkt, struct refusal *refusal)
{
	struct refuse_icmp icmp = refuse_icmp_header(pkt, refusal->kind);
	__u8 proto = pkt->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	__u16 room = refuse_ip_size(pkt) + REFUSE_ICMP_SIZE;
	__u32 quote = refuse_quote_size(pkt);
	__u16 l3 = pkt_l3(pkt);
	__u64 sum;

	if (refuse_cut(ctx, l3 + quote) || bpf_skb_adjust_room(ctx, room, BPF_ADJ_ROOM_MAC, 0))
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

/* What the reset acknowledges and claims (RFC 9293, section 3.10.7.1). */
static __always_inline void refuse_reset_numbers(struct tcphdr *tcp, const struct pkt *pkt, __u8 data_offset)
{
	__u32 length = pkt->length - (pkt_l4(pkt) - pkt_l3(pkt)) - (data_offset >> 4) * 4;

	tcp->rst = 1;
	if (pkt->tcp_flags & TCP_FLAG_ACK) {
		tcp->seq = bpf_htonl(pkt->ack);
		return;
	}
	length += !!(pkt->tcp_flags & TCP_FLAG_SYN) + !!(pkt->tcp_flags & TCP_FLAG_FIN);
	tcp->ack = 1;
	tcp->ack_seq = bpf_htonl(pkt->seq + length);
}

static __always_inline int refuse_by_reset(sr_ctx *ctx, const struct pkt *pkt, struct refusal *refusal)
{
	struct tcphdr tcp = {.source = pkt->tuple.dport, .dest = pkt->tuple.sport, .doff = sizeof(tcp) / 4};
	__u16 l4 = pkt_l3(pkt) + refuse_ip_size(pkt);
	__u8 data_offset = 0;
	__sum16 field = 0;
	__u16 pseudo;
	bool partial;

	pseudo = csum_fold16(refuse_pseudo(pkt, &pkt->tuple.src, &pkt->tuple.dst, IPPROTO_TCP,
					   pkt->length - (pkt_l4(pkt) - pkt_l3(pkt))));
	if (bpf_skb_load_bytes(ctx, pkt_l4(pkt) + 12, &data_offset, 1) ||
	    bpf_skb_load_bytes(ctx, pkt_l4(pkt) + offsetof(struct tcphdr, check), &field, sizeof(field)))
		return -1;
	partial = ctx_csum_is_partial(ctx, field, pseudo);
	/* The device would fill in the checksum where it was, behind the options that are gone. */
	if (partial && l4 != pkt_l4(pkt))
		return -1;

	refusal->payload = sizeof(tcp);
	refuse_reset_numbers(&tcp, pkt, data_offset);
	pseudo = csum_fold16(refuse_pseudo(pkt, &refusal->src, &pkt->tuple.src, IPPROTO_TCP, sizeof(tcp)));
	tcp.check =
		partial ? pseudo : ~csum_fold16(bpf_csum_diff(NULL, 0, (__be32 *)&tcp, sizeof(tcp), 0) + (__u64)pseudo);
	if (refuse_cut(ctx, l4 + sizeof(tcp)) || bpf_skb_store_bytes(ctx, l4, &tcp, sizeof(tcp), 0))
		return -1;
	return refuse_write_ip(ctx, pkt, refusal, IPPROTO_TCP);
}

/*
 * Turn a packet that is dropped for `reason` into what its sender is told. 0: it
 * is to go back by the device it came from; `outgoing`: the host itself sent it.
 * Else it goes nowhere.
 */
__subprog int refuse(struct __sk_buff *ctx, const struct pkt *pkt, int reason, bool outgoing)
{
	struct refusal refusal = {.kind = sr_reason_refusal(reason)};

	if (!pkt || refusal.kind == SR_REFUSAL_SILENT || !refuse_may_answer(ctx, pkt, refusal.kind))
		return -1;
	if (!outgoing && refuse_is_limited(refusal.kind) && !refuse_spend(&pkt->tuple.src))
		return -1;

	refuse_source(&refusal, ctx, pkt, outgoing);
	if (refuse_turn_link(ctx, pkt))
		return -1;
	return refusal.kind == SR_REFUSAL_RESET ? refuse_by_reset(ctx, pkt, &refusal)
						: refuse_by_icmp(ctx, pkt, &refusal);
}

#endif
