/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * May a flow begin with this packet, as far as its sender goes? An entry made
 * for a forged source would turn that source's own answers, long after the
 * stack has dropped the packet. Asked for each flow's first packet.
 */
#ifndef BPF_ORIGIN_H
#define BPF_ORIGIN_H

#include "dispatch.h"
#include "forward.h"
#include "svcroute/conn_set.h"

/* One that the device sends from, or that bears frontends: of others that are this host's we do not know. */
static __always_inline bool origin_is_known_ours(sr_ctx *ctx, const struct pkt *pkt)
{
	struct sr_device *device = device_lookup(ctx_ifindex(ctx));
	const struct sr_addr *src = &pkt->tuple.src;

	if (device && addr_is_equal(src, pkt->family == 4 ? &device->snat4 : &device->snat6))
		return true;
	return address_flags(src) >= 0;
}

/*
 * Who was forged, for certain: one of our pods from elsewhere than its device,
 * this host itself from without, what is no host at all (RFC 1812, section
 * 5.3.7). Asymmetric routes are none of our business, nor those that hang on
 * more than where to: the FIB helper says the same of this host and of what it
 * has no route to.
 */
static __always_inline bool origin_is_martian(sr_ctx *ctx, const struct pkt *pkt, enum side from)
{
	__u32 here = ctx_ifindex(ctx);
	struct bpf_fib_lookup fib = {};
	struct sr_device *device;
	long way;

	if (!addr_is_host(&pkt->tuple.src, pkt->family))
		return true;
	forward_ask(&fib, ctx, pkt, &pkt->tuple.dst, &pkt->tuple.src);
	way = forward_lookup_device(ctx, &fib);
	if (way == BPF_FIB_LKUP_RET_NOT_FWDED)
		return origin_is_known_ours(ctx, pkt);
	if (!forward_has_route(way) || fib.ifindex == here)
		return false;
	device = device_lookup(fib.ifindex);
	if (!device || device->flags & SR_DEVICE_UPLINK)
		return false;
	/* Routes to pods lead to the bridge whose ports their devices are. */
	return from != SIDE_POD || !(device->flags & SR_DEVICE_BRIDGE);
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

/*
 * Whom the routing table was asked for in this second it is not asked for again,
 * whatever he calls: most begin many flows. It goes with the programs: all that is
 * lost is a little time.
 */
#define ORIGIN_KNOWN 4096
__u64 sr_origins[ORIGIN_KNOWN] __weak;

/*
 * A sender, by the device that it sends to, in this second: a word by secret seeds. A
 * forged one is taken for another that is known once in 2^32 tries (RFC 4418, section 5.2).
 */
static __always_inline __u64 origin_word(sr_ctx *ctx, const struct pkt *pkt)
{
	struct sr_tuple sender = {.src = pkt->tuple.src};

	/* Not 0: so all of the address counts, in either family. */
	sender.dst.word[0] = ctx_ifindex(ctx);
	sender.dst.word[3] = conn_now() >> FORWARD_HOP_SHIFT;
	return sr_conn_hash(sr_key_seed, &sender);
}

/* SR_OK, or why no flow begins. */
static __noinline int origin_check(sr_ctx *ctx, const struct pkt *pkt, enum side from)
{
	__u64 word, *known;

	if (!pkt)
		return SR_DROP_INTERNAL;
	if (!origin_calls_us(ctx))
		return SR_PASS_OTHER_HOST;
	if (from == SIDE_HOST)
		return SR_OK;
	word = origin_word(ctx, pkt);
	known = &sr_origins[word % ORIGIN_KNOWN];
	if (READ_ONCE(*known) == word)
		return SR_OK;
	if (origin_is_martian(ctx, pkt, from))
		return SR_DROP_MARTIAN;
	*(volatile __u64 *)known = word;
	return SR_OK;
}

#endif
