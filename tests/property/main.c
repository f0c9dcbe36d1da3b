// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * property [--seconds N] [--seed N]: random clusters and packets through the
 * programs, each compared with a model of what a Service means. Run as root.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "judge.h"
#include "kernel.h"
#include "story.h"

#define MAIN_SECONDS 60
#define MAIN_STRETCH 12 /* seconds under the same options */
#define MAIN_TRIES   20 /* of a seed that is said: some choices are the kernel's */
#define MAIN_BLOCK   1000

struct main_run {
	unsigned int seconds;
	bool has_seed;
	uint64_t seed;
	unsigned int stories;
	double began;
};

static double main_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool main_tell(struct main_run *run, uint64_t seed)
{
	struct story story = {.seed = seed, .num = STORY_EVENTS, .wrong = stdout};
	unsigned int last;
	enum story_end end = story_tell(&story, &last);

	run->stories++;
	if (end == STORY_FINE)
		return true;
	printf("# seed %llu, event %u, after %llu packets and %.1f s\n", (unsigned long long)seed, last,
	       (unsigned long long)kernel_packets(), main_now() - run->began);
	if (end == STORY_WRONG)
		story_explain(seed, last, stdout);
	printf("not ok 1 - random clusters and packets (again: property --seed %llu)\n", (unsigned long long)seed);
	return false;
}

/* The same story, until it goes wrong. */
static bool main_repeat(struct main_run *run)
{
	struct cluster_options options = story_options(run->seed);

	if (kernel_load(&options) < 0)
		return false;
	for (int i = 0; i < MAIN_TRIES; i++) {
		if (!main_tell(run, run->seed))
			return false;
	}
	return true;
}

static bool main_stretch(struct main_run *run, uint64_t seed, double until)
{
	struct cluster_options options = story_options(seed);

	if (kernel_load(&options) < 0)
		return false;
	for (unsigned int i = 0; i < MAIN_BLOCK && main_now() < until; i++) {
		if (!main_tell(run, seed + i))
			return false;
	}
	return true;
}

static bool main_wander(struct main_run *run)
{
	double end = run->began + run->seconds;
	uint64_t block = (uint64_t)time(NULL);

	while (main_now() < end) {
		double until = main_now() + MAIN_STRETCH;

		if (!main_stretch(run, block++ * MAIN_BLOCK, until < end ? until : end))
			return false;
	}
	return true;
}

static bool main_sum_up(const struct main_run *run)
{
	double seconds = main_now() - run->began;
	uint64_t packets = kernel_packets();
	const char *wrong = judge_spread();

	printf("ok 1 - random clusters and packets\n");
	printf("%s 2 - choices are even\n", wrong ? "not ok" : "ok");
	if (wrong)
		printf("# %s\n", wrong);
	printf("# %u stories, %llu packets in %.0f s, %.0f a second\n", run->stories, (unsigned long long)packets,
	       seconds, (double)packets / seconds);
	return !wrong;
}

static int main_usage(void)
{
	fprintf(stderr, "usage: property [--seconds N] [--seed N]\n");
	return 2;
}

static int main_options(struct main_run *run, int argc, char **argv)
{
	static const struct option options[] = {
		{"seconds", required_argument, NULL, 't'}, {"seed", required_argument, NULL, 's'}, {}};
	char *end = "";
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 's' && c != 't')
			return -1;
		if (c == 's')
			run->seed = strtoull(optarg, &end, 10);
		else
			run->seconds = (unsigned int)strtoul(optarg, &end, 10);
		run->has_seed = run->has_seed || c == 's';
		if (*end || end == optarg)
			return -1;
	}
	return optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct main_run run = {.seconds = MAIN_SECONDS};
	bool ok;

	if (main_options(&run, argc, argv) < 0)
		return main_usage();
	if (kernel_start() < 0)
		return 1;
	run.began = main_now();
	ok = run.has_seed ? main_repeat(&run) : main_wander(&run);
	ok = ok && main_sum_up(&run);
	kernel_stop();
	return ok ? 0 : 1;
}
