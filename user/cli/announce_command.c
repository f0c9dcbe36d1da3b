// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * svcroute announce: ask and tell once more. Answers need no process; to notice
 * that a link has come back, or that another's address has become free, does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/announce.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "kernel/announce.h"
#include "kernel/defend.h"
#include "kernel/link_watch.h"

/* How often a watch looks, without word from a link: for addresses that it wants, and else. */
#define WATCH_WANTING_MS 1000
#define WATCH_IDLE_MS	 5000

struct announce_options {
	bool watch;
};

struct watch {
	const struct sr_globals *globals;
	struct sr_claims claims;
	struct sr_error *err;
	bool stay;
};

static void watch_clear(struct watch *watch)
{
	sr_claims_clear(&watch->claims);
}

static bool watch_knows(const struct watch *watch, uint32_t ifindex)
{
	for (size_t i = 0; i < watch->claims.num; i++)
		if (watch->claims.item[i].ifindex == ifindex)
			return true;
	return false;
}

/* While its link was away another may have taken an address: it is asked for anew. */
static int watch_take(uint32_t ifindex, bool is_running, void *context)
{
	struct watch *watch = context;

	if (is_running || !watch_knows(watch, ifindex))
		return 0;
	return sr_announce_suspend(watch->globals->instance, ifindex, watch->err);
}

static int watch_timeout(const struct watch *watch)
{
	for (size_t i = 0; i < watch->claims.num; i++)
		if (watch->claims.item[i].state == SR_ANNOUNCED_IN_USE)
			return WATCH_WANTING_MS;
	return WATCH_IDLE_MS;
}

/* As many lines as there are changes, for who reads them as they come. */
static int announce_show_json(const struct watch *watch)
{
	json_t *root = json_pack("{s:o}", "announced", sr_announce_json(&watch->claims));
	int r;

	if (watch->stay) {
		r = sr_json_print_line(stdout, root, watch->err);
	} else {
		r = sr_json_print(stdout, root, watch->err);
		json_decref(root);
	}
	fflush(stdout);
	return r;
}

static bool watch_is_same(const struct sr_claims *a, const struct sr_claims *b)
{
	if (a->num != b->num)
		return false;
	for (size_t i = 0; i < a->num; i++)
		if (b->item[i].is_new || sr_claim_compare(&a->item[i], &b->item[i]) != 0 ||
		    a->item[i].state != b->item[i].state ||
		    memcmp(a->item[i].mac, b->item[i].mac, sizeof(a->item[i].mac)) != 0)
			return false;
	return true;
}

static int announce_show(const struct watch *watch)
{
	if (watch->globals->quiet)
		return 0;
	if (sr_globals_format(watch->globals) == SR_FORMAT_JSON)
		return announce_show_json(watch);
	if (!watch->claims.num)
		puts("no service has an address to announce");
	if (sr_announce_print(&watch->claims, watch->globals->verbose) < 0)
		return sr_fail(watch->err, -ENOMEM, "out of memory");
	fflush(stdout);
	return 0;
}

/* When others were last heard of is known here alone. */
static void watch_carry(const struct watch *watch, struct sr_claims *now)
{
	for (size_t i = 0; i < now->num; i++) {
		const struct sr_claim *was = sr_claims_find(&watch->claims, &now->item[i].addr, now->item[i].ifindex);

		if (was && now->item[i].state == SR_ANNOUNCED_HELD)
			now->item[i].contested_at = was->contested_at;
	}
}

static int watch_look(struct watch *watch, bool first)
{
	struct sr_claims now = {};
	int r = sr_announce_again(&now, watch->globals, first, watch->err);
	bool same;

	if (r < 0)
		return r;
	same = !first && watch_is_same(&watch->claims, &now);
	watch_carry(watch, &now);
	sr_claims_clear(&watch->claims);
	watch->claims = now;
	return same ? 0 : announce_show(watch);
}

static int watch_for_ever(struct watch *watch, struct mnl_socket *links)
{
	struct sr_defence defence = {
		.instance = watch->globals->instance,
		.claims = &watch->claims,
		.wake_fd = sr_link_watch_fd(links),
	};

	for (;;) {
		int r;

		defence.msec = watch_timeout(watch);
		r = sr_defend(&defence, watch->err);
		if (r > 0)
			r = announce_show(watch);
		if (r == 0)
			r = sr_link_watch_wait(links, 0, watch_take, watch);

		/* What was lost is found by looking. */
		if (r == 0 || r == -ENOBUFS || r == -EINTR)
			r = watch_look(watch, false);
		if (r < 0)
			return watch->err->code ? r : sr_fail(watch->err, r, "cannot watch links: %s", strerror(-r));
	}
}

static int announce_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	bool stay = ((const struct announce_options *)options)->watch;
	__attribute__((cleanup(watch_clear))) struct watch watch = {.globals = globals, .err = err, .stay = stay};
	sr_autolinkwatch struct mnl_socket *links = NULL;
	int r = sr_announce_ready(globals, err);

	if (r == 0 && stay)
		r = sr_link_watch_open(&links) < 0 ? sr_fail(err, -errno, "cannot watch links: %s", strerror(errno))
						   : 0;
	if (r == 0)
		r = watch_look(&watch, true);
	return r < 0 || !stay ? r : watch_for_ever(&watch, links);
}

static const struct sr_option announce_options[] = {
	{
		.name = "watch",
		.type = &sr_type_flag,
		.offset = offsetof(struct announce_options, watch),
		.help = "stay, and do so again when a link returns, or another's address becomes free",
	},
	{},
};

const struct sr_command sr_command_announce = {
	.name = "announce",
	.summary = "Ask for announced addresses again, and tell the link of those held",
	.details = "Which addresses, and on which devices, 'load --announce' says. Those that others had are\n"
		   "asked for, and held if they are free by now: this takes 4 to 7 s.",
	.options = announce_options,
	.size = sizeof(struct announce_options),
	.formats = SR_PRINTS(JSON),
	.run = announce_run,
};
