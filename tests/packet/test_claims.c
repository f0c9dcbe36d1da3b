// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tuple on which a flow's answers arrive is claimed by no other flow. */
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VIP   "198.51.100.7:90"
#define FLOWS 1000

static const char *client_text(int i)
{
	static char text[32];

	snprintf(text, sizeof(text), "203.0.%d.%d:%d", i / 200, 1 + i % 200, 3000 + i % 7);
	return text;
}

static int compare_tuples(const void *a, const void *b)
{
	return memcmp(&((const struct sr_conn *)a)->from, &((const struct sr_conn *)b)->from, sizeof(struct sr_tuple));
}

static int compare_answers(const void *a, const void *b)
{
	return memcmp(&((const struct sr_conn *)a)->to, &((const struct sr_conn *)b)->to,
		      offsetof(struct sr_rewrite, flags));
}

/* Answers that are told apart when they arrive lead to as many clients. */
static void expect_distinct_answers(size_t want)
{
	sr_autofree struct sr_conn *all = NULL;
	size_t num, replies = 0;

	all = conns_all(ANY_CONN, &num);
	for (size_t i = 0; i < num; i++)
		if (all[i].to.flags & SR_CONN_REPLY)
			all[replies++] = all[i];
	assert_int_equal(replies, want);
	qsort(all, replies, sizeof(*all), compare_tuples);
	for (size_t i = 1; i < replies; i++)
		assert_int_not_equal(compare_tuples(&all[i - 1], &all[i]), 0);
	qsort(all, replies, sizeof(*all), compare_answers);
	for (size_t i = 1; i < replies; i++)
		assert_int_not_equal(compare_answers(&all[i - 1], &all[i]), 0);
}

TEST(flows_to_one_backend_have_ports_of_their_own)
{
	given_external(VIP, REMOTE ":8080");
	for (int i = 0; i < FLOWS; i++) {
		send(i % 2 ? PROG_XDP : PROG_FROM_WIRE, packet(client_text(i), VIP));
		expect_snat(NODE);
	}
	assert_int_equal(conns_count(ANY_CONN), 2 * FLOWS);
	expect_distinct_answers(FLOWS);
}

/* One client, one port, two services, one backend: the answers would look alike. */
TEST(two_frontends_with_one_backend)
{
	const char *second;

	given_service("10.96.0.10:80", POD2 ":8080");
	given_service("10.96.0.11:80", POD2 ":8080");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:80"));
	expect_packet(packet(POD1 ":1234", POD2 ":8080"));
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.11:80"));
	second = expect_snat(POD1);
	expect_packet(packet(second, POD2 ":8080"));

	send(PROG_TO_POD, packet(POD2 ":8080", POD1 ":1234"));
	expect_packet(packet("10.96.0.10:80", POD1 ":1234"));
	send(PROG_TO_POD, packet(POD2 ":8080", second));
	expect_packet(packet("10.96.0.11:80", POD1 ":1234"));
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.11:80"));
	expect_packet(packet(second, POD2 ":8080"));
}

/* One client, one port, a service and, directly, its backend: as two clients, or the answers would mix. */
static void expect_told_apart(enum program in, const char *client, const char *vip, const char *other)
{
	send(in, packet(client, vip, .flags = SYN));
	expect_packet(packet(client, POD2 ":8080", .flags = SYN));
	send(in, packet(client, POD2 ":8080", .flags = SYN, .seq = 77));
	other = expect_snat(other);
	expect_packet(packet(other, POD2 ":8080", .flags = SYN, .seq = 77));
	send(in, packet(client, POD2 ":8080", .flags = SYN, .seq = 77));
	expect_packet(packet(other, POD2 ":8080", .flags = SYN, .seq = 77));

	send_by(DEVICE_POD2, in == PROG_FROM_POD ? PROG_TO_POD : PROG_TO_WIRE, packet(POD2 ":8080", client));
	expect_packet(packet(vip, client));
	send_by(DEVICE_POD2, in == PROG_FROM_POD ? PROG_TO_POD : PROG_TO_WIRE, packet(POD2 ":8080", other));
	expect_packet(packet(POD2 ":8080", client));
	send(in, packet(client, POD2 ":8080", .flags = FIN | ACK));
	expect_packet(packet(other, POD2 ":8080", .flags = FIN | ACK));
}

TEST(a_service_and_directly_its_backend)
{
	given_service("10.96.0.10:80", POD2 ":8080");
	given_external("198.51.100.7:90", POD2 ":8080");
	expect_told_apart(PROG_FROM_POD, POD1 ":1234", "10.96.0.10:80", POD1);
	expect_told_apart(PROG_XDP, CLIENT ":1234", "198.51.100.7:90", CLIENT);
	expect_told_apart(PROG_FROM_WIRE, CLIENT ":1235", "198.51.100.7:90", CLIENT);
}

/* A connection that is closed still turns its answers for a while: not those to the next one. */
static void expect_told_apart_afterwards(enum program in, enum program out, const char *client, const char *vip)
{
	const char *other;

	send(in, packet(client, vip, .flags = SYN));
	send(in, packet(client, vip, .flags = FIN | ACK));
	send_by(DEVICE_POD2, out, packet(POD2 ":8080", client, .flags = FIN | ACK));
	expect_packet(packet(vip, client, .flags = FIN | ACK));
	send(in, packet(client, POD2 ":8080", .flags = SYN, .seq = 77));
	other = expect_snat(in == PROG_FROM_POD ? POD1 : CLIENT);
	expect_packet(packet(other, POD2 ":8080", .flags = SYN, .seq = 77));
	send_by(DEVICE_POD2, out, packet(POD2 ":8080", other, .flags = SYN | ACK));
	expect_packet(packet(POD2 ":8080", client, .flags = SYN | ACK));
}

TEST(a_service_and_afterwards_its_backend)
{
	given_service("10.96.0.10:80", POD2 ":8080");
	given_external("198.51.100.7:90", POD2 ":8080");
	expect_told_apart_afterwards(PROG_FROM_POD, PROG_TO_POD, POD1 ":1234", "10.96.0.10:80");
	expect_told_apart_afterwards(PROG_XDP, PROG_TO_WIRE, CLIENT ":1234", "198.51.100.7:90");
	expect_told_apart_afterwards(PROG_FROM_WIRE, PROG_TO_WIRE, CLIENT ":1235", "198.51.100.7:90");
}

/* What XDP translated comes by tc as if the client had called the backend. */
TEST(what_xdp_translated_is_no_direct_call)
{
	given_external("198.51.100.7:90", POD2 ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90", .flags = SYN));
	send(PROG_FROM_WIRE, *sent());
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	assert_int_equal(conns_count(ANY_CONN), 2);
}

/* A bridge and its ports may both be pods' devices: what was translated is met again. */
TEST(what_was_translated_is_no_direct_call)
{
	given_service("10.96.0.10:80", POD2 ":8080");
	given_external("198.51.100.7:90", POD2 ":8080");
	send(PROG_FROM_POD, packet(POD1 ":1234", "10.96.0.10:80", .flags = SYN, .seq = 5));
	send(PROG_FROM_POD, *sent());
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	send(PROG_XDP, packet(CLIENT ":1234", "198.51.100.7:90", .flags = SYN, .seq = 5));
	send(PROG_XDP, *sent());
	expect_untouched(SR_PASS_NOT_A_SERVICE);
}

/* One forged packet, where ports are scarce, must not give a connection's answers to another client. */
TEST(a_reset_connection_does_not_give_way_at_once)
{
	const char *node = NODE ":2000";

	given_snat_ports(2000, 2000);
	given_external(VIP, REMOTE ":8080");
	send(PROG_XDP, tcp(CLIENT ":1234", VIP, .flags = SYN, .seq = 100));
	send(PROG_XDP, tcp(REMOTE ":8080", node, .flags = SYN | ACK, .seq = 5000, .ack = 101));
	send(PROG_XDP, tcp(CLIENT ":1234", VIP, .flags = ACK, .seq = 101, .ack = 5001));
	send(PROG_XDP, tcp(CLIENT ":1234", VIP, .flags = RST));
	send(PROG_XDP, tcp(CLIENT ":1235", VIP, .flags = SYN));
	expect_drop(SR_DROP_NO_PORT);
	conn_age(CLIENT ":1234", VIP, 65);
	conn_age(REMOTE ":8080", node, 65);
	send(PROG_XDP, tcp(CLIENT ":1235", VIP, .flags = SYN));
	expect_verdict(VERDICT_TX);
}

/* Eight ports: no more than eight flows, and those keep them. */
TEST(when_the_ports_are_used_up)
{
	size_t flows = 0;

	given_snat_ports(2000, 2007);
	given_external(VIP, REMOTE ":8080");
	for (int i = 0; i < 200; i++) {
		size_t num;

		send(PROG_XDP, packet(client_text(i), VIP));
		num = conns_count(ANY_CONN) / 2;
		expect_verdict(num > flows ? VERDICT_TX : VERDICT_DROP);
		flows = num;
	}
	assert_int_equal(flows, 8);
	expect_distinct_answers(8);
	send(PROG_XDP, packet(client_text(300), VIP));
	expect_drop(SR_DROP_NO_PORT);

	/* To another backend the same ports are free. */
	given_external("198.51.100.8:90", REMOTE ":8081");
	send(PROG_XDP, packet(client_text(300), "198.51.100.8:90"));
	expect_verdict(VERDICT_TX);
}

/* Whose time is up lets go: with one port, the second client gets the first one's. */
TEST(an_expired_claim_is_taken_over)
{
	given_snat_ports(2000, 2000);
	given_external(VIP, REMOTE ":8080");
	send(PROG_XDP, packet(CLIENT ":1234", VIP));
	expect_verdict(VERDICT_TX);
	send(PROG_XDP, packet(CLIENT ":1235", VIP));
	expect_drop(SR_DROP_NO_PORT);

	conn_age(CLIENT ":1234", VIP, 130);
	conn_age(REMOTE ":8080", NODE ":2000", 130);
	send(PROG_XDP, packet(CLIENT ":1235", VIP));
	expect_verdict(VERDICT_TX);
	send(PROG_XDP, packet(REMOTE ":8080", NODE ":2000"));
	assert_string_equal(frame_destination(sent()), frame_source(&(struct frame[]){packet(CLIENT ":1235", VIP)}[0]));
	send(PROG_XDP, packet(CLIENT ":1234", VIP));
	expect_drop(SR_DROP_NO_PORT);
}

/*
 * A closed connection keeps its port while others are free; when there are
 * none, it gives way, and nothing of it is left.
 */
TEST(a_closed_connection_gives_way)
{
	given_snat_ports(2000, 2000);
	given_external(VIP, REMOTE ":8080");
	send(PROG_XDP, tcp(CLIENT ":1234", VIP, .flags = SYN));
	send(PROG_XDP, tcp(CLIENT ":1235", VIP, .flags = SYN));
	expect_drop(SR_DROP_NO_PORT);

	send(PROG_XDP, tcp(REMOTE ":8080", NODE ":2000", .flags = FIN | ACK));
	send(PROG_XDP, tcp(CLIENT ":1235", VIP, .flags = SYN));
	expect_drop(SR_DROP_NO_PORT);
	send(PROG_XDP, tcp(CLIENT ":1234", VIP, .flags = FIN | ACK));
	expect_verdict(VERDICT_TX);

	send(PROG_XDP, tcp(CLIENT ":1235", VIP, .flags = SYN));
	expect_verdict(VERDICT_TX);
	assert_int_equal(conns_count(ANY_CONN), 2);
	send(PROG_XDP, tcp(REMOTE ":8080", NODE ":2000", .flags = SYN | ACK));
	assert_string_equal(frame_destination(sent()), frame_source(&(struct frame[]){tcp(CLIENT ":1235", VIP)}[0]));
}

/* A SYN that nobody answers, as a forger's, holds a port only while there are others. */
TEST(a_handshake_that_comes_to_nothing_gives_way)
{
	given_snat_ports(2000, 2000);
	given_external(VIP, REMOTE ":8080");
	send(PROG_XDP, tcp(CLIENT ":1234", VIP, .flags = SYN));
	expect_verdict(VERDICT_TX);
	send(PROG_XDP, tcp(CLIENT ":1235", VIP, .flags = SYN));
	expect_drop(SR_DROP_NO_PORT);

	conn_begin_earlier(CLIENT ":1234", VIP, 3);
	conn_begin_earlier(REMOTE ":8080", NODE ":2000", 3);
	send(PROG_XDP, tcp(CLIENT ":1235", VIP, .flags = SYN));
	expect_verdict(VERDICT_TX);
	send(PROG_XDP, tcp(REMOTE ":8080", NODE ":2000", .flags = SYN | ACK));
	assert_string_equal(frame_destination(sent()), frame_source(&(struct frame[]){tcp(CLIENT ":1235", VIP)}[0]));
}

/* Old, never proven, and talking. */
TEST(a_datagram_flow_does_not_give_way)
{
	given_snat_ports(2000, 2000);
	given_external(VIP, REMOTE ":8080");
	send(PROG_XDP, udp(CLIENT ":1234", VIP));
	conn_begin_earlier(CLIENT ":1234", VIP "/udp", 30);
	conn_begin_earlier(REMOTE ":8080/udp", NODE ":2000/udp", 30);
	send(PROG_XDP, udp(CLIENT ":1235", VIP));
	expect_drop(SR_DROP_NO_PORT);
}

/* A hairpin's port is claimed as any other. */
TEST(hairpins_have_ports_of_their_own)
{
	given_service("10.96.0.10:80", POD1 ":8080");
	for (int port = 1000; port < 1200; port++) {
		char client[32];

		snprintf(client, sizeof(client), POD1 ":%d", port);
		send(PROG_FROM_POD, packet(client, "10.96.0.10:80"));
		expect_snat(NODE_TO_PODS);
	}
	expect_distinct_answers(200);
}

const struct CMUnitTest claims_tests[] = {
	EACH_WAY(flows_to_one_backend_have_ports_of_their_own),
	EACH_WAY(two_frontends_with_one_backend),
	BOTH_FAMILIES(a_service_and_directly_its_backend),
	BOTH_FAMILIES(a_service_and_afterwards_its_backend),
	BOTH_FAMILIES(what_xdp_translated_is_no_direct_call),
	BOTH_FAMILIES(what_was_translated_is_no_direct_call),
	BOTH_FAMILIES(a_reset_connection_does_not_give_way_at_once),
	BOTH_FAMILIES(when_the_ports_are_used_up),
	BOTH_FAMILIES(an_expired_claim_is_taken_over),
	BOTH_FAMILIES(a_closed_connection_gives_way),
	BOTH_FAMILIES(a_handshake_that_comes_to_nothing_gives_way),
	TEST_IN(a_datagram_flow_does_not_give_way, 4, IPPROTO_UDP, "(IPv4)"),
	TEST_IN(a_datagram_flow_does_not_give_way, 6, IPPROTO_UDP, "(IPv6)"),
	EACH_WAY(hairpins_have_ports_of_their_own),
};
const size_t num_claims_tests = ARRAY_SIZE(claims_tests);
