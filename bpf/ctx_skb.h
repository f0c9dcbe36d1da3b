/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The verbs of a packet, for tc: an skb, whose transport checksum may be
 * complete, left to the device (partial), or accompanied by a sum that the
 * device made over all bytes. ctx_xdp.h has the same verbs for XDP.
 */
#ifndef BPF_CTX_H
#define BPF_CTX_H

#include "net.h"

#define sr_ctx struct __sk_buff

#define CTX_CAN_REDO false

/* It meets flows whose both ends are known. */
#define CTX_SEES_FLOWS true

/* A subprog that takes the packet is this hook's own: the linker must not take the other's for equal. */
#define CTX_NAME(name) tc_##name

#include "ctx_data.h"

static __always_inline __u32 ctx_ifindex(const sr_ctx *ctx)
{
	return ctx->ifindex;
}

/* The device by which it came to this host; 0: the host itself sends it. */
static __always_inline __u32 ctx_ingress(const sr_ctx *ctx)
{
	return ctx->ingress_ifindex;
}

/* Has it just come in? */
static __always_inline bool ctx_is_ingress(const sr_ctx *ctx)
{
	return ctx->ingress_ifindex == ctx->ifindex;
}

/* Of the whole frame, whether or not it lies in one piece. */
static __always_inline __u32 ctx_length(const sr_ctx *ctx)
{
	return ctx->len;
}

/* As many bytes as our longest usual chain of headers: IPv6, options, TCP. */
#define CTX_HEADERS 128

/*
 * A header may lie outside the linear part of an skb: bring it there. Not where
 * the fragments are packets without their header, which is in the linear part.
 */
static __always_inline void ctx_pull_headers(sr_ctx *ctx)
{
	__u32 linear = ctx_data_end(ctx) - ctx_data(ctx);

	if (unlikely(linear < CTX_HEADERS && linear < ctx->len) && ctx->gso_size != CTX_GSO_BY_FRAGS)
		bpf_skb_pull_data(ctx, ctx->len < CTX_HEADERS ? ctx->len : CTX_HEADERS);
}

/* Of the kernel's struct sk_buff; CO-RE finds where it lies. */
struct sk_buff___csum {
	__u8 ip_summed : 2;
} __attribute__((preserve_access_index));

#define CHECKSUM_NONE	     0
#define CHECKSUM_UNNECESSARY 1
#define CHECKSUM_COMPLETE    2
#define CHECKSUM_PARTIAL     3
#define CHECKSUM_UNKNOWN     4 /* ours: a kernel that does not let us look */

extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym __weak;

/*
 * Who keeps account of the checksum. Since Linux 6.2 we may look; before, only
 * the helpers know. Nowhere else may the function's address be compared: it must
 * be plain to the verifier that a kernel without it never comes to the call.
 */
static __always_inline int ctx_csum_state(sr_ctx *ctx)
{
	struct sk_buff___csum *skb;

	if (!bpf_cast_to_kern_ctx)
		return CHECKSUM_UNKNOWN;
	skb = bpf_cast_to_kern_ctx(ctx);
	return BPF_CORE_READ_BITFIELD(skb, ip_summed);
}

static __always_inline bool ctx_csum_is_ours(sr_ctx *ctx)
{
	int state = ctx_csum_state(ctx);

	return state == CHECKSUM_NONE || state == CHECKSUM_UNNECESSARY;
}

/*
 * Has the sender left the checksum to the device? Where we may not look, a field
 * that holds the sum of the pseudo header says so.
 */
static __always_inline bool ctx_csum_is_partial(sr_ctx *ctx, __sum16 field, __u16 pseudo)
{
	int state = ctx_csum_state(ctx);

	return state == CHECKSUM_PARTIAL || (state == CHECKSUM_UNKNOWN && field == pseudo);
}

/*
 * As ctx_fix_l4_csum(), where others keep account of it. Addresses are in the
 * pseudo header, ports are not; a partial checksum covers the pseudo header only.
 */
static __always_inline int ctx_replace_l4_csum(sr_ctx *ctx, __u16 offset, __u64 addr, __u64 port, bool udp)
{
	__u64 flags = udp ? BPF_F_MARK_MANGLED_0 : 0;
	int state = ctx_csum_state(ctx);
	int ret;

	ret = bpf_l4_csum_replace(ctx, offset, 0, csum_fold32(addr), flags | BPF_F_PSEUDO_HDR);
	if (state != CHECKSUM_PARTIAL)
		ret |= bpf_l4_csum_replace(ctx, offset, 0, csum_fold32(port), flags);
	return ret;
}

static __always_inline int ctx_update_l4_csum(sr_ctx *ctx, __u16 offset, __u64 addr, __u64 port, bool udp)
{
	if (likely(ctx_csum_is_ours(ctx)))
		return ctx_fix_l4_csum(ctx, offset, addr, port, udp);
	return ctx_replace_l4_csum(ctx, offset, addr, port, udp);
}

/*
 * Write what no Internet checksum in the packet keeps account of: an IPv6
 * header, SCTP's. A sum over all bytes must follow. (For an IPv6 header, too:
 * the helper above took the addresses' change out of it, which is right for
 * IPv4 only, whose header sums up to nothing.)
 */
static __always_inline int ctx_store(sr_ctx *ctx, __u16 offset, const void *from, __u32 length)
{
	int state = ctx_csum_state(ctx);

	if (state == CHECKSUM_COMPLETE || state == CHECKSUM_UNKNOWN)
		return bpf_skb_store_bytes(ctx, offset, from, length, BPF_F_RECOMPUTE_CSUM);
	return ctx_write(ctx, offset, from, length);
}

static __always_inline int ctx_read(sr_ctx *ctx, __u16 offset, void *to, __u32 length)
{
	return bpf_skb_load_bytes(ctx, offset, to, length);
}

/* As many bytes as the packet says. */
static __always_inline int ctx_load(sr_ctx *ctx, __u32 offset, void *to, __u32 length)
{
	return bpf_skb_load_bytes(ctx, offset, to, length);
}

/*
 * Does it belong to a VLAN (IEEE 802.1Q), though the frame bears no tag? VLAN 0 is
 * none, but a priority.
 */
static __always_inline bool ctx_is_tagged(const sr_ctx *ctx)
{
	return ctx->vlan_present && ctx->vlan_tci & VLAN_VID_MASK;
}

/* Payload of each of the segments that the packet stands for, or CTX_GSO_BY_FRAGS; 0: it is one. */
static __always_inline __u32 ctx_segment(const sr_ctx *ctx)
{
	return ctx->gso_size;
}

/* By its link address. */
static __always_inline bool ctx_is_for_us(const sr_ctx *ctx)
{
	return ctx->pkt_type == PACKET_HOST;
}

/*
 * Give the frame another length. It changes twice, for only then does the kernel
 * forget what concerned the whole: how to cut it into segments, and a sum over
 * all bytes that the device made.
 */
static __always_inline int ctx_resize(sr_ctx *ctx, __u32 length)
{
	return bpf_skb_change_tail(ctx, length + 4, 0) || bpf_skb_change_tail(ctx, length, 0) ? -1 : 0;
}

/* Room for another header of this size before the IP header; segments stay as they are. */
static __always_inline int ctx_wrap(sr_ctx *ctx, __u32 size)
{
	__u64 family = size == sizeof(struct iphdr) ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV6;

	return bpf_skb_adjust_room(ctx, size, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO | family);
}

/* Take that much off it. */
static __always_inline int ctx_unwrap(sr_ctx *ctx, __u32 size)
{
	return bpf_skb_adjust_room(ctx, -(__s32)size, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO);
}

/* What was unwrapped comes in once more, and bears this. No packet from without does. */
#define CTX_UNWRAPPED 0x5372

static __always_inline bool ctx_is_unwrapped(const sr_ctx *ctx)
{
	return unlikely(ctx->tc_index == CTX_UNWRAPPED);
}

static __always_inline long ctx_fib_lookup(sr_ctx *ctx, struct bpf_fib_lookup *fib, __u32 flags)
{
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), flags);
}

#endif
