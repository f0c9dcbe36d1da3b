/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tc programs on a device: by tcx links (Linux 6.6), and by filters on a clsact
 * qdisc where the kernel has none, or where SVCROUTE_TC=clsact asks for it.
 *
 * Filters have no pins: map `sr_qdiscs` tells on which devices they are.
 */
#ifndef SVCROUTE_KERNEL_ATTACH_TC_H
#define SVCROUTE_KERNEL_ATTACH_TC_H

#include "kernel/attach.h"
#include "kernel/links.h"

/* Have the program on its hook of the device. 1: new; 0: it was there; -errno. */
int sr_tc_ensure(const struct sr_datapath *datapath, const struct sr_spot *spot, struct sr_error *err);

/* "tcx" or "clsact": what sr_tc_ensure() uses. */
const char *sr_tc_mode(void);

/* Remove our filters from devices that are not in keep[0..num_keep), and qdiscs of ours that hold none. */
int sr_tc_remove_filters(const struct sr_datapath *datapath, const uint32_t *keep, size_t num_keep,
			 struct sr_error *err);

/* Call `visit` for each of our filters that is in place. 0, or what it returned. */
int sr_tc_each_filter(const struct sr_datapath *datapath,
		      int (*visit)(uint32_t ifindex, const struct sr_program *program, uint32_t program_id,
				   void *context),
		      void *context);

#endif
