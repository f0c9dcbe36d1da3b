/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of the suite "program", each of which tells its figures. 0, or -1 after saying why. */
#ifndef TESTS_BENCH_PROGRAM_PROGRAM_H
#define TESTS_BENCH_PROGRAM_PROGRAM_H

#include "cluster.h"

#define PROGRAM_SUITE "program"

/* How much of it there is time for: some ten seconds, ninety, or as long as it takes. */
enum program_time {
	TIME_QUICK,
	TIME_USUAL,
	TIME_LARGE,
	NUM_TIMES,
};

/* "10,000 x 10", until the next call but three. */
const char *program_case(const struct cluster *cluster);

int program_load(enum program_time time);
int program_apply(enum program_time time);
int program_change(enum program_time time);
int program_memory(enum program_time time);

#endif
