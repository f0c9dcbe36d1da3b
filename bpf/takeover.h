/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* While connections change hands between netfilter and us: whose is a packet that we have no entry for? */
#ifndef BPF_TAKEOVER_H
#define BPF_TAKEOVER_H

#include "conn.h"
#include "pkt.h"

/* Asked where a flow begins only. True: the packet goes on untouched, for netfilter to translate. */
static __always_inline bool takeover_leaves(const struct pkt *pkt)
{
	__u32 zero = 0;
	struct sr_takeover *takeover = bpf_map_lookup_elem(&sr_takeover, &zero);

	if (likely(!takeover || !takeover->level) || (__s32)(takeover->until - conn_now()) < 0)
		return false;
	return takeover->level == SR_TAKEOVER_ALL ||
	       (pkt->tuple.proto != IPPROTO_UDP && (pkt->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) != TCP_FLAG_SYN);
}

#endif
