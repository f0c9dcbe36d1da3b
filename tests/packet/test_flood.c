// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A flood of SYNs at XDP: when too many flows begin at once, callers are
 * challenged, and enter nothing until they have shown themselves.
 */
#include "tests.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VIP   "198.51.100.7:90"
#define ALONE "203.0.113.77:4321"

/* A second: one flow in a tick. */
#define LIMIT 1
#define FLOOD 200

static const char *nobody(int i)
{
	static char text[32];

	snprintf(text, sizeof(text), "203.0.%d.%d:%d", 100 + i / 200, 1 + i % 200, 1024 + i);
	return text;
}

static void given_a_flood(void)
{
	given_syn_limit(LIMIT);
	given_external(VIP, POD2 ":8080");
	for (int i = 0; i < FLOOD; i++)
		send(PROG_XDP, tcp(nobody(i), VIP, .flags = SYN, .seq = i));
	assert_true(conns_count(ANY_CONN) < FLOOD);
}

static uint32_t acknowledgement(void)
{
	uint32_t ack;

	memcpy(&ack, sent()->bytes + (world.family == 6 ? 54 : 34) + 8, sizeof(ack));
	return ntohl(ack);
}

/* Before a flood, whatever was before. */
static void begin(const char *client)
{
	for (int i = 0; i < 50; i++) {
		send(PROG_XDP, tcp(client, VIP, .flags = SYN, .seq = 100));
		if (sent_verdict() == VERDICT_PASS)
			return;
		usleep(20000);
	}
}

/* Ticks go by: what is sent at last is in one of a flood. */
static uint32_t challenge(const char *client, uint32_t seq)
{
	for (int i = 0; i < 50; i++) {
		send(PROG_XDP, tcp(client, VIP, .flags = SYN, .seq = seq, .ttl = 44));
		if (sent_verdict() == VERDICT_TX)
			break;
		conn_evict(client, VIP);
		conn_evict(POD2 ":8080", client);
	}
	expect_answer(SR_ANSWER_CHALLENGE, tcp(VIP, client, .flags = SYN | ACK, .seq = seq, .ack = acknowledgement(),
					       .smac = MAC_NODE, .dmac = MAC_GATEWAY));
	return acknowledgement();
}

TEST(nothing_is_asked_of_a_few)
{
	given_external(VIP, POD2 ":8080");
	for (int i = 0; i < FLOOD; i++)
		send(PROG_XDP, tcp(nobody(i), VIP, .flags = SYN, .seq = i));
	assert_int_equal(conns_count(ANY_CONN), 2 * FLOOD);
}

TEST(who_shows_himself_is_served)
{
	uint32_t cookie;

	given_a_flood();
	cookie = challenge(ALONE, 100);
	assert_int_not_equal(cookie, 101);
	send(PROG_XDP, tcp(ALONE, VIP, .flags = RST, .seq = cookie));
	expect_drop(SR_DROP_CHALLENGE_MET);
	send(PROG_XDP, tcp(ALONE, VIP, .flags = SYN, .seq = 100));
	expect_packet(tcp(ALONE, POD2 ":8080", .flags = SYN, .seq = 100));
	/* ... from any of his ports. */
	send(PROG_XDP, tcp("203.0.113.77:4322", VIP, .flags = SYN, .seq = 100));
	expect_packet(tcp("203.0.113.77:4322", POD2 ":8080", .flags = SYN, .seq = 100));
}

TEST(who_only_pretends_is_not)
{
	uint32_t cookie;

	given_a_flood();
	cookie = challenge(ALONE, 100);
	send(PROG_XDP, tcp(ALONE, VIP, .flags = RST, .seq = cookie + 1));
	send(PROG_XDP, tcp("203.0.113.78:4321", VIP, .flags = RST, .seq = cookie));
	challenge(ALONE, 100);
	challenge("203.0.113.78:4321", 100);
}

TEST(connections_go_on_in_a_flood)
{
	given_syn_limit(LIMIT);
	given_external(VIP, POD2 ":8080");
	begin(ALONE);
	send_by(DEVICE_POD2, PROG_TO_WIRE, tcp(POD2 ":8080", ALONE, .flags = SYN | ACK, .seq = 5000, .ack = 101));
	for (int i = 0; i < FLOOD; i++)
		send(PROG_XDP, tcp(nobody(i), VIP, .flags = SYN, .seq = i));
	send(PROG_XDP, tcp(ALONE, VIP, .flags = ACK, .seq = 101, .ack = 5001));
	expect_packet(tcp(ALONE, POD2 ":8080", .flags = ACK, .seq = 101, .ack = 5001));
	send(PROG_XDP, tcp(ALONE, VIP, .flags = RST, .seq = 102));
	expect_packet(tcp(ALONE, POD2 ":8080", .flags = RST, .seq = 102));
}

/* A port that no service has is none of ours to ask about. */
TEST(what_is_not_for_a_service_passes)
{
	given_a_flood();
	challenge(ALONE, 100);
	send(PROG_XDP, tcp(ALONE, "198.51.100.7:22", .flags = SYN, .seq = 100));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
}

const struct CMUnitTest flood_tests[] = {
	BOTH_FAMILIES(nothing_is_asked_of_a_few),	 BOTH_FAMILIES(who_shows_himself_is_served),
	BOTH_FAMILIES(who_only_pretends_is_not),	 BOTH_FAMILIES(connections_go_on_in_a_flood),
	BOTH_FAMILIES(what_is_not_for_a_service_passes),
};
const size_t num_flood_tests = ARRAY_SIZE(flood_tests);
