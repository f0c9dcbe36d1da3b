// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From us to netfilter, which may translate a packet as well as we as soon as it
 * has the connection: until our programs are gone those that meet them pass the
 * stack by (SR_CONN_PAST), as in adopt.c.
 */
#include "kernel/handback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/conns.h"
#include "kernel/ctnetlink.h"
#include "kernel/firewall.h"
#include "kernel/halves.h"
#include "kernel/sites.h"
#include "kernel/tables.h"
#include "kernel/takeover.h"
#include "kernel/timeouts.h"

struct handback {
	struct sr_datapath *datapath;
	struct sr_ctnetlink *netlink;
	struct sr_sites *sites;
	struct sr_conn_found *item; /* that change hands */
	size_t num;
	struct sr_fates *fates;
};

static void handback_clear(struct handback *handback)
{
	free(handback->item);
	sr_sites_close(handback->sites);
	sr_ctnetlink_close(handback->netlink);
}

static enum sr_fate handback_judge(const struct sr_conn_found *conn)
{
	struct sr_nat nat;

	if (!conn->flow.of_service)
		return SR_FATE_NONE;
	if (conn->half.to.flags & SR_CONN_CLIENT_HOST)
		return SR_FATE_HOST_CLIENT;
	sr_takeover_nat(&nat, &conn->flow);
	return sr_takeover_fate(&nat, true, SR_SITE_OURS, SR_SITE_OURS);
}

static int handback_note(const struct sr_conn_found *conn, void *context)
{
	struct handback *handback = context;
	enum sr_fate fate = handback_judge(conn);
	struct sr_conn_found *place;

	if (fate != SR_FATE_CHANGES) {
		handback->fates->num[fate]++;
		return 0;
	}
	place = sr_array_add(&handback->item, &handback->num, sizeof(*place));
	if (!place)
		return -ENOMEM;
	*place = *conn;
	return 0;
}

/* Packets to an endpoint that no device of ours leads to cannot pass the stack by: they wait. */
static bool handback_is_held(const struct handback *handback, const struct sr_conn_found *conn)
{
	return sr_sites_find(handback->sites, &conn->flow.backend.addr) != SR_SITE_OURS;
}

static void handback_keep_out_of_stack(const struct handback *handback, const struct sr_conn_found *conn)
{
	bool is_reply = conn->half.to.flags & SR_CONN_REPLY, is_held = handback_is_held(handback, conn);
	struct sr_tuple other = sr_half_peer(&conn->half);
	const struct sr_tuple *call = is_reply ? &other : &conn->half.from;
	const struct sr_tuple *answer = is_reply ? &conn->half.from : &other;

	sr_half_mark(handback->datapath, call, SR_CONN_PAST | (is_held ? SR_CONN_HELD : 0), 0);
	if (!is_held)
		sr_half_mark(handback->datapath, answer, SR_CONN_PAST, 0);
}

/*
 * What netfilter has of it so far, and what may be left of before our time,
 * makes room. An answer may bring the former back in between.
 */
static int handback_give(const struct handback *handback, const struct sr_conn_found *conn)
{
	struct sr_ct ct = {.timeout = conn->flow.left + 1};
	struct sr_nat plain;
	int r = -EEXIST;

	sr_takeover_nat(&ct.nat, &conn->flow);
	sr_takeover_plain(&plain, &ct.nat);
	for (int i = 0; r == -EEXIST && i < 5; i++) {
		sr_ctnetlink_remove(handback->netlink, &plain.call);
		sr_ctnetlink_remove(handback->netlink, &ct.nat.call);
		r = sr_ctnetlink_add(handback->netlink, &ct);
	}
	return r;
}

/*
 * From now on netfilter alone translates what the client sends. The answers'
 * half stays: it turns what netfilter did not.
 */
static void handback_let_go(const struct handback *handback, const struct sr_conn_found *conn)
{
	struct sr_conn half;
	struct sr_nat nat;

	sr_takeover_nat(&nat, &conn->flow);
	sr_takeover_bystander(&half, &nat);
	half.created = half.seen = sr_ticks_now();
	sr_half_put(handback->datapath, &half);
}

static int handback_one(const struct handback *handback, const struct sr_conn_found *conn)
{
	int r = handback_give(handback, conn);

	if (handback_is_held(handback, conn))
		handback_let_go(handback, conn);
	handback->fates->num[r == -EEXIST ? SR_FATE_CLASH : SR_FATE_CHANGES]++;
	return r == -EEXIST ? 0 : r;
}

static int handback_all(const struct handback *handback, struct sr_error *err)
{
	int r = 0;

	for (size_t i = 0; i < handback->num; i++)
		handback_keep_out_of_stack(handback, &handback->item[i]);
	sr_tables_wait_for_packets();
	for (size_t i = 0; r == 0 && i < handback->num; i++)
		r = handback_one(handback, &handback->item[i]);
	return r < 0 ? sr_fail(err, r, "netfilter does not take a connection: %s", strerror(-r)) : 0;
}

static int handback_open(struct handback *handback, struct sr_error *err)
{
	int r = sr_ctnetlink_open(&handback->netlink, err);

	if (r == 0 && !sr_firewall_has_nat())
		r = sr_fail(err, -ENOENT,
			    "netfilter has no chain of type nat, so it would translate nothing: restore "
			    "kube-proxy's rules first");
	if (r == 0)
		r = sr_sites_open(&handback->sites, handback->datapath, NULL, err);
	return r;
}

int sr_handback(struct sr_datapath *datapath, struct sr_fates *out, struct sr_error *err)
{
	__attribute__((cleanup(handback_clear))) struct handback handback = {.datapath = datapath, .fates = out};
	int r;

	memset(out, 0, sizeof(*out));
	r = handback_open(&handback, err);
	if (r == 0)
		r = sr_takeover_begin(datapath, SR_TAKEOVER_ALL, err);
	if (r == 0)
		r = sr_conns_each(datapath, handback_note, &handback, err);
	if (r == 0)
		r = handback_all(&handback, err);
	if (r < 0)
		sr_takeover_end(datapath);
	return r;
}
