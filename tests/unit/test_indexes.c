// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Indexes that are free to take. */
#include "support.h"

#include "base/indexes.h"

#define SIZE 16

static void test_what_was_never_used_goes_first(void **state)
{
	uint8_t live[SIZE] = {};
	struct sr_indexes indexes = {.live = live, .size = SIZE, .fresh = 5};

	(void)state;
	assert_int_equal(sr_indexes_take(&indexes, 1), 5);
	assert_int_equal(sr_indexes_take(&indexes, 3), 6);
	assert_int_equal(indexes.fresh, 9);
	assert_false(indexes.reused);
	assert_int_equal(live[8], 1);
}

static void test_freed_ones_are_given_when_nothing_else_is_left(void **state)
{
	uint8_t live[SIZE] = {[1] = 1, [4] = 1};
	struct sr_indexes indexes = {.live = live, .size = SIZE, .fresh = SIZE};

	(void)state;
	assert_int_equal(sr_indexes_take(&indexes, 2), 2);
	assert_true(indexes.reused);
	assert_int_equal(sr_indexes_take(&indexes, 11), 5);
	assert_int_equal(sr_indexes_take(&indexes, 1), 0);
}

static void test_gaps_passed_over_are_found_again(void **state)
{
	uint8_t live[SIZE] = {[3] = 1};
	struct sr_indexes indexes = {.live = live, .size = SIZE, .fresh = SIZE};

	(void)state;
	assert_int_equal(sr_indexes_take(&indexes, 12), 4);
	assert_int_equal(sr_indexes_take(&indexes, 2), 1);
	assert_int_equal(sr_indexes_take(&indexes, 1), 0);
}

static void test_a_run_that_does_not_fit_takes_nothing(void **state)
{
	uint8_t live[SIZE] = {[8] = 1}, before[SIZE];
	struct sr_indexes indexes = {.live = live, .size = SIZE, .fresh = 1};

	(void)state;
	memcpy(before, live, sizeof(before));
	assert_int_equal(sr_indexes_take(&indexes, 8), 0);
	assert_memory_equal(live, before, sizeof(before));
	assert_int_equal(sr_indexes_take(&indexes, 7), 1);
}

/* The mark of what is fresh was lost: nothing that lives is given away. */
static void test_what_lives_is_never_given(void **state)
{
	uint8_t live[SIZE] = {[1] = 1, [2] = 1};
	struct sr_indexes indexes = {.live = live, .size = SIZE, .fresh = 1};

	(void)state;
	assert_int_equal(sr_indexes_take(&indexes, 1), 3);
	assert_true(indexes.reused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_never_used_goes_first),
		cmocka_unit_test(test_freed_ones_are_given_when_nothing_else_is_left),
		cmocka_unit_test(test_gaps_passed_over_are_found_again),
		cmocka_unit_test(test_a_run_that_does_not_fit_takes_nothing),
		cmocka_unit_test(test_what_lives_is_never_given),
	};

	return cmocka_run_group_tests_name("indexes", tests, NULL, NULL);
}
