// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets that `svcroute trace` makes: whole, summed up, and in words. */
#include "support.h"

#include <arpa/inet.h>

#include "model/addr.h"
#include "model/packet.h"

static struct sr_packet make(const char *src, const char *dst, bool begins)
{
	struct sr_packet_spec spec = {.begins = begins, .to = {2, 0, 0, 0, 0, 4}};
	struct sr_hostport from, to;
	struct sr_packet packet;

	assert_int_equal(sr_hostport_parse(&from, src, NULL), 0);
	assert_int_equal(sr_hostport_parse(&to, dst, NULL), 0);
	spec.tuple = (struct sr_tuple){
		.src = from.addr, .dst = to.addr, .sport = from.port, .dport = to.port, .proto = to.proto};
	sr_packet_make(&packet, &spec);
	return packet;
}

static struct sr_packet ping(const char *src, const char *dst)
{
	struct sr_packet_spec spec = {.tuple = {.proto = IPPROTO_ICMP, .sport = htons(77)}};
	struct sr_packet packet;

	assert_int_equal(sr_addr_parse(&spec.tuple.src, src), 0);
	assert_int_equal(sr_addr_parse(&spec.tuple.dst, dst), 0);
	sr_packet_make(&packet, &spec);
	return packet;
}

static void assert_says(const struct sr_packet *packet, const char *text)
{
	struct sr_packet_view view;
	char got[SR_PACKET_TEXT];

	assert_int_equal(sr_packet_read(&view, packet), 0);
	assert_string_equal(sr_packet_format(got, &view), text);
}

/* Ones' complement: what is summed up with its checksum gives all ones. */
static uint16_t sum(const uint8_t *bytes, size_t size, uint32_t start)
{
	for (size_t i = 0; i < size; i++)
		start += i % 2 ? bytes[i] : bytes[i] << 8;
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return start;
}

static void assert_sums(const struct sr_packet *packet, uint8_t proto)
{
	const uint8_t *ip = packet->bytes + 14;
	bool v4 = ip[0] == 0x45;
	size_t head = v4 ? 20 : 40, size = packet->length - 14 - head;
	uint32_t pseudo = sum(ip + (v4 ? 12 : 8), v4 ? 8 : 32, (uint32_t)size + proto);

	if (v4)
		assert_int_equal(sum(ip, 20, 0), 0xffff);
	assert_int_equal(v4 ? ip[2] << 8 | ip[3] : (ip[4] << 8 | ip[5]) + 40, packet->length - 14);
	assert_int_equal(sum(ip + head, size, proto == IPPROTO_ICMP ? 0 : pseudo), 0xffff);
}

static void a_router_sends_it_on(void **state)
{
	static const uint8_t from[] = {2, 0, 0, 0, 0, 7}, to[] = {2, 0, 0, 0, 0, 8};
	struct sr_packet packet = make("10.0.0.1:1024", "10.96.0.10:53/udp", true);

	(void)state;
	sr_packet_age(&packet);
	assert_says(&packet, "udp 10.0.0.1:1024 > 10.96.0.10:53, TTL 63, 42 bytes");
	assert_sums(&packet, IPPROTO_UDP);
	sr_packet_address(&packet, from, to);
	assert_memory_equal(packet.bytes, to, sizeof(to));
	assert_memory_equal(packet.bytes + 6, from, sizeof(from));
	packet = make("[fd00::1]:1024", "[fd00:10::10]:80/tcp", true);
	sr_packet_age(&packet);
	assert_says(&packet, "tcp SYN [fd00::1]:1024 > [fd00:10::10]:80, TTL 63, 74 bytes");
	assert_sums(&packet, IPPROTO_TCP);
}

static void in_words(void **state)
{
	struct sr_packet packet = make("10.0.0.1:1024", "10.96.0.10:80/tcp", true);

	(void)state;
	assert_says(&packet, "tcp SYN 10.0.0.1:1024 > 10.96.0.10:80, TTL 64, 54 bytes");
	packet = make("[fd00::1]:1024", "[fd00:10::10]:80/tcp", false);
	assert_says(&packet, "tcp ACK [fd00::1]:1024 > [fd00:10::10]:80, TTL 64, 74 bytes");
	packet = make("10.0.0.1:1024", "10.96.0.10:53/udp", true);
	assert_says(&packet, "udp 10.0.0.1:1024 > 10.96.0.10:53, TTL 64, 42 bytes");
	packet = make("10.0.0.1:1024", "10.96.0.10:53/sctp", true);
	assert_says(&packet, "sctp INIT 10.0.0.1:1024 > 10.96.0.10:53, TTL 64, 66 bytes");
	packet = make("10.0.0.1:1024", "10.96.0.10:53/sctp", false);
	assert_says(&packet, "sctp HEARTBEAT 10.0.0.1:1024 > 10.96.0.10:53, TTL 64, 54 bytes");
	packet = ping("10.0.0.1", "10.96.0.10");
	assert_says(&packet, "icmp echo request 10.0.0.1 > 10.96.0.10, TTL 64, 42 bytes");
	packet = ping("fd00::1", "fd00::2");
	assert_says(&packet, "icmp echo request fd00::1 > fd00::2, TTL 64, 62 bytes");
	packet = make("10.0.0.1:1024", "10.96.0.10:53/udp", true);
	packet.bytes[23] = IPPROTO_IPIP;
	assert_says(&packet, "ipip 10.0.0.1 > 10.96.0.10, TTL 64, 42 bytes");
	packet = make("[fd00::1]:1024", "[fd00:10::10]:53/udp", true);
	packet.bytes[20] = IPPROTO_IPV6;
	assert_says(&packet, "ip6ip6 fd00::1 > fd00:10::10, TTL 64, 62 bytes");
}

static void checksums_are_right(void **state)
{
	struct sr_packet packet = make("10.0.0.1:1024", "10.96.0.10:80/tcp", true);

	(void)state;
	assert_sums(&packet, IPPROTO_TCP);
	packet = make("[fd00::1]:1024", "[fd00:10::10]:80/tcp", false);
	assert_sums(&packet, IPPROTO_TCP);
	packet = make("10.0.0.1:1024", "10.96.0.10:53/udp", true);
	assert_sums(&packet, IPPROTO_UDP);
	packet = make("[fd00::1]:1024", "[fd00:10::10]:53/udp", true);
	assert_sums(&packet, IPPROTO_UDP);
	packet = ping("10.0.0.1", "10.96.0.10");
	assert_sums(&packet, IPPROTO_ICMP);
	packet = ping("fd00::1", "fd00::2");
	assert_sums(&packet, IPPROTO_ICMPV6);
}

/* The residue of a message and its CRC32c, little endian: as it lies in the packet, with the field set to 0. */
static void sctp_has_a_crc(void **state)
{
	struct sr_packet packet = make("10.0.0.1:1024", "10.96.0.10:53/sctp", true);
	uint8_t *sctp = packet.bytes + 34;
	uint32_t said = sctp[8] | sctp[9] << 8 | sctp[10] << 16 | (uint32_t)sctp[11] << 24, crc = ~0u;

	(void)state;
	memset(sctp + 8, 0, 4);
	for (size_t bit = 0; bit < (packet.length - 34) * 8; bit++)
		crc = crc >> 1 ^ ((crc ^ sctp[bit / 8] >> bit % 8) & 1 ? 0x82f63b78u : 0);
	assert_int_equal(said, ~crc);
}

static void what_is_cut_short_is_not_read(void **state)
{
	struct sr_packet packet = make("10.0.0.1:1024", "10.96.0.10:80/tcp", true);
	struct sr_packet_view view;

	(void)state;
	for (packet.length = 0; packet.length < 54; packet.length++)
		assert_int_equal(sr_packet_read(&view, &packet), -EINVAL);
	packet.length = 54;
	packet.bytes[12] = 0x09;
	assert_int_equal(sr_packet_read(&view, &packet), -EINVAL);
}

static void refusals_in_words(void **state)
{
	struct sr_packet packet = ping("10.0.0.1", "10.96.0.10");

	(void)state;
	packet.bytes[34] = 3;
	packet.bytes[35] = 3;
	assert_says(&packet, "icmp port unreachable 10.0.0.1 > 10.96.0.10, TTL 64, 42 bytes");
	packet.bytes[34] = 12;
	assert_says(&packet, "icmp type 12 code 3 10.0.0.1 > 10.96.0.10, TTL 64, 42 bytes");
	packet = make("10.0.0.1:1024", "10.96.0.10:80/tcp", true);
	packet.bytes[47] = 0x14;
	assert_says(&packet, "tcp RST,ACK 10.0.0.1:1024 > 10.96.0.10:80, TTL 64, 54 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_words),
		cmocka_unit_test(a_router_sends_it_on),
		cmocka_unit_test(checksums_are_right),
		cmocka_unit_test(sctp_has_a_crc),
		cmocka_unit_test(what_is_cut_short_is_not_read),
		cmocka_unit_test(refusals_in_words),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
