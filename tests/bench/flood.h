/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A flood of SYNs from forged sources, and genuine clients in the midst of it. */
#ifndef TESTS_BENCH_FLOOD_H
#define TESTS_BENCH_FLOOD_H

#include "figure.h"

/*
 * Nanoseconds of a SYN, and which share of handshakes (0..1) was completed meanwhile,
 * round by round, beside an empty program's nanoseconds.
 */
void flood_measure(int rounds, struct samples *ns, struct samples *empty, struct samples *completed);

#endif
