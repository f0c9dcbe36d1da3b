// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Nothing here is shared with bpf/: a mistake there must not be repeated here. */
#include "sums.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "model/addr.h"

uint16_t sums_of(const uint8_t *bytes, size_t size, uint16_t sum)
{
	uint32_t total = sum;

	for (size_t i = 0; i < size; i++) {
		total += i % 2 ? bytes[i] : bytes[i] << 8;
		total = (total & 0xffff) + (total >> 16);
	}
	return total;
}

uint16_t sums_transport(int family, const struct sr_addr *from, const struct sr_addr *to, uint8_t proto,
			const uint8_t *segment, size_t size)
{
	size_t skip = family == 4 ? 12 : 0;
	uint16_t sum = 0;

	if (proto != IPPROTO_ICMP) {
		sum = sums_of(from->byte + skip, 16 - skip, 0);
		sum = sums_of(to->byte + skip, 16 - skip, sum);
		sum = sums_of((uint8_t[]){0, proto, size >> 8, size}, 4, sum);
	}
	return sums_of(segment, size, sum);
}

/*
 * CRC32c as a division by hand: bits in the order of the wire, each byte's
 * lowest first; the remainder's highest power is the first bit to be sent.
 */
uint32_t sums_sctp(const uint8_t *segment, size_t size)
{
	uint32_t remainder = 0xffffffff, wire = 0;

	for (size_t bit = 0; bit < 8 * size; bit++) {
		bool in_checksum = bit / 8 >= 8 && bit / 8 < 12;
		bool is_one = !in_checksum && segment[bit / 8] >> bit % 8 & 1;
		bool divides = remainder >> 31 != is_one;

		remainder = remainder << 1 ^ (divides ? 0x1edc6f41 : 0);
	}
	for (int bit = 0; bit < 32; bit++)
		if (!(remainder >> (31 - bit) & 1))
			wire |= 1u << (24 - bit / 8 * 8 + bit % 8);
	return wire;
}

static uint32_t sums_read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

uint8_t *sums_place(uint8_t *transport, uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return transport + 16;
	case IPPROTO_UDP:
		return transport + 6;
	case IPPROTO_SCTP:
		return transport + 8;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return transport + 2;
	default:
		return NULL;
	}
}

/* What a finished frame says. */
struct anatomy {
	int family;
	struct sr_addr from, to;
	uint8_t proto;
	const uint8_t *transport;
	size_t size;
	bool fragment;
};

static void anatomy_v4(struct anatomy *out, const uint8_t *ip)
{
	size_t header = (ip[0] & 15) * 4;

	out->family = 4;
	out->from = out->to = (struct sr_addr){.byte = {[10] = 0xff, [11] = 0xff}};
	memcpy(out->from.byte + 12, ip + 12, 4);
	memcpy(out->to.byte + 12, ip + 16, 4);
	out->proto = ip[9];
	out->transport = ip + header;
	out->size = (ip[2] << 8 | ip[3]) - header;
	out->fragment = (ip[6] & 0x3f) || ip[7];
}

static void anatomy_v6(struct anatomy *out, const uint8_t *ip)
{
	const uint8_t *at = ip + 40;
	const uint8_t *end = at + (ip[4] << 8 | ip[5]);
	uint8_t next = ip[6];

	out->family = 6;
	memcpy(out->from.byte, ip + 8, 16);
	memcpy(out->to.byte, ip + 24, 16);
	for (;;) {
		size_t size = 0;

		if (next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS || next == IPPROTO_ROUTING)
			size = 8 * (at[1] + 1);
		else if (next == IPPROTO_AH)
			size = 4 * (at[1] + 2);
		else if (next == IPPROTO_FRAGMENT)
			size = 8;
		if (!size)
			break;
		out->fragment |= next == IPPROTO_FRAGMENT && (at[2] || at[3] & ~6);
		next = at[0];
		at += size;
	}
	out->proto = next;
	out->transport = at;
	out->size = end - at;
}

static struct anatomy anatomy_of(const struct frame *frame)
{
	const uint8_t *ip = frame->bytes + 14;
	struct anatomy out = {};

	if (ip[0] >> 4 == 4)
		anatomy_v4(&out, ip);
	else
		anatomy_v6(&out, ip);
	return out;
}

const char *frame_wrong_sum(const struct frame *frame)
{
	struct anatomy is = anatomy_of(frame);

	if (is.family == 4 && sums_of(frame->bytes + 14, (frame->bytes[14] & 15) * 4, 0) != 0xffff)
		return "the IPv4 header's checksum";
	if (is.fragment || is.proto == IPPROTO_IPIP || is.proto == IPPROTO_IPV6)
		return NULL;
	if (is.proto == IPPROTO_UDP && !is.transport[6] && !is.transport[7])
		return is.family == 4 ? NULL : "UDP without a checksum over IPv6";
	if (is.proto == IPPROTO_SCTP)
		return !sums_read32(is.transport + 8) ||
				       sums_read32(is.transport + 8) == sums_sctp(is.transport, is.size)
			       ? NULL
			       : "SCTP's CRC32c";
	if (sums_transport(is.family, &is.from, &is.to, is.proto, is.transport, is.size) != 0xffff)
		return "the transport checksum";
	return NULL;
}

uint16_t frame_transport_sum(const struct frame *frame)
{
	struct anatomy is = anatomy_of(frame);
	const uint8_t *at = sums_place((uint8_t *)is.transport, is.proto);

	return at[0] << 8 | at[1];
}

static const char *frame_end(const struct sr_addr *addr, const uint8_t *port)
{
	static char text[4][SR_HOSTPORT_TEXT];
	static unsigned int turn;
	char *out = text[turn++ % 4];
	char address[SR_ADDR_TEXT];

	snprintf(out, SR_HOSTPORT_TEXT, sr_addr_is_v4(addr) ? "%s:%u" : "[%s]:%u", sr_addr_format(address, addr),
		 port[0] << 8 | port[1]);
	return out;
}

const char *frame_source(const struct frame *frame)
{
	struct anatomy is = anatomy_of(frame);

	return frame_end(&is.from, is.transport);
}

const char *frame_destination(const struct frame *frame)
{
	struct anatomy is = anatomy_of(frame);

	return frame_end(&is.to, is.transport + 2);
}
