/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines for the user: an owned list that grows. */
#ifndef SVCROUTE_KERNEL_LINES_H
#define SVCROUTE_KERNEL_LINES_H

#include <stddef.h>

struct sr_lines {
	char **line;
	size_t num;
};

/* 0 or -ENOMEM. */
int sr_lines_add(struct sr_lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sr_lines_clear(struct sr_lines *lines);
#define sr_autolines __attribute__((cleanup(sr_lines_clear)))

#endif
