/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two memories of choices: how evenly they fall, and which a client is to be given again. */
#ifndef TESTS_PROPERTY_SPREAD_H
#define TESTS_PROPERTY_SPREAD_H

#include "rules.h"

/* Of a set of `size` endpoints the one at `place` was chosen. */
void spread_count(unsigned int size, unsigned int place);
/* NULL, or which sets are unevenly chosen from: by chance once in 10^9 runs. */
const char *spread_wrong(void);

void sticky_clear(void);
void sticky_record(const struct rules_port *port, const struct sr_addr *client, uint64_t identity);
bool sticky_recall(const struct rules_port *port, const struct sr_addr *client, uint64_t *identity);

#endif
