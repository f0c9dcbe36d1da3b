// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Backends that are frontends, and pods that are their own backend. */
#include "tests.h"

TEST(a_pod_that_is_its_own_backend)
{
	const char *node;

	given_service("10.96.0.10:80", POD1 ":8080");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:80", .flags = SYN));
	node = expect_snat(NODE_TO_PODS);
	expect_redirect(packet(node, POD1 ":8080", .flags = SYN, .ttl = 63));

	send(PROG_FROM_POD, packet(POD1 ":8080", node, .flags = SYN | ACK));
	expect_redirect(packet("10.96.0.10:80", POD1 ":1234", .flags = SYN | ACK, .ttl = 63));

	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:80", .payload = "odd"));
	expect_redirect(packet(node, POD1 ":8080", .payload = "odd", .ttl = 63));
	expect_counter(SR_OK, 3);
}

/* Another pod behind the same device is not the caller itself. */
TEST(a_pods_neighbour_needs_no_other_source)
{
	given_service("10.96.0.10:80", POD1B ":8080");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:80"));
	expect_packet(packet(POD1 ":1234", POD1B ":8080"));
}

TEST(its_own_backend_without_a_node_address)
{
	given_no_snat_address(DEVICE_POD1);
	given_service("10.96.0.10:80", POD1 ":8080");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:80"));
	expect_drop(SR_DROP_NO_NODE_ADDRESS);
}

/* 90 → 85 → 80, as the Azure example has it: one translation, and one back. */
TEST(a_chain_is_followed_at_once)
{
	given_external("198.51.100.7:90", POD1 ":85");
	given_external(POD1 ":85", POD1 ":80");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_packet(packet(CLIENT ":1234", POD1 ":80"));
	send(PROG_TO_WIRE, packet(POD1 ":80", CLIENT ":1234"));
	expect_packet(packet("198.51.100.7:90", CLIENT ":1234"));
	send(PROG_XDP, packet(CLIENT ":1235", "198.51.100.7:90"));
	expect_packet(packet(CLIENT ":1235", POD1 ":80"));
}

TEST(a_chain_that_ends_at_the_caller)
{
	const char *node;

	given_service("10.96.0.10:90", POD1 ":85");
	given_external(POD1 ":85", POD1 ":80");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:90"));
	node = expect_snat(NODE_TO_PODS);
	expect_redirect(packet(node, POD1 ":80", .ttl = 63));
	send(PROG_FROM_POD, packet(POD1 ":80", node));
	expect_redirect(packet("10.96.0.10:90", POD1 ":1234", .ttl = 63));
}

TEST(four_frontends_are_followed)
{
	given_service("10.96.0.10:1", "10.96.0.10:2");
	given_service("10.96.0.10:2", "10.96.0.10:3");
	given_service("10.96.0.10:3", "10.96.0.10:4");
	given_service("10.96.0.10:4", POD2 ":80");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:1"));
	expect_packet(packet(POD1 ":1234", POD2 ":80"));
}

TEST(a_chain_without_end_drops)
{
	given_service("10.96.0.10:1", "10.96.0.10:2");
	given_service("10.96.0.10:2", "10.96.0.10:1");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:1"));
	expect_drop(SR_DROP_CHAIN);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

TEST(a_frontend_that_leads_to_itself_is_a_plain_address)
{
	given_service(POD2 ":80", POD2 ":80");
	send(PROG_FROM_POD, packet(POD1 ":1234", POD2 ":80"));
	expect_packet(packet(POD1 ":1234", POD2 ":80"));
	send(PROG_TO_POD, packet(POD2 ":80", POD1 ":1234"));
	expect_packet(packet(POD2 ":80", POD1 ":1234"));
}

TEST(a_chain_whose_end_has_no_backend)
{
	given_service("10.96.0.10:90", POD2 ":85");
	given_external(POD2 ":85", NULL);
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:90"));
	expect_drop(SR_DROP_NO_ENDPOINT);
}

/* New flows take the new way; those that are under way keep theirs. */
TEST(a_chain_that_is_changed)
{
	given_service("10.96.0.10:90", POD2 ":85");
	given_external(POD2 ":85", POD2 ":80");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:90"));
	expect_packet(packet(POD1 ":1234", POD2 ":80"));
	given_external(POD2 ":85", POD2 ":81");
	send(PROG_FROM_POD, packet(POD1 ":1235", "10.96.0.10:90"));
	expect_packet(packet(POD1 ":1235", POD2 ":81"));
	given_no_service(POD2 ":85");
	send(PROG_FROM_POD, packet(POD1 ":1236", "10.96.0.10:90"));
	expect_packet(packet(POD1 ":1236", POD2 ":85"));
}

/* A flow depends on the first service's backend, wherever the chain led from there. */
TEST(a_udp_flow_along_a_chain)
{
	given_service("10.96.0.10:90", POD2 ":85");
	given_external(POD2 ":85", POD2 ":80");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:90"));
	expect_packet(packet(POD1 ":1234", POD2 ":80"));
	given_service("10.96.0.10:90", POD1B ":80");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:90"));
	expect_packet(packet(POD1 ":1234", POD1B ":80"));
}

const struct CMUnitTest chain_tests[] = {
	EACH_WAY(a_pod_that_is_its_own_backend),
	EACH_WAY(a_pods_neighbour_needs_no_other_source),
	EACH_WAY(its_own_backend_without_a_node_address),
	EACH_WAY(a_chain_is_followed_at_once),
	EACH_WAY(a_chain_that_ends_at_the_caller),
	EACH_WAY(four_frontends_are_followed),
	EACH_WAY(a_chain_without_end_drops),
	EACH_WAY(a_frontend_that_leads_to_itself_is_a_plain_address),
	EACH_WAY(a_chain_whose_end_has_no_backend),
	EACH_WAY(a_chain_that_is_changed),
	TEST_IN(a_udp_flow_along_a_chain, 4, IPPROTO_UDP, "(IPv4)"),
	TEST_IN(a_udp_flow_along_a_chain, 6, IPPROTO_UDP, "(IPv6)"),
};
const size_t num_chain_tests = ARRAY_SIZE(chain_tests);
