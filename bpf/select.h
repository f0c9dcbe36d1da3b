/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which of a service's backends a new flow is given. */
#ifndef BPF_SELECT_H
#define BPF_SELECT_H

#include "lookup.h"

/*
 * Draw a slot of a service at random: its backend's address goes into `to`, its
 * index and generation into `conn`.
 */
static __always_inline int backend_draw(__u32 service, struct sr_conn *conn)
{
	struct sr_service_entry *entry = bpf_map_lookup_elem(&sr_services, &service);
	struct sr_backend *backend;
	__u32 slot, *index;
	__u64 run;

	if (!entry)
		return SR_DROP_NO_ENDPOINT;

	/* One load: the old set of backends or the new one. */
	run = READ_ONCE(entry->run[SR_SET_CLUSTER]);
	if (!sr_run_count(run))
		return SR_DROP_NO_ENDPOINT;

	slot = sr_run_base(run) + (__u32)(((__u64)bpf_get_prandom_u32() * sr_run_count(run)) >> 32);
	index = bpf_map_lookup_elem(&sr_slots, &slot);
	if (!index)
		return SR_DROP_NO_ENDPOINT;

	conn->backend = READ_ONCE(*index);
	backend = bpf_map_lookup_elem(&sr_backends, &conn->backend);
	if (!backend || !backend_is_in_use(backend))
		return SR_DROP_NO_ENDPOINT;

	conn->to.dst = backend->addr;
	conn->to.dport = backend->port;
	conn->generation = backend->generation;
	return SR_OK;
}

/* A backend may be a frontend in its turn (90 → 85 → 80); this often at most. */
#define SELECT_MAX_CHAIN 4

/*
 * Choose a backend of `service` for a new connection, and follow it while it
 * is itself a frontend: `conn->to` is where the packets really go. The
 * connection depends on the service's own backend, the first one.
 */
static __always_inline int backend_select(__u32 service, struct sr_conn *conn)
{
	struct frontend next = {.service = service};
	__u32 generation = 0, backend = 0;

	for (int i = 0; i < SELECT_MAX_CHAIN; i++) {
		__u32 current = next.service;
		int ret = backend_draw(current, conn);

		if (ret != SR_OK)
			return ret;
		if (i == 0) {
			backend = conn->backend;
			generation = conn->generation;
		}
		ret = frontend_lookup(&conn->to.dst, conn->to.dport, conn->from.proto, &next);
		/* A frontend that leads to itself is a plain address. */
		if (ret != SR_OK || next.service == current) {
			conn->backend = backend;
			conn->generation = generation;
			return SR_OK;
		}
	}
	return SR_DROP_CHAIN;
}

#endif
