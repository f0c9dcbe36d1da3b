/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `svcroute conn` is told: one connection by its packets, or a filter. */
#ifndef SVCROUTE_CLI_CONN_OPTIONS_H
#define SVCROUTE_CLI_CONN_OPTIONS_H

#include "cli/flow_options.h"

struct sr_conn_options {
	struct sr_flow_options flows;
	struct sr_hostport src; /* port 0: not given */
	struct sr_hostport dst;
};

/* By the command's word: "conn get" takes a connection, "conn del" that or a filter, the others a filter. */
extern const struct sr_option sr_conn_get_options[];
extern const struct sr_option sr_conn_del_options[];
extern const struct sr_option sr_conn_filter_options[];

int sr_conn_get_check(const void *options, struct sr_error *err);
int sr_conn_del_check(const void *options, struct sr_error *err);
int sr_conn_filter_check(const void *options, struct sr_error *err);

#endif
