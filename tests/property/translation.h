/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a packet of a flow leaves. */
#ifndef TESTS_PROPERTY_TRANSLATION_H
#define TESTS_PROPERTY_TRANSLATION_H

#include "hearing.h"

/* It goes into the host's stack as it would have come by the device that leads to `src`. */
void translation_to_host(struct wire_frame *frame, const struct sr_addr *src);
bool judge_translated(struct hearing *hearing, const struct flow *flow, bool is_reply);

#endif
