/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a packet was translated, passed or dropped: one line each, from which
 * come the codes, the counters, and the words that people read.
 *
 * Functions of the datapath return 0 (SR_OK: translated), > 0 (SR_PASS_*: not
 * ours, goes on untouched) or < 0 (SR_DROP_*).
 */
#ifndef SVCROUTE_REASON_H
#define SVCROUTE_REASON_H

/* X(code, name for machines, words for people) */
#define SR_PASS_REASONS(X)                                                                                             \
	X(NOT_IP, "not-ip", "neither IPv4 nor IPv6")                                                                   \
	X(NOT_SERVED_PROTO, "not-served-protocol", "a protocol that services do not use")                              \
	X(NOT_A_SERVICE, "not-a-service", "not addressed to a service")                                                \
	X(NOT_A_REPLY, "not-a-reply", "not from a service's backend")                                                  \
	X(MARKED, "translated-before", "translated by the XDP program before")                                         \
	X(FRAGMENT, "fragment-unknown", "a later fragment whose first was not seen")                                   \
	X(TO_TC, "left-to-tc", "XDP left the packet to tc")                                                            \
	X(MALFORMED, "malformed", "cut short, or a header that lies about its length")

#define SR_DROP_REASONS(X)                                                                                             \
	X(NO_BACKEND, "no-backend", "the service has no backend that takes connections")                               \
	X(NOT_REACHABLE, "cluster-ip-from-outside", "a ClusterIP, called from outside the cluster")                    \
	X(CHAIN, "frontend-loop", "frontends that lead to one another without end")                                    \
	X(NO_PORT, "no-source-port", "no free source port towards the backend")                                        \
	X(NO_NODE_ADDRESS, "no-node-address", "the device has no address to send from")                                \
	X(TABLE_FULL, "table-full", "no room for the connection")                                                      \
	X(NO_ROUTE, "no-route", "no route to the chosen backend or the client")                                        \
	X(TTL, "ttl-exceeded", "the hop limit is used up")                                                             \
	X(INTERNAL, "internal", "a rewrite failed half-way")

enum sr_reason {
	SR_OK = 0,
#define X(code, name, text) SR_PASS_INDEX_##code,
	SR_PASS_INDEX_FIRST_ = 0,
	SR_PASS_REASONS(X)
#undef X
		SR_PASS_END,
	SR_DROP_INDEX_FIRST_ = SR_PASS_END - 1,
#define X(code, name, text) SR_DROP_INDEX_##code,
	SR_DROP_REASONS(X)
#undef X
		SR_REASON_MAX,
};

/* The codes that functions return: an index of the counters, signed. */
enum sr_code {
#define X(code, name, text) SR_PASS_##code = SR_PASS_INDEX_##code,
	SR_PASS_REASONS(X)
#undef X
#define X(code, name, text) SR_DROP_##code = -SR_DROP_INDEX_##code,
		SR_DROP_REASONS(X)
#undef X
};

/* The counter of a code: its index in sr_counters. */
static inline unsigned int sr_reason_index(int code)
{
	return code < 0 ? -code : code;
}

#endif
