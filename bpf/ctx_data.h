/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a packet's bytes are, for either hook. In assembly: the compiler would
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

#endif
