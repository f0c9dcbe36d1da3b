/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fragments: the first one knows the ports. This file owns sr_fragments. */
#ifndef BPF_FRAGMENT_H
#define BPF_FRAGMENT_H

#include "conn.h"

static __always_inline bool fragment_key_is_equal(const struct sr_fragment_key *a, const struct sr_fragment_key *b)
{
	return addr_is_equal(&a->src, &b->src) && addr_is_equal(&a->dst, &b->dst) && a->id == b->id &&
	       a->proto == b->proto;
}

/*
 * Ports of a fragmented datagram (RFC 791, section 3.2; RFC 8200, section
 * 4.5): the first fragment leaves them for the later ones. An id comes again: what is
 * left of a datagram whose fragments were lost must not be taken for another's.
 */
__subprog int pkt_fragment_ports(struct pkt *pkt)
{
	struct sr_fragment_key key = {};
	struct sr_fragment *known;
	struct sr_fragment first;
	__u32 seen;

	if (!pkt)
		return SR_PASS_FRAGMENT;
	key.src = pkt->tuple.src;
	key.dst = pkt->tuple.dst;
	key.id = pkt->fragment_id;
	key.proto = pkt->family == 4 ? pkt->tuple.proto : 0;
	if (pkt->fragment == PKT_FIRST_FRAGMENT) {
		first = (struct sr_fragment){
			.self = key,
			.sport = pkt->tuple.sport,
			.dport = pkt->tuple.dport,
			.proto = pkt->tuple.proto,
			.seen = conn_now(),
		};
		bpf_map_update_elem(&sr_fragments, &key, &first, BPF_ANY);
		return SR_OK;
	}

	known = bpf_map_lookup_elem(&sr_fragments, &key);
	if (!known)
		return SR_PASS_FRAGMENT;
	seen = known->seen;
	pkt->tuple.sport = known->sport;
	pkt->tuple.dport = known->dport;
	*(__u32 *)&pkt->tuple.proto = known->proto;
	barrier();
	if (!fragment_key_is_equal(&known->self, &key) || (__s32)(conn_now() - seen) > (__s32)sr_timeout_fragments)
		return SR_PASS_FRAGMENT;
	return SR_OK;
}

#endif
