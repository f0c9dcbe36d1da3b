// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * load --forward direct: from device to device past the stack, both ways; to a pod
 * as if its own end of the link had received the packet, in the frame for it.
 */
#include "tests.h"

#define SERVICE "10.96.0.10:80"
#define VIP	"198.51.100.7:90"
#define BACK	POD2 ":8080"
#define FROM	POD1 ":1234"

#define TO_POD1 .smac = MAC_NODE_TO_POD1, .dmac = MAC_POD1, .ttl = 63
#define TO_POD2 .smac = MAC_NODE_TO_POD2, .dmac = MAC_POD2, .ttl = 63
/* Where it goes by the neighbour table, tc leaves the frame to that. */
#define BY_NEIGHBOUR .ttl = 63

static void given_pods(void)
{
	given_forward_direct();
	given_service(SERVICE, BACK);
}

TEST(from_pod_to_pod_and_back)
{
	given_pods();
	/* The second of each goes as the first did. */
	for (int i = 0; i < 2; i++) {
		send(PROG_FROM_POD, packet(FROM, SERVICE, .payload = "odd"));
		expect_redirect(packet(FROM, BACK, .payload = "odd", TO_POD2));
		send_by(DEVICE_POD2, PROG_FROM_POD, packet(BACK, FROM));
		expect_redirect(packet(SERVICE, FROM, TO_POD1));
	}
	expect_counter(SR_OK, 4);
}

/* XDP cannot give it to a pod, and leaves all of it to tc. */
TEST(from_the_wire_to_a_pod_and_back)
{
	given_forward_direct();
	given_external(VIP, BACK);
	for (int i = 0; i < 2; i++) {
		send(PROG_XDP, packet(CLIENT ":1234", VIP));
		expect_untouched(SR_PASS_TO_TC);
		send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP));
		expect_redirect(packet(CLIENT ":1234", BACK, TO_POD2));
		send_by(DEVICE_POD2, PROG_FROM_POD, packet(BACK, CLIENT ":1234"));
		expect_redirect(packet(VIP, CLIENT ":1234", BY_NEIGHBOUR));
	}
}

TEST(from_a_pod_to_another_node_and_back)
{
	given_forward_direct();
	given_service(SERVICE, REMOTE ":8080");
	for (int i = 0; i < 2; i++) {
		send(PROG_FROM_POD, packet(FROM, SERVICE));
		expect_redirect(packet(FROM, REMOTE ":8080", BY_NEIGHBOUR));
		send(PROG_FROM_WIRE, packet(REMOTE ":8080", FROM));
		expect_redirect(packet(SERVICE, FROM, TO_POD1));
	}
}

/* A bridge, or a device whose other end is not a namespace's, has none that could be given it. */
TEST(a_device_without_a_peer_is_sent_to)
{
	given_pods();
	given_bridge(DEVICE_POD2);
	send(PROG_FROM_POD, packet(FROM, SERVICE));
	expect_redirect(packet(FROM, BACK, BY_NEIGHBOUR));
}

/* What leads to no device of ours, the stack routes. */
TEST(a_backend_elsewhere_is_left_to_the_stack)
{
	given_pods();
	given_no_device(DEVICE_POD2);
	send(PROG_FROM_POD, packet(FROM, SERVICE));
	expect_packet(packet(FROM, BACK));
	send(PROG_TO_POD, packet(BACK, FROM));
	expect_packet(packet(SERVICE, FROM));
}

TEST(the_way_is_asked_for_again)
{
	given_pods();
	/* The first one enters the flow, the second its way. */
	send(PROG_FROM_POD, packet(FROM, SERVICE));
	send(PROG_FROM_POD, packet(FROM, SERVICE));
	expect_redirect(packet(FROM, BACK, TO_POD2));
	given_bridge(DEVICE_POD2);
	send(PROG_FROM_POD, packet(FROM, SERVICE));
	expect_redirect(packet(FROM, BACK, TO_POD2));
	conn_age(FROM, SERVICE, 3);
	for (int i = 0; i < 3; i++) {
		send(PROG_FROM_POD, packet(FROM, SERVICE));
		expect_redirect(packet(FROM, BACK, BY_NEIGHBOUR));
	}
}

/* Also where each packet meets XDP before it. */
TEST(tc_asks_again_behind_xdp)
{
	given_forward_direct();
	given_external(VIP, BACK);
	for (int i = 0; i < 3; i++) {
		send(PROG_XDP, packet(CLIENT ":1234", VIP));
		send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP));
		expect_redirect(packet(CLIENT ":1234", BACK, TO_POD2));
	}
	given_bridge(DEVICE_POD2);
	conn_age(CLIENT ":1234", VIP, 3);
	for (int i = 0; i < 3; i++) {
		send(PROG_XDP, packet(CLIENT ":1234", VIP));
		expect_untouched(SR_PASS_TO_TC);
		send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP));
		expect_redirect(packet(CLIENT ":1234", BACK, BY_NEIGHBOUR));
	}
}

/* An answer that comes by no device of ours is turned where it leaves. */
TEST(an_answer_by_another_device)
{
	given_pods();
	send(PROG_FROM_POD, packet(FROM, SERVICE));
	send(PROG_TO_POD, packet(BACK, FROM));
	expect_packet(packet(SERVICE, FROM));
}

TEST(datagrams_in_fragments)
{
	given_pods();
	send(PROG_FROM_POD, packet(FROM, SERVICE, .payload_size = 100, .fragment_id = 7, .fragment_size = 64));
	expect_redirect(packet(FROM, BACK, .payload_size = 100, .fragment_id = 7, .fragment_size = 64, TO_POD2));
	send(PROG_FROM_POD,
	     packet(FROM, SERVICE, .payload_size = 100, .fragment_id = 7, .fragment_from = 64, .fragment_size = 44));
	expect_redirect(packet(FROM, BACK, .payload_size = 100, .fragment_id = 7, .fragment_from = 64,
			       .fragment_size = 44, TO_POD2));
}

/* What was known of the way is not believed of a packet that is too long, or at its last hop. */
TEST(no_more_than_is_known)
{
	given_pods();
	send(PROG_FROM_POD, packet(FROM, SERVICE));
	send(PROG_FROM_POD, packet(FROM, SERVICE));
	send(PROG_FROM_POD, packet(FROM, SERVICE, .ttl = 1));
	expect_drop(SR_DROP_TTL);
	send(PROG_FROM_POD, packet(FROM, SERVICE, .payload_size = 1501));
	expect_drop(SR_DROP_TOO_BIG);
	send_by(DEVICE_POD2, PROG_FROM_POD, packet(BACK, FROM, .ttl = 1));
	expect_drop(SR_DROP_TTL);
}

/* As in test_claims.c: or the answers would mix. */
TEST(a_service_and_directly_its_backend)
{
	given_pods();
	send(PROG_FROM_POD, packet(FROM, SERVICE, .flags = SYN, .seq = 1));
	expect_redirect(packet(FROM, BACK, .flags = SYN, .seq = 1, TO_POD2));
	send(PROG_FROM_POD, packet(FROM, BACK, .flags = SYN, .seq = 2));
	expect_packet(packet(expect_snat(POD1), BACK, .flags = SYN, .seq = 2));
	send_by(DEVICE_POD2, PROG_FROM_POD, packet(BACK, FROM, .flags = SYN | ACK));
	expect_redirect(packet(SERVICE, FROM, .flags = SYN | ACK, TO_POD1));
}

/* Who is on the way keeps its address though we send the error on ourselves. */
TEST(a_router_complains)
{
	struct frame seen = packet(FROM, REMOTE ":8080"), known = packet(FROM, SERVICE);
	uint8_t type = world.family == 4 ? 11 : 3;

	given_forward_direct();
	given_service(SERVICE, REMOTE ":8080");
	send(PROG_FROM_POD, packet(FROM, SERVICE));
	send(PROG_FROM_WIRE, icmp("192.0.2.33:1", FROM, type, 0, &seen));
	expect_redirect(icmp("192.0.2.33:1", FROM, type, 0, &known, TO_POD1));
	send(PROG_FROM_WIRE, icmp(REMOTE ":1", FROM, type, 0, &seen));
	expect_redirect(icmp(SERVICE, FROM, type, 0, &known, TO_POD1));
}

/* The option is about what begins: what is there goes on, whichever way. */
TEST(what_began_so_ends_so)
{
	given_pods();
	send(PROG_FROM_POD, packet(FROM, SERVICE));
	given_a_load();
	send(PROG_FROM_POD, packet(FROM, SERVICE));
	expect_redirect(packet(FROM, BACK, BY_NEIGHBOUR));
	send_by(DEVICE_POD2, PROG_FROM_POD, packet(BACK, FROM));
	/* Where the filter does not know it any more, it is turned where it leaves. */
	if (sent_verdict() == VERDICT_REDIRECT) {
		expect_redirect(packet(SERVICE, FROM, BY_NEIGHBOUR));
	} else {
		expect_untouched(SR_PASS_NOT_A_SERVICE);
		send(PROG_TO_POD, packet(BACK, FROM));
		expect_packet(packet(SERVICE, FROM));
	}
	send(PROG_FROM_POD, packet(POD1 ":1235", SERVICE));
	expect_packet(packet(POD1 ":1235", BACK));
	given_forward_direct();
	send(PROG_FROM_POD, packet(POD1 ":1235", SERVICE));
	expect_packet(packet(POD1 ":1235", BACK));
	send(PROG_TO_POD, packet(BACK, POD1 ":1235"));
	expect_packet(packet(SERVICE, POD1 ":1235"));
}

const struct CMUnitTest direct_tests[] = {
	EACH_WAY(from_pod_to_pod_and_back),
	EACH_WAY(from_the_wire_to_a_pod_and_back),
	EACH_WAY(from_a_pod_to_another_node_and_back),
	EACH_WAY(a_device_without_a_peer_is_sent_to),
	EACH_WAY(a_backend_elsewhere_is_left_to_the_stack),
	EACH_WAY(the_way_is_asked_for_again),
	EACH_WAY(tc_asks_again_behind_xdp),
	EACH_WAY(an_answer_by_another_device),
	TEST_IN(datagrams_in_fragments, 4, IPPROTO_UDP, "(IPv4)"),
	TEST_IN(datagrams_in_fragments, 6, IPPROTO_UDP, "(IPv6)"),
	EACH_WAY(no_more_than_is_known),
	BOTH_FAMILIES(a_service_and_directly_its_backend),
	TCP_AND_UDP(a_router_complains),
	EACH_WAY(what_began_so_ends_so),
};
const size_t num_direct_tests = ARRAY_SIZE(direct_tests);
