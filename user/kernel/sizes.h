/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How many elements each map has, by what `load --max` asks for. */
#ifndef SVCROUTE_KERNEL_SIZES_H
#define SVCROUTE_KERNEL_SIZES_H

#include "kernel/instance.h"

/* `usual`: what the map is compiled with, which is never undercut but in what was asked for. */
uint32_t sr_sizes_of(enum sr_map map, const struct sr_sizes *sizes, uint32_t usual);

#endif
