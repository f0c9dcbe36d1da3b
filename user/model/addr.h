/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses, ports and networks: to and from text, compared and sorted.
 *
 * Text is what `ip` and kubectl print: 10.0.0.7, fd00::7, [fd00::7]:90/udp.
 */
#ifndef SVCROUTE_MODEL_ADDR_H
#define SVCROUTE_MODEL_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svcroute/abi.h"

struct sr_error;

/* A network: an address and how many of its bits count (IPv4: 0..32). */
struct sr_cidr {
	struct sr_addr addr;
	uint8_t bits;
};

/* An address, a port (network byte order) and a protocol: a frontend. */
struct sr_hostport {
	struct sr_addr addr;
	__be16 port;
	uint8_t proto;
};

#define SR_ADDR_TEXT	 46 /* the longest IPv6 address, and a 0 */
#define SR_HOSTPORT_TEXT 64 /* "[address]:65535/sctp", and a 0 */

bool sr_addr_is_v4(const struct sr_addr *addr);
static inline uint8_t sr_addr_family(const struct sr_addr *addr)
{
	return sr_addr_is_v4(addr) ? 4 : 6;
}
bool sr_addr_is_zero(const struct sr_addr *addr);
/* 169.254.0.0/16, fe80::/10: nobody beyond a link knows it. */
bool sr_addr_is_link_local(const struct sr_addr *addr);
/* Why no packet to a service or endpoint can have this destination ("a loopback address"); or NULL. */
const char *sr_addr_fault(const struct sr_addr *addr);
/* As memcmp: < 0, 0, > 0; IPv4 before IPv6, then by number. */
int sr_addr_compare(const struct sr_addr *a, const struct sr_addr *b);

/* Return 0, or -EINVAL if `text` is not exactly one address; no error text. */
int sr_addr_parse(struct sr_addr *out, const char *text);
/* Write to `out`, which has SR_ADDR_TEXT bytes; return `out`. */
char *sr_addr_format(char *out, const struct sr_addr *addr);

/* 10.0.0.0/16, fd00::/64; host bits must be 0. -EINVAL, no error text. */
int sr_cidr_parse(struct sr_cidr *out, const char *text);
/* The same; host bits are set to 0. */
int sr_cidr_parse_masked(struct sr_cidr *out, const char *text);
/* The whole of an address: /32 or /128. */
struct sr_cidr sr_cidr_of(const struct sr_addr *addr);
bool sr_cidr_contains(const struct sr_cidr *cidr, const struct sr_addr *addr);
/*
 * Is it no host's: the network's own address, of IPv6 that of any router there
 * (RFC 4291, section 2.6.1), or its broadcast address? Host bits of `cidr` do not
 * count; of two addresses or one (RFC 3021, RFC 6164) each is a host's.
 */
bool sr_cidr_is_edge(const struct sr_cidr *cidr, const struct sr_addr *addr);

/*
 * "ADDR:PORT[/PROTO]", IPv6 in brackets; proto defaults to TCP and knows tcp,
 * udp and sctp. On -EINVAL `err` says what was expected.
 */
int sr_hostport_parse(struct sr_hostport *out, const char *text, struct sr_error *err);
/* "10.0.0.7:90/tcp". `out` has SR_HOSTPORT_TEXT bytes; return `out`. */
char *sr_hostport_format(char *out, const struct sr_hostport *hostport);
int sr_hostport_compare(const struct sr_hostport *a, const struct sr_hostport *b);

/* "tcp", "udp", "sctp"; "?" for others. */
const char *sr_proto_name(uint8_t proto);
/* The number of one of these names; 0 for others. */
uint8_t sr_proto_number(const char *name);

#endif
