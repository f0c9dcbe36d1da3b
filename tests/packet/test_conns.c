// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The connections as `svcroute conn` reads and ends them: each once, whole. */
#include "tests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/error.h"
#include "kernel/conn_table.h"
#include "kernel/conns.h"
#include "kernel/halves.h"
#include "kernel/instance.h"
#include "kernel/timeouts.h"

#define VIP	   "10.96.0.10:80"
#define POD_CLIENT POD1 ":1234"
#define ANOTHER	   POD1 ":1235"
#define BACKEND	   POD2 ":8080"

static struct sr_hostport at(const char *text)
{
	return world_hostport(text, world.family, world.proto);
}

struct listed {
	size_t num;
	struct sr_conn_found last;
};

static int list_one(const struct sr_conn_found *conn, void *context)
{
	struct listed *listed = context;

	listed->num++;
	listed->last = *conn;
	return 0;
}

static struct listed list_all(void)
{
	struct listed listed = {};
	struct sr_error err = {};

	if (sr_conns_each(harness_datapath(), list_one, &listed, &err) < 0)
		fail_msg("%s", err.text);
	return listed;
}

static void expect_end(const struct sr_hostport *end, const char *text)
{
	struct sr_hostport wanted = at(text);

	assert_int_equal(sr_hostport_compare(end, &wanted), 0);
}

static void expect_listed(const struct sr_flow *flow)
{
	expect_end(&flow->client, POD_CLIENT);
	expect_end(&flow->frontend, VIP);
	expect_end(&flow->backend, BACKEND);
	expect_end(&flow->source, POD_CLIENT);
	assert_int_equal(flow->proto, world.proto);
	assert_int_equal(flow->family, world.family);
	assert_true(flow->of_service);
}

static void begin(const char *client)
{
	send(PROG_FROM_POD, packet(client, VIP));
	expect_packet(packet(client, BACKEND));
}

static void be_proven(void)
{
	begin(POD_CLIENT);
	send(PROG_TO_POD, packet(BACKEND, POD_CLIENT));
	if (world.proto == IPPROTO_UDP) {
		conn_begin_earlier(POD_CLIENT, VIP, 3);
		begin(POD_CLIENT);
	}
	assert_int_equal(conns_count(PROVEN_CONN), 2);
	assert_int_equal(conns_count(ANY_CONN), 2);
}

TEST(a_connection_is_listed_once)
{
	struct listed listed;

	given_service(VIP, BACKEND);
	assert_int_equal(list_all().num, 0);
	begin(POD_CLIENT);
	listed = list_all();
	assert_int_equal(listed.num, 1);
	assert_int_equal(listed.last.flow.state, SR_FLOW_NEW);
	expect_listed(&listed.last.flow);

	be_proven();
	listed = list_all();
	assert_int_equal(listed.num, 1);
	assert_int_equal(listed.last.flow.state, SR_FLOW_PROVEN);
	expect_listed(&listed.last.flow);
}

/* What the backend sends still turns, and would bring the other half back: it is there. */
TEST(half_a_connection_is_listed_as_well)
{
	struct listed listed;

	given_service(VIP, BACKEND);
	be_proven();
	conn_evict(POD_CLIENT, VIP);
	listed = list_all();
	assert_int_equal(listed.num, 1);
	expect_listed(&listed.last.flow);
}

TEST(what_has_been_silent_too_long_is_not_listed)
{
	given_service(VIP, BACKEND);
	begin(POD_CLIENT);
	conn_age(POD_CLIENT, VIP, 130);
	conn_age(BACKEND, POD_CLIENT, 130);
	assert_int_equal(list_all().num, 0);
}

TEST(that_its_backend_is_gone_is_told)
{
	given_service(VIP, BACKEND);
	begin(POD_CLIENT);
	assert_false(list_all().last.flow.backend_gone);
	given_service(VIP, POD1 ":9090");
	assert_true(list_all().last.flow.backend_gone);
}

static int find(const char *src, const char *dst, struct sr_conn_found *out)
{
	struct sr_hostport from = at(src), to = at(dst);

	return sr_conns_find(harness_datapath(), &from, &to, out, NULL);
}

TEST(packets_of_either_direction_find_it)
{
	struct sr_conn_found found;

	given_service(VIP, BACKEND);
	begin(POD_CLIENT);
	assert_int_equal(find(POD_CLIENT, VIP, &found), 0);
	expect_listed(&found.flow);
	assert_int_equal(find(BACKEND, POD_CLIENT, &found), 0);
	expect_listed(&found.flow);
	assert_int_equal(find(VIP, POD_CLIENT, &found), -ENOENT);
	assert_int_equal(find(ANOTHER, VIP, &found), -ENOENT);
}

TEST(a_removed_connection_is_gone)
{
	struct sr_conn_found found;
	struct sr_error err = {};

	given_service(VIP, BACKEND);
	be_proven();
	begin(ANOTHER);
	assert_int_equal(find(POD_CLIENT, VIP, &found), 0);
	assert_int_equal(sr_conns_remove(harness_datapath(), &found.half, &err), 0);
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	assert_int_equal(conns_count(ANY_CONN), 2);
	assert_true(conn_read(ANY_CONN, ANOTHER, VIP, NULL));
	assert_true(conn_read(ANY_CONN, BACKEND, ANOTHER, NULL));

	/* An answer that was under way is nobody's now. */
	send(PROG_TO_POD, packet(BACKEND, POD_CLIENT));
	expect_verdict(VERDICT_PASS);
	assert_int_equal(conns_count(ANY_CONN), 2);
}

TEST(the_other_half_may_be_another_connections)
{
	struct sr_conn_found found;
	struct sr_error err = {};

	given_service(VIP, BACKEND);
	begin(POD_CLIENT);
	assert_int_equal(find(POD_CLIENT, VIP, &found), 0);
	/* As if another frontend's connection had taken the tuple of its answers. */
	found.half.from.dport = htons(81);
	assert_int_equal(sr_conns_remove(harness_datapath(), &found.half, &err), 0);
	assert_true(conn_read(ANY_CONN, BACKEND, POD_CLIENT, NULL));
}

static int remove_one(const struct sr_conn_found *conn, void *context)
{
	++*(size_t *)context;
	return sr_conns_remove(harness_datapath(), &conn->half, NULL);
}

/* Both halves of most are read before the first is removed. */
TEST(who_removes_while_listing_meets_each_once)
{
	char client[32];
	size_t num = 0;

	given_service(VIP, BACKEND);
	for (int i = 0; i < 100; i++) {
		snprintf(client, sizeof(client), "%s:%d", POD1, 2000 + i);
		begin(client);
	}
	assert_int_equal(sr_conns_each(harness_datapath(), remove_one, &num, NULL), 0);
	assert_int_equal(num, 100);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

TEST(all_are_removed_halves_and_leftovers_too)
{
	struct sr_error err = {};

	given_service(VIP, BACKEND);
	be_proven();
	begin(ANOTHER);
	conn_evict(ANOTHER, VIP);
	conn_age(BACKEND, ANOTHER, 130);
	assert_int_equal(sr_conns_remove_all(harness_datapath(), &err), 0);
	assert_int_equal(conns_count(PROVEN_CONN), 0);
	assert_int_equal(conns_count(ANY_CONN), 0);
}

/* --- many --------------------------------------------------------------------------------- */

#define MANY 250000

static struct sr_conn one_of_many(uint32_t i)
{
	struct sr_hostport vip = at(VIP), client = at(POD_CLIENT);
	struct sr_conn half = {
		.from = {.src = client.addr, .dst = vip.addr, .sport = i, .dport = vip.port, .proto = IPPROTO_TCP},
		.to = {.dst = at(BACKEND).addr, .dport = at(BACKEND).port, .flags = SR_CONN_PROVEN},
		.seen = sr_ticks_now(),
	};

	half.from.src.word[3] ^= htonl(i);
	half.to.src = half.from.src;
	half.to.sport = half.from.sport;
	return half;
}

/* Another table in place of the instance's, of the usual size: tests read that one again and again. */
static struct sr_datapath with_usual_table(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	struct sr_datapath copy = *harness_datapath();

	copy.conns = NULL;
	copy.map_fd[SR_MAP_CONNS] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "conns", sizeof(uint32_t),
						   sizeof(struct sr_conn_set), sr_conn_table_sets(MANY), &options);
	assert_true(copy.map_fd[SR_MAP_CONNS] >= 0);
	return copy;
}

/* Both halves of each. How many of these found no room. */
static size_t given_many(struct sr_datapath *datapath)
{
	struct sr_conn_table *table = sr_datapath_conns(datapath, NULL);
	struct sr_flow_clock clock;
	size_t refused = 0;

	assert_non_null(table);
	sr_flow_clock_get(&clock);
	for (uint32_t i = 0; i < MANY; i++) {
		struct sr_conn half = one_of_many(i), reply;

		sr_half_invert(&reply, &half);
		refused += sr_conn_table_insert(table, &reply, &clock.ticks) != 0;
		refused += sr_conn_table_insert(table, &half, &clock.ticks) != 0;
	}
	return refused;
}

static long peak_kilobytes(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static int count_one(const struct sr_conn_found *conn, void *context)
{
	(void)conn;
	++*(size_t *)context;
	return 0;
}

/*
 * All are proven, so none displaces another. One run in thirty refuses a half (the
 * hash has a random seed): far more means that entries are badly spread. To list
 * them takes no more memory than a few do.
 */
TEST(there_is_room_for_a_quarter_of_a_million)
{
	struct sr_datapath datapath = with_usual_table();
	struct sr_error err = {};
	size_t num = 0, refused;
	long before;

	refused = given_many(&datapath);
	assert_in_range(refused, 0, 4);
	list_all();
	before = peak_kilobytes();
	assert_int_equal(sr_conns_each(&datapath, count_one, &num, &err), 0);
	assert_in_range(num, MANY - refused, MANY);
	assert_true(peak_kilobytes() - before < 4096);
	assert_int_equal(sr_conns_remove_all(&datapath, &err), 0);
	num = 0;
	assert_int_equal(sr_conns_each(&datapath, count_one, &num, &err), 0);
	assert_int_equal(num, 0);
	sr_datapath_close_conns(&datapath);
	close(datapath.map_fd[SR_MAP_CONNS]);
}

const struct CMUnitTest conns_tests[] = {
	TCP_AND_UDP(a_connection_is_listed_once),
	TCP_AND_UDP(half_a_connection_is_listed_as_well),
	TCP_AND_UDP(what_has_been_silent_too_long_is_not_listed),
	BOTH_FAMILIES(that_its_backend_is_gone_is_told),
	EACH_WAY(packets_of_either_direction_find_it),
	TCP_AND_UDP(a_removed_connection_is_gone),
	BOTH_FAMILIES(the_other_half_may_be_another_connections),
	BOTH_FAMILIES(who_removes_while_listing_meets_each_once),
	TCP_AND_UDP(all_are_removed_halves_and_leftovers_too),
	BOTH_FAMILIES(there_is_room_for_a_quarter_of_a_million),
};
const size_t num_conns_tests = ARRAY_SIZE(conns_tests);
