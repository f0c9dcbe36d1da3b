/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Are endpoints chosen evenly, and with affinity the same one again? */
#ifndef TESTS_PROPERTY_SPREAD_H
#define TESTS_PROPERTY_SPREAD_H

#include "rules.h"

/* From one of a port's sets of `size` endpoints the one at `place` was chosen. */
void spread_count(const struct rules_port *port, bool local, unsigned int size, unsigned int place);
/* Sets become others from now on: sum up what was counted. */
void spread_fold(void);
/* Over all choices so far; NULL, or what is wrong. */
const char *spread_wrong(void);

void sticky_clear(void);
void sticky_record(const struct rules_port *port, const struct sr_addr *client, uint64_t identity);
/* A choice may have been made that nobody saw: until one is seen, the client may be given any endpoint. */
void sticky_doubt(const struct rules_port *port, const struct sr_addr *client);
bool sticky_is_doubtful(const struct rules_port *port, const struct sr_addr *client);
/* The endpoint that the client was given last, within the service's timeout. */
bool sticky_recall(const struct rules_port *port, const struct sr_addr *client, uint64_t *identity);
void sticky_age(unsigned int seconds);

#endif
