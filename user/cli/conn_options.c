// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/conn_options.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

static int source_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	(void)option;
	if (strchr(text, '/'))
		return sr_fail(err, -EINVAL, "'%s': the protocol stands with the destination", text);
	return sr_hostport_parse(field, text, err);
}

static int destination_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	(void)option;
	return sr_hostport_parse(field, text, err);
}

static const struct sr_option_type type_source = {.parse = source_parse, .value = SR_VALUE_REQUIRED};
static const struct sr_option_type type_destination = {.parse = destination_parse, .value = SR_VALUE_REQUIRED};

#define CONN_STATE                                                                                                     \
	{                                                                                                              \
		.name = "state", .type = &sr_type_states,                                                              \
		.offset = offsetof(struct sr_conn_options, flows) + offsetof(struct sr_flow_options, filter),          \
		.value = "STATE[,STATE...]", .words = sr_flow_state_names, .help = "in one of these states",           \
	}

const struct sr_option sr_conn_get_options[] = {
	{
		.name = "SRC:PORT",
		.is_argument = true,
		.required = true,
		.type = &type_source,
		.offset = offsetof(struct sr_conn_options, src),
		.help = "where its packets come from",
	},
	{
		.name = "DST:PORT[/PROTO]",
		.is_argument = true,
		.required = true,
		.type = &type_destination,
		.offset = offsetof(struct sr_conn_options, dst),
		.help = "what they are sent to; tcp (the default), udp or sctp",
	},
	{},
};

const struct sr_option sr_conn_del_options[] = {
	{
		.name = "SRC:PORT",
		.is_argument = true,
		.type = &type_source,
		.offset = offsetof(struct sr_conn_options, src),
		.help = "one connection, by where its packets come from",
	},
	{
		.name = "DST:PORT[/PROTO]",
		.is_argument = true,
		.type = &type_destination,
		.offset = offsetof(struct sr_conn_options, dst),
		.help = "and what they are sent to; tcp (the default), udp or sctp",
	},
	SR_FLOW_OPTIONS(offsetof(struct sr_conn_options, flows)),
	CONN_STATE,
	{},
};

const struct sr_option sr_conn_filter_options[] = {
	SR_FLOW_OPTIONS(offsetof(struct sr_conn_options, flows)),
	CONN_STATE,
	{},
};

int sr_conn_filter_check(const void *options, struct sr_error *err)
{
	const struct sr_conn_options *opts = options;

	return sr_flow_options_check(&opts->flows, err);
}

int sr_conn_get_check(const void *options, struct sr_error *err)
{
	const struct sr_conn_options *opts = options;

	if (sr_addr_family(&opts->src.addr) == sr_addr_family(&opts->dst.addr))
		return 0;
	return sr_fail(err, -EINVAL, "one address is of IPv4, the other of IPv6");
}

int sr_conn_del_check(const void *options, struct sr_error *err)
{
	const struct sr_conn_options *opts = options;

	if (!opts->src.port && !sr_flow_options_any(&opts->flows))
		return sr_fail(err, -EINVAL,
			       "which? Name SRC:PORT and DST:PORT, or a filter ('conn flush' removes all)");
	if (opts->src.port && sr_flow_options_any(&opts->flows))
		return sr_fail(err, -EINVAL, "SRC:PORT names one connection: no filter goes with it");
	if (opts->src.port && !opts->dst.port)
		return sr_fail(err, -EINVAL, "DST:PORT[/PROTO] is missing");
	return opts->src.port ? sr_conn_get_check(options, err) : sr_conn_filter_check(options, err);
}
