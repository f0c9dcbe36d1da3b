// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whose packets begin a flow: not those of forged sources, nor those to another's link address. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests.h"

#define VIP "198.51.100.7:90"

static void expect_martian(enum device device, enum program program, const char *from)
{
	send_by(device, program, packet(from, VIP, .flags = SYN));
	expect_drop(SR_DROP_MARTIAN);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

/* It would claim the tuple on which that pod's own calls of the backend are answered. */
TEST(a_pods_address_from_without)
{
	given_external(VIP, POD1 ":8080");
	expect_martian(DEVICE_ETH0, PROG_XDP, POD2 ":5555");
	expect_martian(DEVICE_ETH0, PROG_FROM_WIRE, POD2 ":5555");
	send_by(DEVICE_POD2, PROG_TO_POD, packet(POD1 ":8080", POD2 ":5555", .flags = SYN | ACK));
	expect_untouched(SR_PASS_NOT_A_REPLY);
}

TEST(a_pods_address_from_another_pod)
{
	given_external(VIP, POD1 ":8080");
	expect_martian(DEVICE_POD2, PROG_FROM_POD, POD1 ":5555");
	send_by(DEVICE_POD1, PROG_FROM_POD, packet(POD1B ":5555", VIP, .flags = SYN));
	expect_packet(packet(POD1B ":5555", POD1 ":8080", .flags = SYN));
}

TEST(this_hosts_own_address)
{
	given_external(VIP, POD1 ":8080");
	expect_martian(DEVICE_ETH0, PROG_XDP, NODE ":5555");
	expect_martian(DEVICE_ETH0, PROG_FROM_WIRE, NODE ":5555");
	/* Other devices' addresses, where node ports are served at them. */
	given_frontend_kind(VIP, SR_FRONTEND_NODE_PORT, NODE ":30080");
	given_frontend_kind(VIP, SR_FRONTEND_NODE_PORT, NODE_ETH1 ":30080");
	expect_martian(DEVICE_ETH0, PROG_FROM_WIRE, NODE_ETH1 ":5555");
	expect_martian(DEVICE_POD1, PROG_FROM_POD, NODE ":5555");
}

/* What the routing table said is good for a second (256 jiffies), by that device and for that address alone. */
TEST(a_pods_address_that_moves)
{
	struct sr_addr pod = world_addr(POD2, world.family);
	char to[SR_ADDR_TEXT], command[128], from[64];
	size_t tries = 0;
	int failed;

	given_external(VIP, POD1 ":8080");
	send_by(DEVICE_POD2, PROG_FROM_POD, packet(POD2 ":5555", VIP, .flags = SYN));
	expect_packet(packet(POD2 ":5555", POD1 ":8080", .flags = SYN));
	send_by(DEVICE_POD2, PROG_FROM_POD, packet(POD1 ":5555", VIP, .flags = SYN));
	expect_drop(SR_DROP_MARTIAN);
	send_by(DEVICE_ETH0, PROG_FROM_WIRE, packet(POD2 ":5556", VIP, .flags = SYN));
	expect_drop(SR_DROP_MARTIAN);

	sr_addr_format(to, &pod);
	snprintf(command, sizeof(command), "ip -%d route replace %s dev pod1", world.family, to);
	failed = system(command);
	for (; conns_count(ANY_CONN) == (tries + 1) * 2 && tries < 400; tries++) {
		usleep(10000);
		snprintf(from, sizeof(from), POD2 ":%zu", 6000 + tries);
		send_by(DEVICE_POD2, PROG_FROM_POD, packet(from, VIP, .flags = SYN));
	}
	snprintf(command, sizeof(command), "ip -%d route replace %s dev pod2", world.family, to);
	failed |= system(command);
	assert_int_equal(failed, 0);
	assert_in_range(tries, 1, 399);
}

/* Its port's device and the bridge both serve pods: the way back leads to the bridge. */
TEST(a_pods_address_from_a_port_of_its_bridge)
{
	given_bridge(DEVICE_POD2);
	given_external(VIP, POD1 ":8080");
	expect_martian(DEVICE_POD2, PROG_FROM_POD, POD1 ":5555");
	expect_martian(DEVICE_ETH0, PROG_FROM_WIRE, POD2 ":5555");
	send_by(DEVICE_POD1, PROG_FROM_POD, packet(POD2 ":5555", VIP, .flags = SYN));
	expect_packet(packet(POD2 ":5555", POD1 ":8080", .flags = SYN));
}

/* Routes may lead back by another uplink; pods may route for others. */
TEST(an_address_that_another_way_leads_to)
{
	given_external(VIP, POD1 ":8080");
	send(PROG_FROM_WIRE, packet(REMOTE_ETH1 ":5555", VIP, .flags = SYN));
	expect_packet(packet(REMOTE_ETH1 ":5555", POD1 ":8080", .flags = SYN));
	send(PROG_FROM_POD, packet(CLIENT ":5555", VIP, .flags = SYN));
	expect_packet(packet(CLIENT ":5555", POD1 ":8080", .flags = SYN));
}

/* No router leads to it. */
TEST(a_link_local_address)
{
	given_external(VIP, POD1 ":8080");
	send(PROG_FROM_WIRE, packet("[fe80::99]:5555", VIP, .flags = SYN));
	expect_packet(packet("[fe80::99]:5555", POD1 ":8080", .flags = SYN));
}

TEST(no_hosts_address)
{
	static const char *const v4[] = {"0.0.0.0:9", "127.0.0.1:9", "224.0.0.1:9", "255.255.255.255:9"};
	static const char *const v6[] = {"[::]:9", "[::1]:9", "[ff02::1]:9", "[ff0e::7]:9"};

	given_external(VIP, POD1 ":8080");
	for (size_t i = 0; i < ARRAY_SIZE(v4); i++)
		expect_martian(DEVICE_ETH0, PROG_FROM_WIRE, world.family == 4 ? v4[i] : v6[i]);
}

/* The way back may hang on who answers: here pods alone have a default route. */
TEST(an_address_that_only_pods_have_a_route_to)
{
	int failed =
		system("ip rule add from 10.244.0.0/16 lookup 77 && ip route add default via 10.240.0.1 table 77 && "
		       "ip route del default");

	given_external(VIP, POD1 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":5555", VIP, .flags = SYN));
	failed |= system(
		"ip route add default via 10.240.0.1 && ip route flush table 77 && ip rule del from 10.244.0.0/16");
	assert_int_equal(failed, 0);
	expect_packet(packet(CLIENT ":5555", POD1 ":8080", .flags = SYN));
}

static void expect_not_ours(enum program program, unsigned int first_byte)
{
	send(program, frame_poke(packet(CLIENT ":1234", VIP, .flags = SYN, .dmac = MAC_OTHER_NODE), 0, first_byte));
	expect_untouched(SR_PASS_OTHER_HOST);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

/* Flooded by a switch, or seen by a promiscuous device; to all on the link (RFC 1122, section 3.3.6). */
TEST(a_frame_to_another_link_address)
{
	given_external(VIP, REMOTE ":8080");
	expect_not_ours(PROG_XDP, 0x02);
	expect_not_ours(PROG_FROM_WIRE, 0x02);
	expect_not_ours(PROG_XDP, 0x03);
	expect_not_ours(PROG_FROM_WIRE, 0xff);
}

/* What flows already does so in tc as well; XDP does not look again. */
TEST(a_frame_of_a_known_flow_to_another_link_address)
{
	given_external(VIP, REMOTE ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP));
	expect_snat(NODE);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .dmac = MAC_OTHER_NODE));
	expect_untouched(SR_PASS_OTHER_HOST);
}

const struct CMUnitTest origin_tests[] = {
	EACH_WAY(a_pods_address_from_without),
	EACH_WAY(a_pods_address_from_another_pod),
	BOTH_FAMILIES(a_pods_address_that_moves),
	EACH_WAY(this_hosts_own_address),
	EACH_WAY(a_pods_address_from_a_port_of_its_bridge),
	EACH_WAY(an_address_that_another_way_leads_to),
	BOTH_FAMILIES(no_hosts_address),
	ONLY_V6(a_link_local_address),
	ONLY_V4(an_address_that_only_pods_have_a_route_to),
	EACH_WAY(a_frame_to_another_link_address),
	EACH_WAY(a_frame_of_a_known_flow_to_another_link_address),
};
const size_t num_origin_tests = ARRAY_SIZE(origin_tests);
