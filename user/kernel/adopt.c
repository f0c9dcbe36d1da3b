// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From netfilter to us. While a connection is in the hands of both, its packets
 * pass the stack, and with it netfilter, by: they bear SR_CONN_PAST, as if we
 * had replaced their source. So either hand may translate any packet of it, and
 * netfilter's entry can be replaced by one that translates nothing.
 */
#include "kernel/adopt.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/ctnetlink.h"
#include "kernel/halves.h"
#include "kernel/maps.h"
#include "kernel/sites.h"
#include "kernel/tables.h"
#include "kernel/takeover.h"
#include "kernel/timeouts.h"

/* A connection of netfilter's to a service of ours. */
struct adoptee {
	struct sr_ct ct;
	const struct sr_service *service;
	enum sr_fate fate;
	struct sr_conn half; /* of SR_FATE_CHANGES: as we have it */
	bool is_held;	     /* its packets cannot pass the stack by, and wait while it changes hands */
};

struct sr_adopt {
	struct sr_datapath *datapath; /* NULL: a dry run */
	struct sr_ctnetlink *netlink;
	struct sr_sites *sites;
	struct sr_services services; /* as they are programmed */
	struct sr_frontends frontends;
	struct sr_tables tables;
	struct adoptee *item;
	size_t num;
};

static void adopt_forget_list(struct sr_adopt *adopt)
{
	free(adopt->item);
	adopt->item = NULL;
	adopt->num = 0;
}

void sr_adopt_close(struct sr_adopt *adopt)
{
	if (!adopt)
		return;
	if (adopt->datapath) {
		sr_takeover_end(adopt->datapath);
		sr_tables_close(&adopt->tables);
	}
	adopt_forget_list(adopt);
	sr_frontends_clear(&adopt->frontends);
	sr_services_clear(&adopt->services);
	sr_sites_close(adopt->sites);
	sr_ctnetlink_close(adopt->netlink);
	free(adopt);
}

/* --- which there are ---------------------------------------------------------------------- */

static int adopt_note(const struct sr_ct *ct, void *context)
{
	struct sr_adopt *adopt = context;
	const struct sr_service *service = sr_takeover_service(&adopt->frontends, &ct->nat);
	struct adoptee *place;

	if (!service)
		return 0;
	place = sr_array_add(&adopt->item, &adopt->num, sizeof(*place));
	if (!place)
		return -ENOMEM;
	place->ct = *ct;
	place->service = service;
	return 0;
}

static int adopt_list(struct sr_adopt *adopt, struct sr_error *err)
{
	int r;

	adopt_forget_list(adopt);
	r = sr_ctnetlink_each(adopt->netlink, adopt_note, adopt);
	return r < 0 ? sr_fail(err, r, "cannot read netfilter's connections: %s", strerror(-r)) : 0;
}

static enum sr_fate adopt_judge(struct sr_adopt *adopt, const struct adoptee *item)
{
	const struct sr_nat *nat = &item->ct.nat;

	return sr_takeover_fate(nat, sr_takeover_endpoint(item->service, nat) != NULL,
				sr_sites_find(adopt->sites, &nat->call.src),
				sr_sites_find(adopt->sites, &nat->answer.src));
}

/* --- they are entered --------------------------------------------------------------------- */

/* An endpoint that serves no longer is none that will ever be in use again: its connections drain. */
static void adopt_make(const struct sr_adopt *adopt, struct adoptee *item)
{
	const struct sr_endpoint *endpoint = sr_takeover_endpoint(item->service, &item->ct.nat);
	bool is_served = endpoint && endpoint->id < adopt->tables.max_backends;
	struct sr_conn *half = &item->half;

	sr_takeover_half(half, &item->ct.nat);
	half->created = half->seen = sr_ticks_now();
	half->service = item->service->id;
	half->backend = is_served ? endpoint->id : 0;
	half->generation = is_served ? adopt->tables.backend[endpoint->id].generation : 1;
}

/* Does another connection of ours get its answers on the same tuple? */
static bool adopt_clashes(const struct sr_adopt *adopt, const struct sr_conn *half)
{
	struct sr_conn reply, there;

	sr_half_invert(&reply, half);
	return sr_half_find_live(adopt->datapath, &reply.from, &there) && !sr_half_leaves_alike(&there, &reply);
}

/* What stays netfilter's, and meets us, has an entry as well: it is not taken for a new flow. */
static int adopt_enter_bystander(struct sr_adopt *adopt, struct adoptee *item)
{
	struct sr_conn half, there;

	sr_takeover_bystander(&half, &item->ct.nat);
	half.created = half.seen = sr_ticks_now();
	if (!sr_half_find_live(adopt->datapath, &half.from, &there))
		return sr_half_put_both(adopt->datapath, &half, 0);
	if (!sr_half_leaves_alike(&there, &half))
		item->fate = SR_FATE_NONE;
	return 0;
}

/* Enter one, unless a packet has done so already: then that counts. */
static int adopt_enter(struct sr_adopt *adopt, struct adoptee *item)
{
	struct sr_conn there;
	int r;

	if (sr_half_find_live(adopt->datapath, &item->half.from, &there)) {
		if (!sr_half_leaves_alike(&there, &item->half))
			item->fate = SR_FATE_NONE;
		return 0;
	}
	r = sr_ctnetlink_soften(adopt->netlink, &item->ct);
	if (r == 0)
		return sr_half_put_both(adopt->datapath, &item->half, 0);
	/* It has ended since. */
	item->fate = SR_FATE_NONE;
	return r == -ENOENT ? 0 : r;
}

static int adopt_take(struct sr_adopt *adopt, struct adoptee *item)
{
	const struct sr_nat *nat = &item->ct.nat;

	if (item->fate == SR_FATE_CHANGES) {
		adopt_make(adopt, item);
		item->is_held = sr_sites_find(adopt->sites, &nat->answer.src) != SR_SITE_OURS;
		if (adopt_clashes(adopt, &item->half))
			item->fate = SR_FATE_CLASH;
	}
	if (item->fate != SR_FATE_CHANGES || item->is_held)
		return adopt_enter_bystander(adopt, item);
	item->half.to.flags |= SR_CONN_PAST;
	return adopt_enter(adopt, item);
}

static bool adopt_meets_us(struct sr_adopt *adopt, const struct adoptee *item)
{
	return sr_sites_find(adopt->sites, &item->ct.nat.call.src) == SR_SITE_OURS;
}

static int adopt_pass(struct sr_adopt *adopt, struct sr_fates *fates, struct sr_error *err)
{
	int r = adopt_list(adopt, err);

	if (r < 0)
		return r;
	memset(fates, 0, sizeof(*fates));
	for (size_t i = 0; i < adopt->num; i++) {
		struct adoptee *item = &adopt->item[i];

		item->fate = adopt_judge(adopt, item);
		if (adopt->datapath && item->fate >= SR_FATE_CHANGES && adopt_meets_us(adopt, item))
			r = adopt_take(adopt, item);
		if (r < 0)
			return sr_fail(err, r, "cannot enter a connection of netfilter's: %s", strerror(-r));
		fates->num[item->fate]++;
	}
	return 0;
}

static int adopt_open(struct sr_adopt *adopt, const struct sr_services *services, const struct sr_attach_config *config,
		      struct sr_error *err)
{
	int r = sr_ctnetlink_open(&adopt->netlink, err);

	if (r == 0)
		r = sr_sites_open(&adopt->sites, adopt->datapath, config, err);
	if (r == 0 && sr_frontends_make(&adopt->frontends, services) < 0)
		r = sr_fail(err, -ENOMEM, "no memory");
	return r;
}

static int adopt_read(struct sr_adopt *adopt, struct sr_error *err)
{
	int r = sr_maps_read(adopt->datapath, &adopt->services, err);

	return r < 0 ? r : sr_tables_open(&adopt->tables, adopt->datapath, err);
}

int sr_adopt_begin(struct sr_adopt **out, struct sr_datapath *datapath, const struct sr_attach_config *config,
		   struct sr_error *err)
{
	sr_autoadopt struct sr_adopt *adopt = calloc(1, sizeof(*adopt));
	struct sr_fates fates;
	int r;

	if (!adopt)
		return sr_fail(err, -ENOMEM, "no memory");
	adopt->datapath = datapath;
	r = adopt_read(adopt, err);
	if (r == 0)
		r = adopt_open(adopt, &adopt->services, config, err);
	if (r == 0)
		r = sr_takeover_begin(datapath, SR_TAKEOVER_BEGUN, err);
	if (r == 0)
		r = adopt_pass(adopt, &fates, err);
	if (r < 0)
		return r;
	*out = TAKE_PTR(adopt);
	return 0;
}

/* --- netfilter forgets them --------------------------------------------------------------- */

/* Until now netfilter's alone. */
static void adopt_hold(struct sr_adopt *adopt)
{
	for (size_t i = 0; i < adopt->num; i++) {
		struct adoptee *item = &adopt->item[i];
		struct sr_tuple answer = sr_takeover_turn(&item->ct.nat.call);

		if (item->fate != SR_FATE_CHANGES || !item->is_held)
			continue;
		sr_half_put_both(adopt->datapath, &item->half, SR_CONN_PAST | SR_CONN_HELD);
		/* The bystander's other half. */
		sr_half_remove(adopt->datapath, &answer);
	}
	sr_tables_wait_for_packets();
}

static void adopt_let_into_stack(const struct sr_adopt *adopt, const struct sr_conn *half)
{
	struct sr_tuple reply = sr_half_peer(half);

	sr_half_mark(adopt->datapath, &reply, 0, SR_CONN_PAST | SR_CONN_HELD);
	sr_half_mark(adopt->datapath, &half->from, 0, SR_CONN_PAST | SR_CONN_HELD);
}

/*
 * Its packets pass netfilter by, or are held, so its entry may go. Where the
 * client's address stays they pass it again as soon as it has an entry of what
 * we make of them, and does not see a new connection in the midst of one.
 */
static void adopt_settle(const struct sr_adopt *adopt, const struct adoptee *item)
{
	struct sr_ct plain = item->ct;
	int r;

	sr_ctnetlink_remove(adopt->netlink, &item->ct.nat.call);
	if (item->fate != SR_FATE_CHANGES || sr_takeover_has_source(&item->ct.nat))
		return;
	sr_takeover_plain(&plain.nat, &item->ct.nat);
	r = sr_ctnetlink_add(adopt->netlink, &plain);
	/* An answer may have made the same entry meanwhile. */
	if (r == 0 || item->is_held)
		adopt_let_into_stack(adopt, &item->half);
}

/* What is over, or goes elsewhere from now on, would only be in the way of the next on the same ports. */
static bool adopt_is_netfilters_no_longer(struct sr_adopt *adopt, const struct adoptee *item)
{
	const struct sr_nat *nat = &item->ct.nat;

	if (item->fate == SR_FATE_CHANGES || item->fate == SR_FATE_MOVED)
		return true;
	return (nat->state == SR_FLOW_ENDED || nat->state == SR_FLOW_RESET) && adopt_meets_us(adopt, item);
}

int sr_adopt_finish(struct sr_adopt *adopt, struct sr_fates *out, struct sr_error *err)
{
	int r = adopt_pass(adopt, out, err);

	if (r < 0)
		return r;
	adopt_hold(adopt);
	for (size_t i = 0; i < adopt->num; i++)
		if (adopt_is_netfilters_no_longer(adopt, &adopt->item[i]))
			adopt_settle(adopt, &adopt->item[i]);
	return 0;
}

int sr_adopt_check(struct sr_error *err)
{
	sr_autoctnetlink struct sr_ctnetlink *netlink = NULL;

	return sr_ctnetlink_open(&netlink, err);
}

int sr_adopt_predict(const struct sr_services *services, const struct sr_attach_config *config, struct sr_fates *out,
		     struct sr_error *err)
{
	sr_autoadopt struct sr_adopt *adopt = calloc(1, sizeof(*adopt));
	int r;

	if (!adopt)
		return sr_fail(err, -ENOMEM, "no memory");
	r = adopt_open(adopt, services, config, err);
	return r < 0 ? r : adopt_pass(adopt, out, err);
}
