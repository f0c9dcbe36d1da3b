/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* --max: how much maps are to have room for. */
#ifndef SVCROUTE_CLI_SIZES_H
#define SVCROUTE_CLI_SIZES_H

#include "kernel/datapath.h"

/* "services=N,backends=N,connections=N", of which some may be missing. -EINVAL. */
int sr_sizes_parse(struct sr_sizes *out, const char *text, struct sr_error *err);

#endif
