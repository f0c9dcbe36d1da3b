/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What else there is in the tables: other services, and connections of others. */
#ifndef TESTS_BENCH_CROWD_H
#define TESTS_BENCH_CROWD_H

#include <stdint.h>

struct sr_services;

/* Add the `from`-th up to the `to`-th of services, of an endpoint each, that no packet calls. */
void crowd_add_services(struct sr_services *services, uint32_t from, uint32_t to);

/* As many connections like that of SAMPLE_TO_POD_HERE, whose clients run_crowd_end() tells. 0 or -1. */
int crowd_connect(int family, uint32_t num);

#endif
