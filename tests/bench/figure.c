// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "figure.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

void samples_add(struct samples *samples, double value)
{
	if (samples->num < SAMPLES_MAX)
		samples->value[samples->num++] = value;
}

static int samples_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct samples samples_sorted(const struct samples *samples)
{
	struct samples sorted = *samples;

	qsort(sorted.value, sorted.num, sizeof(sorted.value[0]), samples_compare);
	return sorted;
}

double samples_median(const struct samples *samples)
{
	struct samples sorted = samples_sorted(samples);

	return sorted.num ? sorted.value[sorted.num / 2] : 0;
}

struct samples samples_ratio(const struct samples *a, const struct samples *b)
{
	size_t num = a->num > b->num ? a->num : b->num;
	struct samples ratio = {};

	for (size_t i = 0; a->num && b->num && i < num; i++)
		samples_add(&ratio, a->value[i % a->num] / b->value[i % b->num]);
	return ratio;
}

/* jansson writes 17 digits, of which a measurement has four. */
static json_t *figure_number(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.4g", value);
	return json_real(strtod(text, NULL));
}

static void figure_set_range(json_t *object, const struct samples *samples)
{
	struct samples sorted = samples_sorted(samples);

	json_object_set_new(object, "min", figure_number(sorted.value[0]));
	json_object_set_new(object, "median", figure_number(samples_median(samples)));
	json_object_set_new(object, "max", figure_number(sorted.value[sorted.num - 1]));
}

static json_t *figure_bar(const struct figure *figure)
{
	bool at_most = figure->bar_kind == VALUE_AT_MOST || figure->bar_kind == RATIO_AT_MOST;

	if (figure->bar_kind == BAR_NONE)
		return json_null();
	return json_pack("{s:o}", at_most ? "at_most" : "at_least", figure_number(figure->bar));
}

static json_t *figure_ratio(const struct figure *figure)
{
	json_t *ratio;

	if (!figure->ratios || !figure->ratios->num)
		return json_null();
	ratio = json_object();
	figure_set_range(ratio, figure->ratios);
	return ratio;
}

/* A line is written at once, so that suites may be read while they run. */
static void figure_print(json_t *line)
{
	json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	fflush(stdout);
	json_decref(line);
}

void figure_tell(const struct figure *figure)
{
	bool is_on_ratio = figure->bar_kind == RATIO_AT_MOST || figure->bar_kind == RATIO_AT_LEAST;
	json_t *line;

	if (!figure->samples->num)
		return;
	line = json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", "figure", "suite", figure->suite, "figure", figure->name,
			 "case", figure->of, "unit", figure->unit);
	figure_set_range(line, figure->samples);
	json_object_set_new(line, "baseline", figure->baseline ? json_string(figure->baseline) : json_null());
	json_object_set_new(line, "ratio", figure_ratio(figure));
	json_object_set_new(line, "bar", figure_bar(figure));
	json_object_set_new(line, "bar_on", json_string(is_on_ratio ? "ratio" : "value"));
	figure_print(line);
}

void point_tell(const char *plot, const char *xlabel, const char *ylabel, const char *series, double x, double y)
{
	figure_print(json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "kind", "point", "plot", plot, "xlabel", xlabel,
			       "ylabel", ylabel, "series", series, "x", json_real(x), "y", figure_number(y)));
}

void note_tell(const char *suite, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	figure_print(json_pack("{s:s, s:s, s:s}", "kind", "note", "suite", suite, "text", text));
}

double figure_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}
