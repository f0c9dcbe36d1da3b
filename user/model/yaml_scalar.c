// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a plain scalar means (YAML 1.1 as Go's yaml.v2 resolves it, which is
 * what kubectl uses): `port: 80` is a number, `enabled: on` is true.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/yaml.h"

static bool scalar_is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(text, *words) == 0)
			return true;
	}
	return false;
}

/* A copy of `text` without the '_' that may part a number's digits. */
static void scalar_without_underscores(char *out, const char *text)
{
	for (; *text; text++) {
		if (*text != '_')
			*out++ = *text;
	}
	*out = '\0';
}

/* 80, -1, 0x1f, 017, 0o17, 0b101. */
static bool scalar_parse_integer(const char *text, json_int_t *out)
{
	bool sign = text[0] == '-' || text[0] == '+';
	const char *digits = text + sign;
	int base = 10;
	char *end;

	if (digits[0] == '0' && digits[1]) {
		base = strchr("xX", digits[1]) ? 16 : strchr("bB", digits[1]) ? 2 : 8;
		digits += strchr("xXbBoO", digits[1]) ? 2 : 1;
	}
	if (!strchr("0123456789abcdefABCDEF", digits[0]) || !digits[0])
		return false;

	errno = 0;
	*out = strtoll(digits, &end, base);
	if (text[0] == '-')
		*out = -*out;
	return !*end && !errno;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? and nothing else. */
static bool scalar_looks_like_real(const char *text)
{
	static const char digits[] = "0123456789";
	size_t whole, part = 0, exponent;

	text += text[0] == '-' || text[0] == '+';
	whole = strspn(text, digits);
	text += whole;
	if (*text == '.') {
		part = strspn(text + 1, digits);
		text += 1 + part;
	}
	if (!whole && !part)
		return false;
	if (*text != 'e' && *text != 'E')
		return !*text;

	text++;
	text += *text == '-' || *text == '+';
	exponent = strspn(text, digits);
	return exponent && !text[exponent];
}

#define SCALAR_LONGEST_WORD 5

/* Null, true or false; or NULL: it is none of these words. */
static json_t *scalar_of_word(const char *text)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const trues[] = {"y",    "Y",    "yes", "Yes", "YES", "true",
					    "True", "TRUE", "on",  "On",  "ON",	 NULL};
	static const char *const falses[] = {"n",     "N",     "no",  "No",  "NO",  "false",
					     "False", "FALSE", "off", "Off", "OFF", NULL};

	if (scalar_is_one_of(text, nulls))
		return json_null();
	if (scalar_is_one_of(text, trues))
		return json_true();
	return scalar_is_one_of(text, falses) ? json_false() : NULL;
}

/* A number, `plain` without underscores; NULL: it is none. */
static json_t *scalar_of_number(const char *plain)
{
	json_int_t integer;

	if (scalar_parse_integer(plain, &integer))
		return json_integer(integer);
	/* JSON has no infinity: a number beyond all bounds stays a string. */
	if (scalar_looks_like_real(plain) && isfinite(strtod(plain, NULL)))
		return json_real(strtod(plain, NULL));
	return NULL;
}

/* Most are names and the like, which their first character tells, or their length. */
json_t *sr_yaml_scalar(const char *text, size_t length)
{
	sr_autofree char *large = NULL;
	char small[64], *plain = small;
	json_t *value = NULL;

	if (length <= SCALAR_LONGEST_WORD && strchr("~nNyYtToOfF", text[0]))
		value = scalar_of_word(text);
	if (!value && text[0] && strchr("+-.0123456789", text[0])) {
		if (length >= sizeof(small))
			plain = large = malloc(length + 1);
		if (!plain)
			return NULL;
		scalar_without_underscores(plain, text);
		value = scalar_of_number(plain);
	}
	return value ? value : json_stringn_nocheck(text, length);
}
