/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The Internet checksum over what a packet bears, for those that are answered to its sender. */
#ifndef BPF_SUM_H
#define BPF_SUM_H

#include "conn.h"

#define SUM_CHUNKS 18
#define SUM_MAX	   (SUM_CHUNKS * SR_SCRATCH_BYTES) /* more than a jumbo frame has */

/*
 * The sum of `length` bytes, folded; what is missing to a whole word is zeros.
 * Negative: the packet has not so many, or they are more than SUM_MAX. The last
 * chunk stays in scratch->bytes: all of it, where it is no more than that.
 */
__subprog int CTX_NAME(sum_bytes)(sr_ctx *ctx, __u32 from, __u32 length)
{
	struct sr_scratch *scratch = conn_scratch();
	__s64 sum = 0;

	for (int i = 0; scratch && i < SUM_CHUNKS; i++) {
		__u32 size = length < SR_SCRATCH_BYTES ? length : SR_SCRATCH_BYTES;
		__u32 last = size - 1, word;

		/* Bounds that the verifier sees: it would lose those of `length`, and before 6.8 those of != 0. */
		barrier_var(last);
		if (last >= SR_SCRATCH_BYTES)
			break;
		word = last & (SR_SCRATCH_BYTES - 4);
		*(__u32 *)(scratch->bytes + word) = 0;
		if (ctx_load(ctx, from, scratch->bytes, last + 1))
			return -1;
		sum = bpf_csum_diff(NULL, 0, (__be32 *)scratch->bytes, word + 4, sum);
		from += size;
		length -= size;
	}
	return length ? -1 : csum_fold16((__u32)sum);
}

/* Is an ICMP message's sum, and that of an ICMPv6 message with its pseudo header (RFC 4443, section 2.3), right? */
static __always_inline bool sum_is_right(sr_ctx *ctx, const struct pkt *pkt)
{
	__u32 length = pkt_l4_length(pkt);
	int sum = CTX_NAME(sum_bytes)(ctx, pkt_l4(pkt), length);
	__u64 all = (__u32)sum;

	if (sum < 0)
		return false;
	if (pkt->family == 6)
		all += (__u64)bpf_htonl(length) + bpf_htonl(IPPROTO_ICMPV6) +
		       bpf_csum_diff(NULL, 0, (__be32 *)&pkt->tuple.src, 32, 0);
	return csum_fold16(all) == 0xffff;
}

#endif
