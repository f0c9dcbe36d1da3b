/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet as it was read: its tuple, and where its headers lie. Include a ctx_*.h first. */
#ifndef BPF_PKT_H
#define BPF_PKT_H

#include "addr.h"
#include "maps.h"
#include "net.h"

enum pkt_fragment {
	PKT_WHOLE,
	PKT_FIRST_FRAGMENT,
	PKT_LATER_FRAGMENT, /* has no transport header */
};

struct pkt {
	struct sr_tuple tuple;
	__be32 fragment_id;
	__u32 seq; /* TCP, host byte order */
	__u32 ack;
	__u32 frame;	  /* length of what the hook was given */
	__u16 l4;	  /* offset of the transport header in the frame */
	__u16 length;	  /* of the IP packet */
	__u8 family;	  /* 4 or 6 */
	__u8 fragment;	  /* enum pkt_fragment */
	__u8 tcp_flags;	  /* SCTP's, too: sctp_tcp_flags() */
	__u8 ttl;	  /* hop limit */
	__u16 l3;	  /* offset of the network header: 0 where the device has no link header */
	__u16 out_family; /* of scratch->hop, its next one; 0: it comes in by out_ifindex, to this host */
	union {
		/* Set by forward.h: the packet leaves here at once. 0: the stack routes it. */
		__u32 out_ifindex;
		/* With SR_DROP_TOO_BIG: as many bytes may a packet have. */
		__u32 mtu;
	};
};

/* For out_family: */
#define PKT_HOP_BY_ROUTE 0xffff /* whom the routing table says, it is not known yet */
#define PKT_HOP_PEER	 0xfffe /* the other end of out_ifindex, in a pod's namespace */

/* No link header and no chain of headers is longer; the verifier wants to see the bound at each use. */
#define PKT_MAX_LINK   0xf
#define PKT_MAX_OFFSET 0x7ff

static __always_inline __u16 pkt_l4(const struct pkt *pkt)
{
	return pkt->l4 & PKT_MAX_OFFSET;
}

/* XDP sits on Ethernet devices only. */
static __always_inline __u16 pkt_l3(const struct pkt *pkt)
{
	return CTX_CAN_REDO ? ETH_HLEN : pkt->l3 & PKT_MAX_LINK;
}

/* Both ports, as they lie in the packet: in one store with the protocol (word_pair()). */
static __always_inline void tuple_set_ports(struct sr_tuple *tuple, __u32 ports)
{
	*(__u64 *)&tuple->sport = word_pair(ports, *(const __u32 *)&tuple->proto);
}

static __always_inline __u32 ports_swap(__u32 ports)
{
	return ports << 16 | ports >> 16;
}

/* The tuple of the answer. */
static __always_inline void tuple_invert(struct sr_tuple *out, const struct sr_tuple *tuple)
{
	out->src = tuple->dst;
	out->dst = tuple->src;
	*(__u64 *)&out->sport = word_pair(ports_swap(*(const __u32 *)&tuple->sport), *(const __u32 *)&tuple->proto);
}

/* Bytes of the transport's header and payload, in this packet. */
static __always_inline int pkt_l4_length(const struct pkt *pkt)
{
	return pkt->length - (pkt_l4(pkt) - pkt_l3(pkt));
}

/*
 * Does it end within its transport's header, by its own account? A packet that
 * is longer than any length field (BIG TCP) has no account of it.
 */
static __always_inline bool pkt_is_short(const struct pkt *pkt, int header)
{
	return unlikely(pkt_l4_length(pkt) < header && pkt->frame <= 0xffff);
}

static __always_inline bool pkt_has_transport(const struct pkt *pkt)
{
	return pkt->fragment != PKT_LATER_FRAGMENT;
}

#endif
