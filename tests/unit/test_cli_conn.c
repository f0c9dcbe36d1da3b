// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which connections a command line means, and how one is shown. */
#include "support.h"

#include "cli/command.h"
#include "cli/conn_options.h"
#include "cli/flow_show.h"

static int nothing(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	(void)globals;
	(void)options;
	(void)err;
	return 0;
}

static const struct sr_command list = {
	.name = "list",
	.options = sr_conn_filter_options,
	.size = sizeof(struct sr_conn_options),
	.check = sr_conn_filter_check,
	.run = nothing,
};

static const struct sr_command get = {
	.name = "get",
	.options = sr_conn_get_options,
	.size = sizeof(struct sr_conn_options),
	.check = sr_conn_get_check,
	.run = nothing,
};

static const struct sr_command del = {
	.name = "del",
	.options = sr_conn_del_options,
	.size = sizeof(struct sr_conn_options),
	.check = sr_conn_del_check,
	.run = nothing,
};

const struct sr_command *const sr_commands[] = {&list, &get, &del, NULL};

static int parse(struct sr_invocation *out, const char *line, struct sr_error *err)
{
	char copy[256], *argv[32] = {"svcroute"}, *rest = copy, *word;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((word = strsep(&rest, " ")) != NULL)
		argv[argc++] = word;
	memset(out, 0, sizeof(*out));
	return sr_invocation_parse(out, argc, argv, err);
}

static struct sr_service shop = {.namespace = "shop", .name = "web", .port_name = "http", .origin = "x.yaml"};
static struct sr_service mapped = {
	.namespace = "", .name = "10.0.0.7:90/tcp", .port_name = "", .origin = SR_ORIGIN_MAP};

/* client 192.0.2.1:1000 → 10.0.0.7:90/tcp, 10.1.0.3:80 answers; or over IPv6. */
static struct sr_flow flow_of(int family)
{
	static const char *const ends[2][3] = {
		{"192.0.2.1:1000", "10.0.0.7:90", "10.1.0.3:80"},
		{"[2001:db8::1]:1000", "[fd00::7]:90", "[fd00:1::3]:80"},
	};
	const char *const *end = ends[family == 6];
	struct sr_flow flow = {.proto = IPPROTO_TCP, .family = family, .state = SR_FLOW_PROVEN, .of_service = true};

	assert_int_equal(sr_hostport_parse(&flow.client, end[0], NULL), 0);
	assert_int_equal(sr_hostport_parse(&flow.frontend, end[1], NULL), 0);
	assert_int_equal(sr_hostport_parse(&flow.backend, end[2], NULL), 0);
	flow.source = flow.client;
	return flow;
}

static bool means(const char *line, int family, const struct sr_service *service)
{
	sr_autoinvocation struct sr_invocation invocation;
	struct sr_flow flow = flow_of(family);
	struct sr_error err = {};
	const struct sr_conn_options *options;

	if (parse(&invocation, line, &err) < 0)
		fail_msg("%s: %s", line, err.text);
	options = invocation.options;
	return sr_flow_options_match(&options->flows, &flow, service);
}

static void filters_that_mean_it(void **state)
{
	static const char *const of_ipv4[] = {
		"list",
		"list -4",
		"list -p tcp",
		"list --proto tcp -s 192.0.2.1",
		"list --src 192.0.2.0/24",
		"list --sport 1000",
		"list --sport 900-1100",
		"list -d 10.0.0.7",
		"list --orig-dst 10.0.0.0/24",
		"list --dst=10.0.0.7 --dport 90",
		"list --backend 10.1.0.3",
		"list --backend 10.1.0.0/24:80",
		"list --backend 10.1.0.3:80-81",
		"list --state syn_sent,established",
		"list --state SYN_SENT --state ESTABLISHED",
		"list --service shop/web",
		"list --service shop/web:http",
	};
	static const char *const of_ipv6[] = {
		"list -6",
		"list -s 2001:db8::/32",
		"list --backend fd00:1::3",
		"list --backend [fd00:1::3]",
		"list --backend [fd00:1::3]:80",
		"list --backend [fd00:1::/64]:80",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(of_ipv4); i++)
		if (!means(of_ipv4[i], 4, &shop))
			fail_msg("'%s' does not mean it", of_ipv4[i]);
	for (size_t i = 0; i < ARRAY_SIZE(of_ipv6); i++)
		if (!means(of_ipv6[i], 6, &shop))
			fail_msg("'%s' does not mean it", of_ipv6[i]);
	assert_true(means("list --service 10.0.0.7:90/tcp", 4, &mapped));
}

static void filters_that_mean_others(void **state)
{
	static const char *const lines[] = {
		"list -6",
		"list -p udp",
		"list -s 192.0.2.2",
		"list -s 192.0.2.1 --sport 1001",
		"list -d 10.0.1.0/24",
		"list --dport 80",
		"list --backend 10.1.0.4",
		"list --backend 10.1.0.3:81",
		"list -s 2001:db8::/32",
		"list --state time_wait",
		"list --service shop/we",
		"list --service shop/web:htt",
		"list --service sho/web",
		"list --service web",
		"list --service 10.0.0.7:90/tcp",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (means(lines[i], 4, &shop))
			fail_msg("'%s' means it", lines[i]);
	assert_false(means("list --service shop/web", 4, NULL));
	assert_false(means("list --service shop/web", 4, &mapped));
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const char *const lines[][2] = {
		{"list -p icmp", "list: --proto: 'icmp' is not tcp, udp or sctp"},
		{"list -s ten",
		 "list: --src: 'ten' is neither an address nor a network (10.0.0.0/16, fd00::/64; bits beyond the "
		 "length are 0)"},
		{"list -s 10.0.0.1/8",
		 "list: --src: '10.0.0.1/8' is neither an address nor a network (10.0.0.0/16, fd00::/64; bits beyond "
		 "the length are 0)"},
		{"list --dport 0", "list: --dport: '0' is neither a port nor a range of them (80, 8000-8999)"},
		{"list --dport 90-80", "list: --dport: '90-80' is neither a port nor a range of them (80, 8000-8999)"},
		{"list --dport 65536", "list: --dport: '65536' is neither a port nor a range of them (80, 8000-8999)"},
		{"list --sport 1234567890123",
		 "list: --sport: '1234567890123' is neither a port nor a range of them (80, 8000-8999)"},
		{"list --backend 10.0.0.1:",
		 "list: --backend: '' is neither a port nor a range of them (80, 8000-8999)"},
		{"list --backend 10.0.0.1:x",
		 "list: --backend: 'x' is neither a port nor a range of them (80, 8000-8999)"},
		{"list --state LISTEN", "list: --state: 'LISTEN' is no state; 'svcroute conn list --help' has them"},
		{"list --service=", "list: --service: a service's name is missing"},
		{"list -4 -6", "list: -4 and -6 exclude each other"},
		{"list -6 -d 10.0.0.1", "list: --dst is not of IPv6"},
		{"list --src 10.9.0.1 --dst fd00::1", "list: --src and --dst are not of one family"},
		{"list --dst 10.9.0.1 --backend fd00::1", "list: --backend and --dst are not of one family"},
		{"list -4 --backend fd00::1", "list: --backend is not of IPv4"},
		{"get 10.0.0.1:1", "get: DST:PORT[/PROTO] is missing"},
		{"get 10.0.0.1:1/udp 10.0.0.2:2",
		 "get: SRC:PORT: '10.0.0.1:1/udp': the protocol stands with the destination"},
		{"get 10.0.0.1:1 [fd00::2]:2", "get: one address is of IPv4, the other of IPv6"},
		{"del", "del: which? Name SRC:PORT and DST:PORT, or a filter ('conn flush' removes all)"},
		{"del 10.0.0.1:1", "del: DST:PORT[/PROTO] is missing"},
		{"del 10.0.0.1:1 10.0.0.2:2 -p tcp", "del: SRC:PORT names one connection: no filter goes with it"},
		{"del -4 -6", "del: -4 and -6 exclude each other"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		sr_autoinvocation struct sr_invocation invocation;
		struct sr_error err = {};

		assert_int_equal(parse(&invocation, lines[i][0], &err), -EINVAL);
		assert_string_equal(err.text, lines[i][1]);
	}
}

static void durations(void **state)
{
	char out[SR_DURATION_TEXT];

	(void)state;
	assert_string_equal(sr_duration_format(out, 0), "0s");
	assert_string_equal(sr_duration_format(out, 59), "59s");
	assert_string_equal(sr_duration_format(out, 63), "1m3s");
	assert_string_equal(sr_duration_format(out, 7800), "2h10m");
	assert_string_equal(sr_duration_format(out, 3 * 86400 + 4 * 3600 + 5), "3d4h");
}

static void a_long_table_is_printed_in_parts(void **state)
{
	struct sr_table table = {.columns = 2};
	char out[128] = "";
	FILE *file = fmemopen(out, sizeof(out), "w");

	(void)state;
	assert_non_null(file);
	sr_table_add(&table, "A");
	sr_table_add(&table, "B");
	assert_int_equal(sr_table_flush(&table, file), 0);
	sr_table_add(&table, "long");
	sr_table_add(&table, "x");
	assert_int_equal(sr_table_flush(&table, file), 0);
	sr_table_add(&table, "s");
	sr_table_add(&table, "y");
	assert_int_equal(sr_table_flush(&table, file), 0);
	fclose(file);
	assert_string_equal(out, "A  B\nlong  x\ns     y\n");
	sr_table_clear(&table);
}

static void a_connection_in_json(void **state)
{
	struct sr_flow flow = flow_of(4);
	json_t *json;
	char *text;

	(void)state;
	flow.age = 12;
	flow.left = 7800;
	flow.backend_gone = true;
	json = sr_flow_json(&flow, &shop);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(
		text,
		"{\"protocol\":\"tcp\",\"family\":4,\"state\":\"ESTABLISHED\",\"service\":{\"namespace\":\"shop\","
		"\"name\":\"web\",\"port\":\"http\"},\"client\":{\"address\":\"192.0.2.1:1000\",\"ip\":"
		"\"192.0.2.1\",\"port\":1000},\"frontend\":{\"address\":\"10.0.0.7:90\",\"ip\":\"10.0.0.7\","
		"\"port\":90},\"backend\":{\"address\":\"10.1.0.3:80\",\"ip\":\"10.1.0.3\",\"port\":80},"
		"\"source\":{\"address\":\"192.0.2.1:1000\",\"ip\":\"192.0.2.1\",\"port\":1000},"
		"\"backend_gone\":true,\"age\":12,\"idle\":0,\"left\":7800}");
	free(text);
	json_decref(json);
	json = sr_flow_json(&flow, NULL);
	assert_true(json_is_null(json_object_get(json, "service")));
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_that_mean_it),
		cmocka_unit_test(filters_that_mean_others),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(durations),
		cmocka_unit_test(a_long_table_is_printed_in_parts),
		cmocka_unit_test(a_connection_in_json),
	};

	return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
