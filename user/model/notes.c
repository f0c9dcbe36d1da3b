// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lines for the user, and lists of names within one. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "model/k8s_objects.h"

int sr_notes_add(struct sr_notes *notes, const char *format, ...)
{
	char **line = sr_array_add(&notes->line, &notes->num, sizeof(*line));
	va_list args;
	int r;

	if (!line)
		return -ENOMEM;

	va_start(args, format);
	r = vasprintf(line, format, args);
	va_end(args);
	if (r < 0) {
		notes->num--;
		return -ENOMEM;
	}

	sr_text_one_line(*line);
	return 0;
}

void sr_notes_clear(struct sr_notes *notes)
{
	size_t i;

	for (i = 0; i < notes->num; i++)
		free(notes->line[i]);
	free(notes->line);
	memset(notes, 0, sizeof(*notes));
}

int sr_k8s_list_add(char **list, const char *format, ...)
{
	sr_autofree char *item = NULL;
	char *longer;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&item, format, args);
	va_end(args);
	if (r < 0) {
		item = NULL;
		return -ENOMEM;
	}
	if (asprintf(&longer, "%s%s%s", *list ? *list : "", *list ? ", " : "", item) < 0)
		return -ENOMEM;

	free(*list);
	*list = longer;
	return 0;
}
