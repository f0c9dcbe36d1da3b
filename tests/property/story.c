// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "story.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "judge.h"
#include "memory.h"
#include "packets.h"
#include "spread.h"

#define STORY_CHANGE_PERMILLE 4
#define STORY_PAUSE_PERMILLE  2
#define STORY_TRIES	      50
#define STORY_PATIENCE	      20 /* seconds to shorten it in */

static struct judge judge;

struct cluster_options story_options(uint64_t seed)
{
	/* Other options cost a reload: two hundred seeds share them. */
	uint64_t block = seed / 200;

	return (struct cluster_options){
		.allow_external_clusterip = block & 1,
		.cluster_cidr = block & 2,
		.service_cidr = block & 4,
		.terminate = block & 8,
		.forward_direct = block & 16,
	};
}

static void story_print_frame(FILE *log, const char *title, const struct wire_frame *frame,
			      const struct wire_frame *other)
{
	fprintf(log, "%s, %zu bytes:", title, frame->length);
	for (size_t i = 0; i < frame->length && i < 160; i++) {
		bool same = i < other->length && frame->bytes[i] == other->bytes[i];

		fprintf(log, "%s%c%02x", i % 16 ? "" : "\n ", same ? ' ' : '*', frame->bytes[i]);
	}
	fprintf(log, "\n");
}

static void story_print_wrong(FILE *log, const struct kernel_hook *at, const struct wire_frame *in)
{
	packets_print(log, at, in, &judge.got);
	fprintf(log, "WRONG: %s\n", judge.wrong);
	story_print_frame(log, "in", in, in);
	if (judge.has_want)
		story_print_frame(log, "expected", &judge.want, &judge.got.out);
	story_print_frame(log, "out", &judge.got.out, judge.has_want ? &judge.want : in);
}

static void story_print_cluster(FILE *log, const struct cluster *cluster)
{
	json_t *manifest = cluster_manifest(cluster);

	json_dumpf(manifest, log, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	json_decref(manifest);
	fprintf(log, "\n(this node: %s)\n", cluster->is_node ? "n1" : "has no name");
}

static bool story_program(const struct cluster *cluster, FILE *log)
{
	if (log)
		story_print_cluster(log, cluster);
	if (kernel_program(cluster) < 0)
		return false;
	judge_take(&judge, cluster);
	return true;
}

static enum story_end story_packet(const struct story *story, struct random *random)
{
	struct wire_frame frame = {};
	struct kernel_hook at;
	bool is_fine;

	packets_make(&frame, &at, random);
	is_fine = judge_packet(&judge, &at, &frame);
	if (is_fine && story->log)
		packets_print(story->log, &at, &frame, &judge.got);
	if (!is_fine && story->wrong)
		story_print_wrong(story->wrong, &at, &frame);
	return is_fine ? STORY_FINE : STORY_WRONG;
}

/* Nothing happens for long. (What the model has no clock for stays as young as it was.) */
static enum story_end story_pause(const struct story *story, struct random *random)
{
	static const unsigned int pauses[] = {30, 300, 5400};
	unsigned int seconds = pauses[random_below(random, 3)];

	if (story->log)
		fprintf(story->log, "%u s pass for affinity\n", seconds);
	memory_age(seconds);
	sticky_age(seconds);
	return STORY_FINE;
}

static enum story_end story_event(const struct story *story, struct cluster *cluster, unsigned int i)
{
	struct random random = random_of(story->seed, i + 1);

	if (random_below(&random, 1000) < STORY_PAUSE_PERMILLE)
		return story_pause(story, &random);
	if (random_below(&random, 1000) >= STORY_CHANGE_PERMILLE)
		return story_packet(story, &random);
	cluster_change(cluster, &random);
	if (story->log)
		fprintf(story->log, "the cluster changes:\n");
	return story_program(cluster, story->log) ? STORY_FINE : STORY_BROKEN;
}

enum story_end story_tell(const struct story *story, unsigned int *last)
{
	struct random random = random_of(story->seed, 0);
	struct cluster_options options = story_options(story->seed);
	enum story_end end = STORY_FINE;
	struct cluster cluster;

	memory_forget();
	judge_begin(&judge, &options);
	judge.is_drawing = !story->log;
	cluster_make(&cluster, &random);
	if (!story_program(&cluster, story->log))
		return STORY_BROKEN;
	for (*last = 0; *last < story->num; ++*last) {
		if (!story->left_out[*last])
			end = story_event(story, &cluster, *last);
		if (end != STORY_FINE)
			break;
	}
	return end;
}

/* Does it still go wrong? Choices are the kernel's: it may need several tries. */
static bool story_is_wrong(const struct story *story)
{
	unsigned int last;

	for (int i = 0; i < 3 && time(NULL) < story->until; i++) {
		if (story_tell(story, &last) == STORY_WRONG)
			return true;
	}
	return false;
}

static void story_leave_out(struct story *story, unsigned int from, unsigned int num)
{
	struct story shorter = *story;

	for (unsigned int i = from; i < from + num && i < story->num - 1; i++)
		shorter.left_out[i] = true;
	if (memcmp(shorter.left_out, story->left_out, sizeof(shorter.left_out)) != 0 && story_is_wrong(&shorter))
		*story = shorter;
}

/* Tell it on `log` if it goes wrong; false: this time the kernel chose otherwise. */
static bool story_write(struct story *story, FILE *log)
{
	enum story_end end;
	unsigned int last;
	char *text = NULL;
	size_t size;

	story->log = story->wrong = open_memstream(&text, &size);
	if (!story->log)
		abort();
	end = story_tell(story, &last);
	fclose(story->log);
	if (end == STORY_WRONG)
		fputs(text, log);
	free(text);
	return end == STORY_WRONG;
}

void story_explain(uint64_t seed, unsigned int last, FILE *log)
{
	struct story story = {.seed = seed, .num = last + 1, .until = time(NULL) + STORY_PATIENCE};
	unsigned int size, from;

	for (size = story.num / 2; size > 0; size = size > 1 ? (size + 1) / 2 : 0) {
		for (from = 0; from < story.num; from += size)
			story_leave_out(&story, from, size);
	}
	for (int i = 0; i < STORY_TRIES; i++) {
		if (story_write(&story, log))
			return;
	}
	fprintf(log, "(it does not come again, in %d tries)\n", STORY_TRIES);
}
