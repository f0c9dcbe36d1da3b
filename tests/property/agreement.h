/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The consistent choice: the endpoint that any gateway gives a flow. */
#ifndef TESTS_PROPERTY_AGREEMENT_H
#define TESTS_PROPERTY_AGREEMENT_H

#include "flows.h"
#include "rules.h"

/* Of the port's set; with affinity, for the client alone. NULL: chance decides, or the set is empty. */
const struct rules_endpoint *agreement_find(const struct rules_port *port, bool local, const struct tuple *flow);

#endif
