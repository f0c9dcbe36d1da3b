/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which family and protocol the running test is about. A test is written once,
 * in IPv4 addresses, and run for each: in an IPv6 run 10.244.1.7 means
 * fd00:a:0:f4:0:1:0:7, so that each 32-bit word of an address differs and
 * networks stay networks.
 */
#ifndef TESTS_PACKET_WORLD_H
#define TESTS_PACKET_WORLD_H

#include "model/addr.h"

struct world {
	int family; /* 4 or 6 */
	int proto;  /* IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP */
};

extern struct world world;

/* An address as a family has it; a text that is not IPv4 stays what it is. */
struct sr_addr world_addr(const char *text, int family);

/* The same for "10.96.0.10:80[/tcp]"; without a protocol, `proto` is taken. */
struct sr_hostport world_hostport(const char *text, int family, int proto);

#endif
