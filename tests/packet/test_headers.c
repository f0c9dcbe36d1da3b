// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Headers that few packets have, and fields that must survive. */
#include <string.h>

#include "kernel/maps.h"
#include "tests.h"

#define VIP "198.51.100.7:90"

/* In and out again, by tc and by XDP, with the same trimmings on each frame. */
static void expect_translated_with(struct frame in, struct frame want)
{
	send(PROG_FROM_WIRE, in);
	expect_packet(want);
	send(PROG_XDP, in);
	expect_packet(want);
}

static void expect_answer_with(struct frame in, struct frame want)
{
	send(PROG_TO_WIRE, in);
	expect_packet(want);
}

TEST(dscp_and_ecn_survive)
{
	given_external(VIP, POD1 ":8080");
	for (int tos = 0x03; tos < 0x100; tos += 0x2c) {
		expect_translated_with(packet(CLIENT ":1234", VIP, .tos = tos),
				       packet(CLIENT ":1234", POD1 ":8080", .tos = tos));
		expect_answer_with(packet(POD1 ":8080", CLIENT ":1234", .tos = tos),
				   packet(VIP, CLIENT ":1234", .tos = tos));
	}
}

TEST(ip_options_survive)
{
	given_external(VIP, POD1 ":8080");
	for (int size = 4; size <= 40; size += 4) {
		expect_translated_with(packet(CLIENT ":1234", VIP, .ip_options = size),
				       packet(CLIENT ":1234", POD1 ":8080", .ip_options = size));
		expect_answer_with(packet(POD1 ":8080", CLIENT ":1234", .ip_options = size),
				   packet(VIP, CLIENT ":1234", .ip_options = size));
	}
}

TEST(ip_options_survive_forwarding)
{
	given_external(VIP, REMOTE ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", VIP, .ip_options = 12));
	expect_tx(packet(expect_snat(NODE), REMOTE ":8080", .ip_options = 12, .ttl = 63, .smac = MAC_NODE,
			 .dmac = MAC_OTHER_NODE));
}

TEST(extension_headers_survive)
{
	static const char *const chains[] = {"h", "d", "r", "a", "f", "hd", "hdr", "hdra", "hdrafd"};

	given_external(VIP, POD1 ":8080");
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++) {
		expect_translated_with(packet(CLIENT ":1234", VIP, .extensions = chains[i]),
				       packet(CLIENT ":1234", POD1 ":8080", .extensions = chains[i]));
		expect_answer_with(packet(POD1 ":8080", CLIENT ":1234", .extensions = chains[i]),
				   packet(VIP, CLIENT ":1234", .extensions = chains[i]));
	}
}

/* Every alignment of the payload's end, and a whole MTU. */
TEST(payloads_of_all_sizes)
{
	given_external(VIP, POD1 ":8080");
	for (size_t size = 1; size < 1440; size += size < 9 ? 1 : 159)
		expect_translated_with(packet(CLIENT ":1234", VIP, .payload_size = size),
				       packet(CLIENT ":1234", POD1 ":8080", .payload_size = size));
}

/* RFC 768: 0 says that there is no checksum, and there must still be none. */
TEST(udp_without_a_checksum_stays_without)
{
	const char *node;

	given_external(VIP, POD1 ":8080");
	expect_translated_with(udp(CLIENT ":1234", VIP, .no_checksum = true),
			       udp(CLIENT ":1234", POD1 ":8080", .no_checksum = true));
	expect_answer_with(udp(POD1 ":8080", CLIENT ":1234", .no_checksum = true),
			   udp(VIP, CLIENT ":1234", .no_checksum = true));

	given_external("198.51.100.8:90", REMOTE ":8080");
	send(PROG_XDP, udp(CLIENT ":1234", "198.51.100.8:90", .no_checksum = true));
	node = expect_snat(NODE);
	expect_tx(udp(node, REMOTE ":8080", .no_checksum = true, .ttl = 63, .smac = MAC_NODE, .dmac = MAC_OTHER_NODE));
	send(PROG_FROM_WIRE, udp(REMOTE ":8080", node, .no_checksum = true));
	expect_redirect(udp("198.51.100.8:90", CLIENT ":1234", .no_checksum = true, .ttl = 63));
}

/* The payload that makes the checksum of a datagram come out as 0, which is sent as 0xffff. */
static const char *payload_that_sums_to_zero(const char *from, const char *to)
{
	static char payload[8];
	uint16_t word;

	for (int i = 0; i < 65536; i++) {
		struct frame frame;

		word = i;
		memcpy(payload, &word, 2);
		memcpy(payload + 2, "\x01\x02\x03\x04\x05\x06", 6);
		frame = udp(from, to, .payload = payload, .payload_size = 8);
		if (frame_transport_sum(&frame) == 0xffff)
			return payload;
	}
	fail_msg("no payload sums up to zero");
	return NULL;
}

TEST(udp_checksum_that_comes_out_as_zero)
{
	const char *payload;

	given_external(VIP, POD1 ":8080");
	payload = payload_that_sums_to_zero(CLIENT ":1234", POD1 ":8080");
	expect_translated_with(udp(CLIENT ":1234", VIP, .payload = payload, .payload_size = 8),
			       udp(CLIENT ":1234", POD1 ":8080", .payload = payload, .payload_size = 8));

	/* And one that comes in so. */
	payload = payload_that_sums_to_zero(CLIENT ":1234", VIP);
	expect_translated_with(udp(CLIENT ":1234", VIP, .payload = payload, .payload_size = 8),
			       udp(CLIENT ":1234", POD1 ":8080", .payload = payload, .payload_size = 8));
}

TEST(bytes_are_counted_with_packets)
{
	struct frame frame = packet(CLIENT ":1234", VIP);
	struct sr_counter counters[SR_REASON_MAX];

	given_external(VIP, POD1 ":8080");
	send(PROG_FROM_WIRE, frame);
	send(PROG_XDP, frame);
	assert_int_equal(sr_maps_counters(harness_datapath(), counters, NULL), 0);
	assert_int_equal(counters[SR_OK].packets, 2);
	assert_int_equal(counters[SR_OK].bytes, 2 * frame.length);
}

const struct CMUnitTest headers_tests[] = {
	EACH_WAY(dscp_and_ecn_survive),
	TEST_IN(ip_options_survive, 4, IPPROTO_TCP, "(IPv4, TCP)"),
	TEST_IN(ip_options_survive, 4, IPPROTO_UDP, "(IPv4, UDP)"),
	ONLY_V4(ip_options_survive_forwarding),
	TEST_IN(extension_headers_survive, 6, IPPROTO_TCP, "(IPv6, TCP)"),
	TEST_IN(extension_headers_survive, 6, IPPROTO_UDP, "(IPv6, UDP)"),
	EACH_WAY(payloads_of_all_sizes),
	TEST_IN(udp_without_a_checksum_stays_without, 4, IPPROTO_UDP, "(IPv4)"),
	TEST_IN(udp_checksum_that_comes_out_as_zero, 4, IPPROTO_UDP, "(IPv4)"),
	TEST_IN(udp_checksum_that_comes_out_as_zero, 6, IPPROTO_UDP, "(IPv6)"),
	EACH_WAY(bytes_are_counted_with_packets),
};
const size_t num_headers_tests = ARRAY_SIZE(headers_tests);
