// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is not ours goes on as it came, byte for byte, and leaves no trace. */
#include <string.h>

#include "tests.h"

#define VIP "198.51.100.7"

/* A service, so that there is something that a packet may miss. */
static void given_the_service(void)
{
	given_external(VIP ":90", POD1 ":8080");
}

static void expect_untouched_everywhere(struct frame frame, int reason_in, int reason_out)
{
	for (enum program program = 0; program < NUM_PROGRAMS; program++) {
		bool out = program == PROG_TO_WIRE || program == PROG_TO_POD;

		send(program, frame);
		expect_untouched(out ? reason_out : reason_in);
	}
	assert_int_equal(conns_count(ANY_CONN), 0);
}

TEST(another_address)
{
	given_the_service();
	expect_untouched_everywhere(packet(CLIENT ":1234", POD1 ":8080", .flags = SYN), SR_PASS_NOT_A_SERVICE,
				    SR_PASS_NOT_A_REPLY);
	expect_untouched_everywhere(packet(POD1 ":8080", CLIENT ":1234"), SR_PASS_NOT_A_SERVICE, SR_PASS_NOT_A_REPLY);
}

TEST(another_port)
{
	given_the_service();
	expect_untouched_everywhere(packet(CLIENT ":1234", VIP ":91"), SR_PASS_NOT_A_SERVICE, SR_PASS_NOT_A_REPLY);
}

TEST(another_protocol)
{
	given_external(VIP ":90/tcp", POD1 ":8080");
	expect_untouched_everywhere(udp(CLIENT ":1234", VIP ":90"), SR_PASS_NOT_A_SERVICE, SR_PASS_NOT_A_REPLY);
	expect_untouched_everywhere(ping(CLIENT ":1", VIP ":90"), SR_PASS_NOT_SERVED_PROTO, SR_PASS_NOT_SERVED_PROTO);
	expect_untouched_everywhere(sctp(CLIENT ":1234", VIP ":90"), SR_PASS_NOT_A_SERVICE, SR_PASS_NOT_A_REPLY);
	expect_untouched_everywhere(packet(CLIENT ":1234", VIP ":90", .proto = IPPROTO_DCCP), SR_PASS_NOT_SERVED_PROTO,
				    SR_PASS_NOT_SERVED_PROTO);
}

/* IEEE 802.1Q: four bytes after the addresses. The VLAN's device is served by itself. */
static struct frame tagged(struct frame frame, uint8_t type_high, uint8_t type_low)
{
	memmove(frame.bytes + 16, frame.bytes + 12, frame.length - 12);
	memcpy(frame.bytes + 12, (uint8_t[]){type_high, type_low, 0, 7}, 4);
	frame.length += 4;
	return frame;
}

TEST(a_frame_of_a_vlan)
{
	given_the_service();
	expect_untouched_everywhere(tagged(packet(CLIENT ":1234", VIP ":90"), 0x81, 0x00), SR_PASS_VLAN, SR_PASS_VLAN);
	expect_untouched_everywhere(tagged(packet(CLIENT ":1234", VIP ":90"), 0x88, 0xa8), SR_PASS_VLAN, SR_PASS_VLAN);
}

TEST(another_flow_of_the_same_pod)
{
	given_the_service();
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP ":90"));
	send(PROG_TO_WIRE, packet(POD1 ":8080", CLIENT ":1235"));
	expect_untouched(SR_PASS_NOT_A_REPLY);
	send(PROG_TO_WIRE, packet(POD1 ":8081", CLIENT ":1234"));
	expect_untouched(SR_PASS_NOT_A_REPLY);
}

/* Answers are turned back on their way out only. */
TEST(an_answer_on_its_way_in)
{
	given_the_service();
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP ":90"));
	send(PROG_FROM_POD, packet(POD1 ":8080", CLIENT ":1234"));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	send(PROG_TO_POD, packet(CLIENT ":1234", VIP ":90"));
	expect_untouched(SR_PASS_NOT_A_REPLY);
}

TEST(neither_ipv4_nor_ipv6)
{
	given_the_service();
	expect_untouched_everywhere(frame_other(0x0806, 46), SR_PASS_NOT_IP, SR_PASS_NOT_IP); /* ARP */
	expect_untouched_everywhere(frame_other(0x88cc, 60), SR_PASS_NOT_IP, SR_PASS_NOT_IP); /* LLDP */
	expect_untouched_everywhere(frame_other(0x0806, 2), SR_PASS_NOT_IP, SR_PASS_NOT_IP);
}

TEST(neighbour_solicitation)
{
	struct frame frame = frame_poke(ping(CLIENT ":1", VIP ":1", .ttl = 255), 54, 135);

	given_the_service();
	expect_untouched_everywhere(frame, SR_PASS_NOT_SERVED_PROTO, SR_PASS_NOT_SERVED_PROTO);
}

/* Wherever the frame ends, if that is before its IP header says, it is no packet of ours. */
TEST(cut_short)
{
	struct frame whole = packet(CLIENT ":1234", VIP ":90");

	given_the_service();
	for (size_t length = 14 + (world.family == 4 ? 20 : 40); length < whole.length; length++) {
		send(PROG_FROM_WIRE, frame_cut(whole, length));
		expect_untouched(SR_PASS_MALFORMED);
		send(PROG_XDP, frame_cut(whole, length));
		expect_untouched(SR_PASS_MALFORMED);
	}
	assert_int_equal(conns_count(ANY_CONN), 0);
}

/* It may say less: short frames are padded. */
TEST(padded)
{
	given_the_service();
	send(PROG_FROM_WIRE, frame_cut(packet(CLIENT ":1234", VIP ":90"), 120));
	expect_packet(frame_cut(packet(CLIENT ":1234", POD1 ":8080"), 120));
	send(PROG_XDP, frame_cut(packet(CLIENT ":1234", VIP ":90"), 120));
	expect_packet(frame_cut(packet(CLIENT ":1234", POD1 ":8080"), 120));
}

/* The kernel runs tc on no frame that lacks a whole IP header, and XDP on none that is no frame. */
TEST(cut_within_the_ip_header)
{
	struct frame whole = packet(CLIENT ":1234", VIP ":90");

	given_the_service();
	for (size_t length = 14; length < 14u + (world.family == 4 ? 20 : 40); length++) {
		send(PROG_XDP, frame_cut(whole, length));
		expect_untouched(SR_PASS_MALFORMED);
	}
}

TEST(a_header_that_is_shorter_than_a_header)
{
	given_the_service();
	for (int ihl = 0; ihl < 5; ihl++)
		expect_untouched_everywhere(frame_poke(packet(CLIENT ":1234", VIP ":90"), 14, 0x40 | ihl),
					    SR_PASS_MALFORMED, SR_PASS_MALFORMED);
}

TEST(a_header_that_is_longer_than_the_frame)
{
	given_the_service();
	expect_untouched_everywhere(frame_poke(packet(CLIENT ":1234", VIP ":90", .payload = ""), 14, 0x4f),
				    SR_PASS_MALFORMED, SR_PASS_MALFORMED);
}

TEST(another_version_than_the_frame_says)
{
	struct frame frame = packet(CLIENT ":1234", VIP ":90");

	given_the_service();
	expect_untouched_everywhere(frame_poke(frame, 14, frame.bytes[14] ^ 0x20), SR_PASS_MALFORMED,
				    SR_PASS_MALFORMED);
}

TEST(an_extension_header_that_is_longer_than_the_frame)
{
	struct frame frame = packet(CLIENT ":1234", VIP ":90", .extensions = "h");

	given_the_service();
	for (int length = 8; length < 256; length += 31)
		expect_untouched_everywhere(frame_poke(frame, 14 + 40 + 1, length), SR_PASS_MALFORMED,
					    SR_PASS_MALFORMED);
}

TEST(more_extension_headers_than_we_read)
{
	given_the_service();
	expect_untouched_everywhere(packet(CLIENT ":1234", VIP ":90", .extensions = "hdrddddd"),
				    SR_PASS_NOT_SERVED_PROTO, SR_PASS_NOT_SERVED_PROTO);
}

/* Its length is the IP header's and so many bytes more. */
static struct frame with_length(struct frame frame, size_t more)
{
	size_t length = world.family == 4 ? 20 + more : more, at = world.family == 4 ? 14 + 2 : 14 + 4;

	return frame_poke(frame_poke(frame, at, length >> 8), at + 1, length & 0xff);
}

/* The frame goes on, but the packet ends before its transport's header does. */
TEST(ends_within_its_transport_header)
{
	static const uint8_t headers[] = {[IPPROTO_TCP] = 20, [IPPROTO_UDP] = 8, [IPPROTO_SCTP] = 12};

	given_the_service();
	for (size_t more = 0; more < headers[world.proto]; more++)
		expect_untouched_everywhere(with_length(packet(CLIENT ":1234", VIP ":90", .flags = SYN), more),
					    SR_PASS_MALFORMED, SR_PASS_MALFORMED);
	send(PROG_FROM_WIRE, with_length(packet(CLIENT ":1234", VIP ":90", .flags = SYN), headers[world.proto]));
	expect_verdict(VERDICT_PASS);
	expect_counter(SR_OK, 1);
}

/* The length that the header promises is more than 16 bits can hold, with the header itself. */
TEST(longest_payload_lengths_are_not_ours)
{
	struct frame frame;

	given_the_service();
	for (int low = 0xd7; low <= 0xff; low++) {
		frame = frame_poke(packet(CLIENT ":1234", VIP ":90"), 14 + 4, 0xff);
		expect_untouched_everywhere(frame_poke(frame, 14 + 5, low), SR_PASS_MALFORMED, SR_PASS_MALFORMED);
	}
}

/* An IPv6 packet between IPv4-mapped addresses (RFC 4291, section 2.5.5.2) is no IPv4 client's. */
TEST(mapped_addresses_on_the_wire)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t client[4] = {203, 0, 113, 9}, service[4] = {198, 51, 100, 7};
	struct frame frame = tcp6(CLIENT ":1234", "198.51.100.7:90", .flags = SYN);

	for (int i = 0; i < 16; i++) {
		frame = frame_poke(frame, 14 + 8 + i, i < 12 ? prefix[i] : client[i - 12]);
		frame = frame_poke(frame, 14 + 24 + i, i < 12 ? prefix[i] : service[i - 12]);
	}
	given_external("198.51.100.7:90", REMOTE ":8080");
	expect_untouched_everywhere(frame, SR_PASS_MALFORMED, SR_PASS_MALFORMED);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

const struct CMUnitTest foreign_tests[] = {
	EACH_WAY(another_address),
	EACH_WAY(another_port),
	BOTH_FAMILIES(another_protocol),
	BOTH_FAMILIES(a_frame_of_a_vlan),
	EACH_WAY(another_flow_of_the_same_pod),
	EACH_WAY(an_answer_on_its_way_in),
	ONLY_V4(neither_ipv4_nor_ipv6),
	ONLY_V6(neighbour_solicitation),
	EACH_WAY(cut_short),
	EACH_WAY(padded),
	EACH_WAY(cut_within_the_ip_header),
	ONLY_V4(a_header_that_is_shorter_than_a_header),
	ONLY_V4(a_header_that_is_longer_than_the_frame),
	EACH_WAY(ends_within_its_transport_header),
	EACH_WAY(another_version_than_the_frame_says),
	ONLY_V6(an_extension_header_that_is_longer_than_the_frame),
	ONLY_V6(more_extension_headers_than_we_read),
	ONLY_V6(longest_payload_lengths_are_not_ours),
	ONLY_V4(mapped_addresses_on_the_wire),
};
const size_t num_foreign_tests = ARRAY_SIZE(foreign_tests);
