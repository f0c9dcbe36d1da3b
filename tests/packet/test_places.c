// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Places of services without a service: a ClusterIP's other ports and protocols. */
#include "tests.h"

#define CLUSTER_IP "10.96.0.10:80"

TEST(a_port_that_a_cluster_ip_has_not)
{
	given_service(CLUSTER_IP, POD2 ":8080");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:81"));
	expect_drop(SR_DROP_NO_SUCH_PORT);
	send_from_host(packet(NODE ":1234", "10.96.0.10:81"));
	expect_drop(SR_DROP_NO_SUCH_PORT);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

/* The outside does not reach it at all. */
TEST(such_a_port_from_outside)
{
	given_service(CLUSTER_IP, POD2 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "10.96.0.10:81"));
	expect_drop(SR_DROP_NOT_REACHABLE);
	send(PROG_XDP, packet(CLIENT ":1234", "10.96.0.10:81"));
	expect_drop(SR_DROP_NOT_REACHABLE);
}

TEST(such_a_port_from_outside_where_it_is_open)
{
	given_external_clusterips();
	given_service(CLUSTER_IP, POD2 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "10.96.0.10:81"));
	expect_drop(SR_DROP_NO_SUCH_PORT);
	send(PROG_XDP, packet(CLIENT ":1234", "10.96.0.10:81"));
	expect_untouched(SR_PASS_TO_TC);
}

TEST(another_protocol)
{
	given_service("10.96.0.10:80/tcp", POD2 ":8080");
	send(PROG_FROM_POD, udp(POD1 ":1234", "10.96.0.10:80"));
	expect_drop(SR_DROP_NO_SUCH_PORT);
	send(PROG_FROM_POD, ping(POD1 ":1", "10.96.0.10:80"));
	expect_drop(SR_DROP_NO_SUCH_PORT);
	send_from_host(ping(NODE ":1", "10.96.0.10:80"));
	expect_drop(SR_DROP_NO_SUCH_PORT);
	send(PROG_FROM_WIRE, ping(CLIENT ":1", "10.96.0.10:80"));
	expect_drop(SR_DROP_NOT_REACHABLE);
}

/* What came in by us has been judged. */
TEST(another_protocol_on_its_way_out)
{
	given_service(CLUSTER_IP, POD2 ":8080");
	send(PROG_TO_WIRE, ping(POD1 ":1", "10.96.0.10:80"));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	send(PROG_TO_POD, ping(POD1 ":1", "10.96.0.10:80"));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
}

/* A node has other uses for its addresses, and whoever announces one for others. */
TEST(other_kinds_have_other_ports)
{
	given_kind(SR_FRONTEND_NODE_PORT, NODE ":30080", POD2 ":8080");
	given_external("198.51.100.7:90", POD2 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", NODE ":22"));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	send(PROG_FROM_POD, packet(POD1 ":1234", NODE ":22"));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	send(PROG_FROM_POD, packet(POD1 ":1234", "198.51.100.7:91"));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	send(PROG_FROM_POD, ping(POD1 ":1", NODE ":1"));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
}

/* A backend is judged as a call would be. */
TEST(a_backend_that_is_such_a_port)
{
	given_service(CLUSTER_IP, "10.96.0.11:99");
	given_service("10.96.0.11:80", POD2 ":8080");
	send(PROG_FROM_POD, packet(POD1 ":1234", CLUSTER_IP));
	expect_drop(SR_DROP_NO_SUCH_PORT);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

TEST(an_address_that_no_service_has)
{
	given_service_cidr("10.96.0.0", 16);
	given_service(CLUSTER_IP, POD2 ":8080");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.7.7:80"));
	expect_drop(SR_DROP_UNALLOCATED);
	send(PROG_FROM_POD, ping(POD1 ":1", "10.96.7.7:80"));
	expect_drop(SR_DROP_UNALLOCATED);
	send_from_host(packet(NODE ":1234", "10.96.7.7:80"));
	expect_drop(SR_DROP_UNALLOCATED);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", "10.96.7.7:80"));
	expect_drop(SR_DROP_NOT_REACHABLE);
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.97.0.1:80"));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	send(PROG_FROM_POD, packet(POD1 ":1234", CLUSTER_IP));
	expect_packet(packet(POD1 ":1234", POD2 ":8080"));
}

const struct CMUnitTest places_tests[] = {
	EACH_WAY(a_port_that_a_cluster_ip_has_not),
	EACH_WAY(such_a_port_from_outside),
	EACH_WAY(such_a_port_from_outside_where_it_is_open),
	BOTH_FAMILIES(another_protocol),
	BOTH_FAMILIES(another_protocol_on_its_way_out),
	EACH_WAY(other_kinds_have_other_ports),
	EACH_WAY(a_backend_that_is_such_a_port),
	EACH_WAY(an_address_that_no_service_has),
};
const size_t num_places_tests = ARRAY_SIZE(places_tests);
