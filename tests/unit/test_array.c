// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where an item belongs in a sorted array. */
#include "support.h"

#include "base/array.h"

static int compare(const void *item, const void *key)
{
	return *(const int *)item - *(const int *)key;
}

static size_t place(const int *items, size_t num, int key)
{
	return sr_array_place(items, num, sizeof(*items), &key, compare);
}

static void before_the_first_that_is_not_less(void **state)
{
	const int items[] = {1, 3, 3, 5};

	(void)state;
	assert_int_equal(place(items, 4, 0), 0);
	assert_int_equal(place(items, 4, 1), 0);
	assert_int_equal(place(items, 4, 2), 1);
	assert_int_equal(place(items, 4, 3), 1);
	assert_int_equal(place(items, 4, 4), 3);
	assert_int_equal(place(items, 4, 6), 4);
	assert_int_equal(place(items, 0, 6), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_first_that_is_not_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
