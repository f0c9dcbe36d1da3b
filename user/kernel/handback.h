/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Our connections become netfilter's, without a packet lost: docs/architecture.md. */
#ifndef SVCROUTE_KERNEL_HANDBACK_H
#define SVCROUTE_KERNEL_HANDBACK_H

#include "kernel/datapath.h"
#include "model/takeover.h"

/*
 * Enter all that we translate in netfilter's table, translated there as here;
 * new flows are left to it from now on. The programs are to be detached next.
 * -ENOENT: netfilter has no chain that translates, so that nobody would.
 */
int sr_handback(struct sr_datapath *datapath, struct sr_fates *out, struct sr_error *err);

#endif
