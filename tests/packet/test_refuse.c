// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the sender of a dropped packet is told, and when it is told nothing. */
#include "tests.h"

#define VIP  "198.51.100.7"
#define FROM CLIENT ":1234"
#define TO   VIP ":90"

/* Back by the link it came from. */
#define BACK	    .smac = MAC_NODE, .dmac = MAC_GATEWAY
#define FROM_ROUTER .tos = 0xc0, .dont_fragment = true, .no_flow_label = true

static struct frame unreachable(const char *node, const char *client, const struct frame *about, size_t quote)
{
	int type = world.family == 4 ? 3 : 1, code = world.family == 4 ? 3 : 4;

	return icmp(node, client, type, code, about, .quote_size = quote, FROM_ROUTER, BACK);
}

/* A service that nobody serves. */
static void given_nobody(void)
{
	given_external(TO, NULL);
	given_service("10.96.0.10:80", NULL);
}

static void expect_unreachable(struct frame frame)
{
	send(PROG_FROM_WIRE, frame);
	expect_refusal(SR_DROP_NO_ENDPOINT, unreachable(NODE ":1", CLIENT ":1", &frame, 0));
}

static void expect_silence(struct frame frame)
{
	send(PROG_FROM_WIRE, frame);
	expect_drop(SR_DROP_NO_ENDPOINT);
	expect_verdict(VERDICT_DROP);
}

TEST(outside_is_told)
{
	given_nobody();
	expect_unreachable(packet(FROM, TO, .flags = SYN));
	expect_unreachable(packet(FROM, TO, .payload_size = 1));
	expect_counter(SR_DROP_NO_ENDPOINT, 2);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

TEST(a_pod_is_told)
{
	struct frame frame = packet(POD1 ":1234", "10.96.0.10:80", .flags = SYN);

	given_nobody();
	send(PROG_FROM_POD, frame);
	expect_refusal(SR_DROP_NO_ENDPOINT, unreachable(NODE_TO_PODS ":1", POD1 ":1", &frame, 0));
}

/* As kube-proxy's do: "Destination Port Unreachable", at once. */
TEST(who_pings_a_cluster_ip_is_told)
{
	struct frame frame = ping(POD1 ":1", "10.96.0.10:1", .payload_size = 57);

	given_service("10.96.0.10:80", POD2 ":8080");
	send(PROG_FROM_POD, frame);
	expect_refusal(SR_DROP_NO_SUCH_PORT, unreachable(NODE_TO_PODS ":1", POD1 ":1", &frame, 0));
	/* GRE's number in its place. */
	frame = frame_poke(frame, world.family == 4 ? 14 + 9 : 14 + 6, 47);
	send(PROG_FROM_POD, frame);
	expect_refusal(SR_DROP_NO_SUCH_PORT, unreachable(NODE_TO_PODS ":1", POD1 ":1", &frame, 0));
}

/* RFC 1122, section 3.2.2; RFC 4443, section 2.4 (e). */
TEST(errors_and_echoes_to_a_cluster_ip_are_not_answered)
{
	struct frame about = packet("10.96.0.10:80", POD1 ":1234");
	struct frame echo = ping(POD1 ":1", "10.96.0.10:1");

	given_service("10.96.0.10:80", POD2 ":8080");
	send(PROG_FROM_POD, unreachable(POD1 ":1", "10.96.0.10:1", &about, 0));
	expect_drop(SR_DROP_NO_SUCH_PORT);
	expect_verdict(VERDICT_DROP);
	send(PROG_FROM_POD, frame_poke(echo, 14 + (world.family == 4 ? 20 : 40), world.family == 4 ? 0 : 129));
	expect_drop(SR_DROP_NO_SUCH_PORT);
	expect_verdict(VERDICT_DROP);
	/* By its length it ends before its type. */
	echo = frame_poke(echo, world.family == 4 ? 14 + 3 : 14 + 5, world.family == 4 ? 20 : 0);
	send(PROG_FROM_POD, frame_poke(echo, world.family == 4 ? 14 + 2 : 14 + 4, 0));
	expect_drop(SR_DROP_NO_SUCH_PORT);
	expect_verdict(VERDICT_DROP);
}

TEST(every_byte_counts)
{
	given_nobody();
	for (size_t size = 1; size < 12; size++)
		expect_unreachable(packet(FROM, TO, .payload_size = size));
}

/* RFC 1812, section 4.3.2.3; RFC 4443, section 2.4 (c). */
TEST(a_long_packet_is_quoted_in_part)
{
	size_t most = world.family == 4 ? 576 - 28 : 1280 - 48;

	given_nobody();
	for (size_t size = most - 60; size < 1460; size += size < most + 5 ? 1 : 131) {
		struct frame frame = packet(FROM, TO, .payload_size = size);
		size_t whole = frame.length - 14;

		send(PROG_FROM_WIRE, frame);
		expect_refusal(SR_DROP_NO_ENDPOINT,
			       unreachable(NODE ":1", CLIENT ":1", &frame, whole < most ? whole : most));
	}
}

TEST(ethernets_padding_is_not_quoted)
{
	struct frame frame = udp(FROM, TO, .payload_size = 1), padded = frame;

	given_nobody();
	padded.length = frame.length + 17;
	send(PROG_FROM_WIRE, padded);
	expect_refusal(SR_DROP_NO_ENDPOINT, unreachable(NODE ":1", CLIENT ":1", &frame, 0));
}

TEST(headers_are_quoted_as_they_are)
{
	given_nobody();
	expect_unreachable(packet(FROM, TO, .tos = 0xb9, .ttl = 3));
	if (world.family == 4)
		expect_unreachable(packet(FROM, TO, .ip_options = 40));
	else
		expect_unreachable(packet(FROM, TO, .extensions = "hdra"));
	if (world.proto == IPPROTO_UDP)
		expect_unreachable(udp(FROM, TO, .no_checksum = true));
}

/* The device has no address: the address that was called must do. */
TEST(without_an_address_the_service_itself_answers)
{
	struct frame frame = packet(FROM, TO);

	given_nobody();
	given_no_snat_address(DEVICE_ETH0);
	send(PROG_FROM_WIRE, frame);
	expect_refusal(SR_DROP_NO_ENDPOINT, unreachable(TO, CLIENT ":1", &frame, 0));
}

/* RFC 1122, section 3.2.2; RFC 4443, section 2.4 (e). */
TEST(who_is_no_host_is_told_nothing)
{
	static const char *const v4[] = {"0.0.0.0:9", "127.0.0.1:9", "224.0.0.1:9", "255.255.255.255:9"};
	static const char *const v6[] = {"[::]:9", "[::1]:9", "[ff02::1]:9", "[ff0e::7]:9"};

	given_nobody();
	for (size_t i = 0; i < ARRAY_SIZE(v4); i++) {
		send(PROG_FROM_WIRE, packet(world.family == 4 ? v4[i] : v6[i], TO));
		expect_drop(SR_DROP_MARTIAN);
		expect_verdict(VERDICT_DROP);
	}
}

TEST(what_went_to_all_on_the_link_is_not_answered)
{
	given_nobody();
	send(PROG_FROM_WIRE, frame_poke(packet(FROM, TO), 0, 0xff));
	expect_untouched(SR_PASS_OTHER_HOST);
	/* A pod's device may be the port of a bridge. */
	send(PROG_FROM_POD, frame_poke(packet(POD1 ":9", TO), 0, 0x01));
	expect_drop(SR_DROP_NO_ENDPOINT);
	expect_verdict(VERDICT_DROP);
}

/* Entered now, the flow would keep its client's address for good, wherever the route leads one day. */
TEST(a_backend_without_a_route_is_reported_and_given_no_connection)
{
	struct frame frame = packet(FROM, TO, .flags = SYN);
	int type = world.family == 4 ? 3 : 1, code = world.family == 4 ? 1 : 0;

	given_external(TO, UNREACHABLE ":8080");
	send(PROG_XDP, frame);
	expect_untouched(SR_PASS_TO_TC);
	send(PROG_FROM_WIRE, frame);
	expect_refusal(SR_DROP_NO_ROUTE, icmp(NODE ":1", CLIENT ":1", type, code, &frame, FROM_ROUTER, BACK));
	assert_int_equal(conns_count(ANY_CONN), 0);
}

/* CNIs put such routes over their blocks of addresses: the pod's own may come in a moment. */
TEST(a_backend_in_a_black_hole_is_not)
{
	given_external(TO, BLACKHOLE ":8080");
	send(PROG_FROM_WIRE, packet(FROM, TO, .flags = SYN));
	expect_drop(SR_DROP_BLACKHOLE);
	expect_verdict(VERDICT_DROP);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

TEST(later_fragments_are_not_answered)
{
	given_nobody();
	expect_unreachable(packet(FROM, TO, .payload_size = 900, .fragment_size = 480, .fragment_id = 7));
	expect_silence(
		packet(FROM, TO, .payload_size = 900, .fragment_from = 480, .fragment_size = 480, .fragment_id = 7));
}

TEST(xdp_leaves_the_answer_to_tc)
{
	given_nobody();
	send(PROG_XDP, packet(FROM, TO));
	expect_untouched(SR_PASS_TO_TC);
}

/* As the kernel limits its own: six at once, then one for each period; each peer by itself. */
TEST(errors_to_one_peer_are_limited)
{
	given_icmp_ratelimit(60000);
	given_nobody();
	for (int i = 0; i < 6; i++)
		expect_unreachable(packet(FROM, TO));
	expect_silence(packet(FROM, TO));
	expect_silence(packet(CLIENT ":5", TO));
	send(PROG_FROM_WIRE, packet("203.0.113.10:1234", TO));
	expect_verdict(VERDICT_REDIRECT);
}

static struct frame expired(const char *client, const struct frame *about)
{
	return icmp(NODE ":1", client, world.family == 4 ? 11 : 3, 0, about, FROM_ROUTER, BACK);
}

static struct frame too_big(const char *client, uint32_t mtu, const struct frame *about)
{
	int type = world.family == 4 ? 3 : 2, code = world.family == 4 ? 4 : 0;
	size_t most = world.family == 4 ? 576 - 28 : 1280 - 48;

	return icmp(NODE ":1", client, type, code, about, .icmp_info = mtu, .quote_size = most, FROM_ROUTER, BACK);
}

/* To another node there is a hop, and it is traceroute's. */
TEST(the_last_hop_is_reported)
{
	struct frame frame = packet(FROM, TO, .ttl = 1);

	given_external(TO, REMOTE ":8080");
	send(PROG_FROM_WIRE, frame);
	expect_refusal(SR_DROP_TTL, expired(CLIENT ":1", &frame));
}

/* RFC 1191; RFC 8201. It is said of what may be fragmented, too: a program cannot do it. */
TEST(what_is_too_long_for_the_way_out_is_reported)
{
	size_t transport = world.proto == IPPROTO_TCP ? 20 : world.proto == IPPROTO_UDP ? 8 : 12;
	size_t headers = (world.family == 4 ? 20 : 40) + transport;
	struct frame frame = packet(FROM, TO, .payload_size = 1501 - headers);

	given_external(TO, REMOTE ":8080");
	send(PROG_FROM_WIRE, frame);
	expect_refusal(SR_DROP_TOO_BIG, too_big(CLIENT ":1", 1500, &frame));
	send(PROG_FROM_WIRE, packet(FROM, TO, .payload_size = 1500 - headers));
	expect_redirect(packet(expect_snat(NODE), REMOTE ":8080", .payload_size = 1500 - headers, .ttl = 63));
}

/* What path-MTU discovery needs is not limited. */
TEST(mtus_are_told_without_limit)
{
	struct frame frame = packet(FROM, TO, .payload_size = 2000);

	given_icmp_ratelimit(60000);
	given_external(TO, REMOTE ":8080");
	for (int i = 0; i < 9; i++) {
		send(PROG_FROM_WIRE, frame);
		expect_refusal(SR_DROP_TOO_BIG, too_big(CLIENT ":1", 1500, &frame));
	}
}

const struct CMUnitTest refuse_tests[] = {
	EACH_WAY(outside_is_told),
	EACH_WAY(a_pod_is_told),
	EACH_WAY(every_byte_counts),
	EACH_WAY(a_long_packet_is_quoted_in_part),
	TEST_IN(ethernets_padding_is_not_quoted, 4, IPPROTO_UDP, "(IPv4)"),
	TEST_IN(ethernets_padding_is_not_quoted, 6, IPPROTO_UDP, "(IPv6)"),
	EACH_WAY(headers_are_quoted_as_they_are),
	BOTH_FAMILIES(without_an_address_the_service_itself_answers),
	BOTH_FAMILIES(who_is_no_host_is_told_nothing),
	BOTH_FAMILIES(what_went_to_all_on_the_link_is_not_answered),
	EACH_WAY(the_last_hop_is_reported),
	EACH_WAY(what_is_too_long_for_the_way_out_is_reported),
	BOTH_FAMILIES(mtus_are_told_without_limit),
	EACH_WAY(a_backend_without_a_route_is_reported_and_given_no_connection),
	EACH_WAY(a_backend_in_a_black_hole_is_not),
	EACH_WAY(later_fragments_are_not_answered),
	EACH_WAY(xdp_leaves_the_answer_to_tc),
	BOTH_FAMILIES(errors_to_one_peer_are_limited),
	BOTH_FAMILIES(who_pings_a_cluster_ip_is_told),
	BOTH_FAMILIES(errors_and_echoes_to_a_cluster_ip_are_not_answered),
};
const size_t num_refuse_tests = ARRAY_SIZE(refuse_tests);
