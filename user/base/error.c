// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int sr_fail(struct sr_error *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;

	err->code = code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
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
	length = strlen(err->text);
	snprintf(err->text + length, sizeof(err->text) - length, "%s", text);
	return err->code;
}
