/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why a packet was translated, passed, dropped or answered, in words (include/svcroute/reason.h). */
#ifndef SVCROUTE_CLI_REASONS_H
#define SVCROUTE_CLI_REASONS_H

struct sr_reason_words {
	const char *verdict; /* "translated", "passed", "dropped", "answered" */
	const char *name;    /* "no-endpoint" */
	const char *text;
};

/* Of an index in sr_counters. */
const struct sr_reason_words *sr_reason_words(unsigned int index);

#endif
