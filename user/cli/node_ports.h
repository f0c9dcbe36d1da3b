/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* --nodeport-addresses: "primary", "all", or networks with a comma between. */
#ifndef SVCROUTE_CLI_NODE_PORTS_H
#define SVCROUTE_CLI_NODE_PORTS_H

#include "model/k8s.h"

struct sr_node_port_addresses {
	enum sr_node_ports which;
	struct sr_cidr *cidr;
	size_t num_cidrs;
};

/* NULL: the default. -EINVAL: `err` says what was expected. `out` is to be cleared in either case. */
int sr_node_port_addresses_parse(struct sr_node_port_addresses *out, const char *text, struct sr_error *err);
void sr_node_port_addresses_clear(struct sr_node_port_addresses *addresses);

#endif
