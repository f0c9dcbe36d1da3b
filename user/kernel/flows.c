// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/flows.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "kernel/conn_table.h"
#include "kernel/halves.h"
#include "kernel/instance.h"

/* --- what a plan touches ------------------------------------------------------------------ */

static bool flows_is_served(const struct sr_frontend_spec *frontend)
{
	return frontend && frontend->kind != SR_FRONTEND_PASS && frontend->kind != SR_FRONTEND_RESERVED;
}

static bool flows_lose_frontend(const struct sr_service *was, const struct sr_service *want)
{
	for (size_t i = 0; was && i < was->num_frontends; i++) {
		const struct sr_frontend_spec *frontend = &was->frontends[i];

		if (flows_is_served(frontend) && !(want && flows_is_served(sr_service_frontend(want, &frontend->at))))
			return true;
	}
	return false;
}

static bool flows_lose_endpoint(const struct sr_service *was, const struct sr_service *want)
{
	size_t i = 0, j = 0;

	while (was && i < was->num_endpoints) {
		int heads = sr_apply_endpoint_heads(was, i, want, j);

		if (heads < 0)
			return true;
		i += heads == 0;
		j++;
	}
	return false;
}

static bool flows_is_backend(const struct sr_tables *tables, const struct sr_hostport *at)
{
	for (uint32_t i = 1; i < tables->max_backends; i++) {
		const struct sr_backend *backend = &tables->backend[i];

		if (tables->backend_live[i] && backend->port == at->port && backend->proto == at->proto &&
		    sr_addr_compare(&backend->addr, &at->addr) == 0)
			return true;
	}
	return false;
}

static bool flows_is_chained(const struct sr_tables *tables, const struct sr_service *service)
{
	for (size_t i = 0; i < service->num_frontends; i++)
		if (flows_is_backend(tables, &service->frontends[i].at))
			return true;
	return false;
}

bool sr_flows_are_touched(const struct sr_apply *apply)
{
	for (size_t i = 0; i < apply->num; i++) {
		const struct sr_service *was = apply->item[i].op->was, *want = apply->item[i].op->want;

		if (!was || was->proto != IPPROTO_UDP)
			continue;
		if (flows_lose_frontend(was, want) ||
		    (flows_lose_endpoint(was, want) && flows_is_chained(apply->tables, was)))
			return true;
	}
	return false;
}

/* --- which flows that ends ---------------------------------------------------------------- */

struct stale_flow {
	struct sr_tuple from;
	uint32_t created;
};

struct flows {
	const struct sr_datapath *datapath;
	const struct sr_tables *tables;
	struct sr_hostport *backend; /* in use, sorted; made when it is first asked for */
	size_t num_backends;
	struct stale_flow *stale;
	size_t num_stale;
};

static void flows_clear(struct flows *flows)
{
	free(flows->backend);
	free(flows->stale);
}

bool sr_flows_frontend_leads_to(const struct sr_datapath *datapath, const struct sr_tables *tables,
				const struct sr_frontend_key *frontend, uint32_t backend)
{
	struct sr_frontend found;

	return bpf_map_lookup_elem(datapath->map_fd[SR_MAP_FRONTENDS], frontend, &found) == 0 &&
	       found.kind != SR_FRONTEND_PASS && found.kind != SR_FRONTEND_RESERVED && backend < tables->max_backends &&
	       tables->backend[backend].service == found.service;
}

static int flows_compare(const void *a, const void *b)
{
	return sr_hostport_compare(a, b);
}

static int flows_list_backends(struct flows *flows)
{
	for (uint32_t i = 1; i < flows->tables->max_backends; i++) {
		const struct sr_backend *backend = &flows->tables->backend[i];
		struct sr_hostport *place;

		if (!(backend->generation & 1) || backend->proto != IPPROTO_UDP)
			continue;
		place = sr_array_add(&flows->backend, &flows->num_backends, sizeof(*place));
		if (!place)
			return -ENOMEM;
		place->addr = backend->addr;
		place->port = backend->port;
		place->proto = backend->proto;
	}
	qsort(flows->backend, flows->num_backends, sizeof(*flows->backend), flows_compare);
	return 0;
}

/* 1: the last link of a chain is still some service's backend; 0: it is not; < 0: no memory. */
static int flows_has_backend(struct flows *flows, const struct sr_hostport *last)
{
	int r = flows->backend ? 0 : flows_list_backends(flows);

	return r < 0 ? r : !!bsearch(last, flows->backend, flows->num_backends, sizeof(*flows->backend), flows_compare);
}

/* Either half tells both ends: who was called, and who answers. */
static void flows_ends(const struct sr_conn *conn, struct sr_frontend_key *called, struct sr_hostport *answers)
{
	bool is_reply = conn->to.flags & SR_CONN_REPLY;

	called->addr = is_reply ? conn->to.src : conn->from.dst;
	called->port = is_reply ? conn->to.sport : conn->from.dport;
	called->proto = answers->proto = conn->from.proto;
	answers->addr = is_reply ? conn->from.src : conn->to.dst;
	answers->port = is_reply ? conn->from.sport : conn->to.dport;
}

static int flows_is_stale(struct flows *flows, const struct sr_conn *conn)
{
	const struct sr_backend *backend = &flows->tables->backend[conn->backend];
	struct sr_frontend_key called = {};
	struct sr_hostport answers = {};
	int r;

	flows_ends(conn, &called, &answers);
	if (!sr_flows_frontend_leads_to(flows->datapath, flows->tables, &called, conn->backend))
		return true;
	if (backend->port == answers.port && sr_addr_compare(&backend->addr, &answers.addr) == 0)
		return false;
	r = flows_has_backend(flows, &answers);
	return r < 0 ? r : !r;
}

static int flows_look(const struct sr_conn *conn, void *context)
{
	struct flows *flows = context;
	struct stale_flow *place;
	int r;

	/* One whose own backend is gone notices that itself. */
	if (conn->from.proto != IPPROTO_UDP || conn->backend >= flows->tables->max_backends ||
	    flows->tables->backend[conn->backend].generation != conn->generation)
		return 0;
	r = flows_is_stale(flows, conn);
	if (r <= 0)
		return r;
	place = sr_array_add(&flows->stale, &flows->num_stale, sizeof(*place));
	if (!place)
		return -ENOMEM;
	place->from = conn->from;
	place->created = conn->created;
	return 0;
}

/* Unless it has begun anew since. */
static int flows_forget(struct sr_conn_table *table, const struct stale_flow *stale)
{
	struct sr_conn conn;

	if (!sr_conn_table_get(table, &stale->from, &conn) || conn.created != stale->created)
		return 0;
	return sr_conn_table_remove(table, &stale->from);
}

int sr_flows_forget_stale(struct sr_datapath *datapath, const struct sr_tables *tables)
{
	__attribute__((cleanup(flows_clear))) struct flows flows = {.datapath = datapath, .tables = tables};
	struct sr_conn_table *table = sr_datapath_conns(datapath, NULL);
	int r = table ? sr_conn_table_each(table, flows_look, &flows) : -EIO;

	for (size_t i = 0; r == 0 && i < flows.num_stale; i++)
		r = flows_forget(table, &flows.stale[i]);
	return r;
}
