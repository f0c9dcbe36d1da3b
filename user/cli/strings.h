/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A list of strings that an option was given, in that order, each once. */
#ifndef SVCROUTE_CLI_STRINGS_H
#define SVCROUTE_CLI_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

struct sr_strings {
	char **item;
	size_t num;
	bool given; /* also where it was given as empty: '' */
};

bool sr_strings_has(const struct sr_strings *strings, const char *text);
/* Append a copy unless it is there. 0 or -ENOMEM. */
int sr_strings_add(struct sr_strings *strings, const char *text);
/* The same, even if it is there. */
int sr_strings_append(struct sr_strings *strings, const char *text);
/* `out` holds nothing yet. 0 or -ENOMEM; `out` is to be cleared in either case. */
int sr_strings_copy(struct sr_strings *out, const struct sr_strings *strings);
void sr_strings_clear(struct sr_strings *strings);

#endif
