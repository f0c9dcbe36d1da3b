// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The consistent choice: what one gateway chooses, any other does, and what needs not move stays. */
#include "tests.h"

#include <stdio.h>
#include <string.h>

#define VIP	 "198.51.100.7:80"
#define OTHER	 "198.51.100.8:80"
#define FLOWS	 10000
#define BACKENDS 10

/* Of each flow the port of its backend, 8000 and on. */
struct picks {
	int of[FLOWS];
};

/* Nothing is remembered of earlier flows: another gateway's programs, as it were. */
static void pick(struct picks *picks, const char *vip, uint8_t flags)
{
	conns_forget();
	for (int i = 0; i < FLOWS; i++) {
		struct sr_hostport backend;
		char client[32];

		snprintf(client, sizeof(client), "203.0.113.%d:%d", 10 + i % 10, 1024 + i / 10);
		send(PROG_FROM_WIRE, packet(client, vip, .flags = flags));
		expect_verdict(VERDICT_PASS);
		backend = world_hostport(frame_destination(sent()), world.family, world.proto);
		picks->of[i] = ntohs(backend.port) - 8000;
		assert_true(picks->of[i] >= 0 && picks->of[i] < BACKENDS);
	}
}

static int count_moved(const struct picks *a, const struct picks *b)
{
	int moved = 0;

	for (int i = 0; i < FLOWS; i++)
		moved += a->of[i] != b->of[i];
	return moved;
}

static int count_of(const struct picks *picks, int backend)
{
	int num = 0;

	for (int i = 0; i < FLOWS; i++)
		num += picks->of[i] == backend;
	return num;
}

/* Six standard deviations. */
static void expect_share(int got, int flows, double probability)
{
	double mean = flows * probability, off = got - mean;

	if (off * off > 36 * mean * (1 - probability))
		fail_msg("%d flows of %d, expected %.0f", got, flows, mean);
}

/* Backends 8000 to 8009, from `first` on and round, without `lacks` (-1: with all). */
static void given_backends(const char *vip, int first, int lacks)
{
	char text[BACKENDS][32];
	const char *list[BACKENDS + 1] = {};
	int num = 0;

	for (int i = 0; i < BACKENDS; i++) {
		int backend = (first + i) % BACKENDS;

		snprintf(text[i], sizeof(text[i]), POD2 ":%d", 8000 + backend);
		if (backend != lacks)
			list[num++] = text[i];
	}
	harness_given(SR_FRONTEND_EXTERNAL_IP, vip, list);
}

static void given_maglev(const char *vip)
{
	given_policy(vip, SR_SERVICE_MAGLEV);
}

static struct picks first, second;

TEST(shares_are_even)
{
	given_backends(VIP, 0, -1);
	given_maglev(VIP);
	pick(&first, VIP, SYN);
	for (int i = 0; i < BACKENDS; i++)
		expect_share(count_of(&first, i), FLOWS, 1. / BACKENDS);
}

TEST(shares_follow_weights)
{
	given_external(VIP, POD2 ":8000", POD2 ":8001,weight=3", POD2 ":8002,weight=16", POD2 ":8003,weight=0");
	given_maglev(VIP);
	pick(&first, VIP, SYN);
	expect_share(count_of(&first, 0), FLOWS, .05);
	expect_share(count_of(&first, 1), FLOWS, .15);
	expect_share(count_of(&first, 2), FLOWS, .80);
	assert_int_equal(count_of(&first, 3), 0);
}

/* What is there to know is in another place: services, backends and slots have other numbers. */
TEST(whatever_was_programmed_before)
{
	given_backends(VIP, 0, -1);
	given_maglev(VIP);
	pick(&first, VIP, SYN);

	given_no_service(VIP);
	given_backends(OTHER, 0, -1);
	given_external(VIP, POD2 ":8007", POD2 ":8003");
	given_maglev(VIP);
	for (int lacks = 0; lacks < BACKENDS; lacks++)
		given_backends(VIP, 7, lacks);
	given_backends(VIP, 7, -1);
	pick(&second, VIP, SYN);
	assert_int_equal(count_moved(&first, &second), 0);
}

/* Each flow draws anew where the choice is not consistent: nine of ten move. */
TEST(a_service_that_was_not_asked_to)
{
	given_backends(VIP, 0, -1);
	pick(&first, VIP, SYN);
	pick(&second, VIP, SYN);
	expect_share(count_moved(&first, &second), FLOWS, 1 - 1. / BACKENDS);

	given_maglev(VIP);
	pick(&first, VIP, SYN);
	pick(&second, VIP, SYN);
	assert_int_equal(count_moved(&first, &second), 0);
}

/* Other services have flows of their own. */
TEST(services_do_not_agree)
{
	given_backends(VIP, 0, -1);
	given_maglev(VIP);
	given_backends(OTHER, 0, -1);
	given_maglev(OTHER);
	pick(&first, VIP, SYN);
	pick(&second, OTHER, SYN);
	expect_share(count_moved(&first, &second), FLOWS, 1 - 1. / BACKENDS);
}

TEST(a_removed_backend_moves_its_own_flows)
{
	int moved[BACKENDS] = {};

	given_backends(VIP, 0, -1);
	given_maglev(VIP);
	pick(&first, VIP, SYN);
	given_backends(VIP, 0, 4);
	pick(&second, VIP, SYN);

	for (int i = 0; i < FLOWS; i++) {
		if (first.of[i] == 4)
			moved[second.of[i]]++;
		else
			assert_int_equal(second.of[i], first.of[i]);
	}
	assert_int_equal(moved[4], 0);
	for (int i = 0; i < BACKENDS; i++)
		if (i != 4)
			expect_share(moved[i], count_of(&first, 4), 1. / (BACKENDS - 1));
}

TEST(a_backend_that_drains_moves_new_flows_only_of_its_own)
{
	given_external(VIP, POD2 ":8000", POD2 ":8001,weight=2", POD2 ":8002,weight=3");
	given_maglev(VIP);
	pick(&first, VIP, SYN);
	given_external(VIP, POD2 ":8000", POD2 ":8001,weight=2,draining", POD2 ":8002,weight=3");
	pick(&second, VIP, SYN);
	assert_int_equal(count_of(&second, 1), 0);
	assert_int_equal(count_moved(&first, &second), count_of(&first, 1));
}

/* A weight that grows draws flows from others, and moves none between them. */
TEST(a_weight_that_changes)
{
	given_external(VIP, POD2 ":8000,weight=2", POD2 ":8001,weight=2", POD2 ":8002,weight=2");
	given_maglev(VIP);
	pick(&first, VIP, SYN);
	given_external(VIP, POD2 ":8000,weight=2", POD2 ":8001,weight=3", POD2 ":8002,weight=2");
	pick(&second, VIP, SYN);
	for (int i = 0; i < FLOWS; i++)
		if (second.of[i] != 1)
			assert_int_equal(second.of[i], first.of[i]);
	expect_share(count_of(&second, 1), FLOWS, 3. / 7);
}

/* Client's port `port` calls, and never did before as far as this gateway knows. Where its packet goes. */
static void call(const char **client, const char **backend, int port, uint8_t flags)
{
	static char from[32], to[64];

	conns_forget();
	snprintf(from, sizeof(from), CLIENT ":%d", port);
	send(PROG_FROM_WIRE, packet(from, VIP, .flags = flags, .seq = 4711, .ack = 815));
	snprintf(to, sizeof(to), "%s", frame_destination(sent()));
	*client = from;
	*backend = to;
}

/* A gateway that never saw the flow begin enters it, and it goes where it went. */
TEST(a_flow_that_moved_goes_on)
{
	const char *client, *backend;
	char before[64];

	given_backends(VIP, 0, -1);
	given_maglev(VIP);
	for (int i = 0; i < 32; i++) {
		call(&client, &backend, 5000 + i, SYN);
		snprintf(before, sizeof(before), "%s", backend);
		call(&client, &backend, 5000 + i, ACK | PSH);
		expect_packet(packet(client, before, .flags = ACK | PSH, .seq = 4711, .ack = 815));
		send(PROG_TO_WIRE, packet(before, client, .flags = ACK, .seq = 815, .ack = 4716));
		expect_packet(packet(VIP, client, .flags = ACK, .seq = 815, .ack = 4716));
	}
	assert_int_equal(conns_count(PROVEN_CONN), 2);
}

/* The backend takes it for another's, and says so: its client hears that, and is not left waiting. */
TEST(a_connection_that_moved_and_had_our_address_is_reset)
{
	const char *client, *backend;
	char before[64], node[64];

	given_external(VIP, REMOTE ":8000", REMOTE ":8001", REMOTE ":8002", REMOTE ":8003");
	given_maglev(VIP);
	for (int i = 0; i < 8; i++) {
		call(&client, &backend, 5000 + i, SYN);
		snprintf(before, sizeof(before), "%s", backend);
		call(&client, &backend, 5000 + i, ACK | PSH);
		assert_string_equal(backend, before);
		snprintf(node, sizeof(node), "%s", expect_snat(NODE));
		send(PROG_FROM_WIRE, packet(before, node, .flags = RST, .seq = 815));
		expect_redirect(packet(VIP, client, .flags = RST, .seq = 815, .ttl = 63));
	}
}

/* All flows of a client are one, on whichever gateway it was met first. */
TEST(affinity_agrees)
{
	const char *client, *backend;
	char before[64] = "";
	int others = 0;

	given_backends(VIP, 0, -1);
	given_maglev(VIP);
	given_affinity(VIP, 600);
	for (int i = 0; i < 16; i++) {
		char host[32];

		given_affinity(VIP, 0); /* what is remembered of clients goes with the service */
		given_no_service(VIP);
		given_backends(VIP, i, -1);
		given_maglev(VIP);
		given_affinity(VIP, 600);
		call(&client, &backend, 5000 + i, SYN);
		if (i)
			assert_string_equal(backend, before);
		snprintf(before, sizeof(before), "%s", backend);
		snprintf(host, sizeof(host), "203.0.113.%d:5000", 100 + i);
		send(PROG_FROM_WIRE, packet(host, VIP, .flags = SYN));
		others += strcmp(frame_destination(sent()), before) != 0;
	}
	assert_true(others > 8);
}

const struct CMUnitTest maglev_tests[] = {
	EACH_WAY(shares_are_even),
	ONLY_V4(shares_follow_weights),
	BOTH_FAMILIES(whatever_was_programmed_before),
	BOTH_FAMILIES(a_service_that_was_not_asked_to),
	ONLY_V4(services_do_not_agree),
	EACH_WAY(a_removed_backend_moves_its_own_flows),
	ONLY_V4(a_backend_that_drains_moves_new_flows_only_of_its_own),
	ONLY_V4(a_weight_that_changes),
	BOTH_FAMILIES(a_flow_that_moved_goes_on),
	BOTH_FAMILIES(a_connection_that_moved_and_had_our_address_is_reset),
	BOTH_FAMILIES(affinity_agrees),
};
const size_t num_maglev_tests = ARRAY_SIZE(maglev_tests);
