/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet's bytes, for either hook: where they are, and how to change them
 * where nobody else keeps account of their checksum.
 *
 * Where they are is asked in assembly: the compiler would
 * add an offset to ctx first and load then, which the verifier refuses.
 */
#ifndef BPF_CTX_DATA_H
#define BPF_CTX_DATA_H

static __always_inline void *ctx_data(const sr_ctx *ctx)
{
	void *data;

	asm volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(data) : "r"(ctx), "i"(offsetof(sr_ctx, data)));
	return data;
}

static __always_inline void *ctx_data_end(const sr_ctx *ctx)
{
	void *end;

	asm volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(end) : "r"(ctx), "i"(offsetof(sr_ctx, data_end)));
	return end;
}

/* Bring a transport checksum up to date: addresses changed by `addr`, ports by `port`. */
static __always_inline int ctx_fix_l4_csum(sr_ctx *ctx, __u16 offset, __u64 addr, __u64 port, bool udp)
{
	__sum16 *check = ctx_data(ctx) + offset;

	if ((void *)(check + 1) > ctx_data_end(ctx))
		return -1;
	*check = udp ? csum_update_udp(*check, addr + port) : csum_update(*check, addr + port);
	return 0;
}

/* Write `length` (a constant) bytes. */
static __always_inline int ctx_write(sr_ctx *ctx, __u16 offset, const void *from, __u32 length)
{
	void *to = ctx_data(ctx) + offset;

	if (to + length > ctx_data_end(ctx))
		return -1;
	__builtin_memcpy(to, from, length);
	return 0;
}

/*
 * In place of a segment's size: the packet stands for others of SCTP's, of
 * different sizes. A fragment of the skb is one of them, without its header.
 */
#define CTX_GSO_BY_FRAGS 0xffff

#endif
