/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The map `sr_announced` itself, and the multicast groups that its IPv6 addresses need. */
#ifndef SVCROUTE_KERNEL_ANNOUNCE_MAP_H
#define SVCROUTE_KERNEL_ANNOUNCE_MAP_H

#include "kernel/instance.h"
#include "model/claims.h"

/* Have a device listen for solicitations of an address (IPv6), or stop it. IPv4 has broadcasts. */
void sr_announce_join(const struct sr_claim *claim);

/*
 * Make the map what `want` says: what it lacks goes, what is decided (state) is
 * written, the rest stays; groups of what goes or is not held are left. `want`
 * is told of addresses whose route is another's.
 */
int sr_announce_sync(const struct sr_datapath *datapath, struct sr_claims *want, struct sr_error *err);

#endif
