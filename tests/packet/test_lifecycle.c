// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From the first packet to the last: when a flow is proven, and when it is over. */
#include <stdio.h>
#include <string.h>

#include "svcroute/conn_enter.h"
#include "tests.h"

#define VIP	   "10.96.0.10:80"
#define POD_CLIENT POD1 ":1234"
#define BACKEND	   POD2 ":8080"
#define ISN	   5000

static void from_client(struct frame frame)
{
	send(PROG_FROM_POD, frame);
	expect_verdict(VERDICT_PASS);
}

static void from_backend(struct frame frame)
{
	send(PROG_TO_POD, frame);
	expect_verdict(VERDICT_PASS);
}

static void client_says(uint8_t flags, uint32_t ack)
{
	from_client(tcp(POD_CLIENT, VIP, .flags = flags, .seq = 101, .ack = ack));
}

static void backend_says(uint8_t flags)
{
	from_backend(tcp(BACKEND, POD_CLIENT, .flags = flags, .seq = flags & SYN ? ISN : ISN + 1, .ack = 101));
}

static void shake_hands(void)
{
	client_says(SYN, 0);
	backend_says(SYN | ACK);
	client_says(ACK, ISN + 1);
}

/* Of both halves; and their sets have been told what they say. */
static void expect_flags(enum standing standing, uint32_t set, uint32_t clear)
{
	struct sr_conn forward, reply;

	assert_true(conn_read(standing, POD_CLIENT, VIP, &forward));
	assert_true(conn_read(standing, BACKEND, POD_CLIENT, &reply));
	assert_int_equal(forward.to.flags & (set | clear), set);
	assert_int_equal(reply.to.flags & (set | clear), set);
	assert_int_equal(conn_is_kept(POD_CLIENT, VIP), sr_conn_is_kept(forward.to.flags));
	assert_int_equal(conn_is_kept(BACKEND, POD_CLIENT), sr_conn_is_kept(reply.to.flags));
}

TEST(tcp_is_proven_by_the_clients_acknowledgement)
{
	given_service(VIP, BACKEND);
	client_says(SYN, 0);
	backend_says(SYN | ACK);
	expect_flags(ANY_CONN, SR_CONN_ANSWERED, SR_CONN_PROVEN);
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	client_says(ACK, ISN + 1);
	assert_int_equal(conns_count(PROVEN_CONN), 2);
	expect_flags(PROVEN_CONN, SR_CONN_PROVEN, 0);
	/* The small copy stays, so that no CPU sees a gap. */
	expect_flags(ANY_CONN, SR_CONN_PROVEN, 0);
}

TEST(tcp_is_not_proven_by_a_guess)
{
	given_service(VIP, BACKEND);
	client_says(SYN, 0);
	backend_says(SYN | ACK);
	client_says(ACK, ISN);
	client_says(ACK, ISN - 70000);
	client_says(ACK, ISN + 1 + 65536);
	client_says(SYN, ISN + 1);
	client_says(PSH, ISN + 1);
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	client_says(ACK, ISN + 1 + 65535);
	assert_int_equal(conns_count(PROVEN_CONN), 2);
}

TEST(tcp_is_not_proven_without_the_backends_word)
{
	given_service(VIP, BACKEND);
	client_says(SYN, 0);
	client_says(ACK, ISN + 1);
	client_says(ACK, 1);
	assert_int_equal(conns_count(PROVEN_CONN), 0);
}

/* The backend answers a forged SYN, too. */
TEST(a_flood_of_syns_proves_nothing)
{
	given_service(VIP, BACKEND);
	for (int port = 1024; port < 2048; port++) {
		char client[32];

		snprintf(client, sizeof(client), "10.244.1.%d:%d", 10 + port % 200, port);
		from_client(tcp(client, VIP, .flags = SYN, .seq = port));
		from_backend(tcp(BACKEND, client, .flags = SYN | ACK, .seq = port * 77777u, .ack = port + 1));
	}
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	assert_int_equal(conns_count(ANY_CONN), 2 * 1024);
}

TEST(udp_is_proven_by_both_sides_and_time)
{
	given_service(VIP "/udp", BACKEND);
	from_client(udp(POD_CLIENT, VIP));
	conn_begin_earlier(POD_CLIENT, VIP "/udp", 3);
	from_client(udp(POD_CLIENT, VIP));
	assert_int_equal(conns_count(PROVEN_CONN), 0); /* a monologue */

	from_backend(udp(BACKEND, POD_CLIENT));
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	from_client(udp(POD_CLIENT, VIP));
	assert_int_equal(conns_count(PROVEN_CONN), 2);
}

TEST(udp_question_and_answer_prove_nothing)
{
	given_service(VIP "/udp", BACKEND);
	for (int i = 0; i < 3; i++) {
		from_client(udp(POD_CLIENT, VIP));
		from_backend(udp(BACKEND, POD_CLIENT));
	}
	assert_int_equal(conns_count(PROVEN_CONN), 0);
}

TEST(tcp_that_both_sides_end_is_demoted)
{
	given_service(VIP, BACKEND);
	shake_hands();
	client_says(FIN | ACK, ISN + 1);
	assert_int_equal(conns_count(PROVEN_CONN), 2);
	expect_flags(PROVEN_CONN, SR_CONN_FIN_CLIENT, SR_CONN_FIN_SERVER);
	backend_says(FIN | ACK);
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	expect_flags(ANY_CONN, SR_CONN_FIN_CLIENT | SR_CONN_FIN_SERVER, 0);

	/* Its last words still pass. */
	send(PROG_FROM_POD, tcp(POD_CLIENT, VIP, .flags = ACK));
	expect_packet(tcp(POD_CLIENT, BACKEND, .flags = ACK));
	send(PROG_TO_POD, tcp(BACKEND, POD_CLIENT, .flags = ACK));
	expect_packet(tcp(VIP, POD_CLIENT, .flags = ACK));
	assert_int_equal(conns_count(PROVEN_CONN), 0);
}

TEST(tcp_that_is_reset_by_the_client_is_demoted)
{
	given_service(VIP, BACKEND);
	shake_hands();
	client_says(RST, ISN + 1);
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	expect_flags(ANY_CONN, SR_CONN_RESET, 0);
}

TEST(tcp_that_is_reset_by_the_backend_is_demoted)
{
	given_service(VIP, BACKEND);
	shake_hands();
	backend_says(RST | ACK);
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	expect_flags(ANY_CONN, SR_CONN_RESET, 0);
}

/* The port is called again: a new connection, to whom the service has now. */
static void expect_syn_begins_anew(void)
{
	given_service(VIP, POD1B ":8080");
	send(PROG_FROM_POD, tcp(POD_CLIENT, VIP, .flags = SYN, .seq = 900));
	expect_packet(tcp(POD_CLIENT, POD1B ":8080", .flags = SYN, .seq = 900));
	assert_false(conn_read(ANY_CONN, BACKEND, POD_CLIENT, NULL));
	assert_false(conn_read(PROVEN_CONN, BACKEND, POD_CLIENT, NULL));
	assert_int_equal(conns_count(ANY_CONN), 2);
}

TEST(syn_after_the_end_begins_anew)
{
	given_service(VIP, BACKEND);
	shake_hands();
	client_says(FIN | ACK, ISN + 1);
	backend_says(FIN | ACK);
	expect_syn_begins_anew();
}

static void expect_syn_goes_to(const char *backend)
{
	send(PROG_FROM_POD, tcp(POD_CLIENT, VIP, .flags = SYN, .seq = 900));
	expect_packet(tcp(POD_CLIENT, backend, .flags = SYN, .seq = 900));
}

TEST(syn_after_a_reset_begins_anew_if_the_backend_is_gone)
{
	given_service(VIP, BACKEND);
	shake_hands();
	backend_says(RST);
	expect_syn_begins_anew();
}

/* Whoever knows the ports can send a reset and a SYN. Neither moves what goes on. */
TEST(syn_after_a_reset_keeps_a_backend_that_is_there)
{
	given_service(VIP, BACKEND);
	shake_hands();
	given_service(VIP, BACKEND, POD2 ":1", POD2 ":2", POD2 ":3", POD2 ":4", POD2 ":5", POD2 ":6", POD2 ":7");
	for (int i = 0; i < 20; i++) {
		client_says(RST, 0);
		expect_syn_goes_to(BACKEND);
	}
}

/* Who comes again later is led where the service leads now. */
static void expect_other_backend(struct frame before)
{
	char first[64];
	int others = 0;

	send(PROG_FROM_POD, tcp(POD_CLIENT, VIP, .flags = SYN));
	snprintf(first, sizeof(first), "%s", frame_destination(sent()));
	for (int i = 0; i < 64; i++) {
		if (before.length)
			send(PROG_FROM_POD, before);
		else
			send(PROG_TO_POD,
			     tcp(frame_destination(&(struct frame[]){*sent()}[0]), POD_CLIENT, .flags = RST));
		conn_age(POD_CLIENT, VIP, 3);
		send(PROG_FROM_POD, tcp(POD_CLIENT, VIP, .flags = SYN));
		others += strcmp(frame_destination(sent()), first) != 0;
	}
	assert_int_not_equal(others, 0);
}

TEST(syn_after_a_reset_is_led_anew)
{
	given_service(VIP, BACKEND, POD1B ":8080");
	expect_other_backend(tcp(POD_CLIENT, VIP, .flags = RST));
}

TEST(syn_after_a_refusal_is_led_anew)
{
	given_service(VIP, BACKEND, POD1B ":8080");
	expect_other_backend((struct frame){});
}

TEST(syn_after_a_reset_follows_source_ranges)
{
	const char *vip = "198.51.100.9:80";

	given_kind(SR_FRONTEND_LOAD_BALANCER, vip, BACKEND);
	send(PROG_FROM_POD, tcp(POD_CLIENT, vip, .flags = SYN));
	send(PROG_FROM_POD, tcp(POD_CLIENT, vip, .flags = RST));
	given_sources(vip, "192.0.2.7/32");
	conn_age(POD_CLIENT, vip, 3);
	send(PROG_FROM_POD, tcp(POD_CLIENT, vip, .flags = SYN));
	expect_drop(SR_DROP_SOURCE_RANGE);
}

/* Linux sends one each second at first (net.ipv4.tcp_syn_linear_timeouts). */
TEST(syns_each_second_leave_a_backend_that_is_gone)
{
	given_service(VIP, BACKEND);
	shake_hands();
	given_service(VIP, POD1B ":8080");
	for (int i = 0; i < 2; i++) {
		client_says(SYN, 0);
		conn_age(POD_CLIENT, VIP, 1);
	}
	expect_syn_goes_to(POD1B ":8080");
}

TEST(syn_after_a_reset_takes_back_an_end)
{
	given_service(VIP, BACKEND);
	shake_hands();
	client_says(FIN | ACK, ISN + 1);
	backend_says(RST);
	expect_syn_goes_to(BACKEND);
	backend_says(SYN | ACK);
	client_says(ACK, ISN + 1);
	expect_flags(PROVEN_CONN, SR_CONN_PROVEN, SR_CONN_CLOSED | SR_CONN_RESET);
}

TEST(syn_after_a_reset_leaves_a_draining_backend_after_a_while)
{
	given_service(VIP, BACKEND);
	shake_hands();
	given_service(VIP, BACKEND ",draining", POD1B ":8080");
	client_says(RST, 0);
	expect_syn_goes_to(BACKEND);
	client_says(RST, 0);
	conn_age(POD_CLIENT, VIP, 3);
	expect_syn_goes_to(POD1B ":8080");
}

TEST(syn_to_a_backend_that_is_gone_begins_anew_after_a_while)
{
	given_service(VIP, BACKEND);
	shake_hands();
	given_service(VIP, POD1B ":8080");
	expect_syn_goes_to(BACKEND);
	conn_age(POD_CLIENT, VIP, 3);
	expect_syn_begins_anew();
}

TEST(syn_of_an_unproven_flow_leaves_a_backend_that_is_gone)
{
	given_service(VIP, BACKEND);
	client_says(SYN, 0);
	expect_syn_begins_anew();
}

/* Serving and terminating: its flows stay, and no forged SYN ends them. */
TEST(syn_to_a_draining_backend_stays)
{
	given_service(VIP, BACKEND);
	shake_hands();
	given_service(VIP, BACKEND ",draining", POD1B ":8080");
	conn_age(POD_CLIENT, VIP, 300);
	expect_syn_goes_to(BACKEND);
	send(PROG_FROM_POD, tcp(POD_CLIENT, VIP, .flags = ACK));
	expect_packet(tcp(POD_CLIENT, BACKEND, .flags = ACK));
}

/* A reset with any sequence number demotes a connection: its next word takes that back. */
static void expect_back_after_a_reset(void)
{
	assert_int_equal(conns_count(PROVEN_CONN), 2);
	expect_flags(PROVEN_CONN, SR_CONN_PROVEN, SR_CONN_RESET);
	expect_flags(ANY_CONN, SR_CONN_PROVEN, SR_CONN_RESET);
}

TEST(a_reset_that_nobody_believed_is_forgotten)
{
	given_service(VIP, BACKEND);
	shake_hands();
	client_says(RST, 0);
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	backend_says(ACK);
	expect_back_after_a_reset();
	backend_says(RST);
	client_says(ACK, ISN + 1);
	expect_back_after_a_reset();
}

TEST(a_reset_does_not_cut_a_silent_connection)
{
	given_service(VIP, BACKEND);
	shake_hands();
	client_says(RST, 0);
	conn_age(POD_CLIENT, VIP, 7200);
	conn_age(BACKEND, POD_CLIENT, 7200);
	send(PROG_TO_POD, tcp(BACKEND, POD_CLIENT, .flags = ACK));
	expect_packet(tcp(VIP, POD_CLIENT, .flags = ACK));
}

/* The same packet proves the connection and ends its half. */
TEST(an_end_is_heard_by_what_moves_between_the_tables)
{
	given_service(VIP, BACKEND);
	client_says(SYN, 0);
	backend_says(SYN | ACK);
	client_says(FIN | ACK, ISN + 1);
	expect_flags(PROVEN_CONN, SR_CONN_PROVEN | SR_CONN_FIN_CLIENT, 0);
	client_says(RST, 0);
	backend_says(FIN | ACK);
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	expect_flags(ANY_CONN, SR_CONN_CLOSED, 0);
}

/* The answers' half was evicted before the handshake's last word. */
TEST(a_flow_is_proven_with_both_halves)
{
	given_service(VIP, BACKEND);
	client_says(SYN, 0);
	backend_says(SYN | ACK);
	conn_evict(BACKEND, POD_CLIENT);
	client_says(ACK, ISN + 1);
	assert_int_equal(conns_count(PROVEN_CONN), 2);
	expect_flags(PROVEN_CONN, SR_CONN_PROVEN, 0);
}

TEST(syn_sent_again_keeps_its_backend)
{
	given_service(VIP, BACKEND, POD2 ":1", POD2 ":2", POD2 ":3", POD2 ":4", POD2 ":5", POD2 ":6", POD2 ":7");
	send(PROG_FROM_POD, tcp(POD_CLIENT, VIP, .flags = SYN));
	for (int i = 0; i < 20; i++) {
		struct frame first = *sent();

		send(PROG_FROM_POD, tcp(POD_CLIENT, VIP, .flags = SYN));
		expect_packet(first);
	}
}

static bool is_new_after(int seconds)
{
	struct sr_conn before, after;
	enum standing standing = conns_count(PROVEN_CONN) ? PROVEN_CONN : ANY_CONN;

	conn_begin_earlier(POD_CLIENT, VIP, 1);
	conn_age(POD_CLIENT, VIP, seconds);
	assert_true(conn_read(standing, POD_CLIENT, VIP, &before));
	from_client(packet(POD_CLIENT, VIP));
	return !conn_read(standing, POD_CLIENT, VIP, &after) || before.created != after.created;
}

TEST(an_unproven_flow_ends_after_a_minute)
{
	world.proto = IPPROTO_TCP;
	given_service(VIP, BACKEND);
	client_says(SYN, 0);
	assert_false(is_new_after(55));
	assert_true(is_new_after(65));
}

TEST(a_proven_flow_lives_for_two_hours)
{
	given_service(VIP, BACKEND);
	shake_hands();
	assert_false(is_new_after(7200));
	assert_true(is_new_after(8000));
}

TEST(a_closing_flow_ends_after_a_minute)
{
	given_service(VIP, BACKEND);
	shake_hands();
	client_says(FIN | ACK, ISN + 1);
	backend_says(FIN | ACK);
	assert_false(is_new_after(55));
	assert_true(is_new_after(65));
}

TEST(udp_ends_after_two_minutes)
{
	given_service(VIP, BACKEND);
	from_client(packet(POD_CLIENT, VIP));
	assert_false(is_new_after(115));
	assert_true(is_new_after(125));
}

/* Nobody here saw the handshake: after a takeover, or because a half was evicted in a flood. */
TEST(tcp_is_proven_by_a_backend_that_goes_on)
{
	given_service(VIP, BACKEND);
	send(PROG_FROM_POD, tcp(POD_CLIENT, VIP, .flags = ACK, .seq = 101, .ack = 5001));
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	send(PROG_TO_POD, tcp(BACKEND, POD_CLIENT, .flags = ACK | PSH, .seq = 5001, .ack = 102));
	assert_int_equal(conns_count(PROVEN_CONN), 2);
}

/* It does not know the connection. */
TEST(tcp_is_not_proven_by_a_reset)
{
	given_service(VIP, BACKEND);
	send(PROG_FROM_POD, tcp(POD_CLIENT, VIP, .flags = ACK, .seq = 101, .ack = 5001));
	send(PROG_TO_POD, tcp(BACKEND, POD_CLIENT, .flags = RST, .seq = 5001));
	assert_int_equal(conns_count(PROVEN_CONN), 0);
}

const struct CMUnitTest lifecycle_tests[] = {
	BOTH_FAMILIES(tcp_is_proven_by_the_clients_acknowledgement),
	BOTH_FAMILIES(tcp_is_not_proven_by_a_guess),
	BOTH_FAMILIES(tcp_is_not_proven_without_the_backends_word),
	BOTH_FAMILIES(tcp_is_proven_by_a_backend_that_goes_on),
	BOTH_FAMILIES(tcp_is_not_proven_by_a_reset),
	BOTH_FAMILIES(a_flood_of_syns_proves_nothing),
	BOTH_FAMILIES(udp_is_proven_by_both_sides_and_time),
	BOTH_FAMILIES(udp_question_and_answer_prove_nothing),
	BOTH_FAMILIES(tcp_that_both_sides_end_is_demoted),
	BOTH_FAMILIES(tcp_that_is_reset_by_the_client_is_demoted),
	BOTH_FAMILIES(tcp_that_is_reset_by_the_backend_is_demoted),
	BOTH_FAMILIES(syn_after_the_end_begins_anew),
	BOTH_FAMILIES(syn_after_a_reset_begins_anew_if_the_backend_is_gone),
	BOTH_FAMILIES(syn_after_a_reset_keeps_a_backend_that_is_there),
	BOTH_FAMILIES(syn_after_a_reset_is_led_anew),
	BOTH_FAMILIES(syn_after_a_refusal_is_led_anew),
	BOTH_FAMILIES(syn_after_a_reset_follows_source_ranges),
	BOTH_FAMILIES(syns_each_second_leave_a_backend_that_is_gone),
	BOTH_FAMILIES(syn_after_a_reset_takes_back_an_end),
	BOTH_FAMILIES(syn_after_a_reset_leaves_a_draining_backend_after_a_while),
	BOTH_FAMILIES(syn_to_a_backend_that_is_gone_begins_anew_after_a_while),
	BOTH_FAMILIES(syn_of_an_unproven_flow_leaves_a_backend_that_is_gone),
	BOTH_FAMILIES(syn_to_a_draining_backend_stays),
	BOTH_FAMILIES(a_reset_that_nobody_believed_is_forgotten),
	BOTH_FAMILIES(a_reset_does_not_cut_a_silent_connection),
	BOTH_FAMILIES(a_flow_is_proven_with_both_halves),
	BOTH_FAMILIES(an_end_is_heard_by_what_moves_between_the_tables),
	BOTH_FAMILIES(syn_sent_again_keeps_its_backend),
	BOTH_FAMILIES(an_unproven_flow_ends_after_a_minute),
	BOTH_FAMILIES(a_proven_flow_lives_for_two_hours),
	BOTH_FAMILIES(a_closing_flow_ends_after_a_minute),
	TEST_IN(udp_ends_after_two_minutes, 4, IPPROTO_UDP, "(IPv4)"),
	TEST_IN(udp_ends_after_two_minutes, 6, IPPROTO_UDP, "(IPv6)"),
};
const size_t num_lifecycle_tests = ARRAY_SIZE(lifecycle_tests);
