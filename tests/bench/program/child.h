/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs run to their end, and what that took. */
#ifndef TESTS_BENCH_PROGRAM_CHILD_H
#define TESTS_BENCH_PROGRAM_CHILD_H

struct child {
	double ms;  /* from fork to exit */
	double mib; /* the most memory that was resident */
};

/*
 * Run argv, its stdin from `input`, a file (NULL: none), its stdout to nowhere.
 * 0; -ETIME: it was killed after `limit` seconds; else -1, after saying why.
 */
int child_run(struct child *out, const char *input, double limit, const char *const argv[]);
/* The same for a function, in a process of its own. */
int child_call(struct child *out, int (*function)(const char *input), const char *input);

#endif
