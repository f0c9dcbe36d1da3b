/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `svcroute map` is told: a frontend, and backends with their weights. */
#ifndef SVCROUTE_CLI_MAP_OPTIONS_H
#define SVCROUTE_CLI_MAP_OPTIONS_H

#include "cli/options.h"
#include "model/service.h"

#define SR_WEIGHT_MAX 1000

struct sr_map_backend {
	struct sr_endpoint endpoint;
	bool has_weight; /* it was given, be it 1 */
};

struct sr_map_backends {
	struct sr_map_backend *item;
	size_t num;
};

struct sr_map_options {
	struct sr_hostport frontend;
	struct sr_map_backends backends;
	enum sr_answer external;
	enum sr_answer maglev;
	bool pass; /* left to the host: no backends */
	bool save; /* for the next boot, too */
};

extern const struct sr_option_type sr_type_frontend;	      /* (struct sr_hostport) VIP:PORT[/PROTO] */
extern const struct sr_option_type sr_type_backends;	      /* (struct sr_map_backends) ADDR:PORT */
extern const struct sr_option_type sr_type_weighted_backends; /* ADDR:PORT[,weight=N] */

/* All backends are of the frontend's family, given once, and not the frontend itself, else -EINVAL. */
int sr_map_options_check(const void *options, struct sr_error *err);
/* The same of what is added: backends, or --pass and nothing else. */
int sr_map_options_check_put(const void *options, struct sr_error *err);

#endif
