/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `load` was told, kept with the instance as JSON: the next load need not
 * be told again. An option that is given replaces what was kept of it.
 */
#ifndef SVCROUTE_CLI_SETTINGS_H
#define SVCROUTE_CLI_SETTINGS_H

#include <jansson.h>

#include "cli/options.h"

#define SR_SETTING_NONE "none" /* --uplink, --pods, --node, --cgroup */

/* --sockets: whose connect() and sendmsg() find services; host by default. */
#define SR_SOCKETS_HOST "host"
#define SR_SOCKETS_ALL	"all"
#define SR_SOCKETS_OFF	"off"

/* --dsr: how flows get to backends on other nodes; off (SNAT) by default. */
#define SR_DSR_IPIP "ipip"
#define SR_DSR_OFF  "off"

/* --forward: by this host's stack, the default, or past it. */
#define SR_FORWARD_STACK  "stack"
#define SR_FORWARD_DIRECT "direct"

#define SR_SYN_LIMIT_OFF "off"

struct sr_settings {
	struct sr_strings uplinks;
	struct sr_strings pods;
	struct sr_strings cluster_cidrs;
	struct sr_strings service_cidrs;
	struct sr_strings subnets;
	struct sr_strings dsr_from;
	struct sr_strings announce; /* devices, or "uplinks" */
	char *node;
	char *zone;
	char *nodeport_addresses;
	char *route_proto;
	char *dsr;     /* SR_DSR_* */
	char *forward; /* SR_FORWARD_* */
	char *xdp;
	char *sockets; /* SR_SOCKETS_* */
	char *cgroup;
	char *snat_ports;
	char *syn_limit; /* a number, or SR_SYN_LIMIT_OFF */
	char *max;	 /* sr_sizes_parse() reads it */
	enum sr_answer allow_external_clusterip;
	enum sr_answer terminate;
};

/* Whose sockets are served: one of SR_SOCKETS_*. */
const char *sr_settings_sockets(const struct sr_settings *settings);

/* Read what was kept; keys that are not known are passed over. -EINVAL: not JSON. */
int sr_settings_parse(struct sr_settings *out, const char *json, struct sr_error *err);

/* As a new object, of what is set; NULL: no memory. */
json_t *sr_settings_json(const struct sr_settings *settings);

/*
 * Let what was given, also if given as '', replace what was kept. `--sockets
 * host` takes back a `--cgroup none`. 0 or -ENOMEM.
 */
int sr_settings_merge(struct sr_settings *kept, const struct sr_settings *given);

/*
 * Call `visit` for each setting with its key and its values, in words
 * ("eth0 eth1"), NULL where it is not set. 0, -ENOMEM, or what `visit` returns.
 */
int sr_settings_each(const struct sr_settings *settings,
		     int (*visit)(const char *key, const char *value, void *context), void *context);

void sr_settings_clear(struct sr_settings *settings);
#define sr_autosettings __attribute__((cleanup(sr_settings_clear)))

#endif
