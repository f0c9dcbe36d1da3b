/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SVCROUTE_KERNEL_FIREWALL_H
#define SVCROUTE_KERNEL_FIREWALL_H

#include <stdbool.h>

#include "kernel/lines.h"

/*
 * Add a line for each chain that drops what it does not know at the forward
 * hook, and for kube-proxy's rules. Asks nft, and iptables-legacy where that
 * holds tables; without these tools nothing is found. 0 or -ENOMEM.
 */
int sr_firewall_look(struct sr_lines *lines);

/*
 * Does netfilter translate connections here? Only while there is a chain for
 * that, whatever it holds. True also where no tool can tell.
 */
bool sr_firewall_has_nat(void);

#endif
