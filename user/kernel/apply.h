/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A plan on its way into the maps: first all that it needs is set aside
 * (apply_prepare.c), then it is written (maps_apply.c), which cannot run full.
 */
#ifndef SVCROUTE_KERNEL_APPLY_H
#define SVCROUTE_KERNEL_APPLY_H

#include "base/indexes.h"
#include "kernel/addresses.h"
#include "kernel/instance.h"
#include "kernel/map_put.h"
#include "kernel/tables.h"
#include "model/plan.h"
#include "model/shares.h"

/* The slots of one of a service's sets. */
struct sr_apply_run {
	bool is_new;
	uint64_t run; /* sr_run(), if it is new; and its shares */
	uint64_t was; /* the one before */
	struct sr_shares shares;
};

/* One op that is not KEEP. */
struct sr_apply_item {
	const struct sr_op *op;
	uint32_t id;	   /* of the service */
	uint32_t *backend; /* indexes of op->want->endpoints */
	struct sr_apply_run run[SR_SETS];
};

struct sr_apply {
	struct sr_datapath *datapath;
	struct sr_tables *tables; /* the datapath's */
	struct sr_indexes services;
	struct sr_indexes backends;
	struct sr_indexes slots;
	struct sr_apply_item *item;
	size_t num;
	enum sr_map map; /* that is being written, by */
	struct sr_map_put put;
	struct sr_addresses addresses;
	uint32_t *gone; /* backends to be freed at the end */
	size_t num_gone;
};

/* Set aside ids, indexes and runs. -ENOSPC: `err` says what is full. */
int sr_apply_prepare(struct sr_apply *apply, struct sr_datapath *datapath, const struct sr_plan *plan,
		     struct sr_error *err);
void sr_apply_clear(struct sr_apply *apply);
#define sr_autoapply __attribute__((cleanup(sr_apply_clear)))

/*
 * Which of two sorted lists of endpoints has the smaller head: < 0 the first,
 * > 0 the second, 0 both have the same. A list at its end, or NULL, has none.
 */
int sr_apply_endpoint_heads(const struct sr_service *a, size_t i, const struct sr_service *b, size_t j);

#endif
