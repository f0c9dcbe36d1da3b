// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections as people see them: states, ends, times; and which a filter means. */
#include "support.h"

#include "model/flow.h"

/* 250 jiffies a second: 1000 ticks are 256 s. */
static const struct sr_flow_clock clock_now = {
	.ticks =
		{
			.now = 100000,
			.tcp = 30000,
			.udp = 500,
			.closing = 250,
			.unproven = 200,
		},
	.jiffies_per_second = 250,
};

static struct sr_hostport place(const char *text)
{
	struct sr_hostport out;
	struct sr_error err = {};

	if (sr_hostport_parse(&out, text, &err) < 0)
		fail_msg("%s", err.text);
	return out;
}

/* One half: packets between the first two leave as between the last two. */
static struct sr_conn half(uint32_t flags, const char *const text[4])
{
	struct sr_hostport at[4];

	for (int i = 0; i < 4; i++)
		at[i] = place(text[i]);
	return (struct sr_conn){
		.from = {.src = at[0].addr,
			 .dst = at[1].addr,
			 .sport = at[0].port,
			 .dport = at[1].port,
			 .proto = at[0].proto},
		.to = {.src = at[2].addr, .dst = at[3].addr, .sport = at[2].port, .dport = at[3].port, .flags = flags},
		.service = 7,
		.created = clock_now.ticks.now - 1000,
		.seen = clock_now.ticks.now - 100,
	};
}

#define HALF(flags, ...) half(flags, (const char *const[4]){__VA_ARGS__})
#define CLIENT		 "192.0.2.1:1000"
#define FRONTEND	 "10.0.0.7:90"
#define BACKEND		 "10.1.0.3:80"
#define NODE		 "10.2.0.1:2000"

static struct sr_flow flow_of(const struct sr_conn *conn)
{
	struct sr_flow flow;

	sr_flow_read(&flow, conn, &clock_now);
	return flow;
}

static void expect_at(const struct sr_hostport *at, const char *text)
{
	char out[SR_HOSTPORT_TEXT];

	assert_string_equal(sr_hostport_format(out, at), text);
}

static void expect_ends(const struct sr_conn *conn)
{
	struct sr_flow flow = flow_of(conn);

	expect_at(&flow.client, CLIENT "/tcp");
	expect_at(&flow.frontend, FRONTEND "/tcp");
	expect_at(&flow.backend, BACKEND "/tcp");
	expect_at(&flow.source, NODE "/tcp");
	assert_int_equal(flow.service, 7);
	assert_int_equal(flow.family, 4);
}

static void either_half_tells_the_ends(void **state)
{
	struct sr_conn forward = HALF(SR_CONN_PAST, CLIENT, FRONTEND, NODE, BACKEND);
	struct sr_conn reply = HALF(SR_CONN_PAST | SR_CONN_REPLY, BACKEND, NODE, FRONTEND, CLIENT);

	(void)state;
	expect_ends(&forward);
	expect_ends(&reply);
}

static void times_are_seconds(void **state)
{
	struct sr_conn conn = HALF(SR_CONN_PROVEN, CLIENT, FRONTEND, CLIENT, BACKEND);
	struct sr_flow flow = flow_of(&conn);

	(void)state;
	assert_int_equal(flow.age, 256);
	assert_int_equal(flow.idle, 25);
	assert_int_equal(flow.left, (30000 - 100) * 64 / 250);

	/* The datapath's clock may be ahead of ours. */
	conn.created = conn.seen = clock_now.ticks.now + 1;
	flow = flow_of(&conn);
	assert_int_equal(flow.age, 0);
	assert_int_equal(flow.idle, 0);
	assert_int_equal(flow.left, 30000 * 64 / 250);
}

static void silence_ends_it_by_its_state(void **state)
{
	static const struct {
		uint32_t flags;
		const char *proto;
		uint32_t timeout;
	} cases[] = {
		{0, "tcp", 200},
		{SR_CONN_PROVEN, "tcp", 30000},
		{SR_CONN_PROVEN | SR_CONN_CLOSED, "tcp", 250},
		{SR_CONN_RESET, "tcp", 200},
		{0, "udp", 500},
		{SR_CONN_PROVEN, "udp", 500},
		{SR_CONN_FIN_SERVER, "sctp", 200},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sr_conn conn = HALF(cases[i].flags, CLIENT, FRONTEND, CLIENT, BACKEND);

		conn.from.proto = sr_proto_number(cases[i].proto);
		conn.seen = clock_now.ticks.now - cases[i].timeout;
		assert_true(sr_flow_is_live(&clock_now, &conn));
		conn.seen--;
		assert_false(sr_flow_is_live(&clock_now, &conn));
	}
}

static void states_have_conntracks_names(void **state)
{
	static const struct {
		uint32_t flags;
		const char *tcp, *udp, *sctp;
	} cases[] = {
		{0, "SYN_SENT", "UNREPLIED", "COOKIE_WAIT"},
		{SR_CONN_ANSWERED, "SYN_RECV", "REPLIED", "COOKIE_ECHOED"},
		{SR_CONN_PROVEN | SR_CONN_ANSWERED, "ESTABLISHED", "ASSURED", "ESTABLISHED"},
		{SR_CONN_PROVEN | SR_CONN_FIN_CLIENT, "FIN_WAIT", NULL, "SHUTDOWN_SENT"},
		{SR_CONN_PROVEN | SR_CONN_FIN_SERVER, "FIN_WAIT", NULL, "SHUTDOWN_SENT"},
		{SR_CONN_PROVEN | SR_CONN_CLOSED, "TIME_WAIT", NULL, "SHUTDOWN_ACK_SENT"},
		{SR_CONN_PROVEN | SR_CONN_RESET | SR_CONN_CLOSED, "CLOSE", NULL, "CLOSED"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sr_conn conn = HALF(cases[i].flags, CLIENT, FRONTEND, CLIENT, BACKEND);
		enum sr_flow_state found = flow_of(&conn).state;

		assert_string_equal(sr_flow_state_name(IPPROTO_TCP, found), cases[i].tcp);
		assert_string_equal(sr_flow_state_name(IPPROTO_SCTP, found), cases[i].sctp);
		if (cases[i].udp)
			assert_string_equal(sr_flow_state_name(IPPROTO_UDP, found), cases[i].udp);
		else
			assert_null(sr_flow_state_name(IPPROTO_UDP, found));
	}
}

static void a_filter_means_what_all_its_parts_do(void **state)
{
	struct sr_conn conn = HALF(SR_CONN_PROVEN | SR_CONN_PAST, CLIENT, FRONTEND, NODE, BACKEND);
	struct sr_flow flow = flow_of(&conn);
	struct sr_flow_filter filter = {};

	(void)state;
	assert_true(sr_flow_filter_matches(&filter, &flow));
	filter.proto = IPPROTO_TCP;
	filter.family = 4;
	assert_int_equal(sr_flow_filter_add_state(&filter, "established"), 0);
	filter.client.has_network = true;
	assert_int_equal(sr_cidr_parse(&filter.client.network, "192.0.2.0/24"), 0);
	assert_true(sr_flow_filter_matches(&filter, &flow));

	/* Each part for itself can say no. */
	filter.proto = IPPROTO_UDP;
	assert_false(sr_flow_filter_matches(&filter, &flow));
	filter.proto = 0;
	filter.family = 6;
	assert_false(sr_flow_filter_matches(&filter, &flow));
	filter.family = 0;
	assert_int_equal(sr_cidr_parse(&filter.client.network, "192.0.3.0/24"), 0);
	assert_false(sr_flow_filter_matches(&filter, &flow));
	filter.client.has_network = false;
	filter.states = 0;
	assert_int_equal(sr_flow_filter_add_state(&filter, "SYN_SENT"), 0);
	assert_false(sr_flow_filter_matches(&filter, &flow));
	assert_int_equal(sr_flow_filter_add_state(&filter, "ESTABLISHED"), 0);
	assert_true(sr_flow_filter_matches(&filter, &flow));
}

/* Does a range of ports of each end mean the connection? As bits: client, frontend, backend. */
static int ports_meant(const struct sr_flow *flow, uint16_t low, uint16_t high)
{
	struct sr_flow_end range = {.low = low, .high = high};
	struct sr_flow_filter client = {.client = range}, frontend = {.frontend = range}, backend = {.backend = range};

	return sr_flow_filter_matches(&client, flow) << 2 | sr_flow_filter_matches(&frontend, flow) << 1 |
	       sr_flow_filter_matches(&backend, flow);
}

static void ports_are_those_of_their_end(void **state)
{
	struct sr_conn conn = HALF(0, CLIENT, FRONTEND, NODE, BACKEND);
	struct sr_flow flow = flow_of(&conn);

	(void)state;
	assert_int_equal(ports_meant(&flow, 1000, 1000), 4);
	assert_int_equal(ports_meant(&flow, 90, 90), 2);
	assert_int_equal(ports_meant(&flow, 80, 80), 1);
	assert_int_equal(ports_meant(&flow, 80, 90), 3);
	assert_int_equal(ports_meant(&flow, 81, 89), 0);
	assert_int_equal(ports_meant(&flow, 1, 65535), 7);
}

static void states_go_by_their_protocol(void **state)
{
	struct sr_conn conn = HALF(SR_CONN_ANSWERED, CLIENT, FRONTEND, CLIENT, BACKEND);
	struct sr_flow tcp = flow_of(&conn), udp;
	struct sr_flow_filter filter = {};

	(void)state;
	conn.from.proto = IPPROTO_UDP;
	udp = flow_of(&conn);
	assert_int_equal(sr_flow_filter_add_state(&filter, "SYN_RECV"), 0);
	assert_true(sr_flow_filter_matches(&filter, &tcp));
	assert_false(sr_flow_filter_matches(&filter, &udp));
	assert_int_equal(sr_flow_filter_add_state(&filter, "REPLIED"), 0);
	assert_true(sr_flow_filter_matches(&filter, &udp));
	assert_int_equal(sr_flow_filter_add_state(&filter, "LISTEN"), -EINVAL);
	assert_int_equal(sr_flow_filter_add_state(&filter, ""), -EINVAL);
}

static bool state_is_listed(const char *name)
{
	for (size_t i = 0; sr_flow_state_names[i]; i++)
		if (strcmp(sr_flow_state_names[i], name) == 0)
			return true;
	return false;
}

static void all_states_are_listed(void **state)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	struct sr_flow_filter filter = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(protos); i++)
		for (int j = 0; j < SR_FLOW_STATES; j++)
			if (sr_flow_state_name(protos[i], j))
				assert_true(state_is_listed(sr_flow_state_name(protos[i], j)));
	for (size_t i = 0; sr_flow_state_names[i]; i++)
		assert_int_equal(sr_flow_filter_add_state(&filter, sr_flow_state_names[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_states_are_listed),
		cmocka_unit_test(either_half_tells_the_ends),
		cmocka_unit_test(times_are_seconds),
		cmocka_unit_test(silence_ends_it_by_its_state),
		cmocka_unit_test(states_have_conntracks_names),
		cmocka_unit_test(a_filter_means_what_all_its_parts_do),
		cmocka_unit_test(ports_are_those_of_their_end),
		cmocka_unit_test(states_go_by_their_protocol),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
