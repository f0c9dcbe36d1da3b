// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/strings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

bool sr_strings_has(const struct sr_strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->num; i++) {
		if (strcmp(strings->item[i], text) == 0)
			return true;
	}
	return false;
}

int sr_strings_add(struct sr_strings *strings, const char *text)
{
	return sr_strings_has(strings, text) ? 0 : sr_strings_append(strings, text);
}

int sr_strings_append(struct sr_strings *strings, const char *text)
{
	sr_autofree char *copy = strdup(text);
	char **item;

	if (!copy)
		return -ENOMEM;
	item = sr_array_add(&strings->item, &strings->num, sizeof(*item));
	if (!item)
		return -ENOMEM;
	*item = TAKE_PTR(copy);
	return 0;
}

int sr_strings_copy(struct sr_strings *out, const struct sr_strings *strings)
{
	int r = 0;

	out->given = strings->given;
	for (size_t i = 0; r == 0 && i < strings->num; i++)
		r = sr_strings_add(out, strings->item[i]);
	return r;
}

void sr_strings_clear(struct sr_strings *strings)
{
	for (size_t i = 0; i < strings->num; i++)
		free(strings->item[i]);
	free(strings->item);
	memset(strings, 0, sizeof(*strings));
}
