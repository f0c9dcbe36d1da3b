/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Announced addresses live on no device: what a host would say of them is said
 * here. ARP (RFC 826) and neighbour solicitations (RFC 4861, section 7.2) are
 * answered with the device's link address; echo.h answers pings. The packet
 * becomes its answer and goes back by the device it came from.
 */
#ifndef BPF_ANNOUNCE_H
#define BPF_ANNOUNCE_H

#include "conn.h"
#include "echo.h"

#define ANNOUNCE_TTL 64

#define ARP_ETHERNET 1
#define ARP_REQUEST  1
#define ARP_REPLY    2

struct announce_arp {
	struct ethhdr eth;
	__be16 htype;
	__be16 ptype;
	__u8 hlen;
	__u8 plen;
	__be16 op;
	__u8 sender[6];
	__be32 sender_ip;
	__u8 target[6];
	__be32 target_ip;
} __attribute__((packed));

static __always_inline bool announce_arp_asks(const struct announce_arp *arp)
{
	return arp->htype == bpf_htons(ARP_ETHERNET) && arp->ptype == bpf_htons(ETH_P_IP) && arp->hlen == 6 &&
	       arp->plen == 4 && arp->op == bpf_htons(ARP_REQUEST);
}

static __always_inline bool announce_mac_is_equal(const __u8 *a, const __u8 *b)
{
	return *(__u32 *)a == *(__u32 *)b && *(__u16 *)(a + 4) == *(__u16 *)(b + 4);
}

/* Was the frame sent to this device, or to many? XDP sees what others are sent, too. */
static __always_inline bool announce_is_heard(sr_ctx *ctx, const struct sr_device *device)
{
	const __u8 *to = ctx_data(ctx);

	if (!CTX_CAN_REDO)
		return true;
	return (void *)(to + 6) <= ctx_data_end(ctx) && (to[0] & 1 || announce_mac_is_equal(to, device->mac));
}

/* Is it one station's, and not this device's own? A switch may send us back what we sent. */
static __always_inline bool announce_may_tell(const __u8 *mac, const struct sr_device *device)
{
	return !(mac[0] & 1) && !announce_mac_is_equal(mac, device->mac);
}

static __always_inline void announce_turn_link(struct ethhdr *eth, const __u8 *to, const struct sr_device *device)
{
	__builtin_memcpy(eth->h_dest, to, 6);
	__builtin_memcpy(eth->h_source, device->mac, 6);
}

/* A probe, whose sender has no address yet (RFC 5227), is answered like any other. */
static __always_inline int announce_answer_arp(sr_ctx *ctx, const struct sr_device *device)
{
	struct announce_arp *asks = ctx_data(ctx), answer;
	struct sr_addr addr;

	if ((void *)(asks + 1) > ctx_data_end(ctx) || asks->eth.h_proto != bpf_htons(ETH_P_ARP) ||
	    !announce_arp_asks(asks) || !announce_is_heard(ctx, device) || !announce_may_tell(asks->sender, device))
		return SR_PASS_NOT_IP;
	addr_from_v4(&addr, asks->target_ip);
	if (!address_is_announced(&addr, ctx_ifindex(ctx)))
		return SR_PASS_NOT_IP;
	/* Who says that he has it is told by tc: `svcroute announce --watch` is to hear of him. */
	if (CTX_CAN_REDO && asks->sender_ip == asks->target_ip)
		return SR_PASS_TO_TC;

	answer = *asks;
	announce_turn_link(&answer.eth, asks->sender, device);
	answer.op = bpf_htons(ARP_REPLY);
	__builtin_memcpy(answer.sender, device->mac, 6);
	answer.sender_ip = asks->target_ip;
	__builtin_memcpy(answer.target, asks->sender, 6);
	answer.target_ip = asks->sender_ip;
	return ctx_write(ctx, 0, &answer, sizeof(answer)) ? SR_PASS_NOT_IP : SR_ANSWER_ARP;
}

#define ND_SOLICIT	       135
#define ND_ADVERT	       136
#define ND_SOLICITED	       0x40000000
#define ND_OVERRIDE	       0x20000000
#define ND_LINK_ADDRESS	       2 /* of the target: option */
#define ND_SOURCE_LINK_ADDRESS 1
#define ND_HOP_LIMIT	       255

struct announce_nd {
	__u16 pad; /* so that what is summed up is aligned */
	struct ethhdr eth;
	struct ipv6hdr ip;
	__u8 type;
	__u8 code;
	__sum16 check;
	__be32 flags;
	struct sr_addr target;
	__u8 option; /* the rest is an answer's only */
	__u8 option_length;
	__u8 mac[6];
} __attribute__((packed, aligned(4)));

#define ND_FRAME_SIZE  (sizeof(struct announce_nd) - offsetof(struct announce_nd, eth))
#define ND_ANSWER_SIZE (sizeof(struct announce_nd) - offsetof(struct announce_nd, type))
#define ND_ASKED_SIZE  (offsetof(struct announce_nd, option) - offsetof(struct announce_nd, type))
#define ND_MAX	       SR_SCRATCH_BYTES /* (A message has a link address, a nonce, and what is yet to be invented.) */
#define ND_MAX_OPTIONS 16

/* Of those that could have our target: ff02::1:ff00:0/104 and its last three bytes (RFC 4291, section 2.7.1). */
static __always_inline bool announce_is_group(const struct sr_addr *group, const struct sr_addr *target)
{
	return group->word[0] == bpf_htonl(0xff020000) && group->word[1] == 0 && group->word[2] == bpf_htonl(1) &&
	       group->word[3] == (target->word[3] | bpf_htonl(0xff000000));
}

/*
 * Are the options whole, none of them of length 0? Unknown ones may be there
 * (RFC 4861, section 4.3); a link address only of who has an address. They lie
 * in scratch->bytes.
 */
static __always_inline bool announce_nd_options(const struct sr_scratch *scratch, __u32 length, bool has_address)
{
	__u32 at = ND_ASKED_SIZE;

	for (int i = 0; i < ND_MAX_OPTIONS && at < length; i++) {
		const __u8 *option = scratch->bytes + (at & (SR_SCRATCH_BYTES - 1));

		if (!option[1] || (option[0] == ND_SOURCE_LINK_ADDRESS && !has_address))
			return false;
		at += option[1] * 8;
	}
	return at == length;
}

/* The message's sum and its options. */
static __always_inline bool announce_nd_is_whole(sr_ctx *ctx, const struct pkt *pkt, bool has_address)
{
	const struct sr_scratch *scratch = conn_scratch();
	__u32 length = pkt_l4_length(pkt);

	return scratch && length >= ND_ASKED_SIZE && length <= ND_MAX && sum_is_right(ctx, pkt) &&
	       announce_nd_options(scratch, length, has_address);
}

/* What RFC 4861, section 7.1.1 asks for. `nd` ends with the target. */
static __always_inline bool announce_nd_asks(sr_ctx *ctx, const struct pkt *pkt, const struct announce_nd *nd)
{
	bool to_group, has_address = pkt->tuple.src.half[0] | pkt->tuple.src.half[1];

	if (nd->type != ND_SOLICIT || nd->code || pkt->ttl != ND_HOP_LIMIT)
		return false;
	to_group = announce_is_group(&pkt->tuple.dst, &nd->target);
	if (!to_group && !addr_is_equal(&pkt->tuple.dst, &nd->target))
		return false;
	/* Who has no address yet asks the group (RFC 4862, section 5.4). */
	if (has_address ? !addr_is_host(&pkt->tuple.src, 6) : !to_group)
		return false;
	return announce_nd_is_whole(ctx, pkt, has_address);
}

/* To who asked; if it has no address yet, to all of the link (RFC 4861, section 7.2.4). */
static __always_inline void announce_nd_address(struct announce_nd *nd, const struct pkt *pkt,
						const struct sr_device *device, const __u8 *asker)
{
	static const __u8 all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	struct sr_addr all_nodes = {.word = {bpf_htonl(0xff020000), 0, 0, bpf_htonl(1)}};
	bool has_address = pkt->tuple.src.half[0] | pkt->tuple.src.half[1];

	announce_turn_link(&nd->eth, has_address ? asker : all_nodes_mac, device);
	/* No traffic class, no flow label. */
	*(__be32 *)&nd->ip = bpf_htonl(0x60000000);
	__builtin_memcpy(&nd->ip.saddr, &nd->target, 16);
	__builtin_memcpy(&nd->ip.daddr, has_address ? &pkt->tuple.src : &all_nodes, 16);
	nd->flags = bpf_htonl(ND_OVERRIDE | (has_address ? ND_SOLICITED : 0));
}

static __always_inline int announce_write_nd(sr_ctx *ctx, struct announce_nd *nd, const struct sr_device *device)
{
	__u64 sum = (__u64)bpf_htonl(ND_ANSWER_SIZE) + bpf_htonl(IPPROTO_ICMPV6);

	nd->ip.payload_len = bpf_htons(ND_ANSWER_SIZE);
	nd->type = ND_ADVERT;
	nd->check = 0;
	nd->option = ND_LINK_ADDRESS;
	nd->option_length = 1;
	__builtin_memcpy(nd->mac, device->mac, 6);
	sum += bpf_csum_diff(NULL, 0, (__be32 *)&nd->ip.saddr, 32 + ND_ANSWER_SIZE, 0);
	nd->check = ~csum_fold16(sum);
	return ctx_write(ctx, 0, &nd->eth, ND_FRAME_SIZE);
}

static __always_inline int announce_answer_nd(sr_ctx *ctx, const struct pkt *pkt, const struct sr_device *device)
{
	struct announce_nd nd = {};
	__u8 asker[6];

	if (pkt_l4(pkt) != ETH_HLEN + sizeof(nd.ip) ||
	    ctx_read(ctx, 0, &nd.eth, ND_FRAME_SIZE - ND_ANSWER_SIZE + ND_ASKED_SIZE) ||
	    !announce_is_heard(ctx, device) || !announce_may_tell(nd.eth.h_source, device) ||
	    !announce_nd_asks(ctx, pkt, &nd) || !address_is_announced(&nd.target, ctx_ifindex(ctx)))
		return SR_PASS_NOT_SERVED_PROTO;
	if (ctx_resize(ctx, ND_FRAME_SIZE))
		return CTX_CAN_REDO ? SR_PASS_TO_TC : SR_DROP_INTERNAL;
	__builtin_memcpy(asker, nd.eth.h_source, 6);
	announce_nd_address(&nd, pkt, device, asker);
	return announce_write_nd(ctx, &nd, device) ? SR_DROP_INTERNAL : SR_ANSWER_NEIGHBOUR;
}

/* By what pkt_parse() said of it: could it ask something that is answered here? */
static __always_inline bool announce_may_concern(int reason)
{
	return reason == SR_PASS_NOT_IP || reason == SR_PASS_NOT_SERVED_PROTO || reason == SR_PASS_FRAGMENT;
}

/* SR_ANSWER_* where the packet has become its answer, SR_DROP_* where nobody must have it, else `reason`. */
__subprog int CTX_NAME(announce_answer)(sr_ctx *ctx, struct pkt *pkt, int reason)
{
	struct sr_device *device;
	int ret;

	if (!pkt)
		return reason;
	ret = pkt->tuple.proto == (pkt->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) ? echo_answer(ctx, pkt)
										     : SR_PASS_NOT_SERVED_PROTO;
	if (ret != SR_PASS_NOT_SERVED_PROTO)
		return ret == SR_OK ? SR_ANSWER_ECHO : ret;
	device = device_lookup(ctx_ifindex(ctx));
	if (!device || !pkt_l3(pkt))
		return reason;
	if (reason == SR_PASS_NOT_IP)
		return announce_answer_arp(ctx, device);
	ret = pkt->family == 6 ? announce_answer_nd(ctx, pkt, device) : SR_PASS_NOT_SERVED_PROTO;
	return ret == SR_PASS_NOT_SERVED_PROTO ? reason : ret;
}

#endif
