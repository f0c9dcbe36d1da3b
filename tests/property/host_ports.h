/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Host ports: pods of this node that its own addresses lead to. What clusters have of them, and what they mean. */
#ifndef TESTS_PROPERTY_HOST_PORTS_H
#define TESTS_PROPERTY_HOST_PORTS_H

#include "rules.h"

/* This node has so many addresses. */
#define HOST_PORT_ANY 2

struct sr_addr host_port_addr(unsigned int at, int family);
void host_port_make(struct cluster_host_port *out, unsigned int index, struct random *random);
/* Its Pod. */
json_t *host_port_manifest(const struct cluster_host_port *port, unsigned int index);

/* rules->cluster has become another. */
void host_ports_take(struct rules *rules);
struct rules_port *host_ports_find(struct rules *rules, const struct sr_addr *addr, uint16_t number, uint8_t proto);

#endif
