// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute load: back to what was there, at once where it fails, later where nobody confirms it. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/announce.h"
#include "cli/confirm.h"
#include "cli/leases.h"
#include "cli/load.h"
#include "kernel/handback.h"
#include "kernel/maps.h"
#include "kernel/nodes.h"

/* The services, and where their backends live, as they were programmed before. */
static int load_give_back_services(struct sr_load *load, struct sr_error *err)
{
	sr_autoservices struct sr_services now = {};
	sr_autoplan struct sr_plan plan = {};
	int r = sr_maps_read(load->datapath, &now, err);

	if (r == 0)
		r = sr_nodes_write(load->datapath, &load->known, err);
	if (r == 0)
		r = sr_plan_make(&plan, &now, &load->programmed, NULL, err);
	return r < 0 ? r : sr_maps_apply(load->datapath, &plan, err);
}

/* As the instance was told before, which is what it remembers. */
static int load_give_back_programs(const struct sr_load *load, struct sr_error *err)
{
	const struct sr_load_options nothing_new = {};
	const struct sr_manifests none = {};
	__attribute__((cleanup(sr_load_clear))) struct sr_load former = {
		.globals = load->globals,
		.options = &nothing_new,
		.manifests = &none,
	};
	int r = sr_load_prepare(&former, err);

	if (r == 0)
		r = sr_load_lock(&former, err);
	if (r == 0)
		r = sr_load_settle(&former, err);
	if (r == 0)
		r = sr_load_attach(&former, err);
	return r < 0 ? r : sr_announce_load(&former, err);
}

int sr_load_undo(struct sr_load *load, int r)
{
	bool is_ours = load->datapath ? load->was_empty : !load->was_loaded && r != -EBUSY && r != -EPROTO;
	bool is_unsettled = load->datapath && sr_datapath_is_unsettled(load->datapath);
	bool has_begun = load->has_begun && !is_ours;
	struct sr_error ignored;

	if (has_begun && !is_unsettled)
		load_give_back_services(load, &ignored);
	sr_datapath_close(TAKE_PTR(load->datapath));
	if (is_ours && r != -EAGAIN)
		sr_datapath_unload(load->globals->instance, &ignored);
	if (has_begun || is_unsettled)
		load_give_back_programs(load, &ignored);
	sr_confirm_cancel(load);
	return r;
}

static int load_give_back_leases(const struct sr_load *load, struct sr_error *err)
{
	__attribute__((cleanup(sr_leases_clear))) struct sr_leases leases = {};
	sr_autofree char *text = NULL;
	int r;

	if (!load->leases_path)
		return 0;
	r = sr_leases_read(load->leases_path, &leases, &text, err);
	if (r < 0 || strcmp(text, load->leases_text) == 0)
		return r;
	return sr_leases_write(load->leases_path, load->leases_text, err);
}

/* To kube-proxy's rules, if they are still there; else nobody has them. */
static void load_give_back_connections(const struct sr_load *load)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	struct sr_fates fates;
	struct sr_error ignored;

	if (sr_datapath_open(&datapath, load->globals->instance, SR_ACCESS_WRITE, &ignored) == 0)
		sr_handback(datapath, &fates, &ignored);
}

int sr_load_restore(struct sr_load *load, struct sr_error *err)
{
	int r;

	if (!load->was_loaded || load->was_empty) {
		if (load->options->adopt)
			load_give_back_connections(load);
		r = sr_datapath_unload(load->globals->instance, err);
		return r == -ENOENT ? 0 : r;
	}
	r = sr_datapath_open(&load->datapath, load->globals->instance, SR_ACCESS_WRITE, err);
	if (r == -EUCLEAN) /* the load was killed while it replaced maps */
		r = load_give_back_programs(load, err);
	if (r == 0 && !load->datapath)
		r = sr_datapath_open(&load->datapath, load->globals->instance, SR_ACCESS_WRITE, err);
	if (r == -ENOENT) /* unloaded meanwhile: that was wanted */
		return 0;
	if (r == 0)
		r = load_give_back_services(load, err);
	if (r == 0)
		r = sr_maps_write_settings(load->datapath, load->kept ? load->kept : "{}", err);
	if (r == 0)
		r = load_give_back_leases(load, err);
	sr_datapath_close(TAKE_PTR(load->datapath));
	return r < 0 ? r : load_give_back_programs(load, err);
}
