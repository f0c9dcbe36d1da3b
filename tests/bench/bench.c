// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bench quick [--json]: what a packet costs, against an empty program of the
 * same type in the same run.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "flows.h"
#include "run.h"

#define ROUNDS 25

struct line {
	enum hook hook;
	const char *title;
	const char *program;
	enum sample sample;
	int family, proto;
	enum device device;
	double (*time)(enum hook hook, int program, enum device device, const struct frame *frame);
	double bar; /* times the empty program, 0: none */
	double ns[ROUNDS];
};

#define EACH_WAY(hook, title, program, sample, device, time, bar)                                                      \
	{hook, title, program, sample, 4, IPPROTO_TCP, device, time, bar, {}},                                         \
		{hook, title, program, sample, 4, IPPROTO_UDP, device, time, bar, {}},                                 \
		{hook, title, program, sample, 6, IPPROTO_TCP, device, time, 0, {}},                                   \
	{                                                                                                              \
		hook, title, program, sample, 6, IPPROTO_UDP, device, time, 0,                                         \
		{                                                                                                      \
		}                                                                                                      \
	}

#define EACH_FAMILY(hook, title, program, sample, device, time, bar)                                                   \
	{hook, title, program, sample, 4, IPPROTO_TCP, device, time, bar, {}},                                         \
	{                                                                                                              \
		hook, title, program, sample, 6, IPPROTO_TCP, device, time, 0,                                         \
		{                                                                                                      \
		}                                                                                                      \
	}

#define BY_MAGLEV(title, sample)                                                                                       \
	{                                                                                                              \
		HOOK_XDP, title, "sr_xdp_uplink", sample, 4, IPPROTO_TCP, DEVICE_ETH0, run_time_new, 0,                \
		{                                                                                                      \
		}                                                                                                      \
	}

static struct line lines[] = {
	{HOOK_XDP, "empty program", "empty", SAMPLE_FOREIGN, 4, IPPROTO_TCP, DEVICE_ETH0, run_time, 0, {}},
	{HOOK_XDP,
	 "look up and rewrite, no more",
	 "floor",
	 SAMPLE_TO_POD_HERE,
	 4,
	 IPPROTO_TCP,
	 DEVICE_ETH0,
	 run_time_restored,
	 0,
	 {}},
	EACH_WAY(HOOK_XDP, "established, to a pod here", "sr_xdp_uplink", SAMPLE_TO_POD_HERE, DEVICE_ETH0,
		 run_time_restored, 4.5),
	EACH_WAY(HOOK_XDP, "  to another node, routed", "sr_xdp_uplink", SAMPLE_TO_POD_THERE, DEVICE_ETH0,
		 run_time_restored, 10),
	EACH_WAY(HOOK_XDP, "  and its answer, routed", "sr_xdp_uplink", SAMPLE_FROM_THERE, DEVICE_ETH0,
		 run_time_restored, 9),
	EACH_FAMILY(HOOK_XDP, "new flow, to a pod here", "sr_xdp_uplink", SAMPLE_NEW_HERE, DEVICE_ETH0, run_time_new,
		    45),
	BY_MAGLEV("  by Maglev, of 3 endpoints", SAMPLE_NEW_OF_3),
	BY_MAGLEV("  by Maglev, of 10", SAMPLE_NEW_OF_10),
	BY_MAGLEV("  by Maglev, of 100", SAMPLE_NEW_OF_100),
	BY_MAGLEV("  by Maglev, of 1000", SAMPLE_NEW_OF_1000),
	EACH_FAMILY(HOOK_XDP, "not ours", "sr_xdp_uplink", SAMPLE_FOREIGN, DEVICE_ETH0, run_time, 3),

	{HOOK_TC, "empty program", "empty", SAMPLE_FOREIGN, 4, IPPROTO_TCP, DEVICE_POD1, run_time, 0, {}},
	{HOOK_TC,
	 "look up and rewrite, no more",
	 "floor",
	 SAMPLE_POD_CALLS,
	 4,
	 IPPROTO_TCP,
	 DEVICE_POD1,
	 run_time_restored,
	 0,
	 {}},
	EACH_WAY(HOOK_TC, "established, from a pod", "sr_from_pod", SAMPLE_POD_CALLS, DEVICE_POD1, run_time_restored,
		 3.2),
	EACH_WAY(HOOK_TC, "  and its answer", "sr_to_pod", SAMPLE_POD_ANSWERS, DEVICE_POD1, run_time_restored, 3.2),
	EACH_FAMILY(HOOK_TC, "new flow, from a pod", "sr_from_pod", SAMPLE_NEW_FROM_POD, DEVICE_POD1, run_time_new, 0),
	EACH_FAMILY(HOOK_TC, "not ours, from a pod", "sr_from_pod", SAMPLE_FOREIGN, DEVICE_POD1, run_time, 1.8),
	EACH_FAMILY(HOOK_TC, "not ours, to a pod", "sr_to_pod", SAMPLE_FOREIGN, DEVICE_POD1, run_time, 1.8),
};

/* --- measuring ------------------------------------------------------------------------ */

/* The last CPU: the first has the machine's interrupts more often. */
static int pin(void)
{
	cpu_set_t set;
	int cpu;

	sched_getaffinity(0, sizeof(set), &set);
	for (cpu = CPU_SETSIZE - 1; cpu > 0 && !CPU_ISSET(cpu, &set); cpu--)
		;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	return cpu;
}

static double measure(const struct line *line)
{
	struct frame frame = flows_frame(line->sample, line->family, line->proto);

	return line->time(line->hook, run_program(line->hook, line->program), line->device, &frame);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* All lines in each round, so that what drifts does so for all of them. */
static void measure_all(void)
{
	for (int round = -1; round < ROUNDS; round++)
		for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
			double ns;

			if (getenv("BENCH_ONLY") && !strstr(lines[i].title, getenv("BENCH_ONLY")) && strcmp(lines[i].title, "empty program")) continue;
			ns = measure(&lines[i]);

			if (round >= 0)
				lines[i].ns[round] = ns;
		}
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		qsort(lines[i].ns, ROUNDS, sizeof(double), compare);
}

static double median(const struct line *line)
{
	return line->ns[ROUNDS / 2];
}

static double median_of_empty(enum hook hook)
{
	const struct line *empty = lines;

	while (empty->hook != hook)
		empty++;
	return median(empty);
}

static double times_empty(const struct line *line)
{
	return median(line) / median_of_empty(line->hook);
}

/* --- telling ---------------------------------------------------------------------------- */

static const char *kind_text(const struct line *line)
{
	static char text[16];

	if (strcmp(line->program, "empty") == 0)
		return "";
	snprintf(text, sizeof(text), "IPv%d %s", line->family, line->proto == IPPROTO_UDP ? "UDP" : "TCP");
	return text;
}

static const char *bar_text(const struct line *line)
{
	static char text[32];

	if (!line->bar)
		return "";
	snprintf(text, sizeof(text), "  %s (bar: %.1f)", times_empty(line) <= line->bar ? "ok" : "MISSED", line->bar);
	return text;
}

static void print_table(int cpu)
{
	const char *title = "";
	struct utsname host;

	uname(&host);
	printf("What a packet costs: ns, median of %d rounds [fastest .. slowest]; CPU %d, Linux %s\n", ROUNDS, cpu,
	       host.release);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const struct line *line = &lines[i];
		bool first = strcmp(line->title, title) != 0;

		if (i == 0 || line->hook != lines[i - 1].hook)
			printf("\n%-32s %-9s %6s %18s %8s %8s\n", line->hook == HOOK_XDP ? "XDP" : "tc", "", "ns", "",
			       "- empty", "/ empty");
		printf("%-32s %-9s %6.1f  [%6.1f .. %6.1f] %7.1f %7.2fx%s\n", first ? line->title : "", kind_text(line),
		       median(line), line->ns[0], line->ns[ROUNDS - 1], median(line) - median_of_empty(line->hook),
		       times_empty(line), bar_text(line));
		title = line->title;
	}
}

static void print_json(void)
{
	printf("[");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const struct line *line = &lines[i];

		printf("%s\n  {\"hook\": \"%s\", \"what\": \"%s\", \"packet\": \"%s\", \"ns\": %.2f, \"min\": %.2f, "
		       "\"max\": %.2f, \"times_empty\": %.2f}",
		       i ? "," : "", line->hook == HOOK_XDP ? "xdp" : "tc", line->title + strspn(line->title, " "),
		       kind_text(line), median(line), line->ns[0], line->ns[ROUNDS - 1], times_empty(line));
	}
	printf("\n]\n");
}

static int run_quick(bool json)
{
	struct frame frame;
	int cpu;

	if (run_start() < 0 || flows_start() < 0)
		return 1;
	frame = flows_frame(SAMPLE_TO_POD_HERE, 4, IPPROTO_TCP);
	run_teach_floor(&frame);
	frame = flows_frame(SAMPLE_POD_CALLS, 4, IPPROTO_TCP);
	run_teach_floor(&frame);

	cpu = pin();
	measure_all();
	if (json)
		print_json();
	else
		print_table(cpu);
	run_stop();
	return 0;
}

int main(int argc, char **argv)
{
	bool json = argc > 1 && strcmp(argv[argc - 1], "--json") == 0;
	int words = argc - 1 - json;

	if (words > 1 || (words == 1 && strcmp(argv[1], "quick") != 0)) {
		fprintf(stderr, "usage: bench [quick] [--json]\n");
		return 2;
	}
	return run_quick(json);
}
