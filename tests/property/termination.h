/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* --terminate: TCP ends with its endpoint, for both of its sides. */
#ifndef TESTS_PROPERTY_TERMINATION_H
#define TESTS_PROPERTY_TERMINATION_H

#include "hearing.h"

bool is_terminated(const struct hearing *hearing, const struct flow *flow);
bool judge_terminated(struct hearing *hearing, const struct flow *flow, bool is_reply);

#endif
