// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What outlives a load: settings, kept with the instance, and leases, on disk. */
#include "support.h"

#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/leases.h"
#include "cli/settings.h"
#include "cli/sizes.h"

const struct sr_command *const sr_commands[] = {NULL};

static void expect_json(const struct sr_settings *settings, const char *expected)
{
	json_t *root = sr_settings_json(settings);
	char *text = json_dumps(root, JSON_COMPACT);

	assert_string_equal(text, expected);
	free(text);
	json_decref(root);
}

static void add(struct sr_strings *list, const char *text)
{
	struct sr_error err = {};

	assert_int_equal(sr_type_list.parse(NULL, list, text, &err), 0);
}

static void settings_are_read_as_written(void **state)
{
	static const char text[] = "{\"uplink\":[\"eth0\",\"eth1\"],\"node\":\"n1\",\"subnet\":[\"a=10.0.0.0/8\"],"
				   "\"allow-external-clusterip\":true,\"terminate\":true}";
	sr_autosettings struct sr_settings settings = {};
	struct sr_error err = {};

	(void)state;
	expect_json(&settings, "{}");
	assert_int_equal(sr_settings_parse(&settings, text, &err), 0);
	assert_int_equal(settings.uplinks.num, 2);
	assert_string_equal(settings.node, "n1");
	assert_int_equal(settings.allow_external_clusterip, SR_ANSWER_YES);
	assert_int_equal(settings.terminate, SR_ANSWER_YES);
	expect_json(&settings, text);
}

static void settings_of_others_do_no_harm(void **state)
{
	sr_autosettings struct sr_settings settings = {};
	struct sr_error err = {};

	(void)state;
	assert_int_equal(sr_settings_parse(&settings, "{\"new\":1,\"node\":5,\"pods\":[1,\"a*\"],\"uplink\":7}", &err),
			 0);
	expect_json(&settings, "{\"pods\":[\"a*\"]}");
	assert_int_equal(sr_settings_parse(&settings, "[]", &err), -EINVAL);
	assert_int_equal(sr_settings_parse(&settings, "{", &err), -EINVAL);
}

static void what_is_given_replaces_what_was_kept(void **state)
{
	sr_autosettings struct sr_settings kept = {}, given = {};
	struct sr_error err = {};

	(void)state;
	assert_int_equal(sr_settings_parse(&kept,
					   "{\"uplink\":[\"eth0\"],\"pods\":[\"a*\",\"b*\"],\"node\":\"n1\","
					   "\"xdp\":\"off\",\"allow-external-clusterip\":true}",
					   &err),
			 0);
	add(&given.pods, "c*");
	add(&given.uplinks, "");
	given.node = strdup("");
	given.cgroup = strdup("none");
	given.allow_external_clusterip = SR_ANSWER_NO;
	assert_int_equal(sr_settings_merge(&kept, &given), 0);
	expect_json(&kept,
		    "{\"pods\":[\"c*\"],\"xdp\":\"off\",\"cgroup\":\"none\",\"allow-external-clusterip\":false}");
}

static void what_is_forgotten_is_unset_again(void **state)
{
	sr_autosettings struct sr_settings kept = {}, given = {};
	struct sr_error err = {};

	(void)state;
	assert_int_equal(sr_settings_parse(&kept,
					   "{\"zone\":\"a\",\"nodeport-addresses\":\"all\","
					   "\"allow-external-clusterip\":true}",
					   &err),
			 0);
	assert_int_equal(sr_settings_merge(&kept, &given), 0);
	assert_int_equal(kept.allow_external_clusterip, SR_ANSWER_YES);
	assert_int_equal(sr_type_answer.parse(NULL, &given.allow_external_clusterip, "", &err), 0);
	given.zone = strdup("");
	given.nodeport_addresses = strdup("");
	assert_int_equal(sr_settings_merge(&kept, &given), 0);
	expect_json(&kept, "{}");
}

static void expect_node_ports(const char *text, int r, const char *complaint)
{
	sr_autofree char *field = NULL;
	struct sr_error err = {};

	assert_int_equal(sr_type_nodeports.parse(NULL, &field, text, &err), r);
	assert_string_equal(err.text, complaint);
	if (r == 0)
		assert_string_equal(field, text);
}

static void addresses_for_node_ports(void **state)
{
	(void)state;
	expect_node_ports("", 0, "");
	expect_node_ports("primary", 0, "");
	expect_node_ports("all", 0, "");
	expect_node_ports("10.0.0.0/8,fd00::/64", 0, "");
	expect_node_ports("10.0.0.0/8,", -EINVAL,
			  "'' is neither 'primary', 'all', nor a network (10.0.0.0/16, fd00::/64; bits beyond the "
			  "length are 0)");
	expect_node_ports("some", -EINVAL,
			  "'some' is neither 'primary', 'all', nor a network (10.0.0.0/16, fd00::/64; bits beyond the "
			  "length are 0)");
}

static int note_pods(const char *key, const char *value, void *context)
{
	if (strcmp(key, "pods") == 0)
		snprintf(context, 64, "%s", value);
	else
		assert_null(value);
	return 0;
}

static void settings_in_words(void **state)
{
	sr_autosettings struct sr_settings settings = {};
	char words[64] = "";

	(void)state;
	add(&settings.pods, "a*");
	add(&settings.pods, "b*");
	assert_int_equal(sr_settings_each(&settings, note_pods, words), 0);
	assert_string_equal(words, "a* b*");
}

static char folder[] = "/tmp/svcroute-test-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && setenv("SVCROUTE_STATE_DIR", folder, 1) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void leases_are_read_as_written(void **state)
{
	__attribute__((cleanup(sr_leases_clear))) struct sr_leases leases = {}, again = {};
	sr_autofree char *path = sr_leases_path("blue"), *text = NULL, *text_again = NULL;
	struct sr_error err = {};
	struct sr_addr addr;

	(void)state;
	assert_int_equal(sr_leases_read(path, &leases, &text, &err), 0);
	assert_int_equal(leases.num, 0);
	free(TAKE_PTR(text));

	assert_int_equal(sr_addr_parse(&addr, "fd00::7"), 0);
	assert_int_equal(sr_leases_add(&leases, "shop", "web", "service-cidr", &addr), 0);
	text = sr_leases_text(&leases);
	assert_int_equal(sr_leases_write(path, text, &err), 0);
	assert_int_equal(sr_leases_read(path, &again, &text_again, &err), 0);
	assert_string_equal(text_again, text);
	assert_string_equal(again.item[0].pool, "service-cidr");
	assert_int_equal(unlink(path), 0);
}

static void refuse_leases(const char *text, const char *complaint)
{
	__attribute__((cleanup(sr_leases_clear))) struct sr_leases leases = {};
	sr_autofree char *path = sr_leases_path("blue"), *read = NULL;
	struct sr_error err = {};

	assert_int_equal(sr_leases_write(path, text, &err), 0);
	assert_int_equal(sr_leases_read(path, &leases, &read, &err), -EINVAL);
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, complaint));
	assert_int_equal(unlink(path), 0);
}

static void broken_leases_are_named(void **state)
{
	(void)state;
	refuse_leases("", "mend it, or remove it");
	refuse_leases("{\"leases\": [\n{]}", ":2: ");
	refuse_leases("{}", "no list 'leases'");
	refuse_leases("{\"leases\": [{\"name\": \"web\"}]}", "a lease has namespace");
	refuse_leases("{\"leases\": [{\"namespace\":\"a\",\"name\":\"b\",\"pool\":\"c\",\"address\":\"d\"}]}",
		      "'d' is not an address");
}

static void leases_that_cannot_be_written(void **state)
{
	struct sr_error err = {};

	(void)state;
	assert_int_equal(sr_leases_write("/proc/none/blue.leases.json", "{}", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/proc/none"));
}

static void sizes_of_maps(void **state)
{
	static const struct {
		const char *text;
		const char *wrong; /* NULL: nothing */
		struct sr_sizes sizes;
	} cases[] = {
		{"services=1", NULL, {.services = 1}},
		{"connections=16777216,services=20", NULL, {.services = 20, .connections = 16777216}},
		{"backends=5,services=6,connections=7", NULL, {6, 5, 7}},
		{"services=0", "'0' is not a number of services (1..16777216)", {}},
		{"services=", "'' is not a number of services", {}},
		{"backends=16777217", "'16777217' is not", {}},
		{"backends=18446744073709551617", "is not a number of backends", {}},
		{"services=1,services=2", "'services' is said twice", {}},
		{"services=1,", "'' is not services=N", {}},
		{"pods=5", "'pods=5' is not services=N, backends=N or connections=N", {}},
		{"services", "'services' is not services=N", {}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sr_sizes sizes;
		struct sr_error err = {};
		int r = sr_sizes_parse(&sizes, cases[i].text, &err);

		if (cases[i].wrong) {
			assert_int_equal(r, -EINVAL);
			assert_non_null(strstr(err.text, cases[i].wrong));
			continue;
		}
		assert_int_equal(r, 0);
		assert_memory_equal(&sizes, &cases[i].sizes, sizeof(sizes));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_are_read_as_written),
		cmocka_unit_test(settings_of_others_do_no_harm),
		cmocka_unit_test(what_is_given_replaces_what_was_kept),
		cmocka_unit_test(settings_in_words),
		cmocka_unit_test(leases_are_read_as_written),
		cmocka_unit_test(broken_leases_are_named),
		cmocka_unit_test(leases_that_cannot_be_written),
		cmocka_unit_test(what_is_forgotten_is_unset_again),
		cmocka_unit_test(addresses_for_node_ports),
		cmocka_unit_test(sizes_of_maps),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
