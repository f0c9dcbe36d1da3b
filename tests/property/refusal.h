/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets that are dropped, and of which their senders are told. */
#ifndef TESTS_PROPERTY_REFUSAL_H
#define TESTS_PROPERTY_REFUSAL_H

#include "hearing.h"

/* Dropped for this reason, and the sender told so, if it is one to be told. */
bool judge_refused(struct hearing *hearing, int reason);

/* The packet is dropped for `reason`, and answered by a reset. */
bool judge_reset(struct hearing *hearing, int reason);

#endif
