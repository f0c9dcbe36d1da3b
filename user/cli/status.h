/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `svcroute status` tells. */
#ifndef SVCROUTE_CLI_STATUS_H
#define SVCROUTE_CLI_STATUS_H

#include "cli/health.h"
#include "cli/settings.h"
#include "kernel/attach.h"
#include "kernel/maps.h"
#include "model/claims.h"

struct sr_status {
	const struct sr_globals *globals;
	struct sr_attachments attachments;
	struct sr_claims announced;
	struct sr_usage usage;
	struct sr_counter counters[SR_REASON_MAX];
	struct sr_settings settings;
	struct sr_health health;
	bool can_destroy_sockets;
};

/* The rows of usage, for people and for machines: X(field, name, may it be full) */
#define STATUS_USAGE(X)                                                                                                \
	X(services, "services", false)                                                                                 \
	X(frontends, "frontends", false)                                                                               \
	X(endpoints, "endpoints", false)                                                                               \
	X(slots, "slots", false)                                                                                       \
	X(connections, "connections", false)                                                                           \
	X(new_connections, "connections, unproven", true)                                                              \
	X(addresses, "addresses of frontends", false)                                                                  \
	X(sources, "source ranges", false)                                                                             \
	X(affinity, "clients with affinity", true)

int sr_status_print_json(const struct sr_status *status, struct sr_error *err);

#endif
