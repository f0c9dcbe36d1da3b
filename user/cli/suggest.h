/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* "Did you mean ...?" */
#ifndef SVCROUTE_CLI_SUGGEST_H
#define SVCROUTE_CLI_SUGGEST_H

#include "cli/command.h"

/* The name that is nearest to what was typed, if any is near. */
struct sr_suggestion {
	const char *name;
	unsigned int distance;
};

/* Better the suggestion by a table's names. */
void sr_suggest_options(struct sr_suggestion *best, const char *name, size_t length, const struct sr_option *table);
void sr_suggest_commands(struct sr_suggestion *best, const char *name);

#endif
