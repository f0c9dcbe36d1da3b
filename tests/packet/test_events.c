// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the programs tell a monitor: what it asked for, once, and nothing while nobody asks. */
#include "tests.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "kernel/events.h"
#include "kernel/timeouts.h"

#define VIP	   "10.96.0.10:80"
#define POD_CLIENT POD1 ":1234"
#define BACKEND	   POD2 ":8080"
#define ALL	   ~0ull

static struct heard {
	struct sr_event event[8];
	size_t num;
} heard;

static int hear(const struct sr_event *event, void *context)
{
	(void)context;
	if (heard.num < ARRAY_SIZE(heard.event))
		heard.event[heard.num] = *event;
	heard.num++;
	return 0;
}

static struct sr_events *listen_to(uint64_t wishes)
{
	struct sr_events *events;
	struct sr_error err = {};

	heard.num = 0;
	if (sr_events_open(&events, harness_datapath(), wishes, &err) < 0)
		fail_msg("%s", err.text);
	return events;
}

static void expect_heard(struct sr_events *events, size_t num)
{
	struct sr_error err = {};

	heard.num = 0;
	if (sr_events_read(events, hear, NULL, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(heard.num, num);
}

static void expect_tuple(const struct sr_event *event, const char *from, const char *to)
{
	struct sr_hostport src = world_hostport(from, world.family, world.proto);
	struct sr_hostport dst = world_hostport(to, world.family, world.proto);

	assert_memory_equal(&event->tuple.src, &src.addr, sizeof(src.addr));
	assert_memory_equal(&event->tuple.dst, &dst.addr, sizeof(dst.addr));
	assert_int_equal(event->tuple.sport, src.port);
	assert_int_equal(event->tuple.dport, dst.port);
	assert_int_equal(event->tuple.proto, world.proto);
}

static void say(uint8_t flags)
{
	send(PROG_FROM_POD, tcp(POD_CLIENT, VIP, .flags = flags, .seq = 101, .ack = 5001));
	expect_verdict(VERDICT_PASS);
}

static void answer(uint8_t flags)
{
	send(PROG_TO_POD, tcp(BACKEND, POD_CLIENT, .flags = flags, .seq = 5000, .ack = 101));
	expect_verdict(VERDICT_PASS);
}

TEST(a_connection_begins_and_ends_with_one_event_each)
{
	struct sr_hostport backend = world_hostport(BACKEND, world.family, world.proto);
	sr_autoevents struct sr_events *events = listen_to(ALL);

	given_service(VIP, BACKEND);
	say(SYN);
	expect_heard(events, 1);
	assert_int_equal(heard.event[0].kind, SR_EVENT_NEW);
	expect_tuple(&heard.event[0], POD_CLIENT, VIP);
	assert_memory_equal(&heard.event[0].to.dst, &backend.addr, sizeof(backend.addr));
	assert_int_equal(heard.event[0].to.dport, backend.port);

	answer(SYN | ACK);
	say(ACK);
	answer(ACK);
	say(FIN | ACK);
	expect_heard(events, 0);
	answer(FIN | ACK);
	expect_heard(events, 1);
	assert_int_equal(heard.event[0].kind, SR_EVENT_CLOSED);
	expect_tuple(&heard.event[0], BACKEND, POD_CLIENT);
	assert_int_equal(heard.event[0].to.flags & SR_CONN_CLOSED, SR_CONN_CLOSED);
	say(ACK);
	answer(FIN | ACK);
	expect_heard(events, 0);
}

TEST(a_reset_closes_it)
{
	sr_autoevents struct sr_events *events = listen_to(ALL);

	given_service(VIP, BACKEND);
	say(SYN);
	answer(RST | ACK);
	expect_heard(events, 2);
	assert_int_equal(heard.event[1].kind, SR_EVENT_CLOSED);
	assert_true(heard.event[1].to.flags & SR_CONN_RESET);
}

TEST(a_flow_whose_backend_is_gone_closes_and_begins)
{
	sr_autoevents struct sr_events *events = listen_to(ALL);

	given_service(VIP, BACKEND);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	given_service(VIP, REMOTE ":9090");
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	expect_heard(events, 3);
	assert_int_equal(heard.event[1].kind, SR_EVENT_CLOSED);
	expect_tuple(&heard.event[1], POD_CLIENT, VIP);
	assert_int_equal(heard.event[2].kind, SR_EVENT_NEW);
}

TEST(a_packet_is_rejected_or_dropped_for_a_reason)
{
	sr_autoevents struct sr_events *events = listen_to(ALL);

	given_service(VIP, NULL);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	expect_heard(events, 1);
	assert_int_equal(heard.event[0].kind, SR_EVENT_REJECTED);
	assert_int_equal(heard.event[0].reason, SR_DROP_INDEX_NO_ENDPOINT);
	assert_true(heard.event[0].ifindex > 0);
	expect_tuple(&heard.event[0], POD_CLIENT, VIP);

	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP));
	expect_verdict(VERDICT_DROP);
	expect_heard(events, 1);
	assert_int_equal(heard.event[0].kind, SR_EVENT_DROPPED);
	assert_int_equal(heard.event[0].reason, SR_DROP_INDEX_NOT_REACHABLE);

	send(PROG_XDP, packet(CLIENT ":1234", VIP));
	expect_verdict(VERDICT_DROP);
	expect_heard(events, 1);
	assert_int_equal(heard.event[0].kind, SR_EVENT_DROPPED);
}

TEST(a_packet_that_is_left_alone_is_told_if_asked_for)
{
	sr_autoevents struct sr_events *events = listen_to(1ull << SR_PASS_INDEX_NOT_A_SERVICE);

	given_service(VIP, BACKEND);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	send(PROG_FROM_POD, packet(POD_CLIENT, CLIENT ":99"));
	expect_heard(events, 1);
	assert_int_equal(heard.event[0].kind, SR_EVENT_PASSED);
	assert_int_equal(heard.event[0].reason, SR_PASS_INDEX_NOT_A_SERVICE);
	expect_tuple(&heard.event[0], POD_CLIENT, CLIENT ":99");
}

static struct sr_monitor *monitor_map(void)
{
	void *map = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED,
			 sr_datapath_map_fd(harness_datapath(), "sr_monitor"), 0);

	assert_true(map != MAP_FAILED);
	return map;
}

TEST(nothing_is_told_while_nobody_listens)
{
	struct sr_monitor *monitor = monitor_map();
	struct sr_events *events = listen_to(ALL);

	given_service(VIP, BACKEND);
	assert_true(monitor->wishes == ALL);
	sr_events_close(events);
	assert_true(monitor->wishes == 0);
	munmap(monitor, sysconf(_SC_PAGESIZE));
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	events = listen_to(0);
	send(PROG_FROM_POD, packet(POD1 ":1235", VIP));
	expect_heard(events, 0);
	sr_events_close(events);
}

/* It was killed, or stopped: the programs see that its time is over. */
TEST(who_does_not_say_that_it_still_listens_is_told_no_more)
{
	sr_autoevents struct sr_events *events = listen_to(ALL);
	struct sr_monitor *monitor = monitor_map();

	given_service(VIP, BACKEND);
	monitor->until = sr_ticks_now() - 2;
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP));
	assert_int_equal(monitor->wishes, 0);
	expect_heard(events, 0);

	/* It comes back, and asks again. */
	send(PROG_FROM_POD, packet(POD1 ":1235", VIP));
	expect_heard(events, 1);
	munmap(monitor, sysconf(_SC_PAGESIZE));
}

TEST(what_there_is_no_room_for_is_counted)
{
	sr_autoevents struct sr_events *events = listen_to(1ull << SR_PASS_INDEX_NOT_A_SERVICE);
	struct frame frame = packet(POD_CLIENT, CLIENT ":99");
	struct sr_monitor *monitor = monitor_map();
	uint64_t lost;

	/* On a busy machine the packets take longer than a monitor may be silent. */
	monitor->until = INT32_MAX / 2 + sr_ticks_now();
	munmap(monitor, sysconf(_SC_PAGESIZE));
	assert_int_equal(sr_events_lost(events), 0);
	for (int i = 0; i < 12000; i++)
		harness_send(PROG_FROM_POD, frame);
	heard.num = 0;
	assert_int_equal(sr_events_read(events, hear, NULL, NULL), 0);
	lost = sr_events_lost(events);
	assert_true(lost > 0);
	assert_int_equal(heard.num + lost, 12000);
	assert_int_equal(sr_events_lost(events), 0);
}

TEST(one_listens_at_a_time)
{
	sr_autoevents struct sr_events *events = listen_to(ALL);
	struct sr_events *another;
	struct sr_error err = {};

	assert_int_equal(sr_events_open(&another, harness_datapath(), ALL, &err), -EBUSY);
	assert_non_null(strstr(err.text, "another monitor"));
}

const struct CMUnitTest events_tests[] = {
	BOTH_FAMILIES(a_connection_begins_and_ends_with_one_event_each),
	BOTH_FAMILIES(a_reset_closes_it),
	TEST_IN(a_flow_whose_backend_is_gone_closes_and_begins, 4, IPPROTO_UDP, "(IPv4, UDP)"),
	TEST_IN(a_flow_whose_backend_is_gone_closes_and_begins, 6, IPPROTO_UDP, "(IPv6, UDP)"),
	TCP_AND_UDP(a_packet_is_rejected_or_dropped_for_a_reason),
	TCP_AND_UDP(a_packet_that_is_left_alone_is_told_if_asked_for),
	TCP_AND_UDP(nothing_is_told_while_nobody_listens),
	ONLY_V4(who_does_not_say_that_it_still_listens_is_told_no_more),
	ONLY_V4(what_there_is_no_room_for_is_counted),
	ONLY_V4(one_listens_at_a_time),
};
const size_t num_events_tests = ARRAY_SIZE(events_tests);
