/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one error object: where it happened and what was wrong, in one line.
 *
 * Functions that can fail return 0 or -errno and fill `struct sr_error`; they
 * never print. Only main() prints, once.
 */
#ifndef SVCROUTE_BASE_ERROR_H
#define SVCROUTE_BASE_ERROR_H

#include <stdarg.h>

struct sr_error {
	int code; /* -errno; 0: nothing happened */
	char text[1024];
};

/*
 * Set the error's text and return `code` (negative errno), so that a function
 * can end in `return sr_fail(err, -EINVAL, "...")`. `err` may be NULL.
 */
int sr_fail(struct sr_error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Replace by '?' what would break a line, or steer a terminal: texts may quote
 * what they are about. Errors are kept so by the functions here.
 */
void sr_text_one_line(char *text);

/*
 * Put a prefix ("web.yaml:14: ") before the error's text and return its code.
 */
int sr_fail_prefix(struct sr_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
