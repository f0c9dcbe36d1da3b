// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bench packet [--json-lines] [quick]: what a packet costs, against an empty
 * program of the same type in the same run. JSON lines, for tests/bench/report.
 * bench attach DEV|CGROUP...: put empty programs there, at tc on either way or at what
 * sockets pass, and return; a process that is left behind holds them.
 *
 * Each stage is a process with an instance of its own.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "crowd.h"
#include "flood.h"
#include "kernel/datapath.h"
#include "lines.h"

#define ESTABLISHED "established, to a pod here"
#define FOREIGN	    "not ours"

static bool is_quick;

static int rounds(void)
{
	return is_quick ? 7 : 25;
}

/* --- packets of each kind ------------------------------------------------------------------- */

static void add_floors(struct lines *lines)
{
	struct line floor = {
		.title = "look up and rewrite, no more", .program = "floor", .how = HOW_RESTORED, .bar = 0};

	floor.hook = HOOK_XDP;
	floor.device = DEVICE_ETH0;
	floor.sample = SAMPLE_TO_POD_HERE;
	lines_add(lines, floor);
	floor.hook = HOOK_TC;
	floor.device = DEVICE_POD1;
	floor.sample = SAMPLE_POD_CALLS;
	lines_add(lines, floor);
}

static void teach_floors(void)
{
	struct frame frame = flows_frame(SAMPLE_TO_POD_HERE, 4, IPPROTO_TCP);

	run_teach_floor(&frame);
	frame = flows_frame(SAMPLE_POD_CALLS, 4, IPPROTO_TCP);
	run_teach_floor(&frame);
}

static const struct line kinds[] = {
	{HOOK_XDP, ESTABLISHED, "sr_xdp_uplink", SAMPLE_TO_POD_HERE, DEVICE_ETH0, HOW_RESTORED, .bar = 4.5},
	{HOOK_XDP, "established, to another node", "sr_xdp_uplink", SAMPLE_TO_POD_THERE, DEVICE_ETH0, HOW_RESTORED,
	 .bar = 10},
	{HOOK_XDP, "its answer", "sr_xdp_uplink", SAMPLE_FROM_THERE, DEVICE_ETH0, HOW_RESTORED, .bar = 9},
	{HOOK_XDP, FOREIGN, "sr_xdp_uplink", SAMPLE_FOREIGN, DEVICE_ETH0, HOW_AS_IT_IS, .bar = 3},
	{HOOK_TC, "established, from a pod", "sr_from_pod", SAMPLE_POD_CALLS, DEVICE_POD1, HOW_RESTORED, .bar = 3.2},
	{HOOK_TC, "its answer", "sr_to_pod", SAMPLE_POD_ANSWERS, DEVICE_POD1, HOW_RESTORED, .bar = 3.2},
	{HOOK_TC, "not ours, from a pod", "sr_from_pod", SAMPLE_FOREIGN, DEVICE_POD1, HOW_AS_IT_IS, .bar = 1.8},
	{HOOK_TC, "not ours, to a pod", "sr_to_pod", SAMPLE_FOREIGN, DEVICE_POD1, HOW_AS_IT_IS, .bar = 1.8},
};

/* Bars of multiples are of IPv4. */
static void free_ipv6(struct lines *lines)
{
	for (size_t i = 0; i < lines->num; i++)
		if (lines->line[i].family == 6)
			lines->line[i].bar = 0;
}

/* Its bar is that of IPv4, half as much again. */
static void tell_ipv6(const struct lines *lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (int udp = 0; udp < 2; udp++) {
			int proto = udp ? IPPROTO_UDP : IPPROTO_TCP;

			lines_compare(lines_find(lines, kinds[i].hook, kinds[i].title, 6, proto),
				      lines_find(lines, kinds[i].hook, kinds[i].title, 4, proto), kinds[i].title,
				      "IPv4", 1.5);
		}
}

static void stage_kinds(void)
{
	struct lines lines;

	lines_begin(&lines, rounds());
	add_floors(&lines);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		lines_add_ways(&lines, kinds[i], true);
	lines_add_ways(
		&lines,
		(struct line){HOOK_TC, "refused", "sr_from_pod", SAMPLE_REFUSED, DEVICE_POD1, HOW_RESTORED, .bar = 0},
		false);
	teach_floors();
	lines_measure(&lines);
	free_ipv6(&lines);
	lines_tell(&lines);
	tell_ipv6(&lines);
}

/* --- new flows ------------------------------------------------------------------------------- */

static const struct line beginnings[] = {
	{HOOK_XDP, "new flow, to a pod here", "sr_xdp_uplink", SAMPLE_NEW_HERE, DEVICE_ETH0, HOW_NEW, .bar = 0},
	{HOOK_TC, "new flow, from a pod", "sr_from_pod", SAMPLE_NEW_FROM_POD, DEVICE_POD1, HOW_NEW, .bar = 0},
};

/* `scatter`: what its entries alone would cost, at random in a table of that size. */
static void new_flows(const char *note, double bar, bool scatter)
{
	struct lines lines;

	lines_begin(&lines, rounds());
	if (scatter) {
		lines_add(&lines, (struct line){HOOK_XDP, "wait for memory once, no more", "fetch", SAMPLE_FOREIGN,
						DEVICE_ETH0, HOW_AS_IT_IS, .bar = 0});
		lines_add(&lines, (struct line){HOOK_XDP, "write two entries at random, no more", "scatter",
						SAMPLE_NEW_HERE, DEVICE_ETH0, HOW_NEW, .bar = 0});
	}
	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
		struct line line = beginnings[i];

		line.note = note;
		line.bar = line.hook == HOOK_XDP ? bar : 0;
		lines_add_ways(&lines, line, false);
	}
	lines_measure(&lines);
	free_ipv6(&lines);
	lines_tell(&lines);
}

static void stage_new_cold(void)
{
	static const enum sample agreed[] = {SAMPLE_NEW_OF_3, SAMPLE_NEW_OF_10, SAMPLE_NEW_OF_100, SAMPLE_NEW_OF_1000};
	static const char *const titles[] = {"consistent choice, of 3", "consistent choice, of 10",
					     "consistent choice, of 100", "consistent choice, of 1000"};
	struct lines lines;

	new_flows("table of 250,000 full", 0, true);
	lines_begin(&lines, rounds());
	for (size_t i = 0; i < ARRAY_SIZE(agreed); i++)
		lines_add(&lines, (struct line){HOOK_XDP, titles[i], "sr_xdp_uplink", agreed[i], DEVICE_ETH0, HOW_NEW,
						.bar = 0});
	lines_measure(&lines);
	lines_tell(&lines);
}

static void stage_new_hot(void)
{
	new_flows("table of 1,024 full", 45, false);
}

/* --- by size --------------------------------------------------------------------------------- */

static const struct line by_services[] = {
	{HOOK_XDP, ESTABLISHED, "sr_xdp_uplink", SAMPLE_TO_POD_HERE, DEVICE_ETH0, HOW_RESTORED, .bar = 0},
	{HOOK_TC, "established, from a pod", "sr_from_pod", SAMPLE_POD_CALLS, DEVICE_POD1, HOW_RESTORED, .bar = 0},
	{HOOK_XDP, FOREIGN, "sr_xdp_uplink", SAMPLE_FOREIGN, DEVICE_ETH0, HOW_AS_IT_IS, .bar = 0},
	{HOOK_XDP, "new flow, to a pod here", "sr_xdp_uplink", SAMPLE_NEW_HERE, DEVICE_ETH0, HOW_NEW, .bar = 0},
};

static void measure_services(struct lines *lines, uint32_t num, const char *note)
{
	lines_begin(lines, rounds());
	for (size_t i = 0; i < ARRAY_SIZE(by_services); i++) {
		struct line line = by_services[i];

		line.note = note;
		lines_add(lines, line);
	}
	lines_measure(lines);
	for (size_t i = 2; i < lines->num; i++)
		point_tell("cost of a packet", "services", "ns", lines->line[i].title, num,
			   samples_median(&lines->line[i].ns));
}

static void stage_services(void)
{
	static struct lines few, many;

	measure_services(&few, 10, "10 services");
	if (flows_add_others(10, 1000) == 0)
		measure_services(&many, 1000, "1,000 services");
	lines_tell(&few);
	lines_tell(&many);
	if (flows_add_others(1000, 100000) < 0)
		return;
	measure_services(&many, 100000, "100,000 services");
	lines_tell(&many);
	for (size_t i = 2; i < few.num; i++)
		lines_compare(&many.line[i], &few.line[i], many.line[i].title, "10 services", i < 4 ? 1.1 : 0);
}

static void measure_crowd(struct lines *lines, uint32_t num, const char *note)
{
	lines_begin(lines, rounds());
	lines_add(lines, (struct line){HOOK_XDP, "established, at random", "sr_xdp_uplink", SAMPLE_TO_POD_HERE,
				       DEVICE_ETH0, HOW_CROWD, .bar = 0, .note = note, .crowd = num});
	lines_add(lines, (struct line){HOOK_XDP, FOREIGN, "sr_xdp_uplink", SAMPLE_FOREIGN, DEVICE_ETH0, HOW_AS_IT_IS,
				       .note = note, .bar = 3});
	lines_add(lines, (struct line){HOOK_TC, "not ours, from a pod", "sr_from_pod", SAMPLE_FOREIGN, DEVICE_POD1,
				       HOW_AS_IT_IS, .note = note, .bar = 1.8});
	lines_measure(lines);
	lines_tell(lines);
	point_tell("cost of an established packet", "connections", "ns", "XDP", num,
		   samples_median(&lines->line[2].ns));
}

static void stage_connections(void)
{
	static const struct {
		uint32_t num;
		const char *note;
	} crowds[] = {
		{1 << 10, "1,024 connections"}, {1 << 15, "32,768 connections"}, {1 << 20, "1,048,576 connections"}};
	struct lines lines;

	for (size_t i = 0; i < ARRAY_SIZE(crowds); i++)
		if (crowd_connect(4, crowds[i].num) == 0)
			measure_crowd(&lines, crowds[i].num, crowds[i].note);
}

/* --- a flood --------------------------------------------------------------------------------- */

static void stage_flood(void)
{
	struct samples ns = {}, empty = {}, completed = {}, ratios;

	flood_measure(rounds(), &ns, &empty, &completed);
	ratios = samples_ratio(&ns, &empty);
	figure_tell(&(struct figure){.suite = "packet",
				     .name = "XDP, a flood of SYNs",
				     .of = "IPv4 TCP, forged sources",
				     .unit = "ns",
				     .baseline = "empty program",
				     .samples = &ns,
				     .ratios = &ratios,
				     .bar_kind = RATIO_AT_MOST,
				     .bar = 12});
	figure_tell(&(struct figure){.suite = "packet",
				     .name = "handshakes completed in it",
				     .of = "IPv4 TCP, genuine clients",
				     .unit = "of 1",
				     .samples = &completed,
				     .bar_kind = VALUE_AT_LEAST,
				     .bar = 0.99});
}

/* --- stages ---------------------------------------------------------------------------------- */

static const struct stage {
	void (*run)(void);
	struct run_config config;
	uint32_t services;
	bool only_full; /* left out of a quick run */
} stages[] = {
	{stage_kinds, {}, 10, false},
	{stage_new_cold, {.scatters = true}, 10, true},
	{stage_new_hot, {.connections = 1024}, 10, false},
	{stage_flood, {.syn_limit = SR_USUAL_SYN_LIMIT}, 10, false},
	{stage_services, {.services = 131072, .backends = 131072}, 10, true},
	{stage_connections, {.connections = 1100000}, 10, true},
};

/* The last CPU: the first has the machine's interrupts more often. */
static void pin(void)
{
	cpu_set_t set;
	int cpu;

	sched_getaffinity(0, sizeof(set), &set);
	for (cpu = CPU_SETSIZE - 1; cpu > 0 && !CPU_ISSET(cpu, &set); cpu--)
		;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int stage_run(const struct stage *stage)
{
	if (run_start(&stage->config) < 0)
		return 1;
	if (flows_start(stage->services) < 0) {
		run_stop();
		return 1;
	}
	pin();
	stage->run();
	run_stop();
	return 0;
}

static int stage_fork(const struct stage *stage)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		exit(stage_run(stage));
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int attach(char **places)
{
	for (; *places; places++)
		if (run_attach_empty(*places) < 0) {
			perror(*places);
			return 1;
		}
	if (fork() == 0)
		for (;;)
			pause();
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc > 2 && strcmp(argv[1], "attach") == 0)
		return attach(argv + 2);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "quick") == 0)
			is_quick = true;
		else if (strcmp(argv[i], "packet") != 0 && strcmp(argv[i], "--json-lines") != 0) {
			fprintf(stderr, "usage: bench packet [--json-lines] [quick] | bench attach DEV|CGROUP...\n");
			return 2;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
		if (!(is_quick && stages[i].only_full))
			failed |= stage_fork(&stages[i]);
	return failed;
}
