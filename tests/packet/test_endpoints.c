// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What becomes of flows that are under way when the endpoints change. */
#include <stdio.h>

#include "tests.h"

#define VIP	   "10.96.0.10:80"
#define POD_CLIENT POD1 ":1234"
#define OLD	   POD2 ":8080"
#define NEW	   POD1B ":8080"

static void expect_goes_to(const char *backend)
{
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	expect_packet(packet(POD_CLIENT, backend));
	send(PROG_TO_POD, packet(backend, POD_CLIENT));
	expect_packet(packet(VIP, POD_CLIENT));
}

TEST(a_flow_keeps_its_backend_when_others_come)
{
	given_service(VIP, OLD);
	expect_goes_to(OLD);
	given_service(VIP, OLD, NEW, POD1B ":1", POD1B ":2", POD1B ":3", POD1B ":4", POD1B ":5", POD1B ":6");
	for (int i = 0; i < 10; i++)
		expect_goes_to(OLD);
}

TEST(what_has_connections_goes_on_after_its_backend_is_removed)
{
	given_service(VIP, OLD);
	expect_goes_to(OLD);
	given_service(VIP, NEW);
	expect_goes_to(OLD);
	given_service(VIP, NULL);
	expect_goes_to(OLD);
	given_no_service(VIP);
	expect_goes_to(OLD);
}

TEST(udp_moves_at_once_when_its_backend_is_removed)
{
	given_service(VIP, OLD);
	expect_goes_to(OLD);
	given_service(VIP, NEW);
	expect_goes_to(NEW);
	given_service(VIP, NULL);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	expect_drop(SR_DROP_NO_ENDPOINT);
	given_service(VIP, OLD);
	expect_goes_to(OLD);
	given_no_service(VIP);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

/* So it does where both sides have spoken for a while, and a moment ago. */
TEST(udp_that_is_proven_moves_at_once)
{
	given_service(VIP, OLD);
	expect_goes_to(OLD);
	send(PROG_TO_POD, packet(OLD, POD_CLIENT));
	conn_begin_earlier(POD_CLIENT, VIP, 3);
	expect_goes_to(OLD);
	assert_int_equal(conns_count(PROVEN_CONN), 2);
	expect_goes_to(OLD);
	given_service(VIP, NEW);
	expect_goes_to(NEW);
}

/* The same pod at the same address, but another life of its. */
TEST(udp_notices_a_backend_that_left_and_came_again)
{
	struct sr_conn before, after;

	given_service(VIP, OLD);
	expect_goes_to(OLD);
	assert_true(conn_read(ANY_CONN, POD_CLIENT, VIP, &before));
	given_service(VIP, NEW);
	given_service(VIP, OLD);
	expect_goes_to(OLD);
	assert_true(conn_read(ANY_CONN, POD_CLIENT, VIP, &after));
	assert_true(before.backend != after.backend || before.generation != after.generation);
}

TEST(a_shared_backend_leaves_one_service_only)
{
	given_service("10.96.0.11:80", OLD);
	given_service(VIP, OLD);
	expect_goes_to(OLD);
	given_service("10.96.0.11:80", NEW);
	expect_goes_to(OLD);
	given_no_service("10.96.0.11:80");
	expect_goes_to(OLD);
}

TEST(a_draining_backend_keeps_its_flows_and_gets_no_more)
{
	given_service(VIP, OLD);
	expect_goes_to(OLD);
	given_service(VIP, OLD ",weight=0", NEW);
	expect_goes_to(OLD);
	for (int port = 2000; port < 2032; port++) {
		char client[32];

		snprintf(client, sizeof(client), POD1 ":%d", port);
		send(PROG_FROM_POD, packet(client, VIP));
		expect_packet(packet(client, NEW));
	}
}

TEST(the_first_endpoint_is_used_at_once)
{
	given_service(VIP, NULL);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	expect_drop(SR_DROP_NO_ENDPOINT);
	given_service(VIP, NEW);
	expect_goes_to(NEW);
}

/* Before there was a service the packets went by untouched. */
TEST(a_service_that_comes_later)
{
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	given_service(VIP, NEW);
	expect_goes_to(NEW);
}

TEST(a_backend_whose_port_changes)
{
	given_service(VIP, POD2 ":8080");
	expect_goes_to(POD2 ":8080");
	given_service(VIP, POD2 ":9090");
	expect_goes_to(world.proto != IPPROTO_UDP ? POD2 ":8080" : POD2 ":9090");
}

static void expect_at_other(const char *backend)
{
	send(PROG_FROM_POD, packet(POD_CLIENT, "198.51.100.7:90"));
	expect_packet(packet(POD_CLIENT, backend));
}

/* TCP connections are what they are; a UDP flow follows the address. */
TEST(an_address_that_moves_to_another_service)
{
	given_service(VIP, OLD);
	given_frontend_kind(VIP, SR_FRONTEND_EXTERNAL_IP, "198.51.100.7:90");
	given_service("10.96.0.11:80", NEW);
	expect_at_other(OLD);
	given_frontend_moved(VIP, "10.96.0.11:80", "198.51.100.7:90");
	expect_at_other(world.proto == IPPROTO_UDP ? NEW : OLD);
}

TEST(an_address_that_is_withdrawn)
{
	given_service(VIP, OLD);
	given_frontend_kind(VIP, SR_FRONTEND_EXTERNAL_IP, "198.51.100.7:90");
	expect_at_other(OLD);
	send(PROG_FROM_POD, packet(POD1 ":4321", VIP));
	given_frontend_moved(VIP, NULL, "198.51.100.7:90");
	if (world.proto != IPPROTO_UDP) {
		expect_at_other(OLD);
		return;
	}
	send(PROG_FROM_POD, packet(POD_CLIENT, "198.51.100.7:90"));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	assert_int_equal(conns_count(ANY_CONN), 2); /* that to the other address */
}

TEST(an_address_that_is_left_to_the_host)
{
	given_service(VIP, OLD);
	expect_goes_to(OLD);
	given_kind(SR_FRONTEND_PASS, VIP, OLD);
	if (world.proto != IPPROTO_UDP) {
		expect_goes_to(OLD);
		return;
	}
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
}

/* 90 → 85 → 80: the last link changes. */
TEST(a_chain_whose_end_changes)
{
	given_service(VIP, "10.96.0.11:85");
	given_service("10.96.0.11:85", OLD);
	expect_goes_to(OLD);
	given_service("10.96.0.11:85", NEW);
	expect_goes_to(world.proto == IPPROTO_UDP ? NEW : OLD);
	given_service("10.96.0.11:85", NEW, OLD);
	expect_goes_to(world.proto == IPPROTO_UDP ? NEW : OLD);
}

/* With --terminate a connection ends with its endpoint, for both of its sides. */
TEST(tcp_ends_with_its_backend_where_so_told)
{
	given_terminate();
	given_service(VIP, OLD);
	expect_goes_to(OLD);
	given_service(VIP, OLD ",draining", NEW);
	expect_goes_to(OLD);
	given_service(VIP, NEW);
	send(PROG_TO_POD, packet(OLD, POD_CLIENT, .seq = 77, .flags = ACK | PSH));
	expect_packet(packet(VIP, POD_CLIENT, .seq = 77, .flags = ACK | RST));
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	expect_drop(SR_DROP_TERMINATED);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = SYN));
	expect_packet(packet(POD_CLIENT, NEW, .flags = SYN));
}

TEST(udp_moves_where_tcp_ends)
{
	given_terminate();
	given_service(VIP, OLD);
	expect_goes_to(OLD);
	given_service(VIP, NEW);
	expect_goes_to(NEW);
}

/* The same where the client's address was replaced, and its answers come in. */
TEST(tcp_ends_by_way_of_the_node)
{
	const char *node;

	given_terminate();
	given_external("198.51.100.7:90", REMOTE ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "198.51.100.7:90"));
	node = expect_snat(NODE);
	given_external("198.51.100.7:90", REMOTE ":9090");
	send(PROG_XDP, packet(REMOTE ":8080", node, .flags = ACK));
	expect_untouched(SR_PASS_TO_TC);
	send(PROG_FROM_WIRE, packet(REMOTE ":8080", node, .flags = ACK));
	expect_redirect(packet("198.51.100.7:90", CLIENT ":1234", .flags = ACK | RST, .ttl = 63));
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_untouched(SR_PASS_TO_TC);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_drop(SR_DROP_TERMINATED);
}

const struct CMUnitTest endpoints_tests[] = {
	EACH_WAY(a_flow_keeps_its_backend_when_others_come),
	BOTH_FAMILIES(what_has_connections_goes_on_after_its_backend_is_removed),
	TEST_IN(what_has_connections_goes_on_after_its_backend_is_removed, 4, IPPROTO_SCTP, "(IPv4, SCTP)"),
	TEST_IN(what_has_connections_goes_on_after_its_backend_is_removed, 6, IPPROTO_SCTP, "(IPv6, SCTP)"),
	TEST_IN(udp_moves_at_once_when_its_backend_is_removed, 4, IPPROTO_UDP, "(IPv4)"),
	TEST_IN(udp_moves_at_once_when_its_backend_is_removed, 6, IPPROTO_UDP, "(IPv6)"),
	TEST_IN(udp_that_is_proven_moves_at_once, 4, IPPROTO_UDP, "(IPv4)"),
	TEST_IN(udp_that_is_proven_moves_at_once, 6, IPPROTO_UDP, "(IPv6)"),
	TEST_IN(udp_notices_a_backend_that_left_and_came_again, 4, IPPROTO_UDP, "(IPv4)"),
	TEST_IN(udp_notices_a_backend_that_left_and_came_again, 6, IPPROTO_UDP, "(IPv6)"),
	EACH_WAY(a_shared_backend_leaves_one_service_only),
	EACH_WAY(a_draining_backend_keeps_its_flows_and_gets_no_more),
	EACH_WAY(the_first_endpoint_is_used_at_once),
	EACH_WAY(a_service_that_comes_later),
	EACH_WAY(a_backend_whose_port_changes),
	EACH_WAY(an_address_that_moves_to_another_service),
	EACH_WAY(an_address_that_is_withdrawn),
	EACH_WAY(an_address_that_is_left_to_the_host),
	EACH_WAY(a_chain_whose_end_changes),
	BOTH_FAMILIES(tcp_ends_with_its_backend_where_so_told),
	BOTH_FAMILIES(tcp_ends_by_way_of_the_node),
	TEST_IN(udp_moves_where_tcp_ends, 4, IPPROTO_UDP, "(IPv4)"),
	TEST_IN(udp_moves_where_tcp_ends, 6, IPPROTO_UDP, "(IPv6)"),
};
const size_t num_endpoints_tests = ARRAY_SIZE(endpoints_tests);
