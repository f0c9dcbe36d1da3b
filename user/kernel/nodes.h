/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Map `sr_nodes`: where the backends of other nodes live, for --dsr. */
#ifndef SVCROUTE_KERNEL_NODES_H
#define SVCROUTE_KERNEL_NODES_H

#include <stddef.h>

#include "kernel/datapath.h"
#include "model/homes.h"

struct sr_error;

/* What the map says; `out` is owned. */
int sr_nodes_read(const struct sr_datapath *datapath, struct sr_homes *out, struct sr_error *err);
/* Make the map say what `homes` does. */
int sr_nodes_write(const struct sr_datapath *datapath, const struct sr_homes *homes, struct sr_error *err);

#endif
