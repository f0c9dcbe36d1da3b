/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The verbs of a packet, for XDP: the frame as the driver delivered it, with
 * its checksums complete. ctx_skb.h has the same for tc.
 */
#ifndef BPF_CTX_H
#define BPF_CTX_H

#include "net.h"

#define sr_ctx struct xdp_md

/* What this hook cannot finish it passes on untouched, and tc does it. */
#define CTX_CAN_REDO true

/* It meets flows whose both ends are known. */
#define CTX_SEES_FLOWS true

/* A subprog that takes the packet is this hook's own: the linker must not take the other's for equal. */
#define CTX_NAME(name) xdp_##name

#include "ctx_data.h"

static __always_inline __u32 ctx_ifindex(const sr_ctx *ctx)
{
	return ctx->ingress_ifindex;
}

static __always_inline __u32 ctx_ingress(const sr_ctx *ctx)
{
	return ctx->ingress_ifindex;
}

static __always_inline bool ctx_is_ingress(const sr_ctx *ctx)
{
	(void)ctx;
	return true;
}

static __always_inline __u32 ctx_length(const sr_ctx *ctx)
{
	return ctx_data_end(ctx) - ctx_data(ctx);
}

static __always_inline void ctx_pull_headers(sr_ctx *ctx)
{
}

/* Nobody but us keeps account of a checksum. */
static __always_inline bool ctx_csum_is_ours(const sr_ctx *ctx)
{
	return true;
}

static __always_inline int ctx_replace_l4_csum(sr_ctx *ctx, __u16 offset, __u64 addr, __u64 port, bool udp)
{
	return -1;
}

static __always_inline int ctx_update_l4_csum(sr_ctx *ctx, __u16 offset, __u64 addr, __u64 port, bool udp)
{
	return ctx_fix_l4_csum(ctx, offset, addr, port, udp);
}

/* Write what no Internet checksum in the packet keeps account of: an IPv6 header, SCTP's. */
static __always_inline int ctx_store(sr_ctx *ctx, __u16 offset, const void *from, __u32 length)
{
	return ctx_write(ctx, offset, from, length);
}

static __always_inline int ctx_read(sr_ctx *ctx, __u16 offset, void *to, __u32 length)
{
	void *from = ctx_data(ctx) + offset;

	if (from + length > ctx_data_end(ctx))
		return -1;
	__builtin_memcpy(to, from, length);
	return 0;
}

/* As many bytes as the packet says. */
static __always_inline int ctx_load(sr_ctx *ctx, __u32 offset, void *to, __u32 length)
{
	return bpf_xdp_load_bytes(ctx, offset, to, length);
}

/* The tag lies in the frame; that of VLAN 0 is tc's to look behind. */
static __always_inline bool ctx_is_tagged(const sr_ctx *ctx)
{
	return false;
}

static __always_inline __u32 ctx_segment(const sr_ctx *ctx)
{
	return 0;
}

/* (Not known: origin_calls_us() looks where a flow begins.) */
static __always_inline bool ctx_is_for_us(const sr_ctx *ctx)
{
	return true;
}

/* There may be no room behind a frame: tc makes some. */
static __always_inline int ctx_resize(sr_ctx *ctx, __u32 length)
{
	return ctx_length(ctx) == length ? 0 : -1;
}

/* Tunnels are tc's. */
static __always_inline int ctx_wrap(sr_ctx *ctx, __u32 size)
{
	return -1;
}

static __always_inline bool ctx_is_unwrapped(const sr_ctx *ctx)
{
	return false;
}

static __always_inline long ctx_fib_lookup(sr_ctx *ctx, struct bpf_fib_lookup *fib, __u32 flags)
{
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), flags);
}

#endif
