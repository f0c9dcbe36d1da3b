/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Refusing by a TCP reset. */
#ifndef BPF_REFUSE_RESET_H
#define BPF_REFUSE_RESET_H

#include "refusal.h"

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
	if (ctx_resize(ctx, l4 + sizeof(tcp)) || bpf_skb_store_bytes(ctx, l4, &tcp, sizeof(tcp), 0))
		return -1;
	return refuse_write_ip(ctx, pkt, refusal, IPPROTO_TCP);
}

#endif
