/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `svcroute monitor` is told: which events. */
#ifndef SVCROUTE_CLI_MONITOR_OPTIONS_H
#define SVCROUTE_CLI_MONITOR_OPTIONS_H

#include "cli/flow_options.h"
#include "svcroute/reason.h"

struct sr_monitor_options {
	struct sr_flow_options flows;
	uint32_t kinds;	  /* 1 << enum sr_event_kind; 0: not given */
	uint64_t reasons; /* 1 << sr_reason_index(); 0: not given */
	uint32_t count;	  /* 0: without end */
};

extern const struct sr_option sr_monitor_options[];

int sr_monitor_check(const void *options, struct sr_error *err);

/* What the programs are to tell: 1 << enum sr_event_wish. Never 0. */
uint64_t sr_monitor_wishes(const struct sr_monitor_options *options);
/* Is an event of that kind, and of that reason, wanted? (Dropped and rejected packets have the same reasons.) */
bool sr_monitor_wants(const struct sr_monitor_options *options, const struct sr_event *event);

/* "not-translated"; "no-endpoint", "-" for none. */
const char *sr_event_kind_name(uint8_t kind);
const char *sr_event_reason_name(const struct sr_event *event);

#endif
