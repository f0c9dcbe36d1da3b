/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMP errors about packets of flows: made, and judged (RFC 5508, section 4.2). */
#ifndef TESTS_PROPERTY_ERRORS_H
#define TESTS_PROPERTY_ERRORS_H

#include "hearing.h"
#include "random.h"

/* An error about a packet of the flow, from its receiver or from a router; at->hook is where it meets us. */
void error_make(struct wire_frame *out, struct kernel_hook *at, const struct flow *flow, struct random *random);

/* Is it an error that concerns a known flow, and turns at this hook? */
bool error_concerns(const struct hearing *hearing);
/* Then it leaves so that the quoted packet's sender understands it. */
bool judge_error(struct hearing *hearing);

#endif
