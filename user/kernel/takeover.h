/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* While connections change hands, packets that we have no entry for are netfilter's (map `sr_takeover`). */
#ifndef SVCROUTE_KERNEL_TAKEOVER_H
#define SVCROUTE_KERNEL_TAKEOVER_H

#include "kernel/datapath.h"

/* From now on, when no packet is under way to which that did not apply. It ends by itself after a minute. */
int sr_takeover_begin(const struct sr_datapath *datapath, enum sr_takeover_level level, struct sr_error *err);
void sr_takeover_end(const struct sr_datapath *datapath);

#endif
