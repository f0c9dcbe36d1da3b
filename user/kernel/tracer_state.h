/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the programs have written that can matter to one flow: read from an
 * instance, for a copy of its programs to begin with. Reading by system calls
 * leaves no mark, not even in the order of an LRU list.
 */
#ifndef SVCROUTE_KERNEL_TRACER_STATE_H
#define SVCROUTE_KERNEL_TRACER_STATE_H

#include "kernel/instance.h"

struct sr_tracer_client {
	struct sr_affinity_key key;
	struct sr_affinity affinity;
};

struct sr_tracer_state {
	struct sr_conn *conns; /* of sr_conns */
	size_t num_conns;
	struct sr_tracer_client *clients; /* of sr_affinity */
	size_t num_clients;
	struct sr_addr told; /* whoever may be refused, and what is left of the patience with them */
	struct sr_refusal_budget budget;
	bool has_budget;
};

int sr_tracer_state_read(struct sr_tracer_state *out, struct sr_datapath *datapath, const struct sr_tuple *about,
			 struct sr_error *err);
int sr_tracer_state_write(const struct sr_tracer_state *state, struct sr_datapath *copy, struct sr_error *err);
void sr_tracer_state_clear(struct sr_tracer_state *state);
#define sr_autotracerstate __attribute__((cleanup(sr_tracer_state_clear)))

#endif
