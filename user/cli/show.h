/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A service in words and in JSON: one shape, whichever command shows it. */
#ifndef SVCROUTE_CLI_SHOW_H
#define SVCROUTE_CLI_SHOW_H

#include <jansson.h>
#include <stdint.h>

#include "model/service.h"

/* Connections by endpoint id; {} where they were not counted. */
struct sr_conn_counts {
	uint32_t *item;
	size_t num;
};

/* "shop/web:http", malloc'd; NULL: no memory. */
char *sr_show_name(const struct sr_service *service);
/* "10.0.0.7:90", of a frontend without its protocol. `out` has SR_HOSTPORT_TEXT bytes. */
char *sr_show_address(char *out, const struct sr_addr *addr, __be16 port);
/* "NodePort", of enum sr_frontend_kind. */
const char *sr_show_kind(uint8_t kind);
/* Who may call: "cluster" or "external". */
const char *sr_show_scope(uint8_t kind);
/* "internal=Local,affinity=600s"; "" where all is usual. malloc'd; NULL: no memory. */
char *sr_show_policy(const struct sr_service *service);
/* "draining" as one that is in no set; else "ready", or "ready-local" if it is in that set alone. */
const char *sr_show_state(const struct sr_endpoint *endpoint);
uint32_t sr_show_connections(const struct sr_endpoint *endpoint, const struct sr_conn_counts *counts);

/* A new object; NULL: no memory. `counts` may be NULL: connections are left out. */
json_t *sr_show_json(const struct sr_service *service, const struct sr_conn_counts *counts);

#endif
