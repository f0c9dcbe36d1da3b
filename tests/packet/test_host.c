// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What this host itself sends, where its sockets are not hooked: it is met on
 * its way out of the uplink, and its answers are brought to the host's stack.
 */
#include "tests.h"

#define VIP  "10.96.0.10:80"
#define HOST NODE ":40000"

/* As the stack shall see it: addressed to the device by which the service is reached. */
#define TO_HOST .dmac = MAC_NODE

TEST(host_reaches_another_nodes_pod)
{
	const char *node;

	given_service(VIP, REMOTE ":8080");
	send_from_host(packet(HOST, VIP, .flags = SYN));
	node = expect_snat(NODE);
	expect_redirect(packet(node, REMOTE ":8080", .flags = SYN, .ttl = 63));
	send(PROG_FROM_WIRE, packet(REMOTE ":8080", node, .flags = SYN | ACK));
	expect_redirect(packet(VIP, HOST, .flags = SYN | ACK, TO_HOST));
	send_from_host(packet(HOST, VIP, .payload = "odd"));
	expect_redirect(packet(node, REMOTE ":8080", .payload = "odd", .ttl = 63));
	expect_counter(SR_OK, 3);
}

TEST(host_reaches_a_pod_of_its_own)
{
	const char *node;

	given_service(VIP, POD1 ":8080");
	send_from_host(packet(HOST, VIP));
	node = expect_snat(NODE_TO_PODS);
	expect_redirect(packet(node, POD1 ":8080", .ttl = 63));
	send(PROG_FROM_POD, packet(POD1 ":8080", node, .dmac = MAC_OTHER_NODE));
	expect_redirect(packet(VIP, HOST, TO_HOST));
}

/* Its own address would be a martian to it: the service stands in for the client. */
TEST(host_reaches_itself)
{
	const char *node;

	given_service(VIP, NODE ":8080");
	send_from_host(packet(HOST, VIP, .dmac = MAC_OTHER_NODE));
	node = expect_snat("10.96.0.10");
	expect_redirect(packet(node, NODE ":8080", TO_HOST));
	send_from_host(packet(NODE ":8080", node, .dmac = MAC_OTHER_NODE));
	expect_redirect(packet(VIP, HOST, TO_HOST));
}

TEST(host_reaches_an_external_ip)
{
	const char *node;

	given_external("198.51.100.7:90", REMOTE ":8080");
	send_from_host(packet(HOST, "198.51.100.7:90"));
	node = expect_snat(NODE);
	expect_redirect(packet(node, REMOTE ":8080", .ttl = 63));
	send(PROG_FROM_WIRE, packet(REMOTE ":8080", node));
	expect_redirect(packet("198.51.100.7:90", HOST, TO_HOST));
}

/* A container behind a bridge, say: its answers are not the host's. */
TEST(another_device_is_served_as_the_host_is)
{
	const char *node;

	given_service(VIP, REMOTE ":8080");
	send_from_another_device(packet(CLIENT ":1234", VIP));
	node = expect_snat(NODE);
	expect_redirect(packet(node, REMOTE ":8080", .ttl = 63));
	send(PROG_FROM_WIRE, packet(REMOTE ":8080", node));
	expect_redirect(packet(VIP, CLIENT ":1234", .ttl = 63));
}

/* XDP cannot give a packet to the stack as if it came by another device. */
TEST(xdp_leaves_the_hosts_answers_to_tc)
{
	given_service(VIP, REMOTE ":8080");
	send_from_host(packet(HOST, VIP));
	send(PROG_XDP, packet(REMOTE ":8080", expect_snat(NODE)));
	expect_untouched(SR_PASS_TO_TC);
}

/* Every way in has met it before, and passed it on purpose. */
TEST(what_came_in_by_us_is_left_alone)
{
	given_service(VIP, REMOTE ":8080");
	send(PROG_TO_WIRE, packet(POD2 ":1234", VIP));
	expect_untouched(SR_PASS_NOT_A_REPLY);
	send(PROG_TO_POD, packet(HOST, VIP));
	expect_untouched(SR_PASS_NOT_A_REPLY);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

/* What we redirect passes the way out once more. */
TEST(what_was_translated_is_left_alone)
{
	const char *node;

	given_service(REMOTE ":8080", REMOTE ":8080");
	given_service(VIP, REMOTE ":8080");
	send_from_host(packet(HOST, VIP));
	node = expect_snat(NODE);
	send_from_host(packet(node, REMOTE ":8080", .ttl = 63));
	expect_untouched(SR_PASS_MARKED);
	given_no_service(REMOTE ":8080");
	send_from_host(packet(node, REMOTE ":8080", .ttl = 63));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
}

TEST(host_calls_no_service)
{
	given_service(VIP, REMOTE ":8080");
	send_from_host(packet(HOST, CLIENT ":80"));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	send_from_host(packet(NODE ":80", CLIENT ":1234"));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

TEST(host_is_refused)
{
	given_service(VIP, NULL);
	send_from_host(packet(HOST, VIP));
	expect_drop(SR_DROP_NO_ENDPOINT);
	given_service(VIP, REMOTE ":8080");
	given_no_snat_address(DEVICE_ETH0);
	send_from_host(packet(HOST, VIP));
	expect_drop(SR_DROP_NO_NODE_ADDRESS);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

/* An answer that this host sends to who called it from outside is an answer, as before. */
TEST(a_backend_on_this_host_answers_the_outside)
{
	given_external("198.51.100.7:90", NODE ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_packet(packet(CLIENT ":1234", NODE ":8080"));
	send_from_host(packet(NODE ":8080", CLIENT ":1234"));
	expect_packet(packet("198.51.100.7:90", CLIENT ":1234"));
}

const struct CMUnitTest host_tests[] = {
	EACH_WAY(host_reaches_another_nodes_pod),
	EACH_WAY(host_reaches_a_pod_of_its_own),
	EACH_WAY(host_reaches_itself),
	EACH_WAY(host_reaches_an_external_ip),
	EACH_WAY(another_device_is_served_as_the_host_is),
	EACH_WAY(xdp_leaves_the_hosts_answers_to_tc),
	EACH_WAY(what_came_in_by_us_is_left_alone),
	EACH_WAY(what_was_translated_is_left_alone),
	EACH_WAY(host_calls_no_service),
	EACH_WAY(host_is_refused),
	EACH_WAY(a_backend_on_this_host_answers_the_outside),
};
const size_t num_host_tests = ARRAY_SIZE(host_tests);
