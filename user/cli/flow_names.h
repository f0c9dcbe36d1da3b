/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which service a connection belongs to, by name. */
#ifndef SVCROUTE_CLI_FLOW_NAMES_H
#define SVCROUTE_CLI_FLOW_NAMES_H

#include "kernel/datapath.h"
#include "model/flow.h"
#include "model/service.h"

struct sr_flow_names {
	struct sr_services services;
	const struct sr_service **by_id; /* index in sr_services → the service, or NULL */
	size_t num;
};

int sr_flow_names_read(struct sr_flow_names *out, struct sr_datapath *datapath, struct sr_error *err);
void sr_flow_names_clear(struct sr_flow_names *names);

/* NULL: it is of none, or of one that is there no more. */
const struct sr_service *sr_flow_names_find(const struct sr_flow_names *names, const struct sr_flow *flow);
/* The service that is called there; NULL: there is none. Linear. */
const struct sr_service *sr_flow_names_called(const struct sr_flow_names *names, const struct sr_hostport *at);
/* Is there a service that `name` (NAMESPACE/NAME[:PORT]; NULL: any) means? 0, or -ENOENT with `err`. */
int sr_flow_names_check(const struct sr_flow_names *names, const char *name, struct sr_error *err);

#endif
