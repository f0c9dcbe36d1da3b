// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tables of options, as whoever reads, completes or frees a command line walks them. */
#include <string.h>

#include "cli/options.h"

const struct sr_option *sr_option_find(const struct sr_option *table, const char *name, size_t length, char letter)
{
	for (; table && table->name; table++) {
		if (table->is_argument)
			continue;
		if (letter ? table->letter == letter
			   : strlen(table->name) == length && strncmp(table->name, name, length) == 0)
			return table;
	}
	return NULL;
}

const struct sr_option *sr_argument_find(const struct sr_option *table, size_t index)
{
	for (; table && table->name; table++) {
		if (table->is_argument && (index == 0 || table->type->repeats))
			return table;
		index -= table->is_argument ? 1 : 0;
	}
	return NULL;
}

void sr_options_clear(const struct sr_option *table, void *options)
{
	for (; table && table->name; table++) {
		if (table->type->clear)
			table->type->clear((char *)options + table->offset);
	}
}
