/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A new flow: which endpoint it may be given, and which source. */
#ifndef TESTS_PROPERTY_CHOICE_H
#define TESTS_PROPERTY_CHOICE_H

#include "hearing.h"

/* `hearing->port` was called, by an address of `hearing->kind`. */
bool judge_new(struct hearing *hearing);
/* A backend was called, where the answers of its service's flow would come. */
bool judge_direct(struct hearing *hearing);

#endif
