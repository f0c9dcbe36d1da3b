/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Map `sr_sources`: from where a service's LoadBalancer frontends may be called. */
#ifndef SVCROUTE_KERNEL_SOURCES_H
#define SVCROUTE_KERNEL_SOURCES_H

#include <stddef.h>

#include "kernel/datapath.h"
#include "model/plan.h"

/* How many entries a plan adds. */
size_t sr_sources_num_new(const struct sr_plan *plan);

/* Write those that `want` has and `was` has not; either may be NULL. */
int sr_sources_write(const struct sr_datapath *datapath, uint32_t service, const struct sr_op *op,
		     struct sr_error *err);
/* Delete those that `was` has and `want` has not. */
int sr_sources_delete(const struct sr_datapath *datapath, uint32_t service, const struct sr_op *op,
		      struct sr_error *err);

/* The network of an entry. */
struct sr_cidr sr_source_network(const struct sr_source_key *key);

#endif
