/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Asking a link whether an address is in use, and telling it that it is ours. */
#ifndef SVCROUTE_KERNEL_PROBE_H
#define SVCROUTE_KERNEL_PROBE_H

#include "kernel/netdev.h"
#include "model/claims.h"

/*
 * RFC 5227, section 1.1: PROBE_WAIT, PROBE_NUM, PROBE_MIN, PROBE_MAX, ANNOUNCE_WAIT.
 * A claim that nobody objects to takes 4 to 7 s: how long exactly is left to chance,
 * lest machines that were switched on at once ask in step.
 */
#define SR_PROBE_START_MS  1000
#define SR_PROBE_NUM	   3
#define SR_PROBE_MIN_MS	   1000
#define SR_PROBE_MAX_MS	   2000
#define SR_PROBE_WAIT_MS   2000
#define SR_PROBE_HOLDER_MS 500 /* who had an address is asked before all others are */

/*
 * Decide the claims whose state is 0; `mac` says who had them, if anybody: held, in use, or waiting, where the device
 * is down. Returns as soon as all are decided. 0 or -errno.
 */
int sr_probe(struct sr_claims *claims, const struct sr_netdevs *netdevs, struct sr_error *err);

/* Tell the link of the claims that are held, or of those only that are new. */
int sr_probe_announce(const struct sr_claims *claims, const struct sr_netdevs *netdevs, bool only_new,
		      struct sr_error *err);

#endif
