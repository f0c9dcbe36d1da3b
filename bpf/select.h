/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which of a service's backends a new flow is given. */
#ifndef BPF_SELECT_H
#define BPF_SELECT_H

#include "affinity.h"
#include "dispatch.h"
#include "svcroute/maglev.h"

/* Backend `index` for the connection. NULL: it is free. */
static __always_inline struct sr_backend *backend_take(__u32 index, struct sr_conn *conn)
{
	struct sr_backend *backend = bpf_map_lookup_elem(&sr_backends, &index);

	if (!backend || !backend_is_in_use(backend))
		return NULL;
	conn->backend = index;
	conn->generation = READ_ONCE(backend->generation);
	conn->to.dst = backend->addr;
	conn->to.dport = backend->port;
	return backend;
}

/* Draw a slot of the run at random. */
static __always_inline int backend_draw(__u64 run, struct sr_conn *conn)
{
	__u32 slot = sr_run_base(run) + (__u32)(((__u64)bpf_get_prandom_u32() * sr_run_count(run)) >> 32);
	__u32 *index = bpf_map_lookup_elem(&sr_slots, &slot);

	if (!index || !backend_take(READ_ONCE(*index), conn))
		return SR_DROP_NO_ENDPOINT;
	return SR_OK;
}

/* The backends of a run bid for a flow. */
struct auction {
	struct sr_maglev best;
	__u32 base; /* of the run */
	__u32 count;
	__u32 last; /* who was called: a backend's slots stand side by side */
};

static long auction_call(__u32 i, struct auction *auction)
{
	__u32 slot = auction->base + i;
	__u32 *index = bpf_map_lookup_elem(&sr_slots, &slot);
	struct sr_backend *backend;
	__u32 key;

	if (!index)
		return 0;
	key = READ_ONCE(*index);
	if (key == auction->last)
		return 0;
	auction->last = key;
	backend = bpf_map_lookup_elem(&sr_backends, &key);
	if (backend && backend_is_in_use(backend))
		sr_maglev_bid(&auction->best, key, &backend->addr, backend->port, READ_ONCE(backend->weight));
	return 0;
}

/*
 * The backend that any other gateway would choose, too. By affinity a client's
 * flows are one: gateways agree though each remembers its own clients only.
 */
__subprog int backend_agree(__u64 run, bool sticks, struct sr_conn *conn)
{
	struct auction auction = {.base = sr_run_base(run), .count = sr_run_count(run)};

	if (!conn)
		return SR_DROP_INTERNAL;
	auction.best.flow = sticks ? sr_maglev_client(&conn->from.src) : sr_maglev_flow(&conn->from);
	/* Where the kernel puts its loop here, it compares 64 bits: what is read anew has no others left in it. */
	bpf_loop(READ_ONCE(auction.count), auction_call, &auction, 0);
	if (!auction.best.weight || !backend_take(auction.best.backend, conn))
		return SR_DROP_NO_ENDPOINT;
	return SR_OK;
}

/* By the service's way of choosing. */
static __always_inline int backend_pick(const struct sr_service_entry *entry, __u64 run, struct sr_conn *conn)
{
	if (READ_ONCE(entry->flags) & SR_SERVICE_MAGLEV && CTX_SEES_FLOWS)
		return backend_agree(run, entry->affinity, conn);
	return backend_draw(run, conn);
}

/* The backend that the client stays with, if it is in the set that is chosen among now. */
static __always_inline bool backend_recall(const struct sr_affinity_key *key, __u32 seconds, enum sr_set set,
					   struct sr_conn *conn)
{
	__u32 index, generation;
	struct sr_backend *backend;

	if (!affinity_recall(key, seconds, &index, &generation))
		return false;
	backend = backend_take(index, conn);
	return backend && conn->generation == generation && backend->service == key->service &&
	       READ_ONCE(backend->flags) & 1 << set;
}

/* The same or, if there is none, another, with which the client stays from now on. */
static __always_inline int backend_stick(const struct sr_service_entry *entry, __u32 service, enum sr_set set,
					 __u64 run, struct sr_conn *conn)
{
	struct sr_affinity_key key = {.client = conn->from.src, .service = service};
	int ret = SR_OK;

	if (!backend_recall(&key, entry->affinity, set, conn))
		ret = backend_pick(entry, run, conn);
	if (ret == SR_OK)
		affinity_record(&key, conn->backend, conn->generation);
	return ret;
}

/*
 * A backend of the frontend's service: its address goes into `conn->to`, its
 * index and generation into `conn`. The caller is `conn->from.src`.
 */
static __always_inline int backend_choose(const struct frontend *frontend, struct sr_conn *conn, enum side from)
{
	struct sr_service_entry *entry = service_lookup(frontend->service);
	enum sr_set set;
	__u64 run;

	if (!entry)
		return SR_DROP_NO_ENDPOINT;
	if (!dispatch_is_listed(frontend, entry->flags, &conn->from.src))
		return SR_DROP_SOURCE_RANGE;

	/* One load: the old set of backends or the new one. */
	set = dispatch_set(frontend->kind, entry->flags, from, &conn->from.src);
	run = set == SR_SET_LOCAL ? READ_ONCE(entry->run[SR_SET_LOCAL]) : READ_ONCE(entry->run[SR_SET_CLUSTER]);
	if (!sr_run_count(run))
		return sr_run_count(READ_ONCE(entry->run[SR_SET_CLUSTER])) ? SR_DROP_NO_LOCAL_ENDPOINT
									   : SR_DROP_NO_ENDPOINT;
	if (entry->affinity)
		return backend_stick(entry, frontend->service, set, run, conn);
	return backend_pick(entry, run, conn);
}

/* A backend may be a frontend in its turn (90 → 85 → 80); this often at most. */
#define SELECT_MAX_CHAIN 4

/*
 * Choose a backend of `conn->service`, called by a frontend of `kind`, for a
 * new connection, and follow it while it is itself a frontend: `conn->to` is
 * where the packets really go. The connection depends on the first service's
 * own backend.
 */
__subprog int CTX_NAME(backend_select)(struct sr_conn *conn, __u32 kind, __u32 from)
{
	__u32 generation = 0, backend = 0;
	struct frontend next;

	if (!conn)
		return SR_DROP_INTERNAL;
	next = (struct frontend){.service = conn->service, .kind = kind};
	for (int i = 0; i < SELECT_MAX_CHAIN; i++) {
		__u32 current = next.service;
		int ret = backend_choose(&next, conn, from);

		if (ret != SR_OK)
			return ret;
		if (i == 0) {
			backend = conn->backend;
			generation = conn->generation;
		}
		ret = frontend_lookup(&conn->to.dst, conn->to.dport, conn->from.proto, &next);
		if (ret < 0)
			return ret;
		/* A frontend that leads to itself is a plain address. */
		if (ret > 0 || next.service == current) {
			conn->backend = backend;
			conn->generation = generation;
			return SR_OK;
		}
	}
	return SR_DROP_CHAIN;
}

#endif
