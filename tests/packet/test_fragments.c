// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Later fragments carry no ports: the first one tells tc; XDP leaves them all to it. */
#include "tests.h"

#define VIP "198.51.100.7:90"

/* A datagram in three, cut in its middle and near its end. */
static const struct {
	size_t from, size;
} parts[] = {{0, 40}, {40, 48}, {88, 200}};

#define PART(i) .payload_size = 100, .fragment_id = 7, .fragment_from = parts[i].from, .fragment_size = parts[i].size

TEST(fragments_follow_the_first)
{
	given_external(VIP, POD1 ":8080");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, PART(i)));
		expect_packet(packet(CLIENT ":1234", POD1 ":8080", PART(i)));
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		send(PROG_TO_WIRE, packet(POD1 ":8080", CLIENT ":1234", PART(i)));
		expect_packet(packet(VIP, CLIENT ":1234", PART(i)));
	}
}

TEST(fragments_from_a_pod)
{
	given_service("10.96.0.10:80", POD2 ":8080");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:80", PART(i)));
		expect_packet(packet(POD1 ":1234", POD2 ":8080", PART(i)));
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		send(PROG_TO_POD, packet(POD2 ":8080", POD1 ":1234", PART(i)));
		expect_packet(packet("10.96.0.10:80", POD1 ":1234", PART(i)));
	}
}

TEST(fragments_to_another_node)
{
	const char *node;

	given_external(VIP, REMOTE ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, PART(0)));
	node = expect_snat(NODE);
	expect_redirect(packet(node, REMOTE ":8080", PART(0), .ttl = 63));
	for (size_t i = 1; i < ARRAY_SIZE(parts); i++) {
		send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, PART(i)));
		expect_redirect(packet(node, REMOTE ":8080", PART(i), .ttl = 63));
	}
}

/* RFC 8200, section 4.5: what is cut may begin with an extension header; each part names that. */
TEST(fragments_with_an_extension_header)
{
	given_external(VIP, POD1 ":8080");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, PART(i), .extensions = "d"));
		expect_packet(packet(CLIENT ":1234", POD1 ":8080", PART(i), .extensions = "d"));
	}
}

TEST(a_later_fragment_without_its_first)
{
	given_external(VIP, POD1 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, PART(1)));
	expect_untouched(SR_PASS_FRAGMENT);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, PART(0)));
	expect_packet(packet(CLIENT ":1234", POD1 ":8080", PART(0)));
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .payload_size = 100, .fragment_id = 8, .fragment_from = 40,
				    .fragment_size = 48));
	expect_untouched(SR_PASS_FRAGMENT);
	send(PROG_FROM_WIRE, packet("203.0.113.10:1234", VIP, PART(1)));
	expect_untouched(SR_PASS_FRAGMENT);
}

/* Else who floods frames of others' would name the ports of what comes for us. */
TEST(a_first_fragment_for_another_host)
{
	given_external(VIP, POD1 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, PART(0), .dmac = MAC_OTHER_NODE));
	expect_untouched(SR_PASS_OTHER_HOST);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, PART(1)));
	expect_untouched(SR_PASS_FRAGMENT);
}

TEST(xdp_leaves_fragments_to_tc)
{
	given_external(VIP, POD1 ":8080");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		send(PROG_XDP, packet(CLIENT ":1234", VIP, PART(i)));
		expect_untouched(SR_PASS_TO_TC);
	}
	assert_int_equal(conns_count(ANY_CONN), 0);
}

TEST(fragments_that_are_not_ours)
{
	given_external(VIP, POD1 ":8080");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		send(PROG_FROM_WIRE, packet(CLIENT ":1234", POD2 ":90", PART(i)));
		expect_untouched(SR_PASS_NOT_A_SERVICE);
	}
	send(PROG_FROM_WIRE, ping(CLIENT ":1", POD1B ":1", PART(1)));
	expect_untouched(world.family == 4 ? SR_PASS_NOT_SERVED_PROTO : SR_PASS_FRAGMENT);
}

/* The id comes again, and this time the first one is lost. */
TEST(an_old_first_fragment_is_not_believed)
{
	given_external(VIP, POD1 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, PART(0)));
	fragments_age(25);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, PART(1)));
	expect_packet(packet(CLIENT ":1234", POD1 ":8080", PART(1)));
	fragments_age(10);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, PART(1)));
	expect_untouched(SR_PASS_FRAGMENT);
}

/* With --terminate the first fragment bears the reset; bytes of the later ones are no flags. */
TEST(fragments_of_what_is_terminated)
{
	given_terminate();
	given_external(VIP, POD1 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP));
	given_external(VIP, POD1 ":9090");
	send(PROG_TO_WIRE, packet(POD1 ":8080", CLIENT ":1234", PART(0), .flags = ACK));
	send(PROG_TO_WIRE, packet(POD1 ":8080", CLIENT ":1234", PART(1), .flags = ACK));
	expect_packet(packet(VIP, CLIENT ":1234", PART(1), .flags = ACK));
}

const struct CMUnitTest fragments_tests[] = {
	BOTH_FAMILIES(fragments_of_what_is_terminated),
	TCP_AND_UDP(fragments_follow_the_first),
	TCP_AND_UDP(fragments_from_a_pod),
	TCP_AND_UDP(fragments_to_another_node),
	TEST_IN(fragments_with_an_extension_header, 6, IPPROTO_TCP, "(IPv6, TCP)"),
	TEST_IN(fragments_with_an_extension_header, 6, IPPROTO_UDP, "(IPv6, UDP)"),
	TCP_AND_UDP(a_later_fragment_without_its_first),
	TCP_AND_UDP(a_first_fragment_for_another_host),
	TCP_AND_UDP(an_old_first_fragment_is_not_believed),
	EACH_WAY(xdp_leaves_fragments_to_tc),
	EACH_WAY(fragments_that_are_not_ours),
};
const size_t num_fragments_tests = ARRAY_SIZE(fragments_tests);
