/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a command line may go on with, for the shells' completion. */
#ifndef SVCROUTE_CLI_COMPLETE_H
#define SVCROUTE_CLI_COMPLETE_H

#include <stdio.h>

/* The first word of a command line that asks for it; the words so far follow. */
#define SR_COMPLETE "__complete"

/*
 * Write what the last of `words`, which may be empty, can become, a line each:
 * the word, a tab, and what it is; or the line ":files", where a file's name is
 * awaited. What cannot be found out is left out.
 */
void sr_complete(FILE *file, char *const *words, int num);

#endif
