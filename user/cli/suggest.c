// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/suggest.h"

#include <string.h>

#define SUGGEST_LENGTH 32 /* longer words are not typed by mistake */

static unsigned int smaller(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Letters to put in, take out or exchange (Levenshtein), by rows of the table. */
static unsigned int suggest_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned int row[SUGGEST_LENGTH + 1], diagonal, above;

	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			above = row[j];
			row[j] = smaller(smaller(above, row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_length];
}

static void suggest_name(struct sr_suggestion *best, const char *typed, size_t length, const char *name)
{
	unsigned int distance;

	if (length > SUGGEST_LENGTH || strlen(name) > SUGGEST_LENGTH)
		return;

	distance = suggest_distance(typed, length, name, strlen(name));
	if (distance > 2 || distance >= length || (best->name && best->distance <= distance))
		return;
	best->name = name;
	best->distance = distance;
}

void sr_suggest_options(struct sr_suggestion *best, const char *name, size_t length, const struct sr_option *table)
{
	for (; table && table->name; table++) {
		if (!table->is_argument)
			suggest_name(best, name, length, table->name);
	}
}

void sr_suggest_commands(struct sr_suggestion *best, const char *name)
{
	for (size_t i = 0; sr_commands[i]; i++)
		suggest_name(best, name, strlen(name), sr_commands[i]->name);
}
