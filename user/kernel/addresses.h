/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Map `sr_addresses`: which addresses bear a frontend. A packet looks there
 * first: an address is told before its first frontend comes, and forgotten
 * after its last one has gone.
 */
#ifndef SVCROUTE_KERNEL_ADDRESSES_H
#define SVCROUTE_KERNEL_ADDRESSES_H

#include <stddef.h>

#include "kernel/datapath.h"
#include "model/plan.h"

struct sr_address_change {
	struct sr_addr addr;
	uint32_t was, want; /* enum sr_address_flags; 0: it bears no frontend */
};

struct sr_addresses {
	struct sr_address_change *item;
	size_t num;
};

/*
 * What a plan changes: the addresses of those frontends that come, go or turn
 * into another kind. A plan that changes endpoints alone costs nothing. 0 or
 * -ENOMEM.
 */
int sr_addresses_plan(struct sr_addresses *out, const struct sr_plan *plan);
void sr_addresses_clear(struct sr_addresses *addresses);
#define sr_autoaddresses __attribute__((cleanup(sr_addresses_clear)))

/* Before frontends are written: the new ones, which refuse nothing yet. */
int sr_addresses_begin(const struct sr_datapath *datapath, const struct sr_addresses *addresses, struct sr_error *err);
/* When they are: what is refused from now on, and what no longer. */
int sr_addresses_settle(const struct sr_datapath *datapath, const struct sr_addresses *addresses, struct sr_error *err);
/* When those that go have gone. */
int sr_addresses_end(const struct sr_datapath *datapath, const struct sr_addresses *addresses, struct sr_error *err);

/* Make them what follows from the frontends that are programmed. */
int sr_addresses_mend(const struct sr_datapath *datapath, struct sr_error *err);

#endif
