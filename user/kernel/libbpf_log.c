// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/libbpf_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "base/cleanup.h"

#define LOG_END_OF_VERIFIER "-- END PROG LOAD LOG --"
#define LOG_TAIL_LINES	    4
#define LOG_TAIL_SIZE	    640

/* The end of the verifier's log if there was one, else libbpf's first warning: of what this thread does. */
static _Thread_local char log_tail[LOG_TAIL_SIZE];

/* Newlines become "; ", so that an error stays one line. */
static void log_keep(const char *from, const char *end)
{
	size_t length = 0;

	for (; from < end && length + 3 < sizeof(log_tail); from++) {
		if (*from != '\n') {
			log_tail[length++] = *from;
		} else if (length && from + 1 < end) {
			log_tail[length++] = ';';
			log_tail[length++] = ' ';
		}
	}
	log_tail[length] = '\0';
}

static const char *log_last_lines(const char *text, const char *end)
{
	const char *from = end;

	for (int lines = 0; from > text; from--)
		if (from[-1] == '\n' && from != end && ++lines == LOG_TAIL_LINES)
			break;
	return end - from > LOG_TAIL_SIZE - 8 ? end - (LOG_TAIL_SIZE - 8) : from;
}

static void log_take(const char *text)
{
	const char *end = strstr(text, LOG_END_OF_VERIFIER);

	if (!end) {
		if (!log_tail[0])
			log_keep(text, text + strlen(text));
		return;
	}
	while (end > text && end[-1] != '\n')
		end--;
	log_keep(log_last_lines(text, end), end);
}

static int log_print(enum libbpf_print_level level, const char *format, va_list args)
{
	sr_autofree char *text = NULL;

	if (getenv("SVCROUTE_DEBUG"))
		return vfprintf(stderr, format, args);
	if (level == LIBBPF_WARN && vasprintf(&text, format, args) >= 0)
		log_take(text);
	else
		text = NULL;
	return 0;
}

void sr_libbpf_log_start(void)
{
	log_tail[0] = '\0';
	libbpf_set_print(log_print);
}

const char *sr_libbpf_log_tail(void)
{
	return log_tail;
}
