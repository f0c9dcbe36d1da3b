// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A backend on another node would answer the client directly: so it sees this
 * node as its client, and the packet leaves at once, by XDP or tc.
 */
#include "tests.h"

/* The other node's link, and back; XDP writes both. */
#define TO_OTHER_NODE	.smac = MAC_NODE, .dmac = MAC_OTHER_NODE, .ttl = 63
#define FROM_OTHER_NODE .smac = MAC_OTHER_NODE, .dmac = MAC_NODE
#define TO_CLIENT	.smac = MAC_NODE, .dmac = MAC_GATEWAY, .ttl = 63

TEST(xdp_sends_to_another_node_and_back)
{
	const char *node;

	given_external("198.51.100.7:90", REMOTE ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90", .flags = SYN));
	node = expect_snat(NODE);
	expect_tx(packet(node, REMOTE ":8080", .flags = SYN, TO_OTHER_NODE));

	send(PROG_XDP, packet(REMOTE ":8080", node, .flags = SYN | ACK, FROM_OTHER_NODE));
	expect_tx(packet("198.51.100.7:90", CLIENT ":1234", .flags = SYN | ACK, TO_CLIENT));

	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90", .payload = "GET /odd!"));
	expect_tx(packet(node, REMOTE ":8080", .payload = "GET /odd!", TO_OTHER_NODE));
	expect_counter(SR_OK, 3);
}

/* Packets leave as the one before them, for a second or two. */
TEST(xdp_asks_again_where_a_flow_leaves)
{
	const char *node;

	given_external("198.51.100.7:90", REMOTE ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	node = expect_snat(NODE);
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_tx(packet(node, REMOTE ":8080", TO_OTHER_NODE));

	assert_int_equal(network_move_other_node(world.family, MAC_NODE_ETH1), 0);
	conn_age(CLIENT ":1234", "198.51.100.7:90", 3);
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	assert_int_equal(network_move_other_node(world.family, MAC_OTHER_NODE), 0);
	expect_tx(packet(node, REMOTE ":8080", .smac = MAC_NODE, .dmac = MAC_NODE_ETH1, .ttl = 63));
}

/* What was known of the way is not believed of a packet that is another's, too long, or at its last hop. */
TEST(xdp_remembers_no_more_than_it_knows)
{
	const char *node;

	given_external("198.51.100.7:90", REMOTE ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	node = expect_snat(NODE);
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90", .ttl = 1));
	expect_untouched(SR_PASS_TO_TC);
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90", .payload_size = 1501));
	expect_untouched(SR_PASS_TO_TC);
	/* In a frame to another station: never under that one's name. */
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90", .dmac = MAC_OTHER_NODE));
	expect_tx(packet(node, REMOTE ":8080", TO_OTHER_NODE));
}

/* tc leaves the link's addresses to the neighbour table. */
TEST(tc_sends_to_another_node_and_back)
{
	const char *node;

	given_external("198.51.100.7:90", REMOTE ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "198.51.100.7:90"));
	node = expect_snat(NODE);
	expect_redirect(packet(node, REMOTE ":8080", .ttl = 63));
	send(PROG_FROM_WIRE, packet(REMOTE ":8080", node, .payload = "odd", FROM_OTHER_NODE));
	expect_redirect(packet("198.51.100.7:90", CLIENT ":1234", .payload = "odd", FROM_OTHER_NODE, .ttl = 63));
}

/* A flow may meet XDP for one packet and tc for the next. */
TEST(xdp_and_tc_share_connections)
{
	const char *node;

	given_external("198.51.100.7:90", REMOTE ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	node = expect_snat(NODE);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_redirect(packet(node, REMOTE ":8080", .ttl = 63));
	send(PROG_FROM_WIRE, packet(REMOTE ":8080", node));
	expect_redirect(packet("198.51.100.7:90", CLIENT ":1234", .ttl = 63));
}

/* Whether another device's driver takes frames from XDP cannot be known: tc does it. */
TEST(another_uplink_has_an_address_of_its_own)
{
	const char *node;

	given_external("198.51.100.7:90", REMOTE_ETH1 ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_untouched(SR_PASS_TO_TC);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "198.51.100.7:90"));
	node = expect_snat(NODE_ETH1);
	expect_redirect(packet(node, REMOTE_ETH1 ":8080", .ttl = 63));
	send_by(DEVICE_ETH1, PROG_XDP, packet(REMOTE_ETH1 ":8080", node, .dmac = MAC_NODE_ETH1));
	expect_untouched(SR_PASS_TO_TC);
	send_by(DEVICE_ETH1, PROG_FROM_WIRE, packet(REMOTE_ETH1 ":8080", node, .dmac = MAC_NODE_ETH1));
	expect_redirect(packet("198.51.100.7:90", CLIENT ":1234", .dmac = MAC_NODE_ETH1, .ttl = 63));
}

/* Who calls a ClusterIP and is no pod is shown as this node, which it answers through. */
TEST(stranger_to_the_cluster_gets_an_address_of_the_node)
{
	const char *node;

	given_cluster_cidr("10.244.0.0", 16);
	given_service("10.96.0.10:80", POD1 ":8080");
	given_external("198.51.100.7:90", POD1 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "10.96.0.10:80"));
	node = expect_snat(NODE_TO_PODS);
	expect_redirect(packet(node, POD1 ":8080", .ttl = 63));
	send(PROG_FROM_POD, packet(POD1 ":8080", node));
	expect_redirect(packet("10.96.0.10:80", CLIENT ":1234", .ttl = 63));

	send_by(DEVICE_POD2, PROG_FROM_POD, packet(POD2 ":1234", "10.96.0.10:80"));
	expect_packet(packet(POD2 ":1234", POD1 ":8080"));
	send(PROG_FROM_WIRE, packet(CLIENT ":1235", "198.51.100.7:90"));
	expect_packet(packet(CLIENT ":1235", POD1 ":8080"));
}

/* Its answers are the node's, and turned back on their way in: never on the way out. */
TEST(way_out_leaves_answers_to_the_node_alone)
{
	const char *node;

	given_external("198.51.100.7:90", REMOTE ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	node = expect_snat(NODE);
	send(PROG_TO_WIRE, packet(REMOTE ":8080", node));
	expect_untouched(SR_PASS_NOT_A_REPLY);
	send(PROG_TO_POD, packet(REMOTE ":8080", node));
	expect_untouched(SR_PASS_NOT_A_REPLY);
}

TEST(the_last_hop_is_not_spent_on_forwarding)
{
	const char *node;

	given_external("198.51.100.7:90", REMOTE ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90", .ttl = 1));
	expect_untouched(SR_PASS_TO_TC);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "198.51.100.7:90", .ttl = 1));
	expect_drop(SR_DROP_TTL);

	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90", .ttl = 2));
	node = expect_snat(NODE);
	expect_tx(packet(node, REMOTE ":8080", .smac = MAC_NODE, .dmac = MAC_OTHER_NODE, .ttl = 1));
	send(PROG_XDP, packet(REMOTE ":8080", node, .ttl = 1));
	expect_untouched(SR_PASS_TO_TC);
	send(PROG_FROM_WIRE, packet(REMOTE ":8080", node, .ttl = 1));
	expect_drop(SR_DROP_TTL);
}

/* On this node it is the stack that counts hops. */
TEST(a_local_backend_costs_no_hop)
{
	given_external("198.51.100.7:90", POD1 ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90", .ttl = 1));
	expect_packet(packet(CLIENT ":1234", POD1 ":8080", .ttl = 1));
}

/* tc can ask for the neighbour's address; XDP leaves it the packet as it was. */
TEST(without_a_neighbour_xdp_leaves_it_to_tc)
{
	const char *node;

	given_external("198.51.100.7:90", REMOTE_NO_NEIGHBOUR ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_untouched(SR_PASS_TO_TC);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "198.51.100.7:90"));
	node = expect_snat(NODE);
	expect_redirect(packet(node, REMOTE_NO_NEIGHBOUR ":8080", .ttl = 63));
}

TEST(too_long_for_the_way_out_xdp_leaves_it_to_tc)
{
	given_external("198.51.100.7:90", REMOTE ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90", .payload_size = 1500));
	expect_untouched(SR_PASS_TO_TC);
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90", .payload_size = 1400));
	expect_tx(packet(expect_snat(NODE), REMOTE ":8080", .payload_size = 1400, TO_OTHER_NODE));
}

TEST(without_a_node_address_nothing_is_sent)
{
	given_no_snat_address(DEVICE_ETH0);
	given_external("198.51.100.7:90", REMOTE ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_drop(SR_DROP_NO_NODE_ADDRESS);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_drop(SR_DROP_NO_NODE_ADDRESS);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

const struct CMUnitTest snat_tests[] = {
	EACH_WAY(xdp_sends_to_another_node_and_back),
	EACH_WAY(xdp_asks_again_where_a_flow_leaves),
	EACH_WAY(xdp_remembers_no_more_than_it_knows),
	EACH_WAY(tc_sends_to_another_node_and_back),
	EACH_WAY(xdp_and_tc_share_connections),
	EACH_WAY(another_uplink_has_an_address_of_its_own),
	EACH_WAY(stranger_to_the_cluster_gets_an_address_of_the_node),
	EACH_WAY(way_out_leaves_answers_to_the_node_alone),
	EACH_WAY(the_last_hop_is_not_spent_on_forwarding),
	EACH_WAY(a_local_backend_costs_no_hop),
	EACH_WAY(without_a_neighbour_xdp_leaves_it_to_tc),
	EACH_WAY(too_long_for_the_way_out_xdp_leaves_it_to_tc),
	EACH_WAY(without_a_node_address_nothing_is_sent),
};
const size_t num_snat_tests = ARRAY_SIZE(snat_tests);
