// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * SCTP: a CRC that follows the ports, and associations from INIT to their end.
 * That SCTP is translated wherever TCP is, EACH_WAY() of the other tests shows.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sums.h"
#include "tests.h"

#define VIP	   "198.51.100.7:90"
#define POD_VIP	   "10.96.0.10:2905"
#define POD_CLIENT POD1 ":5000"
#define BACKEND	   POD2 ":2906"
#define TAG	   0xc0ffee00u /* the backend's */

/* RFC 7143, appendix A.4: 32 bytes of zeros; a header of which the last four bytes count as such. */
TEST(the_reference_is_crc32c)
{
	uint8_t zeros[32] = {0}, header[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

	assert_int_equal(sums_sctp(zeros, 32), 0xaa36918a);
	assert_int_equal(sums_sctp(header, 12), 0x04542ee9);
	zeros[31] = 1;
	assert_int_not_equal(sums_sctp(zeros, 32), 0xaa36918a);
}

static void expect_there_and_back(struct frame asks, struct frame asks_want, struct frame answers,
				  struct frame answers_want)
{
	send(PROG_FROM_WIRE, asks);
	expect_packet(asks_want);
	send(PROG_TO_WIRE, answers);
	expect_packet(answers_want);
}

/* From nothing but the header on, through every remainder, to what the kernel runs programs on here. */
TEST(the_crc_follows_at_all_sizes)
{
	given_external(VIP, POD1 ":8080");
	expect_there_and_back(
		packet(CLIENT ":1234", VIP, .bare = true), packet(CLIENT ":1234", POD1 ":8080", .bare = true),
		packet(POD1 ":8080", CLIENT ":1234", .bare = true), packet(VIP, CLIENT ":1234", .bare = true));
	for (size_t size = 1; size <= 3600; size += size < 80 ? 1 : 49)
		expect_there_and_back(packet(CLIENT ":1234", VIP, .payload_size = size),
				      packet(CLIENT ":1234", POD1 ":8080", .payload_size = size),
				      packet(POD1 ":8080", CLIENT ":1234", .payload_size = size),
				      packet(VIP, CLIENT ":1234", .payload_size = size));
}

static int random_port(void)
{
	return 1 + rand() % 65535;
}

/* expect_packet() compares with a frame built anew, CRC and all, and makes that CRC a second time. */
static void expect_random_packet(enum program program, const char *frontend, const char *backend)
{
	size_t size = 1 + rand() % 3000;
	uint32_t tag = rand();
	char client[32];

	snprintf(client, sizeof(client), CLIENT ":%d", random_port());
	send(program, packet(client, frontend, .payload_size = size, .tag = tag));
	expect_packet(packet(client, backend, .payload_size = size, .tag = tag));
}

TEST(the_crc_follows_any_ports)
{
	srand(2960);
	for (int services = 0; services < 25; services++) {
		char frontend[32], backend[32];

		snprintf(frontend, sizeof(frontend), "198.51.100.%d:%d", 10 + services, random_port());
		snprintf(backend, sizeof(backend), POD1 ":%d", random_port());
		given_external(frontend, backend);
		for (int packets = 0; packets < 40; packets++) {
			expect_random_packet(PROG_FROM_WIRE, frontend, backend);
			expect_random_packet(PROG_XDP, frontend, backend);
		}
	}
}

/* Where both ports change: that of a client whose address is replaced, and the service's. */
TEST(the_crc_follows_both_ports)
{
	given_external(VIP, REMOTE ":8080");
	srand(4960);
	for (int i = 0; i < 200; i++) {
		size_t size = 1 + rand() % 1400;
		const char *node;
		char client[32];

		snprintf(client, sizeof(client), CLIENT ":%d", random_port());
		send(PROG_XDP, packet(client, VIP, .payload_size = size));
		node = expect_snat(NODE);
		expect_tx(packet(node, REMOTE ":8080", .payload_size = size, .ttl = 63, .smac = MAC_NODE,
				 .dmac = MAC_OTHER_NODE));
		send(PROG_FROM_WIRE, packet(REMOTE ":8080", node, .payload_size = size));
		expect_redirect(packet(VIP, client, .payload_size = size, .ttl = 63));
	}
}

TEST(equal_ports_leave_the_crc_alone)
{
	given_external(VIP, POD1 ":90");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP));
	expect_packet(packet(CLIENT ":1234", POD1 ":90"));
	/* Even a wrong one: it is not ours to judge. */
	send(PROG_FROM_WIRE, frame_poke(packet(CLIENT ":1234", VIP, .no_checksum = true), 14 + 20 + 8, 1));
	expect_verdict(VERDICT_PASS);
	assert_int_equal(frame_transport_sum(sent()), 0x0100);
}

/* The device will make it, or nobody (RFC 9653). */
TEST(no_crc_stays_none)
{
	given_external(VIP, POD1 ":8080");
	expect_there_and_back(packet(CLIENT ":1234", VIP, .no_checksum = true),
			      packet(CLIENT ":1234", POD1 ":8080", .no_checksum = true),
			      packet(POD1 ":8080", CLIENT ":1234", .no_checksum = true),
			      packet(VIP, CLIENT ":1234", .no_checksum = true));
}

/* The IP header ends the packet before SCTP's does; the frame goes on. */
TEST(a_header_cut_short_by_ip)
{
	struct frame frame = packet(CLIENT ":1234", VIP, .bare = true);

	given_external(VIP, POD1 ":8080");
	frame.bytes[14 + (world.family == 4 ? 3 : 5)]--;
	send(PROG_FROM_WIRE, frame);
	expect_untouched(SR_PASS_MALFORMED);
	send(PROG_XDP, frame);
	expect_untouched(SR_PASS_MALFORMED);
}

#define FIRST .payload_size = 100, .fragment_id = 7, .fragment_from = 0, .fragment_size = 40
#define LAST  .payload_size = 100, .fragment_id = 7, .fragment_from = 40, .fragment_size = 200

/* The CRC in a first fragment is the whole packet's, and nobody says how long that is. */
TEST(fragments_whose_ports_change_are_dropped)
{
	given_external(VIP, POD1 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, FIRST));
	expect_drop(SR_DROP_SCTP_FRAGMENT);
}

TEST(fragments_whose_ports_stay_go_on)
{
	given_external(VIP, POD1 ":90");
	expect_there_and_back(packet(CLIENT ":1234", VIP, FIRST), packet(CLIENT ":1234", POD1 ":90", FIRST),
			      packet(POD1 ":90", CLIENT ":1234", FIRST), packet(VIP, CLIENT ":1234", FIRST));
	expect_there_and_back(packet(CLIENT ":1234", VIP, LAST), packet(CLIENT ":1234", POD1 ":90", LAST),
			      packet(POD1 ":90", CLIENT ":1234", LAST), packet(VIP, CLIENT ":1234", LAST));
}

TEST(fragments_without_a_crc_go_on)
{
	given_external(VIP, POD1 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, FIRST, .no_checksum = true));
	expect_packet(packet(CLIENT ":1234", POD1 ":8080", FIRST, .no_checksum = true));
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP, LAST, .no_checksum = true));
	expect_packet(packet(CLIENT ":1234", POD1 ":8080", LAST, .no_checksum = true));
}

/* --- associations ----------------------------------------------------------------------- */

static void client_says(uint8_t chunk, uint32_t tag)
{
	send(PROG_FROM_POD, packet(POD_CLIENT, POD_VIP, .chunk = chunk, .tag = tag, .seq = 77));
	expect_verdict(VERDICT_PASS);
}

static void backend_says(uint8_t chunk)
{
	send(PROG_TO_POD, packet(BACKEND, POD_CLIENT, .chunk = chunk, .tag = 77, .seq = TAG));
	expect_packet(packet(POD_VIP, POD_CLIENT, .chunk = chunk, .tag = 77, .seq = TAG));
}

static void associate(void)
{
	given_service(POD_VIP, BACKEND);
	client_says(INIT, 0);
	backend_says(INIT_ACK);
	client_says(COOKIE_ECHO, TAG);
	backend_says(COOKIE_ACK);
	assert_int_equal(conns_count(PROVEN_CONN), 2);
}

/* Who has the backend's tag has seen its INIT ACK (RFC 9260, section 5.1). */
TEST(the_clients_tag_proves_it)
{
	given_service(POD_VIP, BACKEND);
	client_says(INIT, 0);
	client_says(COOKIE_ECHO, TAG);
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	backend_says(INIT_ACK);
	client_says(COOKIE_ECHO, TAG - 1);
	client_says(COOKIE_ECHO, TAG + 65536);
	client_says(INIT, TAG);
	backend_says(HEARTBEAT);
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	client_says(COOKIE_ECHO, TAG);
	assert_int_equal(conns_count(PROVEN_CONN), 2);
}

/* The next INIT begins anew, with whom the service has now. */
static void expect_over(void)
{
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	given_service(POD_VIP, POD1B ":1");
	send(PROG_FROM_POD, packet(POD_CLIENT, POD_VIP, .chunk = INIT));
	expect_packet(packet(POD_CLIENT, POD1B ":1", .chunk = INIT));
	assert_false(conn_read(ANY_CONN, BACKEND, POD_CLIENT, NULL));
}

TEST(an_abort_by_the_client_ends_it)
{
	associate();
	client_says(ABORT, TAG);
	expect_over();
}

TEST(an_abort_by_the_backend_ends_it)
{
	associate();
	backend_says(ABORT);
	expect_over();
}

TEST(a_shutdown_ends_it)
{
	associate();
	backend_says(SHUTDOWN);
	assert_int_equal(conns_count(PROVEN_CONN), 2);
	client_says(SHUTDOWN_ACK, TAG);
	/* Its last words still pass. */
	client_says(HEARTBEAT, TAG);
	backend_says(HEARTBEAT);
	expect_over();
}

TEST(the_end_of_a_shutdown_ends_it)
{
	associate();
	backend_says(SHUTDOWN_COMPLETE);
	expect_over();
}

TEST(an_init_to_a_backend_that_is_gone_begins_anew)
{
	associate();
	given_service(POD_VIP, POD1B ":1");
	client_says(HEARTBEAT, TAG);
	assert_true(conn_read(PROVEN_CONN, BACKEND, POD_CLIENT, NULL));
	conn_age(POD_CLIENT, POD_VIP, 3);
	send(PROG_FROM_POD, packet(POD_CLIENT, POD_VIP, .chunk = INIT));
	expect_packet(packet(POD_CLIENT, POD1B ":1", .chunk = INIT));
}

/* An abort whose tag was wrong (RFC 9260, section 8.5). */
TEST(an_abort_that_nobody_believed_is_forgotten)
{
	associate();
	client_says(ABORT, 1);
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	backend_says(HEARTBEAT);
	assert_int_equal(conns_count(PROVEN_CONN), 2);
}

/* A restart (section 5.2.2) of an association that lives stays where it is. */
TEST(an_init_again_keeps_its_backend)
{
	associate();
	given_service(POD_VIP, BACKEND, POD1B ":1", POD1B ":2", POD1B ":3", POD1B ":4", POD1B ":5");
	for (int i = 0; i < 20; i++) {
		send(PROG_FROM_POD, packet(POD_CLIENT, POD_VIP, .chunk = INIT));
		expect_packet(packet(POD_CLIENT, BACKEND, .chunk = INIT));
	}
}

/* Two hours, as TCP's; one minute before it is proven. */
TEST(an_association_may_be_silent_for_long)
{
	associate();
	conn_age(POD_CLIENT, POD_VIP, 7200);
	given_service(POD_VIP, POD1B ":1");
	send(PROG_FROM_POD, packet(POD_CLIENT, POD_VIP, .chunk = HEARTBEAT));
	expect_packet(packet(POD_CLIENT, BACKEND, .chunk = HEARTBEAT));
	conn_age(POD_CLIENT, POD_VIP, 8000);
	send(PROG_FROM_POD, packet(POD_CLIENT, POD_VIP, .chunk = HEARTBEAT));
	expect_packet(packet(POD_CLIENT, POD1B ":1", .chunk = HEARTBEAT));
	conn_age(POD_CLIENT, POD_VIP, 65);
	given_service(POD_VIP, BACKEND);
	send(PROG_FROM_POD, packet(POD_CLIENT, POD_VIP, .chunk = HEARTBEAT));
	expect_packet(packet(POD_CLIENT, BACKEND, .chunk = HEARTBEAT));
}

#define SCTP4(test) TEST_IN(test, 4, IPPROTO_SCTP, "(IPv4)")
#define SCTP(test)  SCTP4(test), TEST_IN(test, 6, IPPROTO_SCTP, "(IPv6)")

const struct CMUnitTest sctp_tests[] = {
	SCTP4(the_reference_is_crc32c),
	SCTP(the_crc_follows_at_all_sizes),
	SCTP(the_crc_follows_any_ports),
	SCTP(the_crc_follows_both_ports),
	SCTP4(equal_ports_leave_the_crc_alone),
	SCTP(no_crc_stays_none),
	SCTP(a_header_cut_short_by_ip),
	SCTP(fragments_whose_ports_change_are_dropped),
	SCTP(fragments_whose_ports_stay_go_on),
	SCTP(fragments_without_a_crc_go_on),
	SCTP(the_clients_tag_proves_it),
	SCTP(an_abort_by_the_client_ends_it),
	SCTP(an_abort_by_the_backend_ends_it),
	SCTP(an_abort_that_nobody_believed_is_forgotten),
	SCTP(a_shutdown_ends_it),
	SCTP(the_end_of_a_shutdown_ends_it),
	SCTP(an_init_to_a_backend_that_is_gone_begins_anew),
	SCTP(an_init_again_keeps_its_backend),
	SCTP(an_association_may_be_silent_for_long),
};
const size_t num_sctp_tests = ARRAY_SIZE(sctp_tests);
