/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP on a device: in which mode, or why not. */
#ifndef SVCROUTE_KERNEL_ATTACH_XDP_H
#define SVCROUTE_KERNEL_ATTACH_XDP_H

#include "kernel/attach.h"
#include "kernel/links.h"

#define SR_XDP_NOTE_SIZE 1100

/* -EBUSY: another's XDP program is on the device. */
int sr_xdp_check(const struct sr_datapath *datapath, const struct sr_spot *spot, struct sr_error *err);

/*
 * Have the program on the device in a mode. 1: attached, now; 0: it was;
 * -EAGAIN, in mode auto: XDP will not do here, and `note` says why. Any other
 * -errno: `err`.
 */
int sr_xdp_ensure(const struct sr_datapath *datapath, const struct sr_spot *spot, enum sr_xdp_mode mode,
		  char note[SR_XDP_NOTE_SIZE], struct sr_error *err);

/* "native", "generic", "offloaded", or "?": how XDP is attached to a device. */
const char *sr_xdp_mode_of(uint32_t ifindex);

#endif
