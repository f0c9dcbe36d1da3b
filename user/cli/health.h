/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is an instance what `load` made of it, and is there room left? */
#ifndef SVCROUTE_CLI_HEALTH_H
#define SVCROUTE_CLI_HEALTH_H

#include "cli/command.h"
#include "kernel/attach.h"
#include "model/k8s.h"

/* How much is in use of a map; `name` is for people. */
struct sr_health_usage {
	const char *name;
	uint32_t used, limit;
	bool may_be_full; /* what is in it the longest makes room, and is not missed */
};

/* A map's fill, in per cent, from which on one should know. */
#define SR_HEALTH_WARN 80

struct sr_health {
	struct sr_notes degraded; /* traffic is not served as it should be */
	struct sr_notes warnings; /* it is, but soon may not be */
};

/*
 * What is not attached where `load` would attach it now by the settings, and what
 * is gone that was served. 0 or -errno.
 */
int sr_health_attached(struct sr_health *health, struct sr_datapath *datapath, const struct sr_globals *globals,
		       const char *settings, const struct sr_attachments *attachments, struct sr_error *err);

/* A load that should be undone by now, and is not. 0 or -ENOMEM. */
int sr_health_rollback(struct sr_health *health, const struct sr_globals *globals);

/* What is nearly or wholly full. 0 or -ENOMEM. */
int sr_health_usage(struct sr_health *health, const struct sr_health_usage *usage);

void sr_health_clear(struct sr_health *health);

#endif
