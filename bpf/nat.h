/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rewrite: addresses, ports and the checksums over them, for either family. */
#ifndef BPF_NAT_H
#define BPF_NAT_H

#include "pkt.h"
#include "sctp.h"

/* What a 32-bit word's change adds to a ones' complement sum. */
static __always_inline __u64 nat_word_delta(__u32 from, __u32 to)
{
	return (__u64)(__u32)~from + to;
}

static __always_inline __u64 nat_addr_delta(const struct sr_addr *from, const struct sr_addr *to, __u8 family)
{
	__u64 delta = nat_word_delta(from->word[3], to->word[3]);

	if (family == 6)
		delta += nat_word_delta(from->word[0], to->word[0]) + nat_word_delta(from->word[1], to->word[1]) +
			 nat_word_delta(from->word[2], to->word[2]);
	return delta;
}

static __always_inline int nat_write_v4(sr_ctx *ctx, const struct pkt *pkt, const struct sr_rewrite *to, __u64 delta)
{
	struct iphdr *ip = ctx_data(ctx) + pkt_l3(pkt);

	if ((void *)(ip + 1) > ctx_data_end(ctx))
		return SR_DROP_INTERNAL;

	ip->saddr = to->src.word[3];
	ip->daddr = to->dst.word[3];
	ip->check = csum_update(ip->check, delta);
	return SR_OK;
}

/*
 * SCTP's ports, and the CRC over them and all that follows. How much that is
 * a first fragment does not say, whose CRC is the whole packet's.
 */
__subprog int CTX_NAME(nat_write_sctp)(sr_ctx *ctx, const struct pkt *pkt, const struct sr_rewrite *to)
{
	const struct sctp_header *sctp;
	struct sctp_header new;
	__u32 ports;

	if (!pkt || !to)
		return SR_DROP_INTERNAL;
	sctp = ctx_data(ctx) + pkt_l4(pkt);
	if ((void *)(sctp + 1) > ctx_data_end(ctx))
		return SR_DROP_INTERNAL;
	new = *sctp;
	ports = *(const __u32 *)&to->sport;
	if (new.ports == ports)
		return SR_OK;

	if (new.checksum) {
		if (pkt->fragment != PKT_WHOLE)
			return SR_DROP_SCTP_FRAGMENT;
		new.checksum ^= sctp_crc_change(new.ports ^ ports, pkt_l4_length(pkt));
	}
	new.ports = ports;
	return ctx_store(ctx, pkt_l4(pkt), &new, sizeof(new)) ? SR_DROP_INTERNAL : SR_OK;
}

static __always_inline int nat_write_tcp(sr_ctx *ctx, const struct pkt *pkt, __u32 ports, __u64 delta)
{
	struct tcphdr *tcp = ctx_data(ctx) + pkt_l4(pkt);

	if ((void *)(tcp + 1) > ctx_data_end(ctx))
		return SR_DROP_INTERNAL;
	tcp->check = csum_update(tcp->check, delta);
	*(__u32 *)tcp = ports;
	return SR_OK;
}

static __always_inline int nat_write_udp(sr_ctx *ctx, const struct pkt *pkt, __u32 ports, __u64 delta)
{
	struct udphdr *udp = ctx_data(ctx) + pkt_l4(pkt);

	if ((void *)(udp + 1) > ctx_data_end(ctx))
		return SR_DROP_INTERNAL;
	udp->check = csum_update_udp(udp->check, delta);
	*(__u32 *)udp = ports;
	return SR_OK;
}

/* The ports, and the checksum over them; the addresses in it changed by `addr`. */
static __always_inline int nat_write_transport(sr_ctx *ctx, const struct pkt *pkt, const struct sr_rewrite *to,
					       __u64 addr)
{
	__u32 ports = *(const __u32 *)&to->sport;
	__u64 port = nat_word_delta(*(const __u32 *)&pkt->tuple.sport, ports);
	bool udp = pkt->tuple.proto == IPPROTO_UDP;
	__u16 check = pkt_l4(pkt) + (udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check));

	if (unlikely(pkt->tuple.proto == IPPROTO_SCTP))
		return CTX_NAME(nat_write_sctp)(ctx, pkt, to);
	if (likely(ctx_csum_is_ours(ctx)))
		return udp ? nat_write_udp(ctx, pkt, ports, addr + port) : nat_write_tcp(ctx, pkt, ports, addr + port);
	return ctx_replace_l4_csum(ctx, check, addr, port, udp) || ctx_write(ctx, pkt_l4(pkt), &ports, sizeof(ports))
		       ? SR_DROP_INTERNAL
		       : SR_OK;
}

/*
 * Give a packet the addresses and ports of `to`. SR_OK or SR_DROP_*: it may
 * then be half changed and must not go on.
 */
static __always_inline int nat_rewrite(sr_ctx *ctx, const struct pkt *pkt, const struct sr_rewrite *to)
{
	__u64 addr = nat_addr_delta(&pkt->tuple.src, &to->src, pkt->family) +
		     nat_addr_delta(&pkt->tuple.dst, &to->dst, pkt->family);
	int ret;

	if (pkt_has_transport(pkt)) {
		ret = nat_write_transport(ctx, pkt, to, addr);
		if (ret != SR_OK)
			return ret;
	}
	if (pkt->family == 4)
		return nat_write_v4(ctx, pkt, to, addr);
	if (ctx_store(ctx, pkt_l3(pkt) + offsetof(struct ipv6hdr, saddr), &to->src, 32))
		return SR_DROP_INTERNAL;
	return SR_OK;
}

/* Bytes 12 and 13 of TCP's header are its length and its flags. */
#define NAT_TCP_FLAGS  12
#define NAT_TCP_LENGTH 0xf000

/*
 * A packet of a TCP connection becomes the reset that ends it, at the same place
 * in the stream. A later fragment has no flags: the first one bears them.
 */
static __noinline int nat_make_reset(sr_ctx *ctx, struct pkt *pkt)
{
	__u16 offset = pkt_l4(pkt) + NAT_TCP_FLAGS;
	__be16 *word = ctx_data(ctx) + offset;
	__be16 old, new;

	if (!pkt_has_transport(pkt))
		return SR_OK;
	if ((void *)(word + 1) > ctx_data_end(ctx))
		return SR_DROP_INTERNAL;
	old = *word;
	new = (old & bpf_htons(NAT_TCP_LENGTH | TCP_FLAG_ACK)) | bpf_htons(TCP_FLAG_RST);
	if (ctx_update_l4_csum(ctx, pkt_l4(pkt) + offsetof(struct tcphdr, check), 0, nat_word_delta(old, new), false) ||
	    ctx_write(ctx, offset, &new, sizeof(new)))
		return SR_DROP_INTERNAL;
	pkt->tcp_flags = (pkt->tcp_flags & TCP_FLAG_ACK) | TCP_FLAG_RST;
	return SR_OK;
}

#endif
