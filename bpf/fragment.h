/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fragments: the first one knows the ports. This file owns sr_fragments. */
#ifndef BPF_FRAGMENT_H
#define BPF_FRAGMENT_H

#include "pkt.h"

/*
 * Ports of a fragmented datagram (RFC 791, section 3.2; RFC 8200, section
 * 4.5): the first fragment leaves them for the later ones.
 */
__subprog int pkt_fragment_ports(struct pkt *pkt)
{
	struct sr_fragment_key key = {};
	struct sr_fragment *known;
	struct sr_fragment first;

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
		};
		bpf_map_update_elem(&sr_fragments, &key, &first, BPF_ANY);
		return SR_OK;
	}

	known = bpf_map_lookup_elem(&sr_fragments, &key);
	if (!known)
		return SR_PASS_FRAGMENT;
	pkt->tuple.sport = known->sport;
	pkt->tuple.dport = known->dport;
	*(__u32 *)&pkt->tuple.proto = known->proto;
	return addr_is_equal(&known->self.src, &key.src) && addr_is_equal(&known->self.dst, &key.dst) &&
			       known->self.id == key.id
		       ? SR_OK
		       : SR_PASS_FRAGMENT;
}

#endif
