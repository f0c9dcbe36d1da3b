// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Session affinity: a client's new connections go where its last one went. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "kernel/maps.h"
#include "tests.h"

#define VIP	 "10.96.0.10:80"
#define EXTERNAL "198.51.100.7:80"
#define BACKENDS POD2 ":1", POD2 ":2", POD2 ":3", POD2 ":4", POD2 ":5", POD2 ":6", POD2 ":7", POD2 ":8"

/* The backend of a new connection of POD1. */
static const char *backend_of(int port, const char *at)
{
	char client[32];

	snprintf(client, sizeof(client), POD1 ":%d", port);
	send(PROG_FROM_POD, packet(client, at));
	expect_verdict(VERDICT_PASS);
	return frame_destination(sent());
}

/* 24 new connections of POD1 go there. */
static void expect_stays(const char *at, int port, const char *backend)
{
	for (int i = 0; i < 24; i++)
		assert_string_equal(backend_of(port + i, at), backend);
}

static void given_the_service(char first[64])
{
	given_service(VIP, BACKENDS);
	given_affinity(VIP, 10800);
	snprintf(first, 64, "%s", backend_of(1000, VIP));
}

static void affinity_read(struct sr_affinity_key *key, struct sr_affinity *entry)
{
	int fd = sr_datapath_map_fd(harness_datapath(), "sr_affinity");

	assert_int_equal(bpf_map_get_next_key(fd, NULL, key), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, key, entry), 0);
}

static void affinity_forget(void)
{
	int fd = sr_datapath_map_fd(harness_datapath(), "sr_affinity");
	struct sr_affinity_key key;

	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		bpf_map_delete_elem(fd, &key);
}

/* As if the client's last connection were so many seconds older. */
static void given_seconds_pass(unsigned int seconds)
{
	int fd = sr_datapath_map_fd(harness_datapath(), "sr_affinity");
	struct sr_affinity_key key;
	struct timespec resolution;
	struct sr_affinity entry;

	affinity_read(&key, &entry);
	assert_int_equal(clock_getres(CLOCK_MONOTONIC_COARSE, &resolution), 0);
	entry.seen -= seconds * (1000000000ull / resolution.tv_nsec);
	assert_int_equal(bpf_map_update_elem(fd, &key, &entry, BPF_ANY), 0);
}

TEST(a_client_stays_with_its_backend)
{
	char first[64];

	given_the_service(first);
	expect_stays(VIP, 1001, first);
	affinity_forget();
}

/* All of a service's addresses share it. */
TEST(whatever_address_it_calls)
{
	char first[64];

	given_the_service(first);
	given_frontend_kind(VIP, SR_FRONTEND_EXTERNAL_IP, EXTERNAL);
	given_frontend_kind(VIP, SR_FRONTEND_NODE_PORT, NODE ":30080");
	expect_stays(EXTERNAL, 1001, first);
	expect_stays(NODE ":30080", 1001, first);
	affinity_forget();
}

TEST(another_service_and_another_client_have_their_own)
{
	int astray = 0;
	char first[64];

	given_the_service(first);
	given_service("10.96.0.11:80", BACKENDS);
	given_affinity("10.96.0.11:80", 10800);
	for (int i = 0; i < 24; i++) {
		char client[32];

		snprintf(client, sizeof(client), "10.244.9.%d:1", i + 1);
		send(PROG_FROM_POD, packet(client, VIP));
		astray += strcmp(frame_destination(sent()), first) != 0;
	}
	assert_true(astray > 0);
	snprintf(first, sizeof(first), "%s", backend_of(1099, "10.96.0.11:80"));
	expect_stays("10.96.0.11:80", 1100, first);
	affinity_forget();
}

TEST(it_times_out)
{
	char first[64], client[32];
	int astray = 0;

	given_the_service(first);
	for (int i = 0; i < 24; i++) {
		given_seconds_pass(10800);
		snprintf(client, sizeof(client), POD1 ":%d", 1100 + i);
		send(PROG_FROM_POD, packet(client, VIP));
		astray += strcmp(frame_destination(sent()), first) != 0;
	}
	assert_true(astray > 0);
	affinity_forget();
}

/* Each new connection begins the time anew. */
TEST(a_new_connection_refreshes_it)
{
	char first[64];

	given_the_service(first);
	for (int i = 0; i < 24; i++) {
		given_seconds_pass(10799);
		assert_string_equal(backend_of(1100 + i, VIP), first);
	}
	affinity_forget();
}

/* ... and no packet of one that there is. */
TEST(packets_of_a_connection_do_not_refresh_it)
{
	struct sr_affinity before, after;
	struct sr_affinity_key key;
	char first[64];

	given_the_service(first);
	given_seconds_pass(100);
	affinity_read(&key, &before);
	send(PROG_FROM_POD, packet(POD1 ":1000", VIP));
	assert_string_equal(frame_destination(sent()), first);
	affinity_read(&key, &after);
	assert_true(after.seen == before.seen);
	affinity_forget();
}

/* Only while the backend is in the set that is chosen among. */
TEST(a_backend_that_leaves_the_set)
{
	char first[64], draining[80];

	given_the_service(first);
	snprintf(draining, sizeof(draining), "%s,draining", first);
	given_service(VIP, draining, POD1B ":80");
	send(PROG_FROM_POD, packet(POD1 ":1099", VIP));
	expect_packet(packet(POD1 ":1099", POD1B ":80"));
	snprintf(first, sizeof(first), "%s", backend_of(1098, VIP));
	expect_stays(VIP, 1100, first);
	given_service(VIP, BACKENDS, POD1B ":80");
	expect_stays(VIP, 1200, first);
	affinity_forget();
}

TEST(a_backend_of_the_other_set)
{
	char client[32];

	given_service(VIP, REMOTE ":8080", POD2 ":8080,only_local");
	given_frontend_kind(VIP, SR_FRONTEND_EXTERNAL_IP, EXTERNAL);
	given_policy(VIP, SR_SERVICE_INTERNAL_LOCAL);
	given_affinity(VIP, 10800);
	for (int i = 0; i < 8; i++) {
		snprintf(client, sizeof(client), POD1 ":%d", 1100 + i);
		send(PROG_FROM_POD, packet(client, VIP));
		expect_packet(packet(client, POD2 ":8080"));
		send(PROG_FROM_POD, packet(client, EXTERNAL));
		expect_packet(packet(client, REMOTE ":8080"));
	}
	affinity_forget();
}

TEST(it_is_switched_off_and_on)
{
	char first[64], client[32];
	int astray = 0;

	given_the_service(first);
	given_affinity(VIP, 0);
	for (int i = 0; i < 24; i++) {
		snprintf(client, sizeof(client), POD1 ":%d", 1100 + i);
		send(PROG_FROM_POD, packet(client, VIP));
		astray += strcmp(frame_destination(sent()), first) != 0;
	}
	assert_true(astray > 0);
	given_affinity(VIP, 60);
	expect_stays(VIP, 1200, first);
	affinity_forget();
}

/* The client is known as it calls, not as it is shown to the backend. */
TEST(a_client_whose_source_is_replaced)
{
	char first[64], client[32];

	given_kind(SR_FRONTEND_NODE_PORT, NODE ":30080", REMOTE ":1", REMOTE ":2", REMOTE ":3", REMOTE ":4",
		   REMOTE ":5", REMOTE ":6");
	given_affinity(NODE ":30080", 100);
	send(PROG_XDP, packet(CLIENT ":999", NODE ":30080"));
	snprintf(first, sizeof(first), "%s", frame_destination(sent()));
	for (int i = 0; i < 24; i++) {
		snprintf(client, sizeof(client), CLIENT ":%d", 1000 + i);
		send(i & 1 ? PROG_XDP : PROG_FROM_WIRE, packet(client, NODE ":30080"));
		assert_string_equal(frame_destination(sent()), first);
	}
	affinity_forget();
}

const struct CMUnitTest affinity_tests[] = {
	EACH_WAY(a_client_stays_with_its_backend),
	EACH_WAY(whatever_address_it_calls),
	EACH_WAY(another_service_and_another_client_have_their_own),
	EACH_WAY(it_times_out),
	EACH_WAY(a_new_connection_refreshes_it),
	EACH_WAY(packets_of_a_connection_do_not_refresh_it),
	EACH_WAY(a_backend_that_leaves_the_set),
	EACH_WAY(a_backend_of_the_other_set),
	EACH_WAY(it_is_switched_off_and_on),
	EACH_WAY(a_client_whose_source_is_replaced),
};
const size_t num_affinity_tests = ARRAY_SIZE(affinity_tests);
