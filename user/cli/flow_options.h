/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The options that say which connections are meant: the same for every command that asks. */
#ifndef SVCROUTE_CLI_FLOW_OPTIONS_H
#define SVCROUTE_CLI_FLOW_OPTIONS_H

#include "cli/options.h"
#include "model/flow.h"
#include "model/service.h"

struct sr_flow_options {
	struct sr_flow_filter filter;
	char *service; /* NAMESPACE/NAME[:PORT], or a frontend that `map add` made; NULL: any */
	bool ipv4;
	bool ipv6;
};

extern const struct sr_option_type sr_type_proto;   /* (uint8_t) */
extern const struct sr_option_type sr_type_network; /* (struct sr_flow_end) ADDRESS[/LENGTH] */
extern const struct sr_option_type sr_type_place;   /* (struct sr_flow_end) ADDRESS[/LENGTH][:PORT[-PORT]] */
extern const struct sr_option_type sr_type_port;    /* (struct sr_flow_end) PORT[-PORT] */
extern const struct sr_option_type sr_type_states;  /* (struct sr_flow_filter) STATE[,STATE...] */
extern const struct sr_option_type sr_type_service; /* (char *) NAMESPACE/NAME[:PORT] */

/* A row of a command's table of options, and all of them; its struct sr_flow_options lies at `at`. */
#define SR_FLOW_OPTION(at, field_, name_, letter_, type_, value_, help_)                                               \
	{                                                                                                              \
		.name = name_, .letter = letter_, .type = &sr_type_##type_,                                            \
		.offset = (at) + offsetof(struct sr_flow_options, field_), .value = value_, .help = help_              \
	}
#define SR_FLOW_OPTIONS(at)                                                                                            \
	SR_FLOW_OPTION(at, filter.proto, "proto", 'p', proto, "PROTO", "tcp, udp or sctp"),                            \
		SR_FLOW_OPTION(at, ipv4, "ipv4", '4', flag, NULL, "over IPv4 only"),                                   \
		SR_FLOW_OPTION(at, ipv6, "ipv6", '6', flag, NULL, "over IPv6 only"),                                   \
		SR_FLOW_OPTION(at, filter.client, "src", 's', network, "ADDR[/LEN]",                                   \
			       "the client's address, or its network"),                                                \
		SR_FLOW_OPTION(at, filter.client, "sport", 0, port, "PORT[-PORT]", "the client's port"),               \
		SR_FLOW_OPTION(at, filter.frontend, "dst", 'd', network, "ADDR[/LEN]", "the address that it called"),  \
		SR_FLOW_OPTION(at, filter.frontend, "orig-dst", 0, network, "ADDR[/LEN]", "the same as --dst"),        \
		SR_FLOW_OPTION(at, filter.frontend, "dport", 0, port, "PORT[-PORT]", "the port that it called"),       \
		SR_FLOW_OPTION(at, filter.backend, "backend", 0, place, "ADDR[/LEN][:PORT]",                           \
			       "who answers; with a port, an IPv6 address\nstands in brackets"),                       \
		SR_FLOW_OPTION(at, service, "service", 0, service, "NAMESPACE/NAME[:PORT]",                            \
			       "of that service; of one that 'map add' made,\nVIP:PORT/PROTO")

/* -EINVAL: options that exclude each other. */
int sr_flow_options_check(const struct sr_flow_options *options, struct sr_error *err);

/* Was any option given? */
bool sr_flow_options_any(const struct sr_flow_options *options);

/* Is it a connection that is meant? `service` is what it called, NULL if that is not known. */
bool sr_flow_options_match(const struct sr_flow_options *options, const struct sr_flow *flow,
			   const struct sr_service *service);

/* Does `name` (NAMESPACE/NAME[:PORT]) mean that service? */
bool sr_flow_service_is_named(const struct sr_service *service, const char *name);

#endif
