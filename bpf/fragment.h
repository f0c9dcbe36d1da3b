/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fragments: the first one knows the ports. This file owns sr_fragments. */
#ifndef BPF_FRAGMENT_H
#define BPF_FRAGMENT_H

#include "conn.h"
#include "transport.h"

static __always_inline bool fragment_key_is_equal(const struct sr_fragment_key *a, const struct sr_fragment_key *b)
{
	return addr_is_equal(&a->src, &b->src) && addr_is_equal(&a->dst, &b->dst) && a->id == b->id &&
	       a->proto == b->proto;
}

static __always_inline void fragment_key(struct sr_fragment_key *key, const struct pkt *pkt)
{
	key->src = pkt->tuple.src;
	key->dst = pkt->tuple.dst;
	key->id = pkt->fragment_id;
	/* Of IPv6 the first fragment alone knows it. */
	key->proto = pkt->family == 4 ? pkt->tuple.proto : 0;
}

/* A first fragment leaves its transport and ports for the later ones. */
__subprog int fragment_remember(const struct pkt *pkt)
{
	struct sr_fragment first = {};

	if (!pkt)
		return -1;
	fragment_key(&first.self, pkt);
	first.sport = pkt->tuple.sport;
	first.dport = pkt->tuple.dport;
	first.proto = pkt->tuple.proto;
	first.seen = conn_now();
	return bpf_map_update_elem(&sr_fragments, &first.self, &first, BPF_ANY);
}

/*
 * Give a later fragment what its first one left; false: nothing is known of
 * that. An id comes again: what is left of a datagram whose fragments were lost
 * must not be taken for another's.
 */
__subprog bool fragment_recall(struct pkt *pkt)
{
	struct sr_fragment_key key = {};
	struct sr_fragment *known;
	__u32 seen;

	if (!pkt)
		return false;
	fragment_key(&key, pkt);
	known = bpf_map_lookup_elem(&sr_fragments, &key);
	if (!known)
		return false;
	seen = known->seen;
	pkt->tuple.sport = known->sport;
	pkt->tuple.dport = known->dport;
	*(__u32 *)&pkt->tuple.proto = known->proto;
	barrier();
	return fragment_key_is_equal(&known->self, &key) && (__s32)(conn_now() - seen) <= (__s32)sr_timeout_fragments;
}

/*
 * Ports of a fragmented datagram (RFC 791, section 3.2; RFC 8200, section 4.5).
 * SR_OK, or why it cannot be ours: what echo.h remembers has none.
 */
static __always_inline int pkt_fragment_ports(struct pkt *pkt)
{
	if (pkt->fragment == PKT_FIRST_FRAGMENT) {
		fragment_remember(pkt);
		return SR_OK;
	}
	if (!fragment_recall(pkt))
		return SR_PASS_FRAGMENT;
	return pkt_is_served(pkt->tuple.proto) ? SR_OK : SR_PASS_NOT_SERVED_PROTO;
}

#endif
