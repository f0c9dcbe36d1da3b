/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a suite has measured, told as JSON lines on stdout, which `report` reads:
 * figures, points of plots, and notes.
 */
#ifndef TESTS_BENCH_FIGURE_H
#define TESTS_BENCH_FIGURE_H

#include <stddef.h>

#define SAMPLES_MAX 128

/* Repeated measurements of one thing. Zeroed: none yet. */
struct samples {
	double value[SAMPLES_MAX];
	size_t num;
};

enum figure_bar {
	BAR_NONE,
	VALUE_AT_MOST,
	VALUE_AT_LEAST,
	RATIO_AT_MOST,
	RATIO_AT_LEAST,
};

struct figure {
	const char *suite;
	const char *name;
	const char *of; /* which case of it: "10,000 x 10" */
	const char *unit;
	const char *baseline; /* what the ratio is to; NULL: none */
	const struct samples *samples;
	const struct samples *ratios; /* NULL: none */
	enum figure_bar bar_kind;
	double bar;
};

/* Beyond SAMPLES_MAX they are dropped. */
void samples_add(struct samples *samples, double value);
/* 0 if there are none. */
double samples_median(const struct samples *samples);
/* a / b, round by round; where one has fewer rounds, its rounds are used again. */
struct samples samples_ratio(const struct samples *a, const struct samples *b);

/* Nothing is told of what was not measured. */
void figure_tell(const struct figure *figure);
void point_tell(const char *plot, const char *xlabel, const char *ylabel, const char *series, double x, double y);
void note_tell(const char *suite, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Seconds of a clock that only goes on. */
double figure_clock(void);

#endif
