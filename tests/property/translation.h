/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a packet of a flow leaves. */
#ifndef TESTS_PROPERTY_TRANSLATION_H
#define TESTS_PROPERTY_TRANSLATION_H

#include "hearing.h"

bool judge_translated(struct hearing *hearing, const struct flow *flow, bool is_reply);

#endif
