// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "model/addr.h"
#include "model/packet_parts.h"

#define PACKET_IPV4 20
#define PACKET_IPV6 40
#define PACKET_TTL  64

#define PACKET_WINDOW 64240
#define PACKET_SEQ    1000

/* --- to make one -------------------------------------------------------------------------- */

static void packet_put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static void packet_put32(uint8_t *at, uint32_t value)
{
	packet_put16(at, value >> 16);
	packet_put16(at + 2, value & 0xffff);
}

static uint16_t packet_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* An even number of bytes, as they lie in the packet (RFC 1071). */
static uint32_t packet_sum(uint32_t sum, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i += 2)
		sum += packet_get16(bytes + i);
	return sum;
}

static uint16_t packet_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* CRC32c (RFC 9260, appendix A), bit by bit. */
static uint32_t packet_crc(const uint8_t *bytes, size_t size)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

/* Transport headers; each returns its size. What is not set is 0. */
static size_t packet_tcp(uint8_t *at, const struct sr_packet_spec *spec)
{
	packet_put32(at + 4, PACKET_SEQ);
	packet_put32(at + 8, spec->begins ? 0 : PACKET_SEQ);
	at[12] = 5 << 4;
	at[13] = spec->begins ? PACKET_SYN : PACKET_ACK;
	packet_put16(at + 14, PACKET_WINDOW);
	return 20;
}

static size_t packet_udp(uint8_t *at)
{
	packet_put16(at + 4, 8);
	return 8;
}

/* The common header, and one chunk (RFC 9260, sections 3.3.2 and 3.3.5). */
static size_t packet_sctp(uint8_t *at, const struct sr_packet_spec *spec)
{
	uint8_t *chunk = at + 12;
	size_t size = spec->begins ? 20 : 8;

	packet_put32(at + 4, spec->begins ? 0 : PACKET_SEQ);
	chunk[0] = spec->begins ? PACKET_INIT : PACKET_HEARTBEAT;
	packet_put16(chunk + 2, size);
	if (spec->begins) {
		packet_put32(chunk + 4, PACKET_SEQ);
		packet_put32(chunk + 8, PACKET_WINDOW);
		packet_put16(chunk + 12, 1);
		packet_put16(chunk + 14, 1);
		packet_put32(chunk + 16, PACKET_SEQ);
	} else {
		packet_put16(chunk + 4, 1); /* Heartbeat Info, which is empty */
		packet_put16(chunk + 6, 4);
	}
	return 12 + size;
}

static size_t packet_echo(uint8_t *at, const struct sr_packet_spec *spec)
{
	at[0] = sr_addr_is_v4(&spec->tuple.dst) ? PACKET_ECHO4 : PACKET_ECHO6;
	memcpy(at + 4, &spec->tuple.sport, 2);
	packet_put16(at + 6, 1);
	return 8;
}

static size_t packet_transport(uint8_t *at, const struct sr_packet_spec *spec)
{
	if (spec->tuple.proto == IPPROTO_ICMP)
		return packet_echo(at, spec);
	memcpy(at, &spec->tuple.sport, 2);
	memcpy(at + 2, &spec->tuple.dport, 2);
	if (spec->tuple.proto == IPPROTO_TCP)
		return packet_tcp(at, spec);
	return spec->tuple.proto == IPPROTO_UDP ? packet_udp(at) : packet_sctp(at, spec);
}

/* The protocol's number in an IP header. */
static uint8_t packet_wire_proto(const struct sr_tuple *tuple)
{
	return tuple->proto == IPPROTO_ICMP && !sr_addr_is_v4(&tuple->dst) ? IPPROTO_ICMPV6 : tuple->proto;
}

/* Where the checksum of a transport header lies, and of what it is made. */
static void packet_sum_transport(uint8_t *at, size_t size, const struct sr_tuple *tuple)
{
	static const uint8_t offset[IPPROTO_MAX] = {[IPPROTO_TCP] = 16, [IPPROTO_UDP] = 6, [IPPROTO_ICMP] = 2};
	bool is_v4 = sr_addr_is_v4(&tuple->dst);
	uint32_t sum = 0, crc;
	uint16_t folded;

	if (tuple->proto == IPPROTO_SCTP) {
		crc = packet_crc(at, size);
		for (int i = 0; i < 4; i++)
			at[8 + i] = crc >> 8 * i & 0xff;
		return;
	}
	if (tuple->proto != IPPROTO_ICMP || !is_v4) {
		sum = size + packet_wire_proto(tuple);
		sum = packet_sum(sum, tuple->src.byte + (is_v4 ? 12 : 0), is_v4 ? 4 : 16);
		sum = packet_sum(sum, tuple->dst.byte + (is_v4 ? 12 : 0), is_v4 ? 4 : 16);
	}
	folded = packet_fold(packet_sum(sum, at, size));
	packet_put16(at + offset[tuple->proto], tuple->proto == IPPROTO_UDP && !folded ? 0xffff : folded);
}

static void packet_ipv4(uint8_t *at, const struct sr_tuple *tuple, size_t size)
{
	at[0] = 0x45;
	packet_put16(at + 2, PACKET_IPV4 + size);
	packet_put16(at + 6, 0x4000); /* it is not to be cut */
	at[8] = PACKET_TTL;
	at[9] = packet_wire_proto(tuple);
	memcpy(at + 12, tuple->src.byte + 12, 4);
	memcpy(at + 16, tuple->dst.byte + 12, 4);
	packet_put16(at + 10, packet_fold(packet_sum(0, at, PACKET_IPV4)));
}

static void packet_ipv6(uint8_t *at, const struct sr_tuple *tuple, size_t size)
{
	at[0] = 0x60;
	packet_put16(at + 4, size);
	at[6] = packet_wire_proto(tuple);
	at[7] = PACKET_TTL;
	memcpy(at + 8, tuple->src.byte, 16);
	memcpy(at + 24, tuple->dst.byte, 16);
}

void sr_packet_make(struct sr_packet *out, const struct sr_packet_spec *spec)
{
	bool is_v4 = sr_addr_is_v4(&spec->tuple.dst);
	size_t l4 = SR_PACKET_LINK + (is_v4 ? PACKET_IPV4 : PACKET_IPV6), size;

	memset(out, 0, sizeof(*out));
	memcpy(out->bytes, spec->to, SR_PACKET_MAC);
	out->bytes[6] = 0x02; /* an address that nobody was given (IEEE 802, section 8.4) */
	packet_put16(out->bytes + 12, is_v4 ? 0x0800 : 0x86dd);
	size = packet_transport(out->bytes + l4, spec);
	packet_sum_transport(out->bytes + l4, size, &spec->tuple);
	if (is_v4)
		packet_ipv4(out->bytes + SR_PACKET_LINK, &spec->tuple, size);
	else
		packet_ipv6(out->bytes + SR_PACKET_LINK, &spec->tuple, size);
	out->length = l4 + size;
}

/* --- to send one on ----------------------------------------------------------------------- */

void sr_packet_age(struct sr_packet *packet)
{
	uint8_t *ip = packet->bytes + SR_PACKET_LINK;

	if (packet_get16(ip - 2) != 0x0800) {
		ip[7]--;
		return;
	}
	ip[8]--;
	packet_put16(ip + 10, 0);
	packet_put16(ip + 10, packet_fold(packet_sum(0, ip, (ip[0] & 0xf) * 4)));
}

void sr_packet_address(struct sr_packet *packet, const uint8_t from[SR_PACKET_MAC], const uint8_t to[SR_PACKET_MAC])
{
	memcpy(packet->bytes, to, SR_PACKET_MAC);
	memcpy(packet->bytes + SR_PACKET_MAC, from, SR_PACKET_MAC);
}

/* --- to read one -------------------------------------------------------------------------- */

static void packet_read_v4(struct sr_addr *out, const uint8_t *at)
{
	memset(out, 0, sizeof(*out));
	out->byte[10] = out->byte[11] = 0xff;
	memcpy(out->byte + 12, at, 4);
}

/* The IP header; returns where the transport header is, 0: it is no such packet. */
static size_t packet_read_ip(struct sr_packet_view *out, const struct sr_packet *packet)
{
	const uint8_t *ip = packet->bytes + SR_PACKET_LINK;

	if (packet->length >= SR_PACKET_LINK + PACKET_IPV4 && packet_get16(ip - 2) == 0x0800) {
		out->family = 4;
		out->ttl = ip[8];
		out->tuple.proto = ip[9];
		packet_read_v4(&out->tuple.src, ip + 12);
		packet_read_v4(&out->tuple.dst, ip + 16);
		return SR_PACKET_LINK + (ip[0] & 0xf) * 4;
	}
	if (packet->length >= SR_PACKET_LINK + PACKET_IPV6 && packet_get16(ip - 2) == 0x86dd) {
		out->family = 6;
		out->ttl = ip[7];
		out->tuple.proto = ip[6] == IPPROTO_ICMPV6 ? IPPROTO_ICMP : ip[6];
		memcpy(&out->tuple.src, ip + 8, 16);
		memcpy(&out->tuple.dst, ip + 24, 16);
		return SR_PACKET_LINK + PACKET_IPV6;
	}
	return 0;
}

static bool packet_is_echo(const struct sr_packet_view *view)
{
	return view->family == 4 ? view->type == PACKET_ECHO4 || view->type == 0
				 : view->type == PACKET_ECHO6 || view->type == PACKET_ECHO6 + 1;
}

int sr_packet_read(struct sr_packet_view *out, const struct sr_packet *packet)
{
	const uint8_t *l4;
	size_t at;

	memset(out, 0, sizeof(*out));
	out->length = packet->length;
	at = packet_read_ip(out, packet);
	out->is_tunnel = at && out->tuple.proto == (out->family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6);
	if (out->is_tunnel)
		return 0;
	if (!at || at + 8 > packet->length || (out->tuple.proto == IPPROTO_TCP && at + 20 > packet->length))
		return -EINVAL;

	l4 = packet->bytes + at;
	if (out->tuple.proto == IPPROTO_ICMP) {
		out->type = l4[0];
		out->code = l4[1];
		if (packet_is_echo(out))
			memcpy(&out->tuple.sport, l4 + 4, 2);
		return 0;
	}
	memcpy(&out->tuple.sport, l4, 2);
	memcpy(&out->tuple.dport, l4 + 2, 2);
	if (out->tuple.proto == IPPROTO_TCP)
		out->flags = l4[13];
	else if (out->tuple.proto == IPPROTO_SCTP && at + 13 <= packet->length)
		out->type = l4[12];
	return 0;
}
