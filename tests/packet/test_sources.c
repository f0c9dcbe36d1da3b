// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* loadBalancerSourceRanges: who may call a service's LoadBalancer addresses. */
#include "kernel/maps.h"
#include "tests.h"

#define BALANCER "198.51.100.8:80"
#define HERE	 POD2 ":8080"

static void given_the_service(void)
{
	given_kind(SR_FRONTEND_LOAD_BALANCER, BALANCER, HERE ",local");
	given_frontend_kind(BALANCER, SR_FRONTEND_NODE_PORT, NODE ":30080");
	given_frontend_kind(BALANCER, SR_FRONTEND_EXTERNAL_IP, "198.51.100.7:80");
	given_frontend_kind(BALANCER, SR_FRONTEND_CLUSTER_IP, "10.96.0.10:80");
	given_sources(BALANCER, "203.0.112.0/24", "192.0.2.7/32");
}

TEST(a_source_that_is_not_listed)
{
	given_the_service();
	send(PROG_FROM_WIRE, packet("203.0.113.9:1234", BALANCER));
	expect_drop(SR_DROP_SOURCE_RANGE);
	send(PROG_XDP, packet("192.0.2.8:1234", BALANCER));
	expect_drop(SR_DROP_SOURCE_RANGE);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

TEST(a_source_that_is_listed)
{
	given_the_service();
	send(PROG_FROM_WIRE, packet("203.0.112.6:1234", BALANCER));
	expect_packet(packet("203.0.112.6:1234", HERE));
	send(PROG_XDP, packet("192.0.2.7:1234", BALANCER));
	expect_packet(packet("192.0.2.7:1234", HERE));
}

/* Inside is no exception. */
TEST(pods_and_the_host_are_bound_by_it)
{
	given_the_service();
	send(PROG_FROM_POD, packet(POD1 ":1234", BALANCER));
	expect_drop(SR_DROP_SOURCE_RANGE);
	send_from_host(packet(NODE ":1234", BALANCER));
	expect_drop(SR_DROP_SOURCE_RANGE);
	given_sources(BALANCER, POD1 "/32", NODE "/32");
	send(PROG_FROM_POD, packet(POD1 ":1234", BALANCER));
	expect_packet(packet(POD1 ":1234", HERE));
	send_from_host(packet(NODE ":1234", BALANCER));
	expect_redirect(packet(expect_snat(NODE_TO_PODS), HERE, .ttl = 63));
}

TEST(other_addresses_are_open)
{
	given_the_service();
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", NODE ":30080"));
	expect_packet(packet(CLIENT ":1234", HERE));
	send(PROG_FROM_WIRE, packet(CLIENT ":1235", "198.51.100.7:80"));
	expect_packet(packet(CLIENT ":1235", HERE));
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:80"));
	expect_packet(packet(POD1 ":1234", HERE));
}

/* A range of one service admits to no other. */
TEST(another_services_ranges)
{
	given_the_service();
	given_kind(SR_FRONTEND_LOAD_BALANCER, "198.51.100.20:80", POD1 ":80");
	given_sources("198.51.100.20:80", "192.0.2.99/32");
	send(PROG_FROM_WIRE, packet("192.0.2.99:1", BALANCER));
	expect_drop(SR_DROP_SOURCE_RANGE);
	send(PROG_FROM_WIRE, packet("192.0.2.99:1", "198.51.100.20:80"));
	expect_packet(packet("192.0.2.99:1", POD1 ":80"));
}

/* Connections are let in, not packets. */
TEST(a_connection_outlives_its_range)
{
	given_the_service();
	send(PROG_FROM_WIRE, packet("203.0.112.6:1234", BALANCER));
	expect_packet(packet("203.0.112.6:1234", HERE));
	given_sources(BALANCER, "192.0.2.7/32");
	send(PROG_FROM_WIRE, packet("203.0.112.6:1234", BALANCER));
	expect_packet(packet("203.0.112.6:1234", HERE));
	send(PROG_FROM_WIRE, packet("203.0.112.6:1235", BALANCER));
	expect_drop(SR_DROP_SOURCE_RANGE);
}

/* Who may not call is told nothing, not even that nobody is there. */
TEST(ranges_come_before_endpoints)
{
	given_kind(SR_FRONTEND_LOAD_BALANCER, BALANCER, NULL);
	given_sources(BALANCER, "192.0.2.7/32");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", BALANCER));
	expect_drop(SR_DROP_SOURCE_RANGE);
	send(PROG_FROM_WIRE, packet("192.0.2.7:1234", BALANCER));
	expect_drop(SR_DROP_NO_ENDPOINT);
}

/* `status` says how full the tables are that a service's rules take. */
TEST(what_is_in_use)
{
	struct sr_usage before, usage;

	assert_int_equal(sr_maps_usage(harness_datapath(), &before, NULL), 0);
	given_the_service();
	given_affinity(BALANCER, 10800);
	send(PROG_FROM_WIRE, packet("203.0.112.6:1234", BALANCER));
	expect_verdict(VERDICT_PASS);
	assert_int_equal(sr_maps_usage(harness_datapath(), &usage, NULL), 0);
	assert_int_equal(usage.addresses, before.addresses + 4);
	assert_int_equal(usage.sources, before.sources + 2);
	assert_int_equal(usage.affinity, before.affinity + 1);
	assert_true(usage.max_addresses > usage.addresses);
	assert_true(usage.max_sources > usage.sources);
	assert_true(usage.max_affinity > usage.affinity);
}

const struct CMUnitTest sources_tests[] = {
	EACH_WAY(a_source_that_is_not_listed),
	EACH_WAY(a_source_that_is_listed),
	EACH_WAY(what_is_in_use),
	EACH_WAY(pods_and_the_host_are_bound_by_it),
	EACH_WAY(other_addresses_are_open),
	EACH_WAY(another_services_ranges),
	EACH_WAY(a_connection_outlives_its_range),
	EACH_WAY(ranges_come_before_endpoints),
};
const size_t num_sources_tests = ARRAY_SIZE(sources_tests);
