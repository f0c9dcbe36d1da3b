// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is read and shown of frontends and backends; tables and JSON. */
#include "support.h"

#include "cli/command.h"
#include "cli/map_options.h"
#include "cli/output.h"
#include "cli/show.h"

const struct sr_command *const sr_commands[] = {NULL};

static void expect_table(struct sr_table *table, const char *expected)
{
	char out[512] = "";
	FILE *file = fmemopen(out, sizeof(out), "w");

	assert_non_null(file);
	assert_int_equal(sr_table_print(table, file), 0);
	fclose(file);
	assert_string_equal(out, expected);
	sr_table_clear(table);
}

static void columns_are_aligned(void **state)
{
	struct sr_table table = {.columns = 3, .indent = "> "};

	(void)state;
	sr_table_add(&table, "A");
	sr_table_add(&table, "LONG");
	sr_table_add(&table, "");
	sr_table_addf(&table, "%d", 1234);
	sr_table_take(&table, strdup("x"));
	sr_table_add(&table, "y");
	sr_table_add(&table, "");
	sr_table_add(&table, "z");
	sr_table_add(&table, "");
	expect_table(&table, "> A     LONG\n> 1234  x     y\n>       z\n");
}

static void a_column_without_anything_takes_no_room(void **state)
{
	struct sr_table table = {.columns = 3};

	(void)state;
	sr_table_add(&table, "a");
	sr_table_add(&table, "");
	sr_table_add(&table, "b");
	expect_table(&table, "a  b\n");
}

static void lack_of_memory_is_told_in_the_end(void **state)
{
	struct sr_table table = {.columns = 1};

	(void)state;
	sr_table_take(&table, NULL);
	assert_int_equal(sr_table_print(&table, stdout), -ENOMEM);
	sr_table_clear(&table);
}

static void any_bytes_are_text_in_json(void **state)
{
	json_t *good = sr_json_text("caf\xc3\xa9"), *bad = sr_json_text("caf\xe9");

	(void)state;
	assert_string_equal(json_string_value(good), "caf\xc3\xa9");
	assert_string_equal(json_string_value(bad), "caf?");
	json_decref(good);
	json_decref(bad);
}

static void expect_backend(const char *text, const char *address, unsigned int weight, bool has_weight)
{
	struct sr_map_backends backends = {};
	const struct sr_endpoint *endpoint;
	struct sr_error err = {};
	char out[SR_HOSTPORT_TEXT];

	assert_int_equal(sr_type_weighted_backends.parse(NULL, &backends, text, &err), 0);
	endpoint = &backends.item[0].endpoint;
	assert_string_equal(sr_show_address(out, &endpoint->addr, endpoint->port), address);
	assert_int_equal(endpoint->weight, weight);
	assert_int_equal(backends.item[0].has_weight, has_weight);
	sr_type_weighted_backends.clear(&backends);
}

static void backends_and_weights(void **state)
{
	static const char *const bad[] = {
		"10.0.0.1",
		"10.0.0.1:0",
		"10.0.0.1:80/tcp",
		"10.0.0.1:80,",
		"10.0.0.1:80,weight=",
		"10.0.0.1:80,weight=-1",
		"10.0.0.1:80,weight=x",
		"10.0.0.1:80,weight=1001",
		"10.0.0.1:80,red=1",
		"10.0.0.1:80,weight=1,x=2",
		"fd00::1:80",
	};

	(void)state;
	expect_backend("10.0.0.1:80", "10.0.0.1:80", 1, false);
	expect_backend("[fd00::1]:80,weight=0", "[fd00::1]:80", 0, true);
	expect_backend("10.0.0.1:80,weight=1000", "10.0.0.1:80", 1000, true);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sr_map_backends backends = {};
		struct sr_error err = {};

		assert_int_equal(sr_type_weighted_backends.parse(NULL, &backends, bad[i], &err), -EINVAL);
		assert_true(err.text[0]);
		assert_int_equal(backends.num, 0);
	}
}

static void one_family_a_frontend(void **state)
{
	struct sr_map_options options = {};
	struct sr_error err = {};

	(void)state;
	assert_int_equal(sr_type_frontend.parse(NULL, &options.frontend, "[fd00::1]:80/udp", &err), 0);
	assert_int_equal(sr_type_backends.parse(NULL, &options.backends, "[fd00::2]:80", &err), 0);
	assert_int_equal(sr_map_options_check(&options, &err), 0);
	assert_int_equal(sr_type_backends.parse(NULL, &options.backends, "10.0.0.1:80", &err), 0);
	assert_int_equal(sr_map_options_check(&options, &err), -EINVAL);
	assert_string_equal(err.text, "backend 10.0.0.1: an IPv6 frontend has IPv6 backends");
	options.backends.num = 1;
	assert_int_equal(sr_type_backends.parse(NULL, &options.backends, "[fd00::2]:80", &err), 0);
	assert_int_equal(sr_map_options_check(&options, &err), -EINVAL);
	assert_string_equal(err.text, "backend [fd00::2]:80 is given twice");
	options.backends.num = 1;
	assert_int_equal(sr_type_backends.parse(NULL, &options.backends, "[fd00::1]:80", &err), 0);
	assert_int_equal(sr_map_options_check(&options, &err), -EINVAL);
	assert_string_equal(err.text, "backend [fd00::1]:80 is the frontend itself");
	assert_int_equal(sr_type_backends.parse(NULL, &options.backends, "10.0.0.1:80,weight=2", &err), -EINVAL);
	sr_type_backends.clear(&options.backends);
}

static void expect_policy(const struct sr_service *service, const char *expected)
{
	sr_autofree char *text = sr_show_policy(service);

	assert_string_equal(text, expected);
}

static void policies_are_told_where_they_are_unusual(void **state)
{
	struct sr_service service = {};
	struct sr_cidr source = {.bits = 8};

	(void)state;
	expect_policy(&service, "");
	service.flags = SR_SERVICE_INTERNAL_LOCAL | SR_SERVICE_EXTERNAL_LOCAL;
	service.affinity = 10800;
	expect_policy(&service, "internal=Local,external=Local,affinity=10800s");
	service.flags = SR_SERVICE_SOURCE_RANGES;
	expect_policy(&service, "affinity=10800s,from=nobody");
	service.affinity = 0;
	assert_int_equal(sr_addr_parse(&source.addr, "10.0.0.0"), 0);
	service.sources = &source;
	service.num_sources = 1;
	expect_policy(&service, "from=10.0.0.0/8");
	service.flags |= SR_SERVICE_MAGLEV;
	expect_policy(&service, "maglev,from=10.0.0.0/8");
	service.affinity = 60;
	service.flags = SR_SERVICE_MAGLEV;
	expect_policy(&service, "affinity=60s,maglev");
}

static void states_of_backends(void **state)
{
	struct sr_endpoint endpoint = {.weight = 1, .flags = SR_BACKEND_SETS};

	(void)state;
	assert_string_equal(sr_show_state(&endpoint), "ready");
	endpoint.flags = SR_BACKEND_IN_LOCAL;
	assert_string_equal(sr_show_state(&endpoint), "ready-local");
	endpoint.flags = SR_BACKEND_ON_NODE;
	assert_string_equal(sr_show_state(&endpoint), "draining");
}

static void a_service_in_json(void **state)
{
	struct sr_frontend_spec frontend = {.kind = SR_FRONTEND_EXTERNAL_IP, .allocated = true};
	struct sr_cidr source = {.bits = 8};
	struct sr_endpoint endpoint = {.id = 1, .flags = SR_BACKEND_ON_NODE};
	struct sr_service service = {
		.namespace = "shop",
		.name = "web",
		.port_name = "http",
		.origin = "web.yaml",
		.family = 4,
		.frontends = &frontend,
		.num_frontends = 1,
		.endpoints = &endpoint,
		.num_endpoints = 1,
		.flags = SR_SERVICE_EXTERNAL_LOCAL | SR_SERVICE_SOURCE_RANGES | SR_SERVICE_MAGLEV,
		.affinity = 600,
		.sources = &source,
		.num_sources = 1,
	};
	uint32_t connections[] = {0, 7};
	const struct sr_conn_counts counts = {.item = connections, .num = 2};
	sr_autofree char *name = sr_show_name(&service), *text = NULL;
	struct sr_error err = {};
	json_t *json;

	(void)state;
	assert_string_equal(name, "shop/web:http");
	assert_int_equal(sr_hostport_parse(&frontend.at, "10.0.0.7:90", &err), 0);
	service.proto = frontend.at.proto;
	assert_int_equal(sr_addr_parse(&source.addr, "10.0.0.0"), 0);
	endpoint.addr = frontend.at.addr;
	endpoint.port = frontend.at.port;

	json = sr_show_json(&service, &counts);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	assert_string_equal(text,
			    "{\"namespace\":\"shop\",\"name\":\"web\",\"port\":\"http\",\"protocol\":\"tcp\","
			    "\"family\":4,\"origin\":\"web.yaml\",\"internalTrafficPolicy\":\"Cluster\","
			    "\"externalTrafficPolicy\":\"Local\",\"maglev\":true,\"affinitySeconds\":600,"
			    "\"sourceRanges\":[\"10.0.0.0/8\"],\"frontends\":[{\"address\":\"10.0.0.7:90\","
			    "\"ip\":\"10.0.0.7\",\"port\":90,\"kind\":\"ExternalIP\",\"scope\":\"external\","
			    "\"allocated\":true}],"
			    "\"endpoints\":[{\"address\":\"10.0.0.7:90\",\"ip\":\"10.0.0.7\",\"port\":90,"
			    "\"weight\":0,\"state\":\"draining\",\"local\":true,\"sets\":[],\"connections\":7}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(a_column_without_anything_takes_no_room),
		cmocka_unit_test(lack_of_memory_is_told_in_the_end),
		cmocka_unit_test(any_bytes_are_text_in_json),
		cmocka_unit_test(backends_and_weights),
		cmocka_unit_test(one_family_a_frontend),
		cmocka_unit_test(policies_are_told_where_they_are_unusual),
		cmocka_unit_test(states_of_backends),
		cmocka_unit_test(a_service_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
