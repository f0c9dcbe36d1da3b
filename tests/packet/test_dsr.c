// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Direct server return: the gateway's packets go to the backend's node within
 * others, and the node gives what it finds in them to its own pods.
 */
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/datapath.h"
#include "kernel/timeouts.h"
#include "tests.h"

#define VIP	   "198.51.100.7:90"
#define OTHER_NODE "10.240.0.5"
#define FROM_HERE  NODE ":1"
#define TO_NODE	   OTHER_NODE ":1"
#define CE	   3

/* The inner frame, with a tunnel's header between its link's and its own. */
static struct frame tunnelled(struct frame inner, const char *from, const char *to, uint8_t tos)
{
	struct frame out = packet(from, to, .ttl = 64, .tos = tos, .dont_fragment = true, .no_flow_label = true);
	size_t size = world.family == 4 ? 20 : 40, length = inner.length - 14;
	uint32_t sum = 0;

	memcpy(out.bytes, inner.bytes, 14);
	memcpy(out.bytes + 14 + size, inner.bytes + 14, length);
	out.length = inner.length + size;
	if (world.family == 6) {
		memcpy(out.bytes + 14, inner.bytes + 14, 4);
		out.bytes[15] = (inner.bytes[15] & 0xcf) | (tos & 3) << 4;
		out.bytes[18] = length >> 8;
		out.bytes[19] = length & 0xff;
		out.bytes[20] = IPPROTO_IPV6;
		return out;
	}
	out.bytes[16] = (length + size) >> 8;
	out.bytes[17] = (length + size) & 0xff;
	out.bytes[18] = out.bytes[19] = 0;
	out.bytes[23] = IPPROTO_IPIP;
	out.bytes[24] = out.bytes[25] = 0;
	for (int i = 14; i < 34; i += 2)
		sum += out.bytes[i] << 8 | out.bytes[i + 1];
	sum = ~((sum & 0xffff) + (sum >> 16));
	out.bytes[24] = sum >> 8 & 0xff;
	out.bytes[25] = sum & 0xff;
	return out;
}

static void given_home(const char *backend, const char *node)
{
	struct sr_node value = {.self = world_addr(backend, world.family), .node = world_addr(node, world.family)};

	assert_int_equal(
		bpf_map_update_elem(sr_datapath_map_fd(harness_datapath(), "sr_nodes"), &value.self, &value, BPF_ANY),
		0);
}

static void given_remote_service(void)
{
	given_dsr();
	given_external(VIP, REMOTE ":8080");
	given_home(REMOTE, OTHER_NODE);
}

TEST(gateway_sends_to_the_node_with_the_packet_inside)
{
	given_remote_service();
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .flags = SYN, .tos = 0x2a));
	expect_redirect(
		tunnelled(packet(CLIENT ":1234", VIP, .flags = SYN, .tos = 0x2a, .ttl = 63), FROM_HERE, TO_NODE, 0x2a));
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .payload = "odd"));
	expect_redirect(tunnelled(packet(CLIENT ":1234", VIP, .payload = "odd", .ttl = 63), FROM_HERE, TO_NODE, 0));
}

TEST(xdp_leaves_tunnels_to_tc)
{
	given_remote_service();
	send(PROG_XDP, packet(CLIENT ":1234", VIP, .flags = SYN));
	expect_untouched(SR_PASS_TO_TC);
}

TEST(backend_whose_node_is_not_known_keeps_snat)
{
	given_dsr();
	given_external("198.51.100.8:90", REMOTE ":8081");
	bpf_map_delete_elem(sr_datapath_map_fd(harness_datapath(), "sr_nodes"),
			    &(struct sr_addr[]){world_addr(REMOTE, world.family)});
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "198.51.100.8:90"));
	expect_snat(NODE);
}

TEST(too_long_for_the_tunnel_is_told)
{
	size_t room = world.family == 4 ? 1480 : 1460, header = world.family == 4 ? 20 : 40;
	size_t headers = packet(CLIENT ":1234", VIP, .payload_size = 100).length - 14 - 100;
	size_t size = (room - headers) & ~3u;

	given_remote_service();
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .payload_size = size));
	expect_redirect(tunnelled(packet(CLIENT ":1234", VIP, .payload_size = size, .ttl = 63), FROM_HERE, TO_NODE, 0));
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .payload_size = size + 4));
	expect_drop(SR_DROP_TOO_BIG);
	assert_int_equal(sent()->bytes[14 + header], world.family == 4 ? 3 : 2);
	assert_int_equal(sent()->bytes[14 + header + 6] << 8 | sent()->bytes[14 + header + 7], room);
}

/* --- what routers between say ---------------------------------------------------------- */

#define ROUTER	 "10.240.0.1:1"
#define PATH_MTU 1300
#define LONG	 1290 /* of payload: too much for that path */
#define SHORT	 1200
/* Told to `to`, which sent `about`: nothing longer than `mtu`. */
static struct frame complaint(const char *to, uint32_t mtu, const struct frame *about)
{
	bool v4 = world.family == 4;

	return icmp(ROUTER, to, v4 ? 3 : 2, v4 ? 4 : 0, about, .icmp_info = mtu, .quote_size = 500);
}

static int path_map(void)
{
	return sr_datapath_map_fd(harness_datapath(), "sr_paths");
}

static void given_unknown_path(void)
{
	struct sr_addr node = world_addr(OTHER_NODE, world.family);

	given_remote_service();
	bpf_map_delete_elem(path_map(), &node);
}

static void path_age(int seconds)
{
	struct sr_addr node = world_addr(OTHER_NODE, world.family);
	struct sr_timeouts timeouts;
	struct sr_path path;

	sr_timeouts_get(&timeouts);
	assert_int_equal(bpf_map_lookup_elem(path_map(), &node, &path), 0);
	path.learnt -= seconds * timeouts.jiffies_per_second >> SR_TICK_SHIFT;
	bpf_map_update_elem(path_map(), &node, &path, BPF_EXIST);
}

/* What goes through the tunnel, with so much in it. */
static struct frame sent_with(size_t size)
{
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .payload_size = size));
	expect_redirect(tunnelled(packet(CLIENT ":1234", VIP, .payload_size = size, .ttl = 63), FROM_HERE, TO_NODE, 0));
	return *sent();
}

static void expect_told(size_t mtu)
{
	size_t at = 14 + (world.family == 4 ? 20 : 40) + 6;

	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .payload_size = LONG));
	expect_drop(SR_DROP_TOO_BIG);
	assert_int_equal(sent()->bytes[at] << 8 | sent()->bytes[at + 1], mtu);
}

/* RFC 2003, section 5.1; RFC 2473, section 7.1: who sends too long a packet next is told. */
TEST(a_router_between_complains_of_the_tunnel)
{
	struct frame too_long;

	given_unknown_path();
	too_long = sent_with(LONG);
	send(PROG_FROM_WIRE, complaint(FROM_HERE, PATH_MTU, &too_long));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	expect_told(PATH_MTU - (world.family == 4 ? 20 : 40));
	sent_with(SHORT);
	/* Another router, further on: the narrowest counts. */
	send(PROG_FROM_WIRE, complaint(FROM_HERE, PATH_MTU + 10, &too_long));
	expect_told(PATH_MTU - (world.family == 4 ? 20 : 40));
}

TEST(what_it_says_is_forgotten)
{
	struct frame too_long;

	given_unknown_path();
	too_long = sent_with(LONG);
	send(PROG_FROM_WIRE, complaint(FROM_HERE, PATH_MTU, &too_long));
	path_age(590);
	expect_told(PATH_MTU - (world.family == 4 ? 20 : 40));
	path_age(20);
	sent_with(LONG);
}

/* The least that a forger gets: 552 is Linux's net.ipv4.route.min_pmtu. */
TEST(a_complaint_that_asks_for_too_little)
{
	struct frame too_long;

	given_unknown_path();
	too_long = sent_with(LONG);
	send(PROG_FROM_WIRE, complaint(FROM_HERE, 100, &too_long));
	expect_told(world.family == 4 ? 552 - 20 : 1280 - 40);
}

/* Not about what we sent, not to us, not longer than what it asks for, not whole. */
TEST(a_complaint_that_is_not_believed)
{
	struct frame too_long, other;

	given_unknown_path();
	too_long = sent_with(LONG);
	other = tunnelled(packet(CLIENT ":1234", VIP, .payload_size = LONG), "10.240.0.9:1", TO_NODE, 0);
	send(PROG_FROM_WIRE, complaint(FROM_HERE, PATH_MTU, &other));
	other = tunnelled(packet(CLIENT ":1234", VIP, .payload_size = LONG), FROM_HERE, "10.240.0.9:1", 0);
	send(PROG_FROM_WIRE, complaint(FROM_HERE, PATH_MTU, &other));
	other = tunnelled(packet(CLIENT ":1234", VIP, .payload_size = LONG), REMOTE ":1", TO_NODE, 0);
	send(PROG_FROM_WIRE, complaint(REMOTE ":1", PATH_MTU, &other));
	other = sent_with(SHORT);
	send(PROG_FROM_WIRE, complaint(FROM_HERE, PATH_MTU, &other));
	other = complaint(FROM_HERE, PATH_MTU, &too_long);
	send(PROG_FROM_WIRE, frame_poke(other, other.length - 1, other.bytes[other.length - 1] ^ 0x10));
	sent_with(LONG);
}

TEST(last_hop_is_not_spent_on_a_tunnel)
{
	given_remote_service();
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .ttl = 1));
	expect_drop(SR_DROP_TTL);
}

/* Its answers do not pass the gateway: that it goes on for a while must do. */
TEST(what_goes_on_is_proven_without_answers)
{
	given_remote_service();
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .flags = SYN));
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP));
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	conn_begin_earlier(CLIENT ":1234", VIP, 3);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .flags = SYN));
	assert_int_equal(conn_read(PROVEN_CONN, CLIENT ":1234", VIP, NULL), world.proto == IPPROTO_UDP);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP));
	assert_true(conn_read(PROVEN_CONN, CLIENT ":1234", VIP, NULL));
}

/* ... and for both ends. */
TEST(a_clients_fin_ends_it)
{
	struct sr_conn conn;

	if (world.proto != IPPROTO_TCP)
		return;
	given_remote_service();
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .flags = SYN));
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .flags = FIN | ACK));
	assert_true(conn_read(ANY_CONN, CLIENT ":1234", VIP, &conn));
	assert_int_equal(conn.to.flags & SR_CONN_CLOSED, SR_CONN_CLOSED);
}

/* --- on the node --------------------------------------------------------------------- */

static const char gateway[] = TO_NODE, us[] = FROM_HERE;

TEST(node_unwraps_what_its_gateway_sends)
{
	struct frame inner = packet(CLIENT ":1234", VIP, .payload = "odd");

	given_dsr_from(OTHER_NODE);
	given_external(VIP, POD1 ":8080,local");
	send(PROG_FROM_WIRE, tunnelled(inner, gateway, us, 0));
	expect_redirect(inner);
}

TEST(congestion_is_not_forgotten)
{
	given_dsr_from(OTHER_NODE);
	given_external(VIP, POD1 ":8080,local");
	send(PROG_FROM_WIRE, tunnelled(packet(CLIENT ":1234", VIP, .tos = 2), gateway, us, CE));
	expect_redirect(packet(CLIENT ":1234", VIP, .tos = CE));
	send(PROG_FROM_WIRE, tunnelled(packet(CLIENT ":1234", VIP), gateway, us, CE));
	expect_drop(SR_DROP_TUNNEL);
}

/* And so do routers' errors about its answers; what begins is nobody's. */
TEST(a_connection_outlives_its_service)
{
	struct frame answer = packet(VIP, CLIENT ":1234"), inner = packet(CLIENT ":1234", VIP, .payload = "odd");
	bool v4 = world.family == 4;

	given_dsr_from(OTHER_NODE);
	given_external(VIP, POD1 ":8080,local");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, .flags = SYN));
	given_no_service(VIP);
	send(PROG_FROM_WIRE, tunnelled(inner, gateway, us, 0));
	expect_redirect(inner);
	inner = icmp("203.0.113.1:1", VIP, v4 ? 3 : 2, v4 ? 4 : 0, &answer, .icmp_info = 1300);
	send(PROG_FROM_WIRE, tunnelled(inner, gateway, us, 0));
	expect_redirect(inner);
	send(PROG_FROM_WIRE, tunnelled(packet(CLIENT ":1235", VIP, .flags = SYN), gateway, us, 0));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	answer = packet(VIP, CLIENT ":1235");
	send(PROG_FROM_WIRE, tunnelled(icmp("203.0.113.1:1", VIP, 3, 1, &answer), gateway, us, 0));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
}

TEST(tunnels_of_others_go_on)
{
	given_external(VIP, POD1 ":8080,local");
	send(PROG_FROM_WIRE, tunnelled(packet(CLIENT ":1234", VIP), gateway, us, 0));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	given_dsr_from(OTHER_NODE);
	send(PROG_FROM_WIRE, tunnelled(packet(CLIENT ":1234", VIP), "10.240.0.9:1", us, 0));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	send(PROG_FROM_WIRE, tunnelled(packet(CLIENT ":1234", VIP), gateway, REMOTE ":1", 0));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	send(PROG_FROM_WIRE, tunnelled(packet(CLIENT ":1234", "198.51.100.99:90"), gateway, us, 0));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
}

const struct CMUnitTest dsr_tests[] = {
	EACH_WAY(gateway_sends_to_the_node_with_the_packet_inside),
	EACH_WAY(xdp_leaves_tunnels_to_tc),
	EACH_WAY(backend_whose_node_is_not_known_keeps_snat),
	EACH_WAY(too_long_for_the_tunnel_is_told),
	TCP_AND_UDP(a_router_between_complains_of_the_tunnel),
	BOTH_FAMILIES(what_it_says_is_forgotten),
	BOTH_FAMILIES(a_complaint_that_asks_for_too_little),
	BOTH_FAMILIES(a_complaint_that_is_not_believed),
	EACH_WAY(last_hop_is_not_spent_on_a_tunnel),
	EACH_WAY(what_goes_on_is_proven_without_answers),
	EACH_WAY(a_clients_fin_ends_it),
	EACH_WAY(node_unwraps_what_its_gateway_sends),
	EACH_WAY(congestion_is_not_forgotten),
	EACH_WAY(a_connection_outlives_its_service),
	EACH_WAY(tunnels_of_others_go_on),
};
const size_t num_dsr_tests = ARRAY_SIZE(dsr_tests);
