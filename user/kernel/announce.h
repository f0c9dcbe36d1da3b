/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Map `sr_announced`: for which addresses this host answers, kept as services
 * and links have it. No process is needed for the answers; what needs one is to
 * ask before, and to tell the link, for which sr_announce_refresh() is called.
 */
#ifndef SVCROUTE_KERNEL_ANNOUNCE_H
#define SVCROUTE_KERNEL_ANNOUNCE_H

#include "kernel/datapath.h"
#include "model/claims.h"

/* What is to be done with the addresses that the programmed services want. */
struct sr_announce_config {
	char *const *devices; /* where they are announced, or SR_ANNOUNCE_UPLINKS; none: nowhere */
	size_t num_devices;
	uint8_t route_protocol; /* routes to them have this number; 0: there are none */
};

/*
 * Do it. Addresses that are not held yet are asked for first, outside of the
 * instance's lock: up to 7 s. Then the link is told of new ones, or of all.
 * `out`: what has become of each.
 */
int sr_announce_refresh(struct sr_claims *out, const char *instance, const struct sr_announce_config *config,
			bool tell_all, struct sr_error *err);

/* A device's link is down: its addresses have to be asked for when it returns. */
int sr_announce_suspend(const char *instance, uint32_t ifindex, struct sr_error *err);

/* What was heard of those held: others that claim them, too, or to whom they were ceded. */
int sr_announce_note(const char *instance, const struct sr_claims *known, struct sr_error *err);

/* What the map says, by address. */
int sr_announce_read(const struct sr_datapath *datapath, struct sr_claims *out, struct sr_error *err);

/* Before an instance goes: devices need not listen for its addresses any longer, and its routes go. */
void sr_announce_leave(const struct sr_datapath *datapath);

#endif
