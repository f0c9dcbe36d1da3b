// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which endpoints a caller may choose among: by the kind of address that was
 * called, the traffic policies, and where the call comes from.
 */
#include <stdio.h>
#include <string.h>

#include "tests.h"

#define CLUSTER_IP "10.96.0.10:80"
#define NODE_PORT  NODE ":30080"
#define EXTERNAL   "198.51.100.7:80"
#define BALANCER   "198.51.100.8:80"

#define HERE  POD2 ":8080"
#define THERE REMOTE ":8080"

static const struct {
	enum sr_frontend_kind kind;
	const char *at;
} external_kinds[] = {
	{SR_FRONTEND_NODE_PORT, NODE_PORT},
	{SR_FRONTEND_EXTERNAL_IP, EXTERNAL},
	{SR_FRONTEND_LOAD_BALANCER, BALANCER},
};

/* One service at an address of each kind, its policies as said. */
static void given_everywhere(unsigned int policies)
{
	given_policy(CLUSTER_IP, policies);
	for (size_t i = 0; i < ARRAY_SIZE(external_kinds); i++)
		given_frontend_kind(CLUSTER_IP, external_kinds[i].kind, external_kinds[i].at);
}

/* A port that no flow of the test had: two to one backend would collide there. */
static const char *client_of(const char *addr)
{
	static char client[32];
	static int port;

	port = port % 30000 + 1;
	snprintf(client, sizeof(client), "%s:%d", addr, 2000 + port);
	return client;
}

/* 24 new flows, all to `backend`: drawn evenly from both sets, one would go astray. */
static void expect_pod_gets(const char *at, const char *backend)
{
	for (int i = 0; i < 24; i++) {
		const char *client = client_of(POD1);

		send(PROG_FROM_POD, packet(client, at));
		expect_packet(packet(client, backend));
	}
}

static void expect_outside_gets_here(const char *at)
{
	for (int i = 0; i < 24; i++) {
		const char *client = client_of(CLIENT);

		send(PROG_FROM_WIRE, packet(client, at));
		expect_packet(packet(client, HERE));
	}
}

static void expect_host_gets(const char *at, const char *node, const char *backend)
{
	for (int i = 0; i < 24; i++) {
		const char *client = client_of(NODE);

		send_from_host(packet(client, at));
		expect_redirect(packet(expect_snat(node), backend, .ttl = 63));
	}
}

TEST(internal_policy_local_is_the_cluster_ips)
{
	given_service(CLUSTER_IP, THERE, HERE ",only_local");
	given_everywhere(SR_SERVICE_INTERNAL_LOCAL);
	expect_pod_gets(CLUSTER_IP, HERE);
	expect_host_gets(CLUSTER_IP, NODE_TO_PODS, HERE);
	for (size_t i = 0; i < ARRAY_SIZE(external_kinds); i++)
		expect_pod_gets(external_kinds[i].at, THERE);
}

TEST(internal_policy_cluster_takes_the_cluster_set)
{
	given_service(CLUSTER_IP, THERE, HERE ",only_local");
	given_everywhere(SR_SERVICE_EXTERNAL_LOCAL);
	expect_pod_gets(CLUSTER_IP, THERE);
	expect_host_gets(CLUSTER_IP, NODE, THERE);
}

TEST(external_policy_local_keeps_the_client)
{
	given_service(CLUSTER_IP, THERE, HERE ",only_local");
	given_everywhere(SR_SERVICE_EXTERNAL_LOCAL);
	for (size_t i = 0; i < ARRAY_SIZE(external_kinds); i++)
		expect_outside_gets_here(external_kinds[i].at);
}

/* Who is inside already is not bound by it. */
TEST(external_policy_local_is_cut_short_from_inside)
{
	given_service(CLUSTER_IP, THERE, HERE ",only_local");
	given_everywhere(SR_SERVICE_EXTERNAL_LOCAL);
	for (size_t i = 0; i < ARRAY_SIZE(external_kinds); i++) {
		expect_pod_gets(external_kinds[i].at, THERE);
		expect_host_gets(external_kinds[i].at, NODE, THERE);
	}
}

/* A pod of another node, where it is known where pods live; its answers must come back to us. */
TEST(external_policy_local_is_cut_short_for_other_nodes_pods)
{
	given_cluster_cidr("10.244.0.0", 16);
	given_kind(SR_FRONTEND_NODE_PORT, NODE_PORT, THERE, HERE ",only_local");
	given_policy(NODE_PORT, SR_SERVICE_EXTERNAL_LOCAL);
	send(PROG_FROM_WIRE, packet("10.244.2.21:1234", NODE_PORT));
	expect_redirect(packet(expect_snat(NODE), THERE, .ttl = 63));
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", NODE_PORT));
	expect_packet(packet(CLIENT ":1234", HERE));
}

TEST(external_policy_cluster)
{
	const char *node;

	given_service(CLUSTER_IP, THERE, HERE ",only_local");
	given_everywhere(SR_SERVICE_INTERNAL_LOCAL);
	for (size_t i = 0; i < ARRAY_SIZE(external_kinds); i++) {
		send(PROG_FROM_WIRE, packet(CLIENT ":1234", external_kinds[i].at));
		node = expect_snat(NODE);
		expect_redirect(packet(node, THERE, .ttl = 63));
		send(PROG_FROM_WIRE, packet(THERE, node));
		expect_redirect(packet(external_kinds[i].at, CLIENT ":1234", .ttl = 63));
	}
}

/* Better than kube-proxy: the pod of this node sees its client. */
TEST(external_policy_cluster_and_a_backend_here)
{
	given_kind(SR_FRONTEND_NODE_PORT, NODE_PORT, HERE ",local");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", NODE_PORT));
	expect_packet(packet(CLIENT ":1234", HERE));
}

/* A host port is its pod's, whatever policies say. */
TEST(a_host_port_knows_no_policy)
{
	given_kind(SR_FRONTEND_HOST_PORT, NODE ":8888", HERE);
	given_policy(NODE ":8888", SR_SERVICE_EXTERNAL_LOCAL | SR_SERVICE_INTERNAL_LOCAL);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", NODE ":8888"));
	expect_packet(packet(CLIENT ":1234", HERE));
	expect_pod_gets(NODE ":8888", HERE);
}

TEST(endpoints_elsewhere_only)
{
	given_service(CLUSTER_IP, THERE);
	given_everywhere(SR_SERVICE_EXTERNAL_LOCAL | SR_SERVICE_INTERNAL_LOCAL);
	send(PROG_FROM_POD, packet(POD1 ":1234", CLUSTER_IP));
	expect_drop(SR_DROP_NO_LOCAL_ENDPOINT);
	send_from_host(packet(NODE ":1234", CLUSTER_IP));
	expect_drop(SR_DROP_NO_LOCAL_ENDPOINT);
	for (size_t i = 0; i < ARRAY_SIZE(external_kinds); i++) {
		send(PROG_FROM_WIRE, packet(CLIENT ":1234", external_kinds[i].at));
		expect_drop(SR_DROP_NO_LOCAL_ENDPOINT);
		send(PROG_XDP, packet(CLIENT ":1234", external_kinds[i].at));
		expect_drop(SR_DROP_NO_LOCAL_ENDPOINT);
		expect_pod_gets(external_kinds[i].at, THERE);
		expect_host_gets(external_kinds[i].at, NODE, THERE);
	}
}

TEST(no_endpoint_anywhere)
{
	given_service(CLUSTER_IP, HERE ",draining");
	given_everywhere(SR_SERVICE_EXTERNAL_LOCAL | SR_SERVICE_INTERNAL_LOCAL);
	send(PROG_FROM_POD, packet(POD1 ":1234", CLUSTER_IP));
	expect_drop(SR_DROP_NO_ENDPOINT);
	for (size_t i = 0; i < ARRAY_SIZE(external_kinds); i++) {
		send(PROG_FROM_POD, packet(POD1 ":1234", external_kinds[i].at));
		expect_drop(SR_DROP_NO_ENDPOINT);
		send_from_host(packet(NODE ":1234", external_kinds[i].at));
		expect_drop(SR_DROP_NO_ENDPOINT);
		send(PROG_FROM_WIRE, packet(CLIENT ":1234", external_kinds[i].at));
		expect_drop(SR_DROP_NO_ENDPOINT);
		send(PROG_XDP, packet(CLIENT ":1234", external_kinds[i].at));
		expect_untouched(SR_PASS_TO_TC);
	}
}

/* A flow stays where it is when the policy changes; the next one obeys. */
TEST(a_policy_that_changes)
{
	given_kind(SR_FRONTEND_NODE_PORT, NODE_PORT, THERE, HERE ",only_local");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", NODE_PORT));
	expect_redirect(packet(expect_snat(NODE), THERE, .ttl = 63));
	given_policy(NODE_PORT, SR_SERVICE_EXTERNAL_LOCAL);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", NODE_PORT));
	expect_redirect(packet(expect_snat(NODE), THERE, .ttl = 63));
	send(PROG_FROM_WIRE, packet(CLIENT ":1235", NODE_PORT));
	expect_packet(packet(CLIENT ":1235", HERE));
	given_policy(NODE_PORT, 0);
	send(PROG_FROM_WIRE, packet(CLIENT ":1236", NODE_PORT));
	expect_redirect(packet(expect_snat(NODE), THERE, .ttl = 63));
}

/* TCP and UDP may share a node port; each is its own service. */
TEST(protocols_share_a_node_port)
{
	given_kind(SR_FRONTEND_NODE_PORT, NODE ":30053/tcp", POD1 ":1053");
	given_kind(SR_FRONTEND_NODE_PORT, NODE ":30053/udp", POD2 ":2053");
	send(PROG_FROM_WIRE, tcp(CLIENT ":1234", NODE ":30053"));
	expect_packet(tcp(CLIENT ":1234", POD1 ":1053"));
	send(PROG_FROM_WIRE, udp(CLIENT ":1234", NODE ":30053"));
	expect_packet(udp(CLIENT ":1234", POD2 ":2053"));
	given_no_service(NODE ":30053/udp");
	send(PROG_FROM_WIRE, udp(CLIENT ":1235", NODE ":30053"));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	send(PROG_FROM_WIRE, tcp(CLIENT ":1235", NODE ":30053"));
	expect_packet(tcp(CLIENT ":1235", POD1 ":1053"));
}

/* A pod that is given itself, by whatever address. */
TEST(hairpin_by_every_kind)
{
	static const struct {
		enum sr_frontend_kind kind;
		const char *at;
	} kinds[] = {
		{SR_FRONTEND_CLUSTER_IP, "10.96.0.11:80"},    {SR_FRONTEND_NODE_PORT, NODE ":30081"},
		{SR_FRONTEND_EXTERNAL_IP, "198.51.100.9:80"}, {SR_FRONTEND_LOAD_BALANCER, "198.51.100.10:80"},
		{SR_FRONTEND_HOST_PORT, NODE ":8888"},
	};
	char self[64];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *node;

		snprintf(self, sizeof(self), POD1 ":8%03zu,local", i);
		given_kind(kinds[i].kind, kinds[i].at, self);
		given_policy(kinds[i].at, SR_SERVICE_EXTERNAL_LOCAL | SR_SERVICE_INTERNAL_LOCAL);
		*strchr(self, ',') = '\0';
		send(PROG_FROM_POD, packet(POD1 ":1234", kinds[i].at));
		node = expect_snat(NODE_TO_PODS);
		expect_redirect(packet(node, self, .ttl = 63));
		send(PROG_FROM_POD, packet(self, node));
		expect_redirect(packet(kinds[i].at, POD1 ":1234", .ttl = 63));
	}
}

/* What is left to the host, and what is only held for bind(), is never translated. */
TEST(addresses_that_are_no_services)
{
	static const enum sr_frontend_kind kinds[] = {SR_FRONTEND_PASS, SR_FRONTEND_RESERVED};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		given_kind(kinds[i], "169.254.20.10:53", HERE);
		send(PROG_FROM_POD, packet(POD1 ":1234", "169.254.20.10:53"));
		expect_untouched(SR_PASS_NOT_A_SERVICE);
		send(PROG_FROM_WIRE, packet(CLIENT ":1234", "169.254.20.10:53"));
		expect_untouched(SR_PASS_NOT_A_SERVICE);
		send(PROG_XDP, packet(CLIENT ":1234", "169.254.20.10:53"));
		expect_untouched(SR_PASS_NOT_A_SERVICE);
		send_from_host(packet(NODE ":1234", "169.254.20.10:53"));
		expect_untouched(SR_PASS_NOT_A_SERVICE);
		/* As a backend it is a plain address. */
		given_service(CLUSTER_IP, "169.254.20.10:53");
		send(PROG_FROM_POD, packet(POD1 ":1235", CLUSTER_IP));
		expect_packet(packet(POD1 ":1235", "169.254.20.10:53"));
		given_no_service(CLUSTER_IP);
		given_no_service("169.254.20.10:53");
	}
}

const struct CMUnitTest policies_tests[] = {
	EACH_WAY(internal_policy_local_is_the_cluster_ips),
	EACH_WAY(internal_policy_cluster_takes_the_cluster_set),
	EACH_WAY(external_policy_local_keeps_the_client),
	EACH_WAY(external_policy_local_is_cut_short_from_inside),
	EACH_WAY(external_policy_local_is_cut_short_for_other_nodes_pods),
	EACH_WAY(external_policy_cluster),
	EACH_WAY(external_policy_cluster_and_a_backend_here),
	EACH_WAY(a_host_port_knows_no_policy),
	EACH_WAY(endpoints_elsewhere_only),
	EACH_WAY(no_endpoint_anywhere),
	EACH_WAY(a_policy_that_changes),
	BOTH_FAMILIES(protocols_share_a_node_port),
	EACH_WAY(hairpin_by_every_kind),
	EACH_WAY(addresses_that_are_no_services),
};
const size_t num_policies_tests = ARRAY_SIZE(policies_tests);
