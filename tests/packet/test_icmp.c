// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ICMP errors about translated packets reach whom they concern, about a packet
 * that it knows: from the backend's side, and from the client's.
 */
#include "tests.h"

#define VIP    "198.51.100.7:90"
#define ROUTER "192.0.2.33:1"
#define BACK   POD1 ":8080"
#define FROM   CLIENT ":1234"

/* Of each family, the error that says so. */
struct kind {
	uint8_t type, code;
	uint32_t info;
};

static struct kind unreachable(void)
{
	return world.family == 4 ? (struct kind){3, 3, 0} : (struct kind){1, 4, 0};
}

static struct kind too_big(void)
{
	return world.family == 4 ? (struct kind){3, 4, 1400} : (struct kind){2, 0, 1400};
}

#define error(from_, to_, kind_, about_, ...)                                                                          \
	icmp(from_, to_, (kind_).type, (kind_).code, about_, .icmp_info = (kind_).info, ##__VA_ARGS__)

/* A connection to a pod of this node, and what each side saw of it. */
static void given_connection(void)
{
	given_external(VIP, BACK);
	send(PROG_FROM_WIRE, packet(FROM, VIP));
	expect_packet(packet(FROM, BACK));
}

/* The same to another node's; returns the address that its backend sees. */
static const char *given_remote_connection(void)
{
	given_external(VIP, REMOTE ":8080");
	send(PROG_FROM_WIRE, packet(FROM, VIP));
	return expect_snat(NODE);
}

TEST(the_backend_itself_complains)
{
	struct frame seen = packet(FROM, BACK), known = packet(FROM, VIP);

	given_connection();
	send(PROG_FROM_POD, error(BACK, FROM, unreachable(), &seen));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	send(PROG_TO_WIRE, error(BACK, FROM, unreachable(), &seen));
	expect_packet(error(VIP, FROM, unreachable(), &known));
	send(PROG_TO_POD, error(BACK, FROM, too_big(), &seen));
	expect_packet(error(VIP, FROM, too_big(), &known));
}

/* Who is on the way keeps its address: traceroute shows it. */
TEST(a_router_before_the_backend_complains)
{
	struct frame seen = packet(FROM, BACK), known = packet(FROM, VIP);

	given_connection();
	send(PROG_TO_WIRE, error(ROUTER, FROM, too_big(), &seen));
	expect_packet(error(ROUTER, FROM, too_big(), &known));
}

/* Of a quote of SCTP the ports are translated, and its CRC32c is left: nobody checks that of a part. */
TEST(a_quote_of_sctp)
{
	struct frame seen = packet(FROM, BACK, .no_checksum = true), known = packet(FROM, VIP, .no_checksum = true);

	given_connection();
	send(PROG_TO_WIRE, error(ROUTER, FROM, too_big(), &seen));
	expect_packet(error(ROUTER, FROM, too_big(), &known));
}

TEST(the_client_complains)
{
	struct frame seen = packet(VIP, FROM), known = packet(BACK, FROM);

	given_connection();
	send(PROG_FROM_WIRE, error(FROM, VIP, unreachable(), &seen));
	expect_packet(error(FROM, BACK, unreachable(), &known));
	send(PROG_FROM_WIRE, error(ROUTER, VIP, too_big(), &seen));
	expect_packet(error(ROUTER, BACK, too_big(), &known));
}

/* Between two networks this node speaks for what is behind it (RFC 5508, REQ-5). */
TEST(another_nodes_side_complains)
{
	const char *node = given_remote_connection();
	struct frame seen = packet(node, REMOTE ":8080"), known = packet(FROM, VIP);

	send(PROG_FROM_WIRE, error(REMOTE ":8080", node, unreachable(), &seen));
	expect_redirect(error(VIP, FROM, unreachable(), &known, .ttl = 63));
	send(PROG_FROM_WIRE, error(ROUTER, node, too_big(), &seen));
	expect_redirect(error(VIP, FROM, too_big(), &known, .ttl = 63));
}

TEST(the_client_of_another_nodes_backend_complains)
{
	const char *node = given_remote_connection();
	struct frame seen = packet(VIP, FROM), known = packet(REMOTE ":8080", node);

	send(PROG_FROM_WIRE, error(FROM, VIP, unreachable(), &seen));
	expect_redirect(error(node, REMOTE ":8080", unreachable(), &known, .ttl = 63));
	send(PROG_FROM_WIRE, error(ROUTER, VIP, too_big(), &seen));
	expect_redirect(error(node, REMOTE ":8080", too_big(), &known, .ttl = 63));
}

TEST(no_answer_to_an_error_whose_hops_are_used_up)
{
	const char *node = given_remote_connection();
	struct frame seen = packet(node, REMOTE ":8080");

	send(PROG_FROM_WIRE, error(ROUTER, node, too_big(), &seen, .ttl = 1));
	expect_drop(SR_DROP_TTL);
	expect_verdict(VERDICT_DROP);
}

/* RFC 792; RFC 4443, section 2.1. The rest is not ours. */
TEST(errors_of_every_type_and_nothing_else)
{
	struct frame seen = packet(FROM, BACK), known = packet(FROM, VIP);
	uint32_t errors = world.family == 4 ? 1 << 3 | 1 << 4 | 1 << 11 | 1 << 12 : 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4;

	given_connection();
	for (int type = 0; type < 20; type++) {
		send(PROG_TO_WIRE, icmp(ROUTER, FROM, type, 0, &seen));
		if (errors >> type & 1)
			expect_packet(icmp(ROUTER, FROM, type, 0, &known));
		else
			expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	}
}

/* Eight bytes of the transport are enough; what is not quoted is not looked for. */
TEST(quotes_of_every_size)
{
	struct frame seen = packet(FROM, BACK, .payload_size = 64), known = packet(FROM, VIP, .payload_size = 64);
	size_t ip = world.family == 4 ? 20 : 40;

	given_connection();
	for (size_t size = ip + 8; size < ip + 40; size++) {
		/* TCP's checksum is cut in two. */
		if (world.proto == IPPROTO_TCP && size == ip + 17)
			continue;
		send(PROG_TO_WIRE, error(ROUTER, FROM, too_big(), &seen, .quote_size = size));
		expect_packet(error(ROUTER, FROM, too_big(), &known, .quote_size = size));
	}
	for (size_t size = 1; size < ip + 4; size++) {
		send(PROG_TO_WIRE, error(ROUTER, FROM, too_big(), &seen, .quote_size = size));
		expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	}
}

static void expect_turned(struct frame seen, struct frame known)
{
	send(PROG_TO_WIRE, error(ROUTER, FROM, too_big(), &seen));
	expect_packet(error(ROUTER, FROM, too_big(), &known));
}

TEST(quotes_with_rare_headers)
{
	given_connection();
	if (world.family == 4)
		expect_turned(packet(FROM, BACK, .ip_options = 24), packet(FROM, VIP, .ip_options = 24));
	else
		expect_turned(packet(FROM, BACK, .extensions = "hdra"), packet(FROM, VIP, .extensions = "hdra"));
	expect_turned(packet(FROM, BACK, .tos = 0xff, .ttl = 1), packet(FROM, VIP, .tos = 0xff, .ttl = 1));
	if (world.proto == IPPROTO_UDP)
		expect_turned(packet(FROM, BACK, .no_checksum = true), packet(FROM, VIP, .no_checksum = true));
}

/* The first fragment of a datagram bears its ports, the others do not. */
TEST(quotes_of_fragments)
{
	struct frame first = packet(FROM, BACK, .payload_size = 900, .fragment_size = 480, .fragment_id = 7);
	struct frame known = packet(FROM, VIP, .payload_size = 900, .fragment_size = 480, .fragment_id = 7);
	struct frame later =
		packet(FROM, BACK, .payload_size = 900, .fragment_from = 480, .fragment_size = 480, .fragment_id = 7);

	given_connection();
	expect_turned(first, known);
	send(PROG_TO_WIRE, error(ROUTER, FROM, too_big(), &later));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
}

/* An error goes to who sent the packet that it quotes: any other is not to be believed. */
TEST(an_error_to_somebody_else)
{
	struct frame seen = packet(FROM, BACK);

	given_connection();
	send(PROG_TO_WIRE, error(ROUTER, "203.0.113.77:1", too_big(), &seen));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
}

TEST(an_error_about_a_packet_of_nobody)
{
	struct frame seen = packet(CLIENT ":1235", BACK), answer = packet(VIP, CLIENT ":1235");

	given_connection();
	send(PROG_TO_WIRE, error(ROUTER, FROM, too_big(), &seen));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	send(PROG_FROM_WIRE, error(ROUTER, VIP, too_big(), &answer));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	assert_int_equal(conns_count(ANY_CONN), 2);
}

TEST(xdp_leaves_errors_to_tc)
{
	const char *node = given_remote_connection();
	struct frame seen = packet(node, REMOTE ":8080");

	send(PROG_XDP, error(ROUTER, node, too_big(), &seen));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
}

const struct CMUnitTest icmp_tests[] = {
	TCP_AND_UDP(the_backend_itself_complains),
	TCP_AND_UDP(a_router_before_the_backend_complains),
	TEST_IN(a_quote_of_sctp, 4, IPPROTO_SCTP, "(IPv4)"),
	TEST_IN(a_quote_of_sctp, 6, IPPROTO_SCTP, "(IPv6)"),
	TCP_AND_UDP(the_client_complains),
	TCP_AND_UDP(another_nodes_side_complains),
	TCP_AND_UDP(the_client_of_another_nodes_backend_complains),
	BOTH_FAMILIES(no_answer_to_an_error_whose_hops_are_used_up),
	BOTH_FAMILIES(errors_of_every_type_and_nothing_else),
	TCP_AND_UDP(quotes_of_every_size),
	TCP_AND_UDP(quotes_with_rare_headers),
	TCP_AND_UDP(quotes_of_fragments),
	EACH_WAY(an_error_to_somebody_else),
	EACH_WAY(an_error_about_a_packet_of_nobody),
	BOTH_FAMILIES(xdp_leaves_errors_to_tc),
};
const size_t num_icmp_tests = ARRAY_SIZE(icmp_tests);
