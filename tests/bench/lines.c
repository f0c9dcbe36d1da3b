// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_EMPTY "empty program"

static const char *lines_hook(enum hook hook)
{
	return hook == HOOK_XDP ? "XDP" : "tc";
}

void lines_add(struct lines *lines, struct line line)
{
	if (lines->num == LINES_MAX)
		abort();
	line.family = line.family ? line.family : 4;
	line.proto = line.proto ? line.proto : IPPROTO_TCP;
	lines->line[lines->num++] = line;
}

void lines_begin(struct lines *lines, int rounds)
{
	static const struct line empty = {
		.title = LINES_EMPTY, .program = "empty", .sample = SAMPLE_FOREIGN, .how = HOW_AS_IT_IS};
	struct line xdp = empty, tc = empty;

	*lines = (struct lines){.rounds = rounds};
	xdp.hook = HOOK_XDP;
	xdp.device = DEVICE_ETH0;
	tc.hook = HOOK_TC;
	tc.device = DEVICE_POD1;
	lines_add(lines, xdp);
	lines_add(lines, tc);
}

void lines_add_ways(struct lines *lines, struct line line, bool udp)
{
	static const int families[] = {4, 6}, protos[] = {IPPROTO_TCP, IPPROTO_UDP};

	for (int family = 0; family < 2; family++)
		for (int proto = 0; proto < (udp ? 2 : 1); proto++) {
			line.family = families[family];
			line.proto = protos[proto];
			lines_add(lines, line);
		}
}

const struct line *lines_find(const struct lines *lines, enum hook hook, const char *title, int family, int proto)
{
	for (size_t i = 0; i < lines->num; i++) {
		const struct line *line = &lines->line[i];

		if (line->hook == hook && line->family == family && line->proto == proto &&
		    strcmp(line->title, title) == 0)
			return line;
	}
	return NULL;
}

/* --- to measure --------------------------------------------------------------------------- */

static double line_time(const struct line *line)
{
	struct frame frame = flows_frame(line->sample, line->family, line->proto);
	int program = run_program(line->hook, line->program);

	switch (line->how) {
	case HOW_AS_IT_IS:
		return run_time(line->hook, program, line->device, &frame);
	case HOW_RESTORED:
		return run_time_restored(line->hook, program, line->device, &frame);
	case HOW_NEW:
		return run_time_new(line->hook, program, line->device, &frame);
	default:
		return run_time_crowd(line->hook, program, line->device, &frame, line->crowd);
	}
}

void lines_measure(struct lines *lines)
{
	/* Once without counting: caches, and pages that nobody has met. */
	for (int round = -1; round < lines->rounds; round++)
		for (size_t i = 0; i < lines->num; i++) {
			double ns = line_time(&lines->line[i]);

			if (round >= 0)
				samples_add(&lines->line[i].ns, ns);
		}
}

/* --- to tell ------------------------------------------------------------------------------ */

static void line_text(const struct line *line, char *name, size_t name_size, char *of, size_t of_size)
{
	snprintf(name, name_size, "%s, %s", lines_hook(line->hook), line->title);
	snprintf(of, of_size, "IPv%d %s%s%s", line->family, line->proto == IPPROTO_UDP ? "UDP" : "TCP",
		 line->note ? ", " : "", line->note ? line->note : "");
}

static void line_tell(const struct line *line, const struct line *to, const char *baseline, double bar)
{
	struct samples ratios = samples_ratio(&line->ns, &to->ns);
	char name[96], of[96];

	line_text(line, name, sizeof(name), of, sizeof(of));
	figure_tell(&(struct figure){
		.suite = "packet",
		.name = name,
		.of = of,
		.unit = "ns",
		.baseline = baseline,
		.samples = &line->ns,
		.ratios = &ratios,
		.bar_kind = bar ? RATIO_AT_MOST : BAR_NONE,
		.bar = bar,
	});
}

void lines_compare(const struct line *line, const struct line *to, const char *name, const char *baseline, double bar)
{
	struct line renamed;

	if (!line || !to)
		return;
	renamed = *line;
	renamed.title = name;
	line_tell(&renamed, to, baseline, bar);
}

void lines_tell(const struct lines *lines)
{
	for (size_t i = 0; i < lines->num; i++) {
		const struct line *line = &lines->line[i];
		const struct line *empty = lines_find(lines, line->hook, LINES_EMPTY, 4, IPPROTO_TCP);

		line_tell(line, empty, LINES_EMPTY, line->bar);
	}
}
