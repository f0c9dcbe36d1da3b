// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/sizes.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

/* The number of a word "NAME=N"; 0: it is none, or too large. */
static uint32_t sizes_number(const char *word, size_t length)
{
	uint32_t number = 0;

	for (size_t i = 0; i < length; i++) {
		if (word[i] < '0' || word[i] > '9' || number > SR_SIZE_MAX)
			return 0;
		number = number * 10 + (uint32_t)(word[i] - '0');
	}
	return number <= SR_SIZE_MAX ? number : 0;
}

static int sizes_word(struct sr_sizes *out, const char *word, size_t length, struct sr_error *err)
{
	const struct {
		const char *name;
		uint32_t *size;
	} sizes[] = {
		{"services=", &out->services},
		{"backends=", &out->backends},
		{"connections=", &out->connections},
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t name = strlen(sizes[i].name);

		if (length < name || strncmp(word, sizes[i].name, name) != 0)
			continue;
		if (*sizes[i].size)
			return sr_fail(err, -EINVAL, "'%.*s' is said twice", (int)name - 1, word);
		*sizes[i].size = sizes_number(word + name, length - name);
		if (*sizes[i].size)
			return 0;
		return sr_fail(err, -EINVAL, "'%.*s' is not a number of %.*s (1..%u)", (int)(length - name),
			       word + name, (int)name - 1, word, SR_SIZE_MAX);
	}
	return sr_fail(err, -EINVAL, "'%.*s' is not services=N, backends=N or connections=N", (int)length, word);
}

int sr_sizes_parse(struct sr_sizes *out, const char *text, struct sr_error *err)
{
	int r = 0;

	*out = (struct sr_sizes){};
	for (const char *word = text; r == 0; word++) {
		size_t length = strcspn(word, ",");

		r = sizes_word(out, word, length, err);
		word += length;
		if (!*word)
			break;
	}
	return r;
}
