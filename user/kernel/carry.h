/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a map holds, into another of other size or with other values (migration.h). */
#ifndef SVCROUTE_KERNEL_CARRY_H
#define SVCROUTE_KERNEL_CARRY_H

#include "kernel/instance.h"

enum sr_carry {
	SR_CARRY_ALL,	  /* nobody reads the new map yet */
	SR_CARRY_MISSING, /* what it does not have */
};

/*
 * Of a map, from `fd` to where all the new ones are, by map. What values have
 * grown by is 0. Of connections only what is live; with SR_CARRY_ALL none: programs
 * look for them in both tables, and the old one is full of what is over. Of what
 * reasons number, nothing. `state`: the instance's. -ENOSPC: more is in use than the new map has room for.
 */
int sr_carry(enum sr_map map, int fd, const int to[SR_MAP_MAX], const struct sr_state *state, enum sr_carry what,
	     struct sr_error *err);

#endif
