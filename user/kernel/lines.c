// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/lines.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"

int sr_lines_add(struct sr_lines *lines, const char *format, ...)
{
	char *text = NULL, **line;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	if (r < 0)
		return -ENOMEM;

	line = sr_array_add(&lines->line, &lines->num, sizeof(*line));
	if (!line) {
		free(text);
		return -ENOMEM;
	}
	*line = text;
	return 0;
}

void sr_lines_clear(struct sr_lines *lines)
{
	for (size_t i = 0; i < lines->num; i++)
		free(lines->line[i]);
	free(lines->line);
}
