/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP errors about packets that were translated (RFC 5508, section 4.2): the
 * packet that they quote becomes what its sender knows, and they go to it.
 * Without them path-MTU discovery would not work through a service.
 *
 * They follow the connection of the quoted packet, seen from the other side,
 * and turn where its packets do; they open none and keep none alive. tc only:
 * XDP passes on what is neither TCP nor UDP.
 */
#ifndef BPF_ICMP_H
#define BPF_ICMP_H

#include "dsr.h"
#include "forward.h"
#include "packet.h"
#include "path_hear.h"
#include "table.h"

#define ICMP_HEADER 8
#define ICMP_CHECK  2

/* Errors (RFC 792; RFC 4443, section 2.1). */
static __always_inline bool icmp_is_error(__u8 type, __u8 family)
{
	if (family == 6)
		return type >= ICMPV6_DEST_UNREACH && type <= ICMPV6_PARAMPROB;
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETERPROB;
}

/* Where the quoted packet begins. */
static __always_inline __u32 icmp_quote(const struct pkt *pkt)
{
	return pkt_l4(pkt) + ICMP_HEADER;
}

/* Whole packets and first fragments only have ports. */
static __always_inline int icmp_parse_v4(sr_ctx *ctx, const struct pkt *pkt, struct sr_scratch *scratch)
{
	struct iphdr ip;

	if (bpf_skb_load_bytes(ctx, icmp_quote(pkt), &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5 ||
	    ip.frag_off & bpf_htons(IP_OFFSET))
		return -1;
	addr_from_v4(&scratch->icmp.quoted.src, ip.saddr);
	addr_from_v4(&scratch->icmp.quoted.dst, ip.daddr);
	*(__u32 *)&scratch->icmp.quoted.proto = ip.protocol;
	scratch->icmp.l4 = icmp_quote(pkt) + ip.ihl * 4;
	return 0;
}

/* Go to the quoted transport header; return its number or < 0. */
static __always_inline int icmp_skip_extensions(sr_ctx *ctx, struct sr_scratch *scratch, __u8 next)
{
	for (int i = 0; i < PKT_MAX_EXTENSIONS && pkt_is_extension(next); i++) {
		__u8 header[4];

		if (bpf_skb_load_bytes(ctx, scratch->icmp.l4, header, sizeof(header)))
			return -1;
		if (next == NEXTHDR_FRAGMENT && (header[2] || header[3] & ~7))
			return -1;
		if (next == NEXTHDR_FRAGMENT)
			scratch->icmp.l4 += 8;
		else if (next == NEXTHDR_AUTH)
			scratch->icmp.l4 += (header[1] + 2) * 4;
		else
			scratch->icmp.l4 += (header[1] + 1) * 8;
		next = header[0];
	}
	return next;
}

static __always_inline int icmp_parse_v6(sr_ctx *ctx, const struct pkt *pkt, struct sr_scratch *scratch)
{
	struct ipv6hdr ip;
	int next;

	if (bpf_skb_load_bytes(ctx, icmp_quote(pkt), &ip, sizeof(ip)) || ip.version != 6)
		return -1;
	__builtin_memcpy(&scratch->icmp.quoted.src, &ip.saddr, 16);
	__builtin_memcpy(&scratch->icmp.quoted.dst, &ip.daddr, 16);
	scratch->icmp.l4 = icmp_quote(pkt) + sizeof(ip);
	next = icmp_skip_extensions(ctx, scratch, ip.nexthdr);
	*(__u32 *)&scratch->icmp.quoted.proto = next;
	return next < 0 ? -1 : 0;
}

/* Which packet is quoted? It must be one that the error's receiver sent. */
static __always_inline int icmp_parse(sr_ctx *ctx, const struct pkt *pkt, struct sr_scratch *scratch)
{
	struct sr_tuple *quoted = &scratch->icmp.quoted;
	int ret;

	ret = pkt->family == 4 ? icmp_parse_v4(ctx, pkt, scratch) : icmp_parse_v6(ctx, pkt, scratch);
	if (ret || !pkt_is_served(quoted->proto) || !addr_is_equal(&quoted->src, &pkt->tuple.dst) ||
	    scratch->icmp.l4 + sizeof(quoted->sport) + sizeof(quoted->dport) > pkt_l3(pkt) + pkt->length)
		return -1;
	return bpf_skb_load_bytes(ctx, scratch->icmp.l4, &quoted->sport, 4);
}

/*
 * Errors about what was sent to a backend take the way of its answers, which are
 * turned back on the way out, or on the way in if they are addressed to this
 * node. Errors about answers take the client's way, which begins where we first
 * meet the client.
 */
static __always_inline bool icmp_turns_here(__u32 flags, bool outgoing)
{
	if (!(flags & SR_CONN_REPLY))
		return true;
	/* Of what went through a tunnel only the tunnel itself could be told. */
	if (flags & SR_CONN_DSR)
		return false;
	/* The host as its own backend answers on its way out. */
	return outgoing == (!(flags & SR_CONN_PAST) || flags & SR_CONN_BACKEND_HOST);
}

/*
 * Who speaks? The connection's end itself bears the address that the other end
 * knows; so does anyone where we stand between two networks (RFC 5508, REQ-5).
 * A router elsewhere keeps its own: traceroute shows it.
 */
static __always_inline void icmp_choose_source(struct sr_scratch *scratch, const struct pkt *pkt)
{
	const struct sr_rewrite *leaves = &scratch->icmp.leaves;

	scratch->icmp.src = pkt->tuple.src;
	if (sr_conn_is_masked(&scratch->icmp.answer, leaves) ||
	    addr_is_equal(&pkt->tuple.src, &scratch->icmp.answer.src))
		scratch->icmp.src = leaves->src;
}

/* SR_OK if the packet is an error that changes here: scratch->icmp says how. */
__subprog int icmp_find(struct __sk_buff *ctx, const struct pkt *pkt, bool outgoing)
{
	struct sr_scratch *scratch = conn_scratch();
	__u8 proto, type;

	if (!pkt || !scratch || pkt->fragment != PKT_WHOLE)
		return SR_PASS_NOT_SERVED_PROTO;
	proto = pkt->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	if (pkt->tuple.proto != proto || bpf_skb_load_bytes(ctx, pkt_l4(pkt), &type, 1) ||
	    !icmp_is_error(type, pkt->family) || icmp_parse(ctx, pkt, scratch))
		return SR_PASS_NOT_SERVED_PROTO;

	tuple_invert(&scratch->icmp.answer, &scratch->icmp.quoted);
	if (!conn_find(&scratch->icmp.answer, &scratch->icmp.leaves) ||
	    !icmp_turns_here(scratch->icmp.leaves.flags, outgoing))
		return SR_PASS_NOT_SERVED_PROTO;
	icmp_choose_source(scratch, pkt);
	return SR_OK;
}

/* Write 16 bits; what that adds to the sum of the bytes around them goes to `delta`. */
static __always_inline int icmp_write_check(sr_ctx *ctx, __u32 at, __sum16 from, __sum16 to, __u64 *delta)
{
	*delta += (__u64)(__u16)~from + to;
	return bpf_skb_store_bytes(ctx, at, &to, sizeof(to), 0);
}

/* The quoted addresses change by `addr`, and the header's checksum with them. */
static __always_inline int icmp_write_quoted_ip(sr_ctx *ctx, const struct pkt *pkt, const struct sr_rewrite *leaves,
						__u64 addr, __u64 *delta)
{
	__u32 at = icmp_quote(pkt);
	__be32 pair[2] = {leaves->dst.word[3], leaves->src.word[3]};
	__sum16 check;

	*delta += addr;
	if (pkt->family == 6)
		return bpf_skb_store_bytes(ctx, at + offsetof(struct ipv6hdr, saddr), &leaves->dst, 16, 0) ||
		       bpf_skb_store_bytes(ctx, at + offsetof(struct ipv6hdr, daddr), &leaves->src, 16, 0);

	at += offsetof(struct iphdr, check);
	return bpf_skb_load_bytes(ctx, at, &check, sizeof(check)) ||
	       icmp_write_check(ctx, at, check, csum_update(check, addr), delta) ||
	       bpf_skb_store_bytes(ctx, at + sizeof(check), pair, sizeof(pair), 0);
}

/* The quoted transport checksum, where the quote reaches so far, and where there is one (RFC 768). */
static __always_inline int icmp_write_quoted_check(sr_ctx *ctx, const struct pkt *pkt, struct sr_scratch *scratch,
						   __u64 change, __u64 *delta)
{
	bool udp = scratch->icmp.quoted.proto == IPPROTO_UDP;
	__u32 at = scratch->icmp.l4 + (udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check));
	__sum16 check, fresh;

	if (!udp && scratch->icmp.quoted.proto != IPPROTO_TCP)
		return 0;
	if (at + sizeof(check) > pkt_l3(pkt) + pkt->length || bpf_skb_load_bytes(ctx, at, &check, sizeof(check)))
		return 0;
	if (udp && check == 0)
		return 0;
	fresh = csum_update(check, change);
	if (udp && fresh == 0)
		fresh = 0xffff;
	return icmp_write_check(ctx, at, check, fresh, delta);
}

/* Turn the quoted packet back into what its sender sent. */
static __always_inline int icmp_write_quote(sr_ctx *ctx, const struct pkt *pkt, struct sr_scratch *scratch,
					    __u64 *delta)
{
	const struct sr_rewrite *leaves = &scratch->icmp.leaves;
	const struct sr_tuple *quoted = &scratch->icmp.quoted;
	__be16 ports[2] = {leaves->dport, leaves->sport};
	__u64 addr = nat_addr_delta(&quoted->src, &leaves->dst, pkt->family) +
		     nat_addr_delta(&quoted->dst, &leaves->src, pkt->family);
	__u64 port = nat_word_delta(*(const __u32 *)&quoted->sport, *(const __u32 *)ports);

	*delta += port;
	return icmp_write_quoted_ip(ctx, pkt, leaves, addr, delta) ||
	       icmp_write_quoted_check(ctx, pkt, scratch, addr + port, delta) ||
	       bpf_skb_store_bytes(ctx, scratch->icmp.l4, ports, sizeof(ports), 0);
}

/*
 * Give both headers of the error what icmp_find() found. Every checksum in the
 * packet stays as right as it was, so that a sum which the device made over all
 * bytes (CHECKSUM_COMPLETE) stays right, too.
 */
__subprog int icmp_rewrite(struct __sk_buff *ctx, const struct pkt *pkt)
{
	struct sr_scratch *scratch = conn_scratch();
	struct sr_rewrite outer = {};
	__u64 addr, delta = 0;
	__sum16 check;
	__u32 at;

	if (!pkt || !scratch || icmp_write_quote(ctx, pkt, scratch, &delta))
		return SR_DROP_INTERNAL;

	outer.src = scratch->icmp.src;
	outer.dst = scratch->icmp.leaves.dst;
	addr = nat_addr_delta(&pkt->tuple.src, &outer.src, pkt->family) +
	       nat_addr_delta(&pkt->tuple.dst, &outer.dst, pkt->family);
	if (pkt->family == 6)
		delta += addr;
	at = pkt_l4(pkt) + ICMP_CHECK;
	if (bpf_skb_load_bytes(ctx, at, &check, sizeof(check)))
		return SR_DROP_INTERNAL;
	check = csum_update(check, delta);
	if (bpf_skb_store_bytes(ctx, at, &check, sizeof(check), 0))
		return SR_DROP_INTERNAL;

	if (pkt->family == 4)
		return nat_write_v4(ctx, pkt, &outer, addr);
	at = pkt_l3(pkt) + offsetof(struct ipv6hdr, saddr);
	return bpf_skb_store_bytes(ctx, at, &outer.src, 32, 0) ? SR_DROP_INTERNAL : SR_OK;
}

/* What is neither TCP nor UDP: an ICMP error goes to whom it concerns, and that may be our tunnels. */
static __always_inline int icmp_pass(sr_ctx *ctx, struct pkt *pkt, bool outgoing)
{
	struct sr_scratch *scratch = conn_scratch();
	__u32 flags;
	int ret;

	if (sr_dsr && !outgoing)
		path_hear(ctx, pkt);
	ret = icmp_find(ctx, pkt, outgoing);
	if (ret != SR_OK || !scratch)
		return SR_PASS_NOT_SERVED_PROTO;

	flags = scratch->icmp.leaves.flags;
	if (ctx_is_unwrapped(ctx) && conn_leads_elsewhere(&scratch->icmp.answer, &scratch->icmp.leaves))
		return SR_DROP_TUNNEL;
	if (flags & SR_CONN_DSR)
		return tc_dsr_send(ctx, pkt, &scratch->icmp.leaves.dst);
	if (flags & SR_CONN_PAST)
		ret = forward_begin(ctx, pkt, NULL, flags, &scratch->icmp.src, &scratch->icmp.leaves.dst);
	if (ret == SR_OK)
		ret = icmp_rewrite(ctx, pkt);
	return ret == SR_OK && flags & SR_CONN_PAST ? forward_end(ctx, pkt, flags) : ret;
}

#endif
