/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * May a flow begin with this packet, as far as its sender goes? An entry made
 * for a forged source would turn that source's own answers, long after the
 * stack has dropped the packet. Asked once for each flow.
 */
#ifndef BPF_ORIGIN_H
#define BPF_ORIGIN_H

#include "conn.h"
#include "forward.h"

/* Has no router between: which device leads there is not asked (RFC 4291, section 2.5.6). */
static __always_inline bool origin_is_link_local(const struct pkt *pkt)
{
	return pkt->family == 6 && pkt->tuple.src.byte[0] == 0xfe && (pkt->tuple.src.byte[1] & 0xc0) == 0x80;
}

/*
 * Who was forged, for certain: one of our pods from elsewhere than its device,
 * this host itself from without, what is no host at all (RFC 1812, section
 * 5.3.7). Asymmetric routes are none of our business. The way back is asked as
 * it will be: from `answers`, the address that what goes there bears.
 */
static __always_inline bool origin_is_martian(sr_ctx *ctx, const struct pkt *pkt, const struct sr_addr *answers)
{
	__u32 here = ctx_ifindex(ctx);
	struct bpf_fib_lookup fib = {};
	struct sr_device *device;
	long way;

	if (!addr_is_host(&pkt->tuple.src, pkt->family))
		return true;
	if (origin_is_link_local(pkt))
		return false;
	forward_ask(&fib, ctx, pkt, answers, &pkt->tuple.src);
	way = ctx_fib_lookup(ctx, &fib);
	if (way == BPF_FIB_LKUP_RET_NOT_FWDED)
		return true;
	if (!forward_has_route(way) || fib.ifindex == here)
		return false;
	device = device_lookup(fib.ifindex);
	return device && !(device->flags & SR_DEVICE_UPLINK);
}

/* Does the frame bear this device's link address? (tc is told by the kernel: tc_in().) */
static __always_inline bool origin_calls_us(sr_ctx *ctx)
{
	struct sr_device *device = device_lookup(ctx_ifindex(ctx));
	__u8 *to = ctx_data(ctx);

	if (!CTX_CAN_REDO || !device)
		return true;
	if ((void *)(to + sizeof(device->mac)) > ctx_data_end(ctx))
		return false;
	return *(__u32 *)to == *(__u32 *)device->mac && *(__u16 *)(to + 4) == *(__u16 *)(device->mac + 4);
}

/* May the flow that scratch->conn was made for begin? SR_OK or SR_DROP_*. */
static __noinline int origin_check(sr_ctx *ctx, const struct pkt *pkt)
{
	struct sr_scratch *scratch = conn_scratch();
	const struct sr_addr *answers;

	if (!pkt || !scratch)
		return SR_DROP_INTERNAL;
	answers = scratch->conn.to.flags & SR_CONN_SNAT ? &pkt->tuple.dst : &scratch->conn.to.dst;
	return origin_is_martian(ctx, pkt, answers) ? SR_DROP_MARTIAN : SR_OK;
}

#endif
