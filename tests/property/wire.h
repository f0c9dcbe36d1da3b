/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames as bytes: made of a description, read again, and rewritten with every
 * checksum summed up anew. Written from the RFCs, not from bpf/.
 */
#ifndef TESTS_PROPERTY_WIRE_H
#define TESTS_PROPERTY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svcroute/abi.h"

#define WIRE_SIZE 2048
#define WIRE_LINK 14

struct wire_frame {
	size_t length;
	uint8_t bytes[WIRE_SIZE];
};

/* What a frame is made of. Ports are in host byte order. */
struct wire_packet {
	uint8_t family, proto;
	struct sr_addr src, dst;
	uint16_t sport, dport;
	uint8_t ttl, tos;
	uint8_t tcp_flags;
	uint32_t seq, ack;
	bool no_checksum;    /* UDP */
	uint8_t options;     /* IPv4: bytes of them; IPv6: so many extension headers of 8 bytes */
	uint16_t payload;    /* bytes */
	uint8_t filler;	     /* what they begin with */
	uint8_t padding;     /* bytes behind the packet, as Ethernet pads */
	uint16_t fragment;   /* its id; 0: whole */
	uint16_t from, size; /* of the fragment, within what follows the IP header */
};

enum wire_part {
	WIRE_WHOLE,
	WIRE_FIRST, /* fragment */
	WIRE_LATER,
};

enum wire_kind {
	WIRE_SERVED, /* TCP or UDP, all its headers there */
	WIRE_NOT_IP,
	WIRE_VLAN,
	WIRE_MALFORMED,
	WIRE_OTHER, /* a protocol that services do not use */
};

/* What a frame says. Of a later fragment `proto` may be unknown, and the ports are. */
struct wire_view {
	enum wire_kind kind;
	enum wire_part part;
	uint8_t family, proto;
	struct sr_addr src, dst;
	uint16_t sport, dport;
	uint8_t ttl, tcp_flags;
	uint32_t seq, ack;
	uint32_t fragment;
	size_t l4, end; /* in the frame: the transport header, and behind the packet */
};

/* Where a packet is to come from and go to, and what else becomes different. */
struct wire_change {
	struct sr_addr src, dst;
	uint16_t sport, dport;
	bool hop;		  /* one less to live */
	uint8_t src_mac, dst_mac; /* last bytes; 0: they stay */
};

void wire_make(struct wire_frame *out, const struct wire_packet *packet);
void wire_read(struct wire_view *out, const struct wire_frame *frame);
/*
 * The frame after the change. A checksum that was right is right, summed up
 * from scratch; one that was not is as wrong as before.
 */
void wire_rewrite(struct wire_frame *frame, const struct wire_view *view, const struct wire_change *change);
/* The same of the IP header alone. */
void wire_rewrite_ip(struct wire_frame *frame, const struct wire_view *view, const struct wire_change *change);
/* An IP packet of packet->proto around a payload, whose Internet checksum (of ICMP) is filled in. */
void wire_wrap(struct wire_frame *out, const struct wire_packet *packet, const uint8_t *payload, size_t size);
/* As wire_read(), of a packet that was cut behind its ports; no ports: family 0. */
void wire_read_ports(struct wire_view *out, const struct wire_frame *frame);
/* The checksum at `at` after bytes that it covers became others (RFC 1624). */
void wire_sum_update(uint8_t *at, const uint8_t *was, const uint8_t *is, size_t size);
/* The ones' complement sum from `sum` on (RFC 1071). */
uint16_t wire_sum(const uint8_t *bytes, size_t size, uint16_t sum);
/* CRC32c over a segment whose own field counts as zeros (RFC 9260, appendix A), as the field has it. */
uint32_t wire_crc(const uint8_t *bytes, size_t size);
/* Where TCP and UDP keep their checksum, from their header on. */
size_t wire_sum_place(uint8_t proto);
void wire_put16(uint8_t *at, uint16_t value);
void wire_put32(uint8_t *at, uint32_t value);
/* One host's address, on a wire. */
bool wire_is_host(const struct sr_addr *addr, int family);
/* Of a transport's pseudo header. */
uint16_t wire_pseudo_sum(const struct wire_view *view, size_t length);

#endif
