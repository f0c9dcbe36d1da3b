// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "wire.h"

#include <netinet/in.h>
#include <string.h>

uint16_t wire_sum(const uint8_t *bytes, size_t size, uint16_t sum)
{
	uint64_t total = sum;

	for (size_t i = 0; i + 1 < size; i += 2)
		total += bytes[i] << 8 | bytes[i + 1];
	if (size % 2)
		total += bytes[size - 1] << 8;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return total;
}

bool wire_is_host(const struct sr_addr *addr, int family)
{
	static const uint8_t zeros[15];
	uint8_t first = family == 4 ? addr->byte[12] : addr->byte[0];

	if (family == 4)
		return first && first != 127 && first < 224;
	return first != 0xff && (memcmp(addr, zeros, sizeof(zeros)) != 0 || addr->byte[15] > 1);
}

void wire_put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

void wire_put32(uint8_t *at, uint32_t value)
{
	wire_put16(at, value >> 16);
	wire_put16(at + 2, value);
}

static uint16_t wire_get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static uint32_t wire_get32(const uint8_t *at)
{
	return (uint32_t)wire_get16(at) << 16 | wire_get16(at + 2);
}

/* RFC 9293, section 3.1; RFC 8200, section 8.1. */
uint16_t wire_pseudo_sum(const struct wire_view *view, size_t length)
{
	size_t skip = view->family == 4 ? 12 : 0;
	uint16_t sum = wire_sum(view->src.byte + skip, 16 - skip, 0);

	sum = wire_sum(view->dst.byte + skip, 16 - skip, sum);
	return wire_sum((uint8_t[]){0, view->proto, length >> 8, length}, 4, sum);
}

uint32_t wire_crc(const uint8_t *bytes, size_t size)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size; i++) {
		crc ^= i >= 8 && i < 12 ? 0 : bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return __builtin_bswap32(~crc);
}

size_t wire_sum_place(uint8_t proto)
{
	return proto == IPPROTO_TCP ? 16 : 6;
}

/* --- reading ----------------------------------------------------------------------------- */

static void read_v4(struct wire_view *out, const uint8_t *ip, size_t length)
{
	uint16_t offset;

	if (length < 20 || ip[0] >> 4 != 4 || (ip[0] & 15) < 5)
		return;
	offset = wire_get16(ip + 6);
	out->src = out->dst = (struct sr_addr){.byte = {[10] = 0xff, [11] = 0xff}};
	memcpy(out->src.byte + 12, ip + 12, 4);
	memcpy(out->dst.byte + 12, ip + 16, 4);
	out->family = 4;
	out->ttl = ip[8];
	out->proto = ip[9];
	out->l4 = WIRE_LINK + (ip[0] & 15) * 4;
	out->end = WIRE_LINK + wire_get16(ip + 2);
	out->fragment = wire_get16(ip + 4);
	if (offset & 0x1fff)
		out->part = WIRE_LATER;
	else if (offset & 0x2000)
		out->part = WIRE_FIRST;
}

/* The size of an extension header; 0: it is none. */
static size_t read_extension(uint8_t number, const uint8_t *at)
{
	switch (number) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
	case IPPROTO_ROUTING:
		return 8 * (at[1] + 1);
	case IPPROTO_FRAGMENT:
		return 8;
	case IPPROTO_AH:
		return 4 * (at[1] + 2);
	default:
		return 0;
	}
}

static bool read_is_extension(uint8_t number)
{
	return read_extension(number, (uint8_t[8]){0}) != 0;
}

static void read_v6(struct wire_view *out, const struct wire_frame *frame)
{
	const uint8_t *ip = frame->bytes + WIRE_LINK;
	size_t at = WIRE_LINK + 40;
	uint8_t next;

	if (frame->length < at || ip[0] >> 4 != 6)
		return;
	next = ip[6];
	memcpy(out->src.byte, ip + 8, 16);
	memcpy(out->dst.byte, ip + 24, 16);
	out->ttl = ip[7];
	out->end = at + wire_get16(ip + 4);
	while (read_is_extension(next) && out->part != WIRE_LATER) {
		const uint8_t *header = frame->bytes + at;

		if (at + 8 > frame->length)
			return;
		if (next == IPPROTO_FRAGMENT) {
			out->fragment = wire_get32(header + 4);
			if (wire_get16(header + 2) & ~7)
				out->part = WIRE_LATER;
			else if (header[3] & 1)
				out->part = WIRE_FIRST;
		}
		at += read_extension(next, header);
		next = header[0];
	}
	/* The last one promises more than any frame has. */
	if (at >= WIRE_SIZE)
		return;
	out->family = 6;
	out->proto = next;
	out->l4 = at;
}

/* What an association's packet would be in a connection. */
static uint8_t read_chunk(uint8_t type)
{
	static const uint8_t flags[] = {[1] = 0x02, [2] = 0x12, [6] = 0x04, [7] = 0x11, [8] = 0x11, [14] = 0x04};

	return type < sizeof(flags) && flags[type] ? flags[type] : 0x10;
}

static void read_transport(struct wire_view *out, const struct wire_frame *frame)
{
	const uint8_t *at = frame->bytes + out->l4;
	bool tcp = out->proto == IPPROTO_TCP, sctp = out->proto == IPPROTO_SCTP;
	size_t least = tcp ? 20 : sctp ? 12 : 8;

	/* What a later fragment of IPv6 says is its datagram's first header, not its transport. */
	out->kind = WIRE_SERVED;
	if (out->part == WIRE_LATER && out->family == 6)
		return;
	if (!tcp && !sctp && out->proto != IPPROTO_UDP)
		out->kind = WIRE_OTHER;
	else if (out->part != WIRE_LATER && out->l4 + least > out->end)
		out->kind = WIRE_MALFORMED;
	if (out->kind != WIRE_SERVED || out->part == WIRE_LATER)
		return;
	out->sport = wire_get16(at);
	out->dport = wire_get16(at + 2);
	if (tcp) {
		out->seq = wire_get32(at + 4);
		out->ack = wire_get32(at + 8);
		out->tcp_flags = at[13];
	}
	if (sctp)
		out->tcp_flags = out->l4 + 12 < frame->length ? read_chunk(at[12]) : 0x10;
}

void wire_read(struct wire_view *out, const struct wire_frame *frame)
{
	uint16_t type;

	*out = (struct wire_view){.kind = WIRE_MALFORMED};
	if (frame->length < WIRE_LINK)
		return;
	type = wire_get16(frame->bytes + 12);
	if (type == 0x0800)
		read_v4(out, frame->bytes + WIRE_LINK, frame->length - WIRE_LINK);
	else if (type == 0x86dd)
		read_v6(out, frame);
	else
		out->kind = type == 0x8100 || type == 0x88a8 ? WIRE_VLAN : WIRE_NOT_IP;
	if (out->family && out->end <= frame->length)
		read_transport(out, frame);
}

void wire_read_ports(struct wire_view *out, const struct wire_frame *frame)
{
	const uint8_t *at;

	*out = (struct wire_view){};
	if (wire_get16(frame->bytes + 12) == 0x0800)
		read_v4(out, frame->bytes + WIRE_LINK, frame->length - WIRE_LINK);
	else
		read_v6(out, frame);
	at = frame->bytes + out->l4;
	if (out->proto != IPPROTO_TCP && out->proto != IPPROTO_UDP && out->proto != IPPROTO_SCTP)
		out->family = 0;
	if (out->l4 + 4 > frame->length)
		out->family = 0;
	out->sport = wire_get16(at);
	out->dport = wire_get16(at + 2);
}

/* --- rewriting --------------------------------------------------------------------------- */

/* The value of a checksum field at `at` by which all sums up to `total`; the rest sums up to `rest`. */
static void rewrite_sum(uint8_t *at, uint16_t total, uint16_t rest)
{
	uint32_t value = (uint32_t)total + (uint16_t)~rest;

	value = (value & 0xffff) + (value >> 16);
	/* Zero has two faces: an update (RFC 1624) shows 0, as does the complement of a right one's rest. */
	if (total == 0xffff || value == 0xffff)
		value = total == 0xffff ? (uint16_t)~rest : 0;
	wire_put16(at, value);
}

/* Over the whole segment. */
static uint16_t rewrite_total(const struct wire_frame *frame, const struct wire_view *view)
{
	size_t size = view->end - view->l4;

	return wire_sum(frame->bytes + view->l4, size, wire_pseudo_sum(view, size));
}

/* UDP's 0 says that there is none. */
static bool rewrite_has_sum(const struct wire_frame *frame, const struct wire_view *view, size_t place)
{
	if (view->part == WIRE_LATER)
		return false;
	return view->proto != IPPROTO_UDP || wire_get16(frame->bytes + place);
}

/* The CRC stays as right as it was. 0: none was made yet. */
static void rewrite_sctp(struct wire_frame *frame, const struct wire_view *view, const struct wire_change *change)
{
	uint8_t *at = frame->bytes + view->l4;
	size_t size = view->end - view->l4;
	uint32_t was = wire_get32(at + 8), off = was ^ wire_crc(at, size);

	wire_put16(at, change->sport);
	wire_put16(at + 2, change->dport);
	if (was && (change->sport != view->sport || change->dport != view->dport))
		wire_put32(at + 8, wire_crc(at, size) ^ off);
}

static void rewrite_transport(struct wire_frame *frame, const struct wire_view *view, const struct wire_change *change)
{
	struct wire_view now = *view;
	size_t place = view->l4 + wire_sum_place(view->proto);
	bool has_sum = rewrite_has_sum(frame, view, place);
	uint16_t total;

	if (view->part == WIRE_LATER)
		return;
	total = rewrite_total(frame, view);
	now.src = change->src;
	now.dst = change->dst;
	wire_put16(frame->bytes + view->l4, change->sport);
	wire_put16(frame->bytes + view->l4 + 2, change->dport);
	if (!has_sum)
		return;
	wire_put16(frame->bytes + place, 0);
	rewrite_sum(frame->bytes + place, total, rewrite_total(frame, &now));
	if (view->proto == IPPROTO_UDP && !wire_get16(frame->bytes + place))
		wire_put16(frame->bytes + place, 0xffff);
}

static void rewrite_v4(uint8_t *ip, const struct wire_change *change)
{
	size_t size = (ip[0] & 15) * 4;
	uint16_t total = wire_sum(ip, size, 0);

	memcpy(ip + 12, change->src.byte + 12, 4);
	memcpy(ip + 16, change->dst.byte + 12, 4);
	ip[8] -= change->hop;
	wire_put16(ip + 10, 0);
	rewrite_sum(ip + 10, total, wire_sum(ip, size, 0));
}

static void rewrite_v6(uint8_t *ip, const struct wire_change *change)
{
	memcpy(ip + 8, change->src.byte, 16);
	memcpy(ip + 24, change->dst.byte, 16);
	ip[7] -= change->hop;
}

void wire_rewrite_ip(struct wire_frame *frame, const struct wire_view *view, const struct wire_change *change)
{
	if (view->family == 4)
		rewrite_v4(frame->bytes + WIRE_LINK, change);
	else
		rewrite_v6(frame->bytes + WIRE_LINK, change);
}

void wire_sum_update(uint8_t *at, const uint8_t *was, const uint8_t *is, size_t size)
{
	uint16_t less = ~wire_sum(was, size, 0);

	wire_put16(at, ~wire_sum((uint8_t[]){less >> 8, less}, 2, wire_sum(is, size, ~wire_get16(at))));
}

void wire_rewrite(struct wire_frame *frame, const struct wire_view *view, const struct wire_change *change)
{
	if (view->proto != IPPROTO_SCTP)
		rewrite_transport(frame, view, change);
	else if (view->part != WIRE_LATER)
		rewrite_sctp(frame, view, change);
	wire_rewrite_ip(frame, view, change);
	if (change->dst_mac) {
		memcpy(frame->bytes, (uint8_t[]){2, 0, 0, 0, 0, change->dst_mac}, 6);
		memcpy(frame->bytes + 6, (uint8_t[]){2, 0, 0, 0, 0, change->src_mac}, 6);
	}
}
