// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* packet [PATTERN]: whole frames through the programs. Run as root. */
#include "tests.h"

static int main_run(void)
{
	int failed = 0;

#define X(group) failed += _cmocka_run_group_tests(#group, group##_tests, num_##group##_tests, NULL, NULL);
	GROUPS(X)
#undef X
	return failed;
}

int main(int argc, char **argv)
{
	int failed;

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	if (harness_start() < 0)
		return 1;
	failed = main_run();
	harness_stop();
	return failed ? 1 : 0;
}
