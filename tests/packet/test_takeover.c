// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections that change hands between netfilter and us: whose packets are whose, meanwhile and afterwards. */
#include "tests.h"

#include <bpf/bpf.h>

#include "base/error.h"
#include "kernel/halves.h"
#include "kernel/takeover.h"
#include "kernel/timeouts.h"
#include "model/takeover.h"

#define VIP	   "10.96.0.10:80"
#define POD_CLIENT POD1 ":1234"
#define ANOTHER	   POD1 ":1235"
#define BACKEND	   POD2 ":8080"
#define ELSEWHERE  POD2 ":8081"

static void given_a_takeover(enum sr_takeover_level level)
{
	struct sr_error err = {};

	if (sr_takeover_begin(harness_datapath(), level, &err) < 0)
		fail_msg("%s", err.text);
}

static void given_it_began_long_ago(enum sr_takeover_level level)
{
	struct sr_takeover takeover = {.level = level, .until = sr_ticks_now() - 10};
	__u32 zero = 0;

	bpf_map_update_elem(harness_datapath()->map_fd[SR_MAP_TAKEOVER], &zero, &takeover, BPF_ANY);
}

static struct sr_tuple tuple(const char *from, const char *to)
{
	struct sr_hostport src = world_hostport(from, world.family, world.proto);
	struct sr_hostport dst = world_hostport(to, world.family, world.proto);

	return (struct sr_tuple){
		.src = src.addr, .dst = dst.addr, .sport = src.port, .dport = dst.port, .proto = world.proto};
}

TEST(a_packet_in_the_midst_of_a_flow_is_left_to_netfilter)
{
	given_service(VIP, BACKEND);
	given_a_takeover(SR_TAKEOVER_BEGUN);
	send(PROG_FROM_POD, tcp(POD_CLIENT, VIP, .flags = ACK));
	expect_untouched(SR_PASS_TAKEOVER);
	send(PROG_FROM_POD, tcp(POD_CLIENT, VIP, .flags = SYN | ACK));
	expect_untouched(SR_PASS_TAKEOVER);
}

/* A gateway would know where such a flow went, if it had been the gateways'. */
TEST(also_where_its_backend_could_be_computed)
{
	given_service(VIP, BACKEND);
	given_policy(VIP, SR_SERVICE_MAGLEV);
	given_a_takeover(SR_TAKEOVER_BEGUN);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = ACK));
	expect_untouched(SR_PASS_TAKEOVER);

	given_it_began_long_ago(SR_TAKEOVER_BEGUN);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = ACK));
	expect_packet(packet(POD_CLIENT, BACKEND, .flags = ACK));
}

TEST(what_begins_meanwhile_is_ours)
{
	given_service(VIP, BACKEND);
	given_a_takeover(SR_TAKEOVER_BEGUN);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = SYN));
	expect_packet(packet(POD_CLIENT, BACKEND, .flags = SYN));
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = ACK));
	expect_packet(packet(POD_CLIENT, BACKEND, .flags = ACK));
}

TEST(what_begins_while_connections_are_given_back_is_netfilters)
{
	given_service(VIP, BACKEND);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = SYN));
	given_a_takeover(SR_TAKEOVER_ALL);
	send(PROG_FROM_POD, packet(ANOTHER, VIP, .flags = SYN));
	expect_untouched(SR_PASS_TAKEOVER);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = ACK));
	expect_packet(packet(POD_CLIENT, BACKEND, .flags = ACK));
}

/* Who began it may have been killed. */
TEST(it_ends_by_itself)
{
	given_service(VIP, BACKEND);
	given_it_began_long_ago(SR_TAKEOVER_ALL);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = ACK));
	expect_packet(packet(POD_CLIENT, BACKEND, .flags = ACK));
}

/* As netfilter had it, with an endpoint that would not be chosen. */
static void given_an_entry(void (*make)(struct sr_conn *out, const struct sr_nat *nat))
{
	struct sr_nat nat = {
		.call = tuple(POD_CLIENT, VIP),
		.answer = tuple(ELSEWHERE, POD_CLIENT),
		.state = SR_FLOW_PROVEN,
	};
	struct sr_conn half;

	given_service(VIP, BACKEND);
	make(&half, &nat);
	half.created = half.seen = sr_ticks_now();
	assert_int_equal(sr_half_put_both(harness_datapath(), &half, 0), 0);
}

TEST(an_adopted_connection_goes_on)
{
	given_an_entry(sr_takeover_half);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = ACK));
	expect_packet(packet(POD_CLIENT, ELSEWHERE, .flags = ACK));
	send(PROG_TO_POD, packet(ELSEWHERE, POD_CLIENT, .flags = ACK));
	expect_packet(packet(VIP, POD_CLIENT, .flags = ACK));
}

TEST(a_bystander_is_left_as_it_is)
{
	given_an_entry(sr_takeover_bystander);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = ACK));
	expect_packet(packet(POD_CLIENT, VIP, .flags = ACK));
}

TEST(what_is_held_goes_nowhere)
{
	struct sr_tuple call = tuple(POD_CLIENT, VIP);

	given_service(VIP, BACKEND);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = SYN));
	sr_half_mark(harness_datapath(), &call, SR_CONN_PAST | SR_CONN_HELD, 0);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = ACK));
	expect_drop(SR_DROP_HELD);
	sr_half_mark(harness_datapath(), &call, 0, SR_CONN_PAST | SR_CONN_HELD);
	send(PROG_FROM_POD, packet(POD_CLIENT, VIP, .flags = ACK));
	expect_packet(packet(POD_CLIENT, BACKEND, .flags = ACK));
}

const struct CMUnitTest takeover_tests[] = {
	BOTH_FAMILIES(a_packet_in_the_midst_of_a_flow_is_left_to_netfilter),
	BOTH_FAMILIES(also_where_its_backend_could_be_computed),
	TCP_AND_UDP(what_begins_meanwhile_is_ours),
	TCP_AND_UDP(what_begins_while_connections_are_given_back_is_netfilters),
	TCP_AND_UDP(it_ends_by_itself),
	TCP_AND_UDP(an_adopted_connection_goes_on),
	TCP_AND_UDP(a_bystander_is_left_as_it_is),
	TCP_AND_UDP(what_is_held_goes_nowhere),
};
const size_t num_takeover_tests = ARRAY_SIZE(takeover_tests);
