/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Checksums from scratch, and what a finished frame says. */
#ifndef TESTS_PACKET_SUMS_H
#define TESTS_PACKET_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "svcroute/abi.h"

/* The ones' complement sum of bytes, taken as 16-bit words (RFC 1071), added to `sum`. */
uint16_t sums_of(const uint8_t *bytes, size_t size, uint16_t sum);

/* Of a whole segment and its pseudo header: 0xffff where the checksum in it is right. */
uint16_t sums_transport(int family, const struct sr_addr *from, const struct sr_addr *to, uint8_t proto,
			const uint8_t *segment, size_t size);

/*
 * SCTP's checksum (RFC 9260, appendix A) of a whole packet, as its four bytes
 * lie in it, the first one highest. What lies there now counts as 0.
 */
uint32_t sums_sctp(const uint8_t *segment, size_t size);

/* Where a transport keeps its checksum; NULL for one that is not known here. */
uint8_t *sums_place(uint8_t *transport, uint8_t proto);

#endif
