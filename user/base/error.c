// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void sr_text_one_line(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

int sr_fail(struct sr_error *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;

	err->code = code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	sr_text_one_line(err->text);
	return code;
}

int sr_fail_prefix(struct sr_error *err, const char *format, ...)
{
	char text[sizeof(err->text)];
	size_t length;
	va_list args;

	if (!err)
		return -EINVAL;

	memcpy(text, err->text, sizeof(text));
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	sr_text_one_line(err->text);
	length = strlen(err->text);
	snprintf(err->text + length, sizeof(err->text) - length, "%s", text);
	return err->code;
}
