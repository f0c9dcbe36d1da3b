/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the maps say, read as services; and a plan, written to them so that at
 * no moment a packet sees half of it.
 */
#ifndef SVCROUTE_KERNEL_MAPS_H
#define SVCROUTE_KERNEL_MAPS_H

#include "kernel/datapath.h"
#include "model/plan.h"

/* Limits and use of the maps, for `status`. */
struct sr_usage {
	uint32_t services, max_services;
	uint32_t frontends, max_frontends;
	uint32_t endpoints, max_endpoints;
	uint32_t slots, max_slots;
	uint32_t connections, max_connections;	       /* established */
	uint32_t new_connections, max_new_connections; /* not yet proven */
	uint32_t addresses, max_addresses;	       /* of frontends, each once */
	uint32_t sources, max_sources;		       /* loadBalancerSourceRanges of all services */
	uint32_t affinity, max_affinity;	       /* clients that have a backend */
};

/* Read what is programmed, sorted by identity. */
int sr_maps_read(struct sr_datapath *datapath, struct sr_services *out, struct sr_error *err);

/*
 * Carry out a plan whose `was` sides came from sr_maps_read() on the same
 * datapath (opened for writing). Make before break: backends, slots, services,
 * frontends; only then deletions. -ENOSPC: a map is full, `err` says which and
 * its size; this is found before anything is written.
 *
 * The `want` sides are given the ids of what was written: they are what
 * sr_maps_read() would say, and may be the `was` sides of the next plan. A plan
 * that moves no frontend may leave out services that stay as they are. It costs
 * what changes, but for the first on a datapath, which looks through all.
 */
int sr_maps_apply(struct sr_datapath *datapath, const struct sr_plan *plan, struct sr_error *err);

/* Is there room for a plan? As sr_maps_apply() finds it, on a rehearsal. */
int sr_maps_check(struct sr_datapath *datapath, const struct sr_plan *plan, struct sr_error *err);

/* Connections by backend: a malloc'd array indexed by sr_endpoint.id. */
int sr_maps_count_connections(struct sr_datapath *datapath, uint32_t **counts, size_t *num, struct sr_error *err);

int sr_maps_usage(struct sr_datapath *datapath, struct sr_usage *out, struct sr_error *err);

/* Sums over the CPUs, by sr_reason_index(). */
int sr_maps_counters(struct sr_datapath *datapath, struct sr_counter out[SR_REASON_MAX], struct sr_error *err);

/* The options kept with the instance, as JSON text (malloc'd; "{}" if none). */
int sr_maps_read_settings(struct sr_datapath *datapath, char **json, struct sr_error *err);
int sr_maps_write_settings(struct sr_datapath *datapath, const char *json, struct sr_error *err);

#endif
