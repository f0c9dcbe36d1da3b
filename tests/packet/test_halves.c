// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A connection has two entries, one a direction, each whole in itself. Either
 * may be displaced; the other one brings it back.
 */
#include "tests.h"

#include <string.h>

#define VIP	     "10.96.0.10:80"
#define POD_CLIENT   POD1 ":1234"
#define BACKEND	     POD2 ":8080"
#define MEND_SECONDS 10 /* after so long a silence it is looked whether the other half is there */

static void send_forward(void)
{
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	expect_packet(packet(POD_CLIENT, BACKEND));
}

static void send_answer(void)
{
	send(PROG_TO_POD, packet(BACKEND, POD_CLIENT));
	expect_packet(packet(VIP, POD_CLIENT));
}

static void be_proven(void)
{
	if (world.proto != IPPROTO_UDP) {
		send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = SYN));
		send(PROG_TO_POD, packet(BACKEND, POD_CLIENT, .flags = SYN | ACK, .seq = 5000));
		send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .ack = 5001));
	} else {
		send_forward();
		send_answer();
		conn_begin_earlier(POD_CLIENT, VIP, 3);
		send_forward();
	}
	assert_int_equal(conns_count(PROVEN_CONN), 2);
}

static void expect_inverse(enum standing standing, const char *from, const char *to, const char *back_from,
			   const char *back_to)
{
	struct sr_conn forward, reply;

	assert_true(conn_read(standing, from, to, &forward));
	assert_true(conn_read(standing, back_from, back_to, &reply));
	assert_memory_equal(&forward.from.src, &reply.to.dst, 16);
	assert_memory_equal(&forward.from.dst, &reply.to.src, 16);
	assert_memory_equal(&forward.to.src, &reply.from.dst, 16);
	assert_memory_equal(&forward.to.dst, &reply.from.src, 16);
	assert_int_equal(forward.from.sport, reply.to.dport);
	assert_int_equal(forward.from.dport, reply.to.sport);
	assert_int_equal(forward.to.sport, reply.from.dport);
	assert_int_equal(forward.to.dport, reply.from.sport);
	assert_int_equal(forward.to.flags ^ reply.to.flags, SR_CONN_REPLY);
	assert_int_equal(forward.backend, reply.backend);
	assert_int_equal(forward.generation, reply.generation);
	assert_int_equal(forward.service, reply.service);
}

TEST(halves_are_each_others_inverse)
{
	given_service(VIP, BACKEND);
	send_forward();
	assert_int_equal(conns_count(ANY_CONN), 2);
	expect_inverse(ANY_CONN, POD_CLIENT, VIP, BACKEND, POD_CLIENT);
}

TEST(proven_halves_are_each_others_inverse)
{
	given_service(VIP, BACKEND);
	be_proven();
	expect_inverse(PROVEN_CONN, POD_CLIENT, VIP, BACKEND, POD_CLIENT);
}

TEST(halves_of_snat_are_each_others_inverse)
{
	const char *node;

	given_external("198.51.100.7:90", REMOTE ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90"));
	node = expect_snat(NODE);
	expect_inverse(ANY_CONN, CLIENT ":1234", "198.51.100.7:90", REMOTE ":8080", node);
}

TEST(a_lost_answer_half_comes_back)
{
	given_service(VIP, BACKEND);
	send_forward();
	conn_evict(BACKEND, POD_CLIENT);
	conn_age(POD_CLIENT, VIP, MEND_SECONDS);
	send_forward();
	send_answer();
	expect_inverse(ANY_CONN, POD_CLIENT, VIP, BACKEND, POD_CLIENT);
}

TEST(a_lost_forward_half_comes_back)
{
	given_service(VIP, BACKEND);
	send_forward();
	conn_evict(POD_CLIENT, VIP);
	given_service(VIP, BACKEND, POD2 ":1", POD2 ":2", POD2 ":3", POD2 ":4", POD2 ":5", POD2 ":6", POD2 ":7");
	conn_age(BACKEND, POD_CLIENT, MEND_SECONDS);
	send_answer();
	send_forward();
	expect_inverse(ANY_CONN, POD_CLIENT, VIP, BACKEND, POD_CLIENT);
}

TEST(a_lost_proven_half_comes_back)
{
	given_service(VIP, BACKEND);
	be_proven();
	conn_evict(BACKEND, POD_CLIENT);
	conn_age(POD_CLIENT, VIP, MEND_SECONDS);
	send_forward();
	send_answer();
	expect_inverse(PROVEN_CONN, POD_CLIENT, VIP, BACKEND, POD_CLIENT);
}

/* The client is back on a tuple that it left behind, whose answer's half has been displaced since. */
TEST(who_begins_anew_on_what_is_left_is_answered)
{
	given_service(VIP, BACKEND);
	be_proven();
	conn_evict(BACKEND, POD_CLIENT);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = SYN));
	expect_packet(packet(POD_CLIENT, BACKEND, .flags = SYN));
	send(PROG_TO_POD, packet(BACKEND, POD_CLIENT, .flags = SYN | ACK));
	expect_packet(packet(VIP, POD_CLIENT, .flags = SYN | ACK));
}

/* So is who calls again, because nobody answered. */
TEST(who_calls_again_is_answered)
{
	given_service(VIP, BACKEND);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = SYN));
	conn_evict(BACKEND, POD_CLIENT);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = SYN));
	send(PROG_TO_POD, packet(BACKEND, POD_CLIENT, .flags = SYN | ACK));
	expect_packet(packet(VIP, POD_CLIENT, .flags = SYN | ACK));
}

/* Who lost his claim to another may not go on under the same tuple. */
TEST(a_half_whose_place_was_taken_gives_way)
{
	given_service("10.96.0.11:80", BACKEND);
	given_service(VIP, BACKEND);
	send_forward();
	conn_evict(BACKEND, POD_CLIENT);
	send(PROG_FROM_POD, packet(POD_CLIENT, "10.96.0.11:80"));
	expect_packet(packet(POD_CLIENT, BACKEND));

	conn_age(POD_CLIENT, VIP, MEND_SECONDS);
	send_forward();
	assert_false(conn_read(ANY_CONN, POD_CLIENT, VIP, NULL));
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	expect_packet(packet(expect_snat(POD1), BACKEND));
	send(PROG_TO_POD, packet(BACKEND, POD_CLIENT));
	expect_packet(packet("10.96.0.11:80", POD_CLIENT));
}

/* The client speaks on and on; the first answer comes late. */
TEST(a_late_answer_finds_its_half)
{
	given_service(VIP, BACKEND);
	send_forward();
	for (int i = 0; i < 20; i++) {
		conn_age(POD_CLIENT, VIP, 20);
		conn_age(BACKEND, POD_CLIENT, 20);
		send_forward();
	}
	send_answer();
}

/* The same with the sides changed: the answers go on, and so does the flow. */
TEST(a_long_answer_keeps_the_flow)
{
	struct sr_conn before, after;

	given_service(VIP, BACKEND);
	send_forward();
	conn_begin_earlier(POD_CLIENT, VIP, 10);
	assert_true(conn_read(ANY_CONN, POD_CLIENT, VIP, &before));
	for (int i = 0; i < 20; i++) {
		conn_age(POD_CLIENT, VIP, 20);
		conn_age(BACKEND, POD_CLIENT, 20);
		send_answer();
	}
	send_forward();
	assert_true(conn_read(ANY_CONN, POD_CLIENT, VIP, &after));
	assert_int_equal(before.created, after.created);
}

/* The forward half was lost, the answer's is long over: it must not hide a new one of the same tuple. */
TEST(what_is_left_of_an_old_one_hides_nothing)
{
	given_service(VIP, BACKEND);
	be_proven();
	conn_evict(POD_CLIENT, VIP);
	conn_age(BACKEND, POD_CLIENT, 8000);

	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = SYN));
	expect_packet(packet(POD_CLIENT, BACKEND, .flags = SYN));
	send(PROG_TO_POD, packet(BACKEND, POD_CLIENT, .flags = SYN | ACK));
	expect_packet(packet(VIP, POD_CLIENT, .flags = SYN | ACK));
}

/* Another CPU's clock may be a tick ahead of ours. */
TEST(a_half_that_was_seen_in_a_tick_to_come_lives)
{
	given_service(VIP, BACKEND);
	be_proven();
	conn_age(BACKEND, POD_CLIENT, -1);
	send_answer();
}

const struct CMUnitTest halves_tests[] = {
	EACH_WAY(halves_are_each_others_inverse),
	EACH_WAY(proven_halves_are_each_others_inverse),
	EACH_WAY(halves_of_snat_are_each_others_inverse),
	EACH_WAY(a_lost_answer_half_comes_back),
	EACH_WAY(a_lost_forward_half_comes_back),
	EACH_WAY(a_lost_proven_half_comes_back),
	BOTH_FAMILIES(who_begins_anew_on_what_is_left_is_answered),
	BOTH_FAMILIES(who_calls_again_is_answered),
	EACH_WAY(a_half_whose_place_was_taken_gives_way),
	EACH_WAY(a_late_answer_finds_its_half),
	EACH_WAY(a_long_answer_keeps_the_flow),
	EACH_WAY(what_is_left_of_an_old_one_hides_nothing),
	EACH_WAY(a_half_that_was_seen_in_a_tick_to_come_lives),
};
const size_t num_halves_tests = ARRAY_SIZE(halves_tests);
