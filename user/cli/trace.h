/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `svcroute trace` is asked, finds out, and tells. */
#ifndef SVCROUTE_CLI_TRACE_H
#define SVCROUTE_CLI_TRACE_H

#include <jansson.h>

#include "cli/command.h"
#include "cli/flow_names.h"
#include "cli/settings.h"
#include "kernel/attach.h"
#include "kernel/conns.h"
#include "kernel/netdev.h"
#include "kernel/tracer.h"

struct sr_trace_options {
	struct sr_strings words; /* [PROTO] SRC[:PORT] DST[:PORT] */
	char *from;		 /* NULL: found out */
};

extern const struct sr_option sr_trace_option_table[];
/* 0, or -EINVAL: a usage error. */
int sr_trace_check(const void *options, struct sr_error *err);
/* The tuple that is asked about; ports that were not given are 0. */
int sr_trace_tuple(struct sr_tuple *out, const struct sr_trace_options *options, struct sr_error *err);

/* Where a packet comes from. */
enum sr_trace_side {
	SR_TRACE_POD,
	SR_TRACE_WIRE,
	SR_TRACE_HOST,
};

struct sr_trace {
	const char *instance;
	struct sr_datapath *datapath;
	struct sr_tracer *tracer;
	struct sr_flow_names names;
	struct sr_attachments attachments;
	struct sr_netdevs netdevs;
	struct sr_settings settings;
	struct sr_tuple tuple;
	enum sr_trace_side side;
	uint32_t ifindex; /* of the device that the packet meets first; of the host's, by which it leaves */
	size_t skip;	  /* bytes of link header that what leaves has not: the device has none */
	json_t *root;	  /* what is told */
	struct sr_error *err;
};

int sr_trace_open(struct sr_trace *trace, const struct sr_globals *globals, const struct sr_trace_options *options);
void sr_trace_close(struct sr_trace *trace);

/* A device; NULL: it is gone. */
const struct sr_netdev *sr_trace_netdev(const struct sr_trace *trace, uint32_t ifindex);
/* The name of a device; "?" if it is gone. */
const char *sr_trace_device(const struct sr_trace *trace, uint32_t ifindex);

/* A program's run, as far as one may tell before and after it. */
struct sr_trace_step {
	json_t *json;
	struct sr_packet_view in;
	struct sr_trial_end end;
	bool is_out;   /* at an egress hook */
	bool has_conn; /* the packet's connection is known */
	struct sr_conn_found conn;
};

/* Tell what a run means: its connection, service, policy, backend, translation, verdict. */
void sr_trace_explain(struct sr_trace *trace, const struct sr_trace_step *step);
/* What connect() to the destination would do, by a process where the packet comes from. */
void sr_trace_explain_socket(struct sr_trace *trace);

/* What a tuple calls. */
struct sr_hostport sr_trace_called(const struct sr_tuple *tuple);
/* The set that policy lets this caller choose from (bpf/dispatch.h), and why, in words. */
enum sr_set sr_trace_set(const struct sr_trace *trace, const struct sr_service *service, uint8_t kind,
			 const char **why);
/* Endpoints of a set, and what they weigh together. */
size_t sr_trace_set_size(const struct sr_service *service, enum sr_set set, unsigned int *weights);

/* For people, what it has as JSON. */
void sr_trace_print(json_t *root);

/* Add a line to an object, in order. */
void sr_trace_say(json_t *json, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
