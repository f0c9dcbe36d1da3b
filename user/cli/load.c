// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * svcroute load: first all that can be known without touching anything
 * (load_prepare.c), then, under the instance's lock, maps before programs, so
 * that no packet meets a program that has nothing to go by. What fails halfway
 * is given back (load_undo.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/announce.h"
#include "cli/confirm.h"
#include "cli/leases.h"
#include "cli/load.h"
#include "kernel/adopt.h"
#include "kernel/maps.h"
#include "kernel/nodes.h"
#include "kernel/programs.h"

#define LOAD_ATTEMPTS 5

void sr_load_clear(struct sr_load *load)
{
	sr_plan_clear(&load->plan);
	sr_claims_clear(&load->announced);
	sr_homes_clear(&load->known);
	sr_homes_clear(&load->homes);
	sr_services_clear(&load->desired);
	sr_services_clear(&load->programmed);
	sr_attachments_clear(&load->attachments);
	sr_attachments_clear(&load->attached);
	sr_targets_clear(&load->targets);
	sr_leases_clear(&load->leases);
	sr_settings_clear(&load->settings);
	sr_notes_clear(&load->notes);
	sr_notes_clear(&load->warnings);
	free(load->leases_path);
	free(load->leases_text);
	free(load->kept);
	sr_datapath_close(load->datapath);
}

int sr_load_lock(struct sr_load *load, struct sr_error *err)
{
	bool mounted = false;
	int r;

	r = sr_datapath_load(&load->datapath, load->globals->instance, &load->config, &mounted, err);
	if (r == 0 && mounted && sr_notes_add(&load->notes, "bpffs was not mounted at /sys/fs/bpf; it is now") < 0)
		r = sr_fail(err, -ENOMEM, "out of memory");
	return r;
}

static int load_read(struct sr_load *load, struct sr_error *err)
{
	int r = sr_maps_read(load->datapath, &load->programmed, err);

	if (r == 0)
		r = sr_nodes_read(load->datapath, &load->known, err);
	return r < 0 ? r : sr_attach_list(load->datapath, &load->attached, err);
}

/* -EAGAIN: another load came between our looking and our lock. */
static int load_check_unchanged(struct sr_load *load, struct sr_error *err)
{
	__attribute__((cleanup(sr_leases_clear))) struct sr_leases leases = {};
	sr_autofree char *settings = NULL, *text = NULL;
	int r;

	r = sr_maps_read_settings(load->datapath, &settings, err);
	if (r < 0)
		return r;
	load->was_empty = !load->programmed.num && !load->attached.num && strcmp(settings, "{}") == 0;
	if (strcmp(settings, load->kept ? load->kept : "{}") != 0)
		return sr_fail(err, -EAGAIN, "another load changed the settings meanwhile; run it again");

	if (load->leases_path)
		r = sr_leases_read(load->leases_path, &leases, &text, err);
	if (r == 0 && text && strcmp(text, load->leases_text) != 0)
		r = sr_fail(err, -EAGAIN, "another load gave addresses meanwhile; run it again");
	return r;
}

static bool load_may_remove(const struct sr_service *service)
{
	return !sr_service_is_from_map(service);
}

static bool load_may_not_remove(const struct sr_service *service)
{
	(void)service;
	return false;
}

static int load_plan(struct sr_load *load, struct sr_error *err)
{
	return sr_plan_make(&load->plan, &load->programmed, &load->desired,
			    load->manifests->is_all ? load_may_remove : load_may_not_remove, err);
}

/* Written before an address is served: then it is never given to another. */
static int load_write_leases(const struct sr_load *load, struct sr_error *err)
{
	sr_autofree char *text = NULL;

	if (!load->leases_path)
		return 0;
	text = sr_leases_text(&load->leases);
	if (!text)
		return sr_fail(err, -ENOMEM, "out of memory");
	return strcmp(text, load->leases_text) == 0 ? 0 : sr_leases_write(load->leases_path, text, err);
}

static int load_write_settings(const struct sr_load *load, struct sr_error *err)
{
	json_t *root = sr_settings_json(&load->settings);
	sr_autofree char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

	json_decref(root);
	if (!text)
		return sr_fail(err, -ENOMEM, "out of memory");
	if (load->kept && strcmp(text, load->kept) == 0)
		return 0;
	return sr_maps_write_settings(load->datapath, text, err);
}

static int load_write(struct sr_load *load, struct sr_error *err)
{
	int r = sr_load_settle(load, err);

	load->has_begun = true;
	if (r == 0)
		r = load_write_leases(load, err);
	if (r == 0 && load->manifests->is_all)
		r = sr_nodes_write(load->datapath, &load->homes, err);
	if (r == 0 && !sr_plan_is_empty(&load->plan))
		r = sr_maps_apply(load->datapath, &load->plan, err);
	if (r == 0)
		r = sr_load_attach(load, err);
	if (r == 0)
		r = load_write_settings(load, err);
	return r;
}

static int load_commit(struct sr_load *load, struct sr_error *err)
{
	int r = load->options->adopt ? sr_adopt_check(err) : 0;

	if (r == 0 && load->is_foreign)
		r = sr_datapath_unload(load->globals->instance, err);
	if (r == 0)
		r = sr_load_lock(load, err);
	if (r == 0)
		r = load_read(load, err);
	if (r == 0)
		r = load_check_unchanged(load, err);
	if (r == 0)
		r = load_plan(load, err);
	if (r == 0 && load->options->confirm)
		r = sr_confirm_begin(load, err);
	if (r == 0)
		r = load_write(load, err);
	return r < 0 ? sr_load_undo(load, r) : 0;
}

/* Of the services that would be served. */
static int load_predict_adopted(struct sr_load *load, struct sr_error *err)
{
	sr_autofree struct sr_service *service = calloc(load->plan.num + 1, sizeof(*service));
	struct sr_services services = {.item = service};
	struct sr_attach_config config;

	if (!service)
		return sr_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < load->plan.num; i++)
		if (load->plan.op[i].want)
			service[services.num++] = *load->plan.op[i].want;
	sr_targets_config(&load->targets, &config);
	return sr_adopt_predict(&services, &config, &load->adopted, err);
}

/* Where another version's instance is to be removed, it is as if there were none. */
static int load_rehearse(struct sr_load *load, struct sr_error *err)
{
	sr_autofree char *replaced = NULL;
	int r;

	if (load->is_foreign)
		return 0;
	r = sr_datapath_rehearse(&load->datapath, load->globals->instance, &load->config.sizes, &replaced, err);
	if (r == 0 && replaced &&
	    sr_notes_add(&load->notes,
			 "maps of another version or size would be replaced; what they hold, connections too, "
			 "would be carried over: %s",
			 replaced) < 0)
		r = sr_fail(err, -ENOMEM, "out of memory");
	return r < 0 ? r : load_read(load, err);
}

static int load_pretend(struct sr_load *load, struct sr_error *err)
{
	int r = load_rehearse(load, err);

	if (r == 0)
		r = load_plan(load, err);
	if (r == 0 && load->datapath)
		r = sr_maps_check(load->datapath, &load->plan, err);
	if (r == 0)
		r = sr_targets_predict(load, err);
	if (r == 0 && load->options->adopt)
		r = load_predict_adopted(load, err);
	return r < 0 ? r : sr_announce_predict(load, err);
}

/* Done, but for the addresses that are announced. */
static int load_conclude(struct sr_load *load, struct sr_error *err)
{
	bool ends_wait = sr_datapath_is_taken_over(load->datapath) && !load->options->confirm;

	/* Who waits may be about to undo it, and then wants the instance's lock. */
	sr_datapath_close(TAKE_PTR(load->datapath));
	if (ends_wait && sr_confirm_drop(load->globals->instance) &&
	    sr_notes_add(&load->notes,
			 "another version's load waited to be confirmed: it is not rolled back any more") < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	sr_confirm_forget_lost(load->globals->instance);
	return sr_announce_load(load, err);
}

static bool load_serves_ipv6(const struct sr_load *load)
{
	for (size_t i = 0; i < load->plan.num; i++) {
		if (load->plan.op[i].want && load->plan.op[i].want->family == 6)
			return true;
	}
	return false;
}

static int load_preflight(struct sr_load *load, struct sr_error *err)
{
	const struct sr_targets *targets = &load->targets;
	int r;

	r = sr_preflight(&targets->netdevs, targets->uplinks.item, targets->uplinks.num, load_serves_ipv6(load),
			 &load->warnings.line, &load->warnings.num, err);
	if (r == 0 && sr_announce_warn(load) < 0)
		r = sr_fail(err, -ENOMEM, "out of memory");
	return r;
}

static int load_once(const struct sr_globals *globals, const struct sr_load_options *options,
		     const struct sr_manifests *manifests, struct sr_programs_ahead *ahead, struct sr_error *err)
{
	__attribute__((cleanup(sr_load_clear))) struct sr_load load = {
		.globals = globals,
		.options = options,
		.manifests = manifests,
		.ahead = ahead,
	};
	int r;

	r = sr_load_prepare(&load, err);
	if (r == 0)
		r = options->dry_run ? load_pretend(&load, err) : load_commit(&load, err);
	if (r == 0 && !options->dry_run)
		r = load_conclude(&load, err);
	if (r == 0)
		r = load_preflight(&load, err);
	if (r == 0)
		r = sr_report_print(&load, err);
	return r;
}

static void load_forget_ahead(struct sr_programs_ahead **ahead)
{
	sr_programs_forget(*ahead);
}

int sr_load_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	const struct sr_load_options *opts = options;
	__attribute__((cleanup(load_forget_ahead))) struct sr_programs_ahead *ahead = sr_load_ahead(globals, opts);
	__attribute__((cleanup(sr_manifests_clear))) struct sr_manifests manifests = {};
	int r;

	r = sr_manifests_read(&manifests, &opts->files, globals->instance, err);
	if (r < 0)
		return r;

	for (int i = 0; i < LOAD_ATTEMPTS; i++) {
		r = load_once(globals, opts, &manifests, ahead, err);
		if (r != -EAGAIN)
			return r;
	}
	return r;
}
