/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Routes for announced addresses, for a routing daemon to export: black holes
 * of a protocol number that is ours alone. (Daemons do not read local routes.)
 * Packets never come to them: those to a service are translated before routing.
 */
#ifndef SVCROUTE_KERNEL_ROUTES_H
#define SVCROUTE_KERNEL_ROUTES_H

#include "model/addr_set.h"

struct sr_error;

/*
 * Have a route to each address in the main table, and no others of that
 * protocol. `taken` is given those to which somebody else's leads. 0 or -errno.
 */
int sr_routes_sync(uint8_t protocol, const struct sr_addr_set *want, struct sr_addr_set *taken, struct sr_error *err);

#endif
