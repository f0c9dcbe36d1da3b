/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The instance that a command works on, opened with words for the user. */
#ifndef SVCROUTE_CLI_INSTANCE_H
#define SVCROUTE_CLI_INSTANCE_H

#include "cli/command.h"
#include "kernel/datapath.h"

/* As sr_datapath_open(); -ENOENT says what to do first. */
int sr_instance_open(struct sr_datapath **out, const struct sr_globals *globals, enum sr_access access,
		     struct sr_error *err);

#endif
