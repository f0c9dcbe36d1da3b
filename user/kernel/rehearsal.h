/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A load's first steps, those that touch nothing: its maps are made, and what is
 * there is copied into those that would replace others. So what they refuse is
 * refused before, in the same words.
 */
#ifndef SVCROUTE_KERNEL_REHEARSAL_H
#define SVCROUTE_KERNEL_REHEARSAL_H

#include "kernel/instance.h"

/*
 * The maps into `datapath`, whose state is open. *replaced: malloc'd, "sr_services
 * (32768 -> 101), sr_conns"; NULL: none would be. -ENOSPC: more is in use than the
 * new size; -EPROTO: what is there cannot be carried over.
 */
int sr_rehearsal_open(struct sr_datapath *datapath, const struct sr_sizes *sizes, char **replaced,
		      struct sr_error *err);

#endif
