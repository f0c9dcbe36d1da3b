/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is measured of packets: a line is one program over one kind of packet, beside an empty program. */
#ifndef TESTS_BENCH_LINES_H
#define TESTS_BENCH_LINES_H

#include "figure.h"
#include "flows.h"

enum how {
	HOW_AS_IT_IS, /* the program leaves the frame as it is */
	HOW_RESTORED, /* it does not: each time it is put back */
	HOW_NEW,      /* each frame begins a flow */
	HOW_CROWD,    /* each is of one of `crowd` connections */
};

struct line {
	enum hook hook;
	const char *title;
	const char *program;
	enum sample sample;
	enum device device;
	enum how how;
	double bar; /* times the empty program; 0: none */
	const char *note;
	uint32_t crowd;
	int family, proto; /* 0: IPv4, TCP */
	struct samples ns;
};

#define LINES_MAX 96

struct lines {
	struct line line[LINES_MAX];
	size_t num;
	int rounds;
};

/* An empty program of each hook, to which all others are compared. */
void lines_begin(struct lines *lines, int rounds);
void lines_add(struct lines *lines, struct line line);
/* The same in both families, over TCP and, if asked for, UDP. */
void lines_add_ways(struct lines *lines, struct line line, bool udp);

/* All lines in each round, so that what drifts does so for all of them. */
void lines_measure(struct lines *lines);
void lines_tell(const struct lines *lines);

/* The line of a title, measured before, or NULL. */
const struct line *lines_find(const struct lines *lines, enum hook hook, const char *title, int family, int proto);
/* A line beside another as its baseline; `bar`: at most so many times that, or 0. */
void lines_compare(const struct line *line, const struct line *to, const char *name, const char *baseline, double bar);

#endif
