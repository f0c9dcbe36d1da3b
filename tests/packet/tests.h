/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What each test_*.c offers to main.c. */
#ifndef TESTS_PACKET_TESTS_H
#define TESTS_PACKET_TESTS_H

#include "base/cleanup.h"
#include "conns.h"
#include "harness.h"

#define GROUPS(X)                                                                                                      \
	X(dnat)                                                                                                        \
	X(snat)                                                                                                        \
	X(dsr)                                                                                                         \
	X(direct)                                                                                                      \
	X(chain)                                                                                                       \
	X(host)                                                                                                        \
	X(policies)                                                                                                    \
	X(sources)                                                                                                     \
	X(places)                                                                                                      \
	X(origin)                                                                                                      \
	X(affinity)                                                                                                    \
	X(foreign)                                                                                                     \
	X(headers)                                                                                                     \
	X(sctp)                                                                                                        \
	X(flood)                                                                                                       \
	X(fragments)                                                                                                   \
	X(lifecycle)                                                                                                   \
	X(endpoints)                                                                                                   \
	X(claims)                                                                                                      \
	X(halves)                                                                                                      \
	X(conns)                                                                                                       \
	X(events)                                                                                                      \
	X(takeover)                                                                                                    \
	X(races)                                                                                                       \
	X(spread)                                                                                                      \
	X(maglev)                                                                                                      \
	X(devices)                                                                                                     \
	X(maps)                                                                                                        \
	X(refuse)                                                                                                      \
	X(icmp)                                                                                                        \
	X(announce)

#define X(group)                                                                                                       \
	extern const struct CMUnitTest group##_tests[];                                                                \
	extern const size_t num_##group##_tests;
GROUPS(X)
#undef X

#endif
