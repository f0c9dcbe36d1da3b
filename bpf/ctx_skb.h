/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The verbs of a packet, for tc: an skb, whose transport checksum may be
 * complete, partial (the device will finish it) or told by the device; which
 * of them cannot be read, so only the helpers may touch it. ctx_xdp.h has the
 * same for XDP.
 */
#ifndef BPF_CTX_H
#define BPF_CTX_H

#include "net.h"

#define sr_ctx struct __sk_buff

#define CTX_CAN_REDO false

#include "ctx_data.h"

static __always_inline __u32 ctx_ifindex(const sr_ctx *ctx)
{
	return ctx->ifindex;
}

/* As many bytes as our longest usual chain of headers: IPv6, options, TCP. */
#define CTX_HEADERS 128

/* A header may lie outside the linear part of an skb: bring it there. */
static __always_inline void ctx_pull_headers(sr_ctx *ctx)
{
	__u32 linear = ctx_data_end(ctx) - ctx_data(ctx);

	if (unlikely(linear < CTX_HEADERS && linear < ctx->len))
		bpf_skb_pull_data(ctx, ctx->len < CTX_HEADERS ? ctx->len : CTX_HEADERS);
}

/* As in ctx_xdp.h. Addresses are in the pseudo header, ports are not: so two calls. */
static __always_inline int ctx_update_l4_csum(sr_ctx *ctx, __u16 offset, __u64 addr, __u64 port, bool udp)
{
	__u64 flags = udp ? BPF_F_MARK_MANGLED_0 : 0;
	int ret = 0;

	if (addr)
		ret |= bpf_l4_csum_replace(ctx, offset, 0, csum_fold32(addr), flags | BPF_F_PSEUDO_HDR);
	if (port)
		ret |= bpf_l4_csum_replace(ctx, offset, 0, csum_fold32(port), flags);
	return ret;
}

/*
 * As in ctx_xdp.h. Where the device told the sum of all bytes
 * (CHECKSUM_COMPLETE), it must follow: the helper above took an address's
 * change out of it, which is right for IPv4, whose header sums up to nothing.
 */
static __always_inline int ctx_store_v6(sr_ctx *ctx, __u16 offset, const void *from, __u32 length)
{
	return bpf_skb_store_bytes(ctx, offset, from, length, BPF_F_RECOMPUTE_CSUM);
}

static __always_inline long ctx_fib_lookup(sr_ctx *ctx, struct bpf_fib_lookup *fib)
{
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}

#endif
