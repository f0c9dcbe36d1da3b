// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A service's traffic goes to its backend, and the answers come back as the service's. */
#include "tests.h"

TEST(pod_reaches_cluster_ip)
{
	given_service("10.96.0.10:80", POD2 ":8080");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:80", .flags = SYN));
	expect_packet(packet(POD1 ":1234", POD2 ":8080", .flags = SYN));
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:80", .payload = "GET /odd"));
	expect_packet(packet(POD1 ":1234", POD2 ":8080", .payload = "GET /odd"));
	expect_counter(SR_OK, 2);
}

TEST(answer_to_pod_bears_cluster_ip)
{
	given_service("10.96.0.10:80", POD2 ":8080");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:80"));
	send(PROG_TO_POD, packet(POD2 ":8080", POD1 ":1234", .payload = "200 OK"));
	expect_packet(packet("10.96.0.10:80", POD1 ":1234", .payload = "200 OK"));
}

/* The node's own address is for those only who would answer past us: a pod's answers pass us. */
TEST(pod_reaches_backend_on_another_node)
{
	given_service("10.96.0.10:80", REMOTE ":8080");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:80"));
	expect_packet(packet(POD1 ":1234", REMOTE ":8080"));
	send(PROG_TO_POD, packet(REMOTE ":8080", POD1 ":1234"));
	expect_packet(packet("10.96.0.10:80", POD1 ":1234"));
}

TEST(pod_reaches_external_ip)
{
	given_external("198.51.100.7:90", POD2 ":8080");
	send(PROG_FROM_POD, packet(POD1 ":1234", "198.51.100.7:90"));
	expect_packet(packet(POD1 ":1234", POD2 ":8080"));
	send(PROG_TO_POD, packet(POD2 ":8080", POD1 ":1234"));
	expect_packet(packet("198.51.100.7:90", POD1 ":1234"));
}

static void outside_reaches_local_pod(enum program program)
{
	given_external("198.51.100.7:90", POD1 ":8080");
	send(program, packet(CLIENT ":1234", "198.51.100.7:90", .flags = SYN));
	expect_packet(packet(CLIENT ":1234", POD1 ":8080", .flags = SYN));
	send(program, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_packet(packet(CLIENT ":1234", POD1 ":8080"));
	send(PROG_TO_WIRE, packet(POD1 ":8080", CLIENT ":1234"));
	expect_packet(packet("198.51.100.7:90", CLIENT ":1234"));
	expect_counter(SR_OK, 3);
}

TEST(outside_reaches_local_pod_by_tc)
{
	outside_reaches_local_pod(PROG_FROM_WIRE);
}

TEST(outside_reaches_local_pod_by_xdp)
{
	outside_reaches_local_pod(PROG_XDP);
}

TEST(tc_leaves_alone_what_xdp_translated)
{
	given_external("198.51.100.7:90", POD1 ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_packet(packet(CLIENT ":1234", POD1 ":8080"));
	send(PROG_FROM_WIRE, *sent());
	expect_untouched(SR_PASS_NOT_A_SERVICE);
}

/* Not even where the backend is a frontend, too, though one that leads to itself. */
TEST(tc_leaves_alone_what_xdp_sent_to_a_frontend)
{
	given_external("198.51.100.7:90", POD1 ":8080");
	given_external(POD1 ":8080", POD1 ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_packet(packet(CLIENT ":1234", POD1 ":8080"));
	send(PROG_FROM_WIRE, *sent());
	expect_untouched(SR_PASS_MARKED);
	send(PROG_TO_WIRE, packet(POD1 ":8080", CLIENT ":1234"));
	expect_packet(packet("198.51.100.7:90", CLIENT ":1234"));
}

TEST(cluster_ip_is_closed_to_the_outside)
{
	given_service("10.96.0.10:80", POD1 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "10.96.0.10:80"));
	expect_drop(SR_DROP_NOT_REACHABLE);
	send(PROG_XDP, packet(CLIENT ":1234", "10.96.0.10:80"));
	expect_drop(SR_DROP_NOT_REACHABLE);
	expect_counter(SR_DROP_NOT_REACHABLE, 2);
}

TEST(cluster_ip_is_open_where_allowed)
{
	given_external_clusterips();
	given_service("10.96.0.10:80", POD1 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "10.96.0.10:80"));
	expect_packet(packet(CLIENT ":1234", POD1 ":8080"));
	send(PROG_XDP, packet(CLIENT ":1235", "10.96.0.10:80"));
	expect_packet(packet(CLIENT ":1235", POD1 ":8080"));
}

TEST(service_without_backends_drops)
{
	given_external("198.51.100.7:90", NULL);
	send(PROG_FROM_POD, packet(POD1 ":1234", "198.51.100.7:90"));
	expect_drop(SR_DROP_NO_ENDPOINT);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_drop(SR_DROP_NO_ENDPOINT);
	/* tc is to tell the client. */
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	expect_untouched(SR_PASS_TO_TC);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

TEST(other_protocol_on_the_same_port_is_another_service)
{
	given_service("10.96.0.10:53/tcp", POD2 ":1053");
	given_service("10.96.0.10:53/udp", POD2 ":2053");
	send(PROG_FROM_POD, tcp(POD1 ":1234", "10.96.0.10:53"));
	expect_packet(tcp(POD1 ":1234", POD2 ":1053"));
	send(PROG_FROM_POD, udp(POD1 ":1234", "10.96.0.10:53"));
	expect_packet(udp(POD1 ":1234", POD2 ":2053"));
	send(PROG_TO_POD, udp(POD2 ":2053", POD1 ":1234"));
	expect_packet(udp("10.96.0.10:53", POD1 ":1234"));
}

TEST(every_address_of_a_service_answers_as_itself)
{
	given_external("198.51.100.7:90", POD2 ":8080");
	given_frontend("198.51.100.7:90", "198.51.100.8:90");
	send(PROG_FROM_POD, packet(POD1 ":1234", "198.51.100.7:90"));
	send(PROG_FROM_POD, packet(POD1 ":1235", "198.51.100.8:90"));
	expect_packet(packet(POD1 ":1235", POD2 ":8080"));
	send(PROG_TO_POD, packet(POD2 ":8080", POD1 ":1235"));
	expect_packet(packet("198.51.100.8:90", POD1 ":1235"));
	send(PROG_TO_POD, packet(POD2 ":8080", POD1 ":1234"));
	expect_packet(packet("198.51.100.7:90", POD1 ":1234"));
}

const struct CMUnitTest dnat_tests[] = {
	EACH_WAY(pod_reaches_cluster_ip),
	EACH_WAY(answer_to_pod_bears_cluster_ip),
	EACH_WAY(pod_reaches_backend_on_another_node),
	EACH_WAY(pod_reaches_external_ip),
	EACH_WAY(outside_reaches_local_pod_by_tc),
	EACH_WAY(outside_reaches_local_pod_by_xdp),
	EACH_WAY(tc_leaves_alone_what_xdp_translated),
	EACH_WAY(tc_leaves_alone_what_xdp_sent_to_a_frontend),
	EACH_WAY(cluster_ip_is_closed_to_the_outside),
	BOTH_FAMILIES(cluster_ip_is_open_where_allowed),
	EACH_WAY(service_without_backends_drops),
	BOTH_FAMILIES(other_protocol_on_the_same_port_is_another_service),
	EACH_WAY(every_address_of_a_service_answers_as_itself),
};
const size_t num_dnat_tests = ARRAY_SIZE(dnat_tests);
