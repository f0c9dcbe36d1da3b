/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What became of connections that were to change hands, told. */
#ifndef SVCROUTE_CLI_FATES_H
#define SVCROUTE_CLI_FATES_H

#include <jansson.h>
#include <stdio.h>

#include "model/takeover.h"

/* How many stayed whose they were. */
size_t sr_fates_stayed(const struct sr_fates *fates);

/* "2 of this host's own processes, 1 over SCTP" */
void sr_fates_write_stayed(FILE *file, const struct sr_fates *fates);

/* {"connections": 12, "left": {"hostClient": 2}}; NULL: no memory. */
json_t *sr_fates_json(const struct sr_fates *fates);

#endif
