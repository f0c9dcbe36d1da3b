/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A story: a cluster, and what happens in it, packets and changes. All of it
 * follows from a seed; each event has random numbers of its own, so that a
 * story can be told without some of its events.
 */
#ifndef TESTS_PROPERTY_STORY_H
#define TESTS_PROPERTY_STORY_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "cluster.h"

#define STORY_EVENTS 2000

struct story {
	uint64_t seed;
	unsigned int num; /* events to tell */
	bool left_out[STORY_EVENTS];
	FILE *log;    /* each event is told here; NULL: silently */
	FILE *wrong;  /* what went wrong is; the same */
	time_t until; /* to shorten it */
};

enum story_end {
	STORY_FINE,
	STORY_WRONG,  /* a packet went wrong */
	STORY_BROKEN, /* the test itself cannot go on */
};

/* Under which options this story's programs run. */
struct cluster_options story_options(uint64_t seed);
/* Tell it; `*last` is the event at which it ended. */
enum story_end story_tell(const struct story *story, unsigned int *last);
/* Leave out what is not needed to go wrong, and tell what is left on `log`. */
void story_explain(uint64_t seed, unsigned int last, FILE *log);

#endif
