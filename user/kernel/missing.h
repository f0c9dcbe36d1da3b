/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What should be attached, and is not: taken off by others, or never put on a device that came later. */
#ifndef SVCROUTE_KERNEL_MISSING_H
#define SVCROUTE_KERNEL_MISSING_H

#include "kernel/attach.h"

struct sr_program;

/*
 * Call `visit` for each program that `config` wants and `attached`, of
 * sr_attach_list(), has not: under XDP auto only where it was attached once.
 * Devices that do not exist are passed over. 0, -errno, or what `visit` returned.
 */
int sr_attach_each_missing(const struct sr_datapath *datapath, const struct sr_attach_config *config,
			   const struct sr_attachments *attached,
			   int (*visit)(const char *where, const struct sr_program *program, void *context),
			   void *context, struct sr_error *err);

/* The number of uplinks that were served and are gone. */
int sr_attach_count_gone(const struct sr_datapath *datapath, unsigned int *num, struct sr_error *err);

#endif
