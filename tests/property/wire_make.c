// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames out of descriptions. */
#include <netinet/in.h>
#include <string.h>

#include "wire.h"

/* The first chunk that does in an association what such a segment does in a connection. */
static uint8_t make_chunk(uint8_t tcp_flags)
{
	switch (tcp_flags) {
	case 0x02:
		return 1; /* INIT */
	case 0x12:
		return 2; /* INIT ACK */
	case 0x11:
		return 7; /* SHUTDOWN */
	case 0x04:
		return 6; /* ABORT */
	case 0x14:
		return 14; /* SHUTDOWN COMPLETE */
	default:
		return 0; /* DATA */
	}
}

static void make_sctp(uint8_t *at, const struct wire_packet *packet)
{
	wire_put32(at + 4, packet->ack);
	at[12] = make_chunk(packet->tcp_flags);
	wire_put16(at + 14, 8 + packet->payload);
	wire_put32(at + 16, packet->seq);
}

static size_t make_transport(uint8_t *at, const struct wire_packet *packet)
{
	size_t size = packet->proto == IPPROTO_UDP ? 8 : 20;

	memset(at, 0, size);
	wire_put16(at, packet->sport);
	wire_put16(at + 2, packet->dport);
	for (size_t i = 0; i < packet->payload; i++)
		at[size + i] = packet->filler + i * 5;
	if (packet->proto == IPPROTO_TCP) {
		wire_put32(at + 4, packet->seq);
		wire_put32(at + 8, packet->ack);
		at[12] = 5 << 4;
		at[13] = packet->tcp_flags;
		wire_put16(at + 14, 4096);
	} else if (packet->proto == IPPROTO_SCTP) {
		make_sctp(at, packet);
	} else {
		wire_put16(at + 4, size + packet->payload);
	}
	return size + packet->payload;
}

static void make_sum(uint8_t *at, size_t size, const struct wire_packet *packet)
{
	struct wire_view view = {
		.family = packet->family, .proto = packet->proto, .src = packet->src, .dst = packet->dst};
	uint16_t sum = ~wire_sum(at, size, wire_pseudo_sum(&view, size));

	if (packet->no_checksum && packet->proto != IPPROTO_TCP)
		return;
	if (packet->proto == IPPROTO_SCTP) {
		wire_put32(at + 8, wire_crc(at, size));
		return;
	}
	if (packet->proto == IPPROTO_UDP && !sum)
		sum = 0xffff;
	wire_put16(at + wire_sum_place(packet->proto), sum);
}

/* All that follows the IP header, whole. Returns its size, and the first header's number. */
static size_t make_segment(uint8_t *at, const struct wire_packet *packet, uint8_t *first)
{
	size_t size = 0, transport;

	*first = packet->proto;
	for (int i = 0; packet->family == 6 && i < packet->options; i++) {
		memset(at + size, 0, 8);
		at[size] = i + 1 < packet->options ? IPPROTO_DSTOPTS : packet->proto;
		at[size + 2] = 1; /* PadN, RFC 8200, section 4.2 */
		at[size + 3] = 4;
		size += 8;
		*first = IPPROTO_DSTOPTS;
	}
	transport = make_transport(at + size, packet);
	make_sum(at + size, transport, packet);
	return size + transport;
}

static void make_v4(uint8_t *ip, const struct wire_packet *packet, size_t size)
{
	size_t header = 20 + packet->options;
	bool more = packet->fragment && packet->size;

	memset(ip, 1, header); /* options: no operation */
	ip[0] = 0x40 | header / 4;
	ip[1] = packet->tos;
	wire_put16(ip + 2, header + size);
	wire_put16(ip + 4, packet->fragment);
	wire_put16(ip + 6, packet->from / 8 | (more ? 0x2000 : 0));
	ip[8] = packet->ttl;
	ip[9] = packet->proto;
	wire_put16(ip + 10, 0);
	memcpy(ip + 12, packet->src.byte + 12, 4);
	memcpy(ip + 16, packet->dst.byte + 12, 4);
	wire_put16(ip + 10, ~wire_sum(ip, header, 0));
}

static void make_v6(uint8_t *ip, const struct wire_packet *packet, uint8_t first, size_t size)
{
	wire_put32(ip, 0x60000000u | (uint32_t)packet->tos << 20 | 0x2345);
	wire_put16(ip + 4, size);
	ip[6] = first;
	ip[7] = packet->ttl;
	memcpy(ip + 8, packet->src.byte, 16);
	memcpy(ip + 24, packet->dst.byte, 16);
}

/* The part of a segment that a fragment bears; over IPv6 behind a header of its own. */
static size_t make_part(uint8_t *at, const struct wire_packet *packet, uint8_t *first)
{
	uint8_t whole[WIRE_SIZE];
	size_t size = make_segment(whole, packet, first), header = 0;
	size_t length = packet->size ? packet->size : size - packet->from;

	if (!packet->fragment) {
		memcpy(at, whole, size);
		return size;
	}
	if (packet->family == 6) {
		at[0] = *first;
		at[1] = 0;
		wire_put16(at + 2, packet->from | (packet->size ? 1 : 0));
		wire_put32(at + 4, packet->fragment);
		*first = IPPROTO_FRAGMENT;
		header = 8;
	}
	memcpy(at + header, whole + packet->from, length);
	return header + length;
}

void wire_make(struct wire_frame *out, const struct wire_packet *packet)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 1};
	size_t header = packet->family == 4 ? 20 + packet->options : 40;
	uint8_t *ip = out->bytes + WIRE_LINK;
	uint8_t first;
	size_t size;

	memcpy(out->bytes, macs, sizeof(macs));
	wire_put16(out->bytes + 12, packet->family == 4 ? 0x0800 : 0x86dd);
	size = make_part(ip + header, packet, &first);
	if (packet->family == 4)
		make_v4(ip, packet, size);
	else
		make_v6(ip, packet, first, size);
	out->length = WIRE_LINK + header + size;
	memset(out->bytes + out->length, 0xee, packet->padding);
	out->length += packet->padding;
}

void wire_wrap(struct wire_frame *out, const struct wire_packet *packet, const uint8_t *payload, size_t size)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 1};
	struct wire_view view = {
		.family = packet->family, .proto = packet->proto, .src = packet->src, .dst = packet->dst};
	uint8_t *ip = out->bytes + WIRE_LINK, *at = ip + (packet->family == 4 ? 20 : 40);

	memcpy(out->bytes, macs, sizeof(macs));
	wire_put16(out->bytes + 12, packet->family == 4 ? 0x0800 : 0x86dd);
	memcpy(at, payload, size);
	wire_put16(at + 2, 0);
	wire_put16(at + 2, ~wire_sum(at, size, packet->family == 4 ? 0 : wire_pseudo_sum(&view, size)));
	if (packet->family == 4)
		make_v4(ip, packet, size);
	else
		make_v6(ip, packet, packet->proto, size);
	out->length = at + size - out->bytes;
}
