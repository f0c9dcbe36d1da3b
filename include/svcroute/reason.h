/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a packet was translated, passed or dropped: one line each, from which
 * come the codes, the counters, and the words that people read.
 *
 * Functions of the datapath return 0 (SR_OK: translated), > 0 (SR_PASS_*: not
 * ours, goes on untouched; SR_ANSWER_*: it became its answer) or < 0 (SR_DROP_*).
 */
#ifndef SVCROUTE_REASON_H
#define SVCROUTE_REASON_H

/* A version to come, for tests/net/upgrade.bats: one that has a reason before the others. */
#ifdef SR_TEST_LAYOUT
#define SR_TEST_REASONS(X) X(TEST, "test", "a reason to come")
#else
#define SR_TEST_REASONS(X)
#endif

/* X(code, name for machines, words for people) */
#define SR_PASS_REASONS(X)                                                                                             \
	SR_TEST_REASONS(X)                                                                                             \
	X(NOT_IP, "not-ip", "neither IPv4 nor IPv6")                                                                   \
	X(VLAN, "vlan", "tagged: it belongs to a VLAN's own device")                                                   \
	X(OTHER_HOST, "other-host", "to another link address than the device's")                                       \
	X(NOT_SERVED_PROTO, "not-served-protocol", "a protocol that services do not use")                              \
	X(NOT_A_SERVICE, "not-a-service", "not addressed to a service")                                                \
	X(NOT_A_REPLY, "not-a-reply", "not from a service's backend")                                                  \
	X(MARKED, "translated-before", "translated by the XDP program before")                                         \
	X(FRAGMENT, "fragment-unknown", "a later fragment whose first was not seen")                                   \
	X(TAKEOVER, "left-to-netfilter", "netfilter's, while connections are handed over")                             \
	X(TO_TC, "left-to-tc", "XDP left the packet to tc")                                                            \
	X(MALFORMED, "malformed", "cut short, or a header that lies about its length")

/* What the sender of a dropped packet is told. */
enum sr_refusal {
	SR_REFUSAL_SILENT,
	SR_REFUSAL_UNREACHABLE, /* ICMP port unreachable (RFC 792; RFC 4443, section 3.1) */
	SR_REFUSAL_NO_ROUTE,	/* ICMP host unreachable; ICMPv6 no route to destination */
	SR_REFUSAL_EXPIRED,	/* ICMP time exceeded */
	SR_REFUSAL_TOO_BIG,	/* ICMP fragmentation needed; ICMPv6 packet too big */
	SR_REFUSAL_RESET,	/* TCP reset (RFC 9293, section 3.10.7.1) */
};

/* The same, with what the sender is told: SR_REFUSAL_* */
#define SR_DROP_REASONS(X)                                                                                             \
	X(NO_ENDPOINT, "no-endpoint", "the service has no usable endpoint anywhere", UNREACHABLE)                      \
	X(NO_LOCAL_ENDPOINT, "no-local-endpoint", "traffic policy Local, and no endpoint on this node", SILENT)        \
	X(NO_SUCH_PORT, "no-such-port", "a port of a ClusterIP or an announced address that no service has",           \
	  UNREACHABLE)                                                                                                 \
	X(UNALLOCATED, "unallocated", "an address of the service CIDR that no service has", SILENT)                    \
	X(SOURCE_RANGE, "source-range", "a source that loadBalancerSourceRanges does not list", SILENT)                \
	X(NOT_REACHABLE, "cluster-ip-from-outside", "a ClusterIP, called from outside the cluster", SILENT)            \
	X(TERMINATED, "terminated", "the connection's endpoint is gone, and --terminate ends it", RESET)               \
	X(CHAIN, "frontend-loop", "frontends that lead to one another without end", UNREACHABLE)                       \
	X(NO_PORT, "no-source-port", "no free source port towards the backend", SILENT)                                \
	X(NO_NODE_ADDRESS, "no-node-address", "the device has no address to send from", SILENT)                        \
	X(TABLE_FULL, "table-full", "no room for the connection", SILENT)                                              \
	X(NO_ROUTE, "no-route", "no route to the chosen backend or the client", NO_ROUTE)                              \
	X(BLACKHOLE, "blackhole", "the route to the chosen backend swallows packets", SILENT)                          \
	X(MARTIAN, "martian", "begun under a source address that cannot be the sender's", SILENT)                      \
	X(TTL, "ttl-exceeded", "the hop limit is used up", EXPIRED)                                                    \
	X(TOO_BIG, "too-big", "longer than the way out carries", TOO_BIG)                                              \
	X(HELD, "held", "held back for a moment, while its connection is handed over", SILENT)                         \
	X(SCTP_FRAGMENT, "sctp-fragment", "a fragment of SCTP whose ports change: its CRC needs the others", SILENT)   \
	X(TUNNEL, "tunnel", "came through a tunnel, and has no endpoint on this node", SILENT)                         \
	X(CHALLENGE_MET, "challenge-met", "a reset that shows, in a flood of SYNs, whose address is its own", SILENT)  \
	X(BAD_SUM, "bad-checksum", "a ping to an announced address whose checksum is wrong", SILENT)                   \
	X(INTERNAL, "internal", "a rewrite failed half-way", SILENT)

/* What is answered at once: X(code, name for machines, words for people) */
#define SR_ANSWER_REASONS(X)                                                                                           \
	X(ARP, "arp", "who has an announced address?")                                                                 \
	X(NEIGHBOUR, "neighbour-solicitation", "the same over IPv6")                                                   \
	X(ECHO, "echo-request", "a ping to an announced address")                                                      \
	X(CHALLENGE, "challenge", "a SYN in a flood of them: its sender has to show itself first")

enum sr_reason {
	SR_OK = 0,
#define X(code, name, text) SR_PASS_INDEX_##code,
	SR_PASS_INDEX_FIRST_ = 0,
	SR_PASS_REASONS(X)
#undef X
		SR_PASS_END,
	SR_DROP_INDEX_FIRST_ = SR_PASS_END - 1,
#define X(code, name, text, refusal) SR_DROP_INDEX_##code,
	SR_DROP_REASONS(X)
#undef X
		SR_DROP_END,
	SR_ANSWER_INDEX_FIRST_ = SR_DROP_END - 1,
#define X(code, name, text) SR_ANSWER_INDEX_##code,
	SR_ANSWER_REASONS(X)
#undef X
		SR_REASON_MAX,
};

/* The codes that functions return: an index of the counters, signed. */
enum sr_code {
#define X(code, name, text) SR_PASS_##code = SR_PASS_INDEX_##code,
	SR_PASS_REASONS(X)
#undef X
#define X(code, name, text, refusal) SR_DROP_##code = -SR_DROP_INDEX_##code,
		SR_DROP_REASONS(X)
#undef X
#define X(code, name, text) SR_ANSWER_##code = SR_ANSWER_INDEX_##code,
			SR_ANSWER_REASONS(X)
#undef X
};

/* Does the packet go back as its answer? */
static inline int sr_reason_is_answer(int code)
{
	return code > SR_ANSWER_INDEX_FIRST_;
}

/* What the sender of a packet with this end is told. */
static inline enum sr_refusal sr_reason_refusal(int code)
{
	switch (code) {
#define X(code, name, text, refusal)                                                                                   \
	case SR_DROP_##code:                                                                                           \
		return SR_REFUSAL_##refusal;
		SR_DROP_REASONS(X)
#undef X
	default:
		return SR_REFUSAL_SILENT;
	}
}

/* The counter of a code: its index in sr_counters. */
static inline unsigned int sr_reason_index(int code)
{
	return code < 0 ? -code : code;
}

#endif
