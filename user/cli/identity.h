/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who this machine is to the cluster: its name, its zone and its addresses. */
#ifndef SVCROUTE_CLI_IDENTITY_H
#define SVCROUTE_CLI_IDENTITY_H

#include "cli/load.h"
#include "cli/node_ports.h"

struct sr_identity {
	char *node; /* NULL: no node of the cluster */
	struct sr_addr *uplink;
	size_t num_uplinks;
	struct sr_addr *host;
	size_t num_hosts;
	struct sr_node_port_addresses node_ports;
};

/* This machine's name by the setting of --node, to be freed; NULL: it is no node. */
int sr_identity_node(char **out, const char *setting, struct sr_error *err);
/* Of settings and devices. `out` is to be cleared in either case. */
int sr_identity_make(struct sr_identity *out, const struct sr_load *load, struct sr_error *err);
/* Its part of the options; borrows. */
void sr_identity_tell(const struct sr_identity *identity, const struct sr_load *load, struct sr_k8s_options *out);
void sr_identity_clear(struct sr_identity *identity);

#endif
