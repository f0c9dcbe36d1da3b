// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Weights as numbers of slots. */
#include "support.h"

#include "model/shares.h"

/* "1 2 0 3": weights in, slots out; a weight with a minus is not in the set. */
static void expect_shares_of(uint8_t flags, const char *weights, const char *slots)
{
	struct sr_endpoint endpoints[8] = {};
	struct sr_service service = {.endpoints = endpoints, .flags = flags};
	struct sr_shares shares;
	uint32_t total = 0;
	char text[100] = "";
	int weight, used;
	size_t num = 0;

	for (; sscanf(weights, "%d%n", &weight, &used) == 1; weights += used) {
		endpoints[num].weight = abs(weight);
		endpoints[num++].flags = weight < 0 ? SR_BACKEND_IN_CLUSTER : SR_BACKEND_SETS;
	}
	service.num_endpoints = num;
	sr_shares_make(&shares, &service, SR_SET_LOCAL);
	for (size_t i = 0; i < num; i++) {
		uint32_t share = sr_shares_of(&shares, &endpoints[i]);

		total += share;
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u", i ? " " : "", share);
	}
	assert_string_equal(text, slots);
	assert_int_equal(shares.total, total);
}

static void expect_shares(const char *weights, const char *slots)
{
	expect_shares_of(0, weights, slots);
}

static void test_equal_weights_take_one_slot_each(void **state)
{
	(void)state;
	expect_shares("1 1 1", "1 1 1");
	expect_shares("100 100 100", "1 1 1");
}

static void test_shares_are_proportional(void **state)
{
	(void)state;
	expect_shares("1 2 3", "1 2 3");
	expect_shares("50 100 25", "2 4 1");
}

static void test_weight_zero_drains(void **state)
{
	(void)state;
	expect_shares("1 0 2", "1 0 2");
	expect_shares("0 0", "0 0");
	expect_shares("", "");
}

static void test_who_is_not_in_the_set_has_no_share(void **state)
{
	(void)state;
	expect_shares("2 -3 4", "1 0 2");
	expect_shares("-1", "0");
}

static void test_large_weights_are_rounded_but_nobody_starves(void **state)
{
	(void)state;
	expect_shares("1 65535", "1 4096");
	expect_shares("40000 20001", "2731 1365");
}

static void test_the_consistent_choice_passes_by_few(void **state)
{
	(void)state;
	expect_shares_of(SR_SERVICE_MAGLEV, "1 2 3", "1 2 3");
	expect_shares_of(SR_SERVICE_MAGLEV, "1000 999 1", "128 128 1");
}

static void test_more_backends_than_slots_have_one_each(void **state)
{
	const size_t num = SR_SHARES_MAX + 1000;
	struct sr_endpoint *endpoints = calloc(num, sizeof(*endpoints));
	struct sr_service service = {.endpoints = endpoints, .num_endpoints = num};
	struct sr_shares shares;

	(void)state;
	assert_non_null(endpoints);
	for (size_t i = 0; i < num; i++)
		endpoints[i] = (struct sr_endpoint){.weight = 7, .flags = SR_BACKEND_IN_CLUSTER};
	sr_shares_make(&shares, &service, SR_SET_CLUSTER);
	assert_int_equal(shares.total, num);
	free(endpoints);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_weights_take_one_slot_each),
		cmocka_unit_test(test_shares_are_proportional),
		cmocka_unit_test(test_weight_zero_drains),
		cmocka_unit_test(test_who_is_not_in_the_set_has_no_share),
		cmocka_unit_test(test_large_weights_are_rounded_but_nobody_starves),
		cmocka_unit_test(test_the_consistent_choice_passes_by_few),
		cmocka_unit_test(test_more_backends_than_slots_have_one_each),
	};

	return cmocka_run_group_tests_name("shares", tests, NULL, NULL);
}
