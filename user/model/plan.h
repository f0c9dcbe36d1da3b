/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The planner: what must change so that what is programmed becomes what is
 * desired. Everything that changes maps goes through it.
 */
#ifndef SVCROUTE_MODEL_PLAN_H
#define SVCROUTE_MODEL_PLAN_H

#include "model/service.h"

enum sr_op_kind {
	SR_OP_KEEP,
	SR_OP_ADD,
	SR_OP_CHANGE,
	SR_OP_REMOVE,
};

/* Pointers lead into the lists that sr_plan_make() was given. */
struct sr_op {
	enum sr_op_kind kind;
	const struct sr_service *was; /* NULL for ADD */
	struct sr_service *want;      /* NULL for REMOVE; who carries the plan out notes ids in it */
};

/* One op for each service on either side, sorted by identity. */
struct sr_plan {
	struct sr_op *op;
	size_t num;
};

/*
 * Compare two sorted lists in one walk. The plan refers to both lists: they
 * must outlive it. Services of `programmed` for which `may_remove` is false
 * are kept though `desired` lacks them; `may_remove` NULL means all may go.
 *
 * -EEXIST: a frontend would belong to two services; `err` names both. 0 or
 * -ENOMEM else.
 */
int sr_plan_make(struct sr_plan *out, const struct sr_services *programmed, const struct sr_services *desired,
		 bool (*may_remove)(const struct sr_service *), struct sr_error *err);
bool sr_plan_is_empty(const struct sr_plan *plan);
void sr_plan_clear(struct sr_plan *plan);

#define sr_autoplan __attribute__((cleanup(sr_plan_clear)))

#endif
