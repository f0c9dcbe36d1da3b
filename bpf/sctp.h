/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SCTP (RFC 9260): its headers, what its chunks mean to a connection, and how
 * its CRC32c follows a change of the ports without a look at the payload.
 */
#ifndef BPF_SCTP_H
#define BPF_SCTP_H

#include "net.h"

/* The common header (section 3.1). The CRC covers no IP address. */
struct sctp_header {
	__u32 ports; /* both, as they lie in the packet */
	__be32 tag;
	__u32 checksum; /* little endian (appendix A); 0: none, or the device's to make */
};
_Static_assert(sizeof(struct sctp_header) == 12, "sctp_header");

/* What INIT and INIT ACK begin with (sections 3.3.2 and 3.3.3). */
struct sctp_init {
	__u8 type;
	__u8 flags;
	__be16 length;
	__be32 tag; /* what the other side shall put into the header from now on */
};
_Static_assert(sizeof(struct sctp_init) == 8, "sctp_init");

enum sctp_chunk {
	SCTP_INIT = 1,
	SCTP_INIT_ACK = 2,
	SCTP_ABORT = 6,
	SCTP_SHUTDOWN = 7,
	SCTP_SHUTDOWN_ACK = 8,
	SCTP_SHUTDOWN_COMPLETE = 14,
};

/*
 * What a packet's first chunk would be if it were TCP. INIT, INIT ACK and
 * SHUTDOWN COMPLETE come alone (section 6.10).
 */
static __always_inline __u8 sctp_tcp_flags(__u8 chunk)
{
	switch (chunk) {
	case SCTP_INIT:
		return TCP_FLAG_SYN;
	case SCTP_INIT_ACK:
		return TCP_FLAG_SYN | TCP_FLAG_ACK;
	case SCTP_SHUTDOWN:
	case SCTP_SHUTDOWN_ACK:
		return TCP_FLAG_FIN | TCP_FLAG_ACK;
	case SCTP_ABORT:
	case SCTP_SHUTDOWN_COMPLETE:
		return TCP_FLAG_RST;
	default:
		return TCP_FLAG_ACK;
	}
}

/*
 * CRC32c (appendix A) is the remainder of a polynomial over GF(2) by that of
 * Castagnoli. It is linear: what a change of some bits adds to it depends on
 * these bits and on how many bits follow them only. Words hold polynomials
 * with the highest bit for x^0, as the CRC does.
 */

/* A nibble times x^4: what the CRC of four bits is. */
static const __u32 sctp_nibble[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
	0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

#define SCTP_DIGITS 4

/* At 16 * i + d, for place i and digit d: x^(8 * d * 16^i), which is what d * 16^i bytes multiply by. */
static const __u32 sctp_power[SCTP_DIGITS * 16] = {
	0x80000000, 0x00800000, 0x00008000, 0x00000080, 0x82f63b78, 0xfbc3faf9, 0x8b277743, 0x52a0c93f,
	0x6ea2d55c, 0x1c08b7d6, 0xf56e0ef4, 0x34019664, 0xa66805eb, 0x7a1f6b24, 0xe75d06aa, 0xc94ec098,
	0x80000000, 0x18b8ea18, 0x510ac59a, 0xb2dea967, 0xb82be955, 0x36c41f1c, 0x19b29a35, 0xc9e90b9e,
	0xb8fdb1e7, 0xe55ef1f3, 0x1fe0b5c3, 0xe0553f1e, 0x18e4a304, 0x2b830011, 0x56993a31, 0x0246e2e6,
	0x80000000, 0x88e56f72, 0x74c360a4, 0x631bb273, 0xe4172b16, 0x71892b1b, 0x835305c9, 0x196b1eae,
	0x0d65762a, 0xafc81338, 0xb5a50ab7, 0xf373c3ac, 0x5f60970f, 0xd46d3063, 0x3a5275ea, 0x02331c01,
	0x80000000, 0x35d73a62, 0x28461564, 0x43eefc9f, 0xbf455269, 0x5edcdeb9, 0x65059450, 0x4e6f41a4,
	0xe2ea32dc, 0xf5b95b32, 0x695a4c87, 0xf204502c, 0x9a4f01b6, 0x941a0916, 0x4303cb97, 0x4c3d3d65,
};

/*
 * Multiply without carries. The processor's multiplication has them: of each
 * factor every fourth bit is taken at a time, so that up to eight ones add up
 * below the next bit that counts, and that bit's parity alone is kept.
 */
static __always_inline __u64 sctp_multiply(__u32 a, __u32 b)
{
	__u64 product = 0;

	for (int i = 0; i < 4; i++) {
		__u64 sum = 0;

		for (int j = 0; j < 4; j++)
			sum ^= (__u64)(a & 0x11111111U << j) * (b & 0x11111111U << ((i - j) & 3));
		product |= sum & 0x1111111111111111ULL << i;
	}
	return product;
}

/* The remainder of a product of two words: the low word counts x^32 times as much. */
static __always_inline __u32 sctp_remainder(__u64 product)
{
	__u32 high = product >> 31;
	__u32 low = product << 1;

	for (int i = 0; i < 8; i++)
		low = low >> 4 ^ sctp_nibble[low & 15];
	return high ^ low;
}

/*
 * What the CRC of `length` bytes changes by when their first four change by
 * `change` (both words as in the packet). How it begins and ends, with all bits
 * inverted, is the same before and after, and so is no part of it.
 */
__subprog __u32 sctp_crc_change(__u32 change, __u32 length)
{
	change = little_endian(change);
	for (int i = 0; i < SCTP_DIGITS; i++) {
		__u32 digit = length >> 4 * i & 15;

		if (digit)
			change = sctp_remainder(sctp_multiply(change, sctp_power[16 * i + digit]));
	}
	return little_endian(change);
}

#endif
