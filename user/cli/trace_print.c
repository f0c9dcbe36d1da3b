// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A trace for people: what it has as JSON, line by line. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/trace.h"

#define TRACE_KEY 13 /* columns of a line's name */

static void trace_print_line(const char *key, const char *value, const char *indent)
{
	printf("%s%-*s %s\n", indent, TRACE_KEY, key, value);
}

/* Sixteen bytes a line. */
static void trace_print_bytes(const char *hex)
{
	for (size_t i = 0; hex[i]; i += 2)
		printf("%s%.2s", i % 32 ? " " : i ? "\n              " : "bytes         ", hex + i);
	putchar('\n');
}

static void trace_print_step(size_t i, json_t *step)
{
	const char *device = json_string_value(json_object_get(step, "device")), *key;
	const char *program = json_string_value(json_object_get(step, "program"));
	json_t *value;

	printf("\n%zu  %s", i + 1, json_string_value(json_object_get(step, "hook")));
	printf("%s%s%s%s%s\n", device ? ", " : "", device ? device : "", program ? " (" : "", program ? program : "",
	       program ? ")" : "");
	json_object_foreach (step, key, value) {
		if (strcmp(key, "hook") != 0 && strcmp(key, "device") != 0 && strcmp(key, "program") != 0 &&
		    strcmp(key, "verdict") != 0 && strcmp(key, "reason") != 0)
			trace_print_line(key, json_string_value(value), "   ");
	}
}

void sr_trace_print(json_t *root)
{
	static const char *const before[] = {"packet", "from", "socket"}, *const after[] = {"end", "neighbour", "out"};
	const char *text;
	json_t *step;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(before); i++)
		if ((text = json_string_value(json_object_get(root, before[i]))))
			trace_print_line(before[i], text, "");
	json_array_foreach (json_object_get(root, "steps"), i, step) {
		trace_print_step(i, step);
	}
	putchar('\n');
	for (i = 0; i < ARRAY_SIZE(after); i++)
		if ((text = json_string_value(json_object_get(root, after[i]))))
			trace_print_line(after[i], text, "");
	if ((text = json_string_value(json_object_get(root, "bytes"))))
		trace_print_bytes(text);
}
