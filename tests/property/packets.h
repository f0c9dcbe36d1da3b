/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random packets: of new flows and of known ones, either way, sound and broken. */
#ifndef TESTS_PROPERTY_PACKETS_H
#define TESTS_PROPERTY_PACKETS_H

#include <stdio.h>

#include "kernel.h"

void packets_make(struct wire_frame *out, struct kernel_hook *at, struct random *random);
/* A line: where, from whom to whom, and what came of it. */
void packets_print(FILE *log, const struct kernel_hook *at, const struct wire_frame *in,
		   const struct kernel_result *result);
/* By which hook a packet of this source comes to us; by which it leaves towards this destination. */
struct kernel_hook packets_hook_in(const struct sr_addr *src, struct random *random);
struct kernel_hook packets_hook_out(const struct sr_addr *dst);

#endif
