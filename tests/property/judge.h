/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The model of SEMANTICS, second half: what must become of a packet. Where the
 * datapath may choose (an endpoint, a source port), its choice is read off the
 * packet that came out, found to be an allowed one, and remembered.
 */
#ifndef TESTS_PROPERTY_JUDGE_H
#define TESTS_PROPERTY_JUDGE_H

#include "flows.h"
#include "kernel.h"

struct judge {
	struct rules rules;
	struct cluster_options options;
	char wrong[1024];	/* "" while all is well */
	struct wire_frame want; /* the frame that was expected, where one was */
	bool has_want;
	struct kernel_result got;
	bool is_drawing; /* count choices, for judge_spread() */
};

void judge_begin(struct judge *judge, const struct cluster_options *options);
/* The cluster is (and is programmed as) another one. */
void judge_take(struct judge *judge, const struct cluster *cluster);
/* Send a frame; false: `wrong` says what is not as it should be. */
bool judge_packet(struct judge *judge, const struct kernel_hook *at, const struct wire_frame *frame);
/* Over all choices so far: was any set of endpoints unevenly chosen from? "" or what is wrong. */
const char *judge_spread(void);

const char *judge_reason(int reason);

#endif
