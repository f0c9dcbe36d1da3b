/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading TCP, UDP and SCTP headers. */
#ifndef BPF_TRANSPORT_H
#define BPF_TRANSPORT_H

#include "pkt.h"
#include "sctp.h"

static __always_inline int pkt_parse_tcp(struct pkt *pkt, void *data, void *data_end)
{
	struct tcphdr *tcp = data + pkt_l4(pkt);

	if ((void *)(tcp + 1) > data_end || pkt_is_short(pkt, sizeof(*tcp)))
		return SR_PASS_MALFORMED;

	tuple_set_ports(&pkt->tuple, *(__u32 *)tcp);
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

	tuple_set_ports(&pkt->tuple, *(__u32 *)udp);
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

	tuple_set_ports(&pkt->tuple, sctp->ports);
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

/* Over IPv6 a later fragment names the first header of what was cut, which may be an extension. */
static __always_inline int pkt_parse_later(const struct pkt *pkt)
{
	return pkt->family == 6 || pkt_is_served(pkt->tuple.proto) ? SR_OK : SR_PASS_NOT_SERVED_PROTO;
}

static __always_inline int pkt_parse_transport(sr_ctx *ctx, struct pkt *pkt, void *data, void *data_end)
{
	if (pkt_is_cut(pkt))
		return SR_PASS_MALFORMED;
	if (unlikely(pkt->fragment == PKT_LATER_FRAGMENT))
		return pkt_parse_later(pkt);
	if (pkt->tuple.proto == IPPROTO_TCP)
		return pkt_parse_tcp(pkt, data, data_end);
	if (pkt->tuple.proto == IPPROTO_UDP)
		return pkt_parse_udp(pkt, data, data_end);
	if (pkt->tuple.proto == IPPROTO_SCTP)
		return CTX_NAME(pkt_parse_sctp)(ctx, pkt);
	return SR_PASS_NOT_SERVED_PROTO;
}

#endif
