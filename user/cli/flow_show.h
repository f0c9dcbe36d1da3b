/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A connection in a row of a table, and in JSON: one shape, whichever command shows it. */
#ifndef SVCROUTE_CLI_FLOW_SHOW_H
#define SVCROUTE_CLI_FLOW_SHOW_H

#include <jansson.h>

#include "cli/output.h"
#include "model/flow.h"
#include "model/service.h"

/* "45s", "5m3s", "2h10m", "3d4h". `out` has SR_DURATION_TEXT bytes; return `out`. */
#define SR_DURATION_TEXT 32
char *sr_duration_format(char *out, uint32_t seconds);

/* CLIENT, FRONTEND, BACKEND, SOURCE ("-": the backend sees the client). */
void sr_flow_add_ends(struct sr_table *table, const struct sr_flow *flow);

/* The service's name; "-" where it is NULL. */
void sr_flow_add_service(struct sr_table *table, const struct sr_service *service);

/* AGE, IDLE, LEFT */
void sr_flow_add_times(struct sr_table *table, const struct sr_flow *flow);

/* "ESTABLISHED", "ESTABLISHED,gone" where its backend is. */
void sr_flow_add_state(struct sr_table *table, const struct sr_flow *flow);

/* A new object of all of that; NULL: no memory. */
json_t *sr_flow_json(const struct sr_flow *flow, const struct sr_service *service);

#endif
