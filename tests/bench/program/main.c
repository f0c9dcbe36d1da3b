// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * program [quick|large] [load|apply|change|memory]...: what getting services into
 * the kernel costs, beside the rules that kube-proxy would write for them.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "program.h"
#include "stage.h"

static const struct part {
	const char *name;
	int (*run)(enum program_time time);
} parts[] = {
	{"load", program_load},
	{"apply", program_apply},
	{"change", program_change},
	{"memory", program_memory},
};

/* 1234567 as 1,234,567. */
static void program_number(char *out, size_t size, unsigned int number)
{
	if (number >= 1000) {
		program_number(out, size, number / 1000);
		snprintf(out + strlen(out), size - strlen(out), ",%03u", number % 1000);
	} else {
		snprintf(out, size, "%u", number);
	}
}

const char *program_case(const struct cluster *cluster)
{
	static char texts[4][48];
	static unsigned int turn;
	char *text = texts[turn++ % ARRAY_SIZE(texts)], services[24];

	program_number(services, sizeof(services), cluster->services);
	snprintf(text, sizeof(texts[0]), "%s x %u", services, cluster->endpoints);
	return text;
}

static bool is_wanted(const struct part *part, char **words)
{
	for (char **word = words; *word; word++)
		if (strcmp(*word, part->name) == 0)
			return true;
	return !*words;
}

static int usage(void)
{
	fprintf(stderr, "usage: program [quick|large] [load|apply|change|memory]...\n");
	return 2;
}

static bool is_known(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strcmp(parts[i].name, word) == 0)
			return true;
	return false;
}

static enum program_time time_of(const char *word)
{
	if (word && strcmp(word, "quick") == 0)
		return TIME_QUICK;
	return word && strcmp(word, "large") == 0 ? TIME_LARGE : TIME_USUAL;
}

int main(int argc, char **argv)
{
	enum program_time time = time_of(argv[1]);
	char **words = argv + 1 + (time != TIME_USUAL);
	int r = 0;

	(void)argc;
	for (char **word = words; *word; word++)
		if (!is_known(*word))
			return usage();
	if (stage_open() < 0)
		return 1;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		if (is_wanted(&parts[i], words))
			r = parts[i].run(time);
	stage_close();
	return r < 0;
}
