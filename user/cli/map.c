// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * svcroute map add, replace, del: frontends by hand. A frontend made here is a
 * service of its own; what a manifest owns is changed there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/announce.h"
#include "cli/commands.h"
#include "cli/instance.h"
#include "cli/map_options.h"
#include "cli/saved.h"
#include "cli/settings.h"
#include "cli/show.h"
#include "kernel/maps.h"

/* A change of one service: how it is programmed, and how it shall be. */
struct edit {
	const struct sr_map_options *options;
	const struct sr_globals *globals;
	char frontend[SR_HOSTPORT_TEXT];
	struct sr_datapath *datapath;
	struct sr_services programmed;
	struct sr_service *was;	 /* of `programmed`; NULL: no service has the frontend */
	bool is_gateway;	 /* load --node none */
	struct sr_services want; /* one, or none */
};

static void edit_clear(struct edit *edit)
{
	sr_services_clear(&edit->want);
	sr_services_clear(&edit->programmed);
	sr_datapath_close(edit->datapath);
}

static int edit_fail_owned(const struct edit *edit, struct sr_error *err)
{
	char *owner = sr_show_name(edit->was);

	sr_fail(err, -EPERM, "%s belongs to %s of %s; change it there", edit->frontend, owner ? owner : "a service",
		edit->was->origin);
	free(owner);
	return -EPERM;
}

static int edit_read_settings(struct edit *edit, struct sr_error *err)
{
	__attribute__((cleanup(sr_settings_clear))) struct sr_settings settings = {};
	sr_autofree char *text = NULL;
	int r = sr_maps_read_settings(edit->datapath, &text, err);

	if (r == 0)
		r = sr_settings_parse(&settings, text, err);
	edit->is_gateway = settings.node && strcmp(settings.node, SR_SETTING_NONE) == 0;
	return r;
}

/* Open the instance and find the service; refuse what is not ours to change. */
static int edit_open(struct edit *edit, const struct sr_globals *globals, const struct sr_map_options *options,
		     struct sr_error *err)
{
	int r;

	edit->options = options;
	edit->globals = globals;
	sr_hostport_format(edit->frontend, &options->frontend);
	r = sr_instance_open(&edit->datapath, globals, SR_ACCESS_WRITE, err);
	if (r == 0)
		r = sr_maps_read(edit->datapath, &edit->programmed, err);
	if (r == 0)
		r = edit_read_settings(edit, err);
	if (r < 0)
		return r;

	edit->was = sr_services_find_frontend(&edit->programmed, &options->frontend);
	if (edit->was && !sr_service_is_from_map(edit->was))
		return edit_fail_owned(edit, err);
	return 0;
}

/* A copy of what is programmed, as the start of what is wanted. */
static struct sr_service *edit_copy(struct edit *edit)
{
	struct sr_service copy, *service;

	if (sr_service_copy(&copy, edit->was) < 0)
		return NULL;
	service = sr_services_add(&edit->want);
	if (!service) {
		sr_service_clear(&copy);
		return NULL;
	}
	*service = copy;
	return service;
}

static struct sr_service *edit_new(struct edit *edit)
{
	struct sr_frontend_spec frontend = {.at = edit->options->frontend, .kind = SR_FRONTEND_CLUSTER_IP};
	struct sr_service *service = sr_services_add(&edit->want);

	if (!service || sr_string_set(&service->namespace, "") < 0 ||
	    sr_string_set(&service->name, edit->frontend) < 0 || sr_string_set(&service->port_name, "") < 0 ||
	    sr_string_set(&service->origin, SR_ORIGIN_MAP) < 0)
		return NULL;

	service->family = sr_addr_family(&frontend.at.addr);
	service->proto = frontend.at.proto;
	return sr_service_add_frontend(service, &frontend) < 0 ? NULL : service;
}

static struct sr_frontend_spec *edit_frontend(const struct edit *edit, const struct sr_service *service)
{
	for (size_t i = 0; i < service->num_frontends; i++) {
		if (sr_hostport_compare(&service->frontends[i].at, &edit->options->frontend) == 0)
			return &service->frontends[i];
	}
	return NULL;
}

static struct sr_endpoint *edit_endpoint(const struct sr_service *service, const struct sr_endpoint *wanted)
{
	for (size_t i = 0; i < service->num_endpoints; i++) {
		struct sr_endpoint *endpoint = &service->endpoints[i];

		if (sr_addr_compare(&endpoint->addr, &wanted->addr) == 0 && endpoint->port == wanted->port)
			return endpoint;
	}
	return NULL;
}

/* A backend that is there already has its weight changed, if one was given. */
static int edit_add_backend(struct sr_service *service, const struct sr_map_backend *backend)
{
	struct sr_endpoint *there = edit_endpoint(service, &backend->endpoint);

	if (!there)
		return sr_service_add_endpoint(service, &backend->endpoint);
	if (!backend->has_weight)
		return 0;
	there->weight = backend->endpoint.weight;
	there->flags = backend->endpoint.weight ? backend->endpoint.flags : 0;
	return 0;
}

/* Who may call the frontend from now on, and how a backend is chosen: what a gateway opens has its default. */
static void edit_open_frontend(const struct edit *edit, struct sr_service *service, struct sr_frontend_spec *frontend)
{
	const struct sr_map_options *options = edit->options;
	bool was_external = frontend->kind == SR_FRONTEND_EXTERNAL_IP, is_maglev;

	if (frontend->kind == SR_FRONTEND_PASS)
		frontend->kind = SR_FRONTEND_CLUSTER_IP;
	if (options->external != SR_ANSWER_UNSET)
		frontend->kind = options->external == SR_ANSWER_YES ? SR_FRONTEND_EXTERNAL_IP : SR_FRONTEND_CLUSTER_IP;

	is_maglev = service->flags & SR_SERVICE_MAGLEV;
	if (!was_external && frontend->kind == SR_FRONTEND_EXTERNAL_IP && edit->is_gateway)
		is_maglev = true;
	if (options->maglev == SR_ANSWER_YES || options->maglev == SR_ANSWER_NO)
		is_maglev = options->maglev == SR_ANSWER_YES;
	service->flags = is_maglev ? service->flags | SR_SERVICE_MAGLEV : service->flags & ~SR_SERVICE_MAGLEV;
}

static int edit_fill(struct edit *edit, struct sr_service *service)
{
	const struct sr_map_options *options = edit->options;
	struct sr_frontend_spec *frontend = edit_frontend(edit, service);
	int r = 0;

	if (frontend && options->pass) {
		frontend->kind = SR_FRONTEND_PASS;
		service->num_endpoints = 0;
		service->flags &= ~SR_SERVICE_MAGLEV;
		return 0;
	}
	if (frontend)
		edit_open_frontend(edit, service, frontend);
	for (size_t i = 0; r == 0 && i < options->backends.num; i++)
		r = edit_add_backend(service, &options->backends.item[i]);
	return r;
}

/* All that is programmed, with the one service as it shall be; its items are borrowed. */
static int edit_desired(const struct edit *edit, struct sr_services *out)
{
	size_t num = edit->programmed.num;

	out->item = calloc(num + 1, sizeof(*out->item));
	if (!out->item)
		return -ENOMEM;
	for (size_t i = 0; i < num; i++)
		if (&edit->programmed.item[i] != edit->was)
			out->item[out->num++] = edit->programmed.item[i];
	if (edit->want.num)
		out->item[out->num++] = edit->want.item[0];
	sr_services_sort(out);
	return 0;
}

/* The planner sees the others, too: an address may be theirs as well. */
static int edit_apply(struct edit *edit, struct sr_error *err)
{
	sr_autoplan struct sr_plan plan = {};
	struct sr_services desired = {};
	int r;

	if (edit_desired(edit, &desired) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	r = sr_plan_make(&plan, &edit->programmed, &desired, NULL, err);
	if (r == 0 && !sr_plan_is_empty(&plan))
		r = sr_maps_apply(edit->datapath, &plan, err);
	free(desired.item);
	return r;
}

/* What was saved once is what the next load, or boot, comes to. */
static void edit_remind(const struct edit *edit)
{
	sr_autofree char *path = sr_saved_path(edit->globals->instance, &edit->options->frontend);

	if (!edit->globals->quiet && path && access(path, F_OK) == 0)
		fprintf(stderr,
			"svcroute: note: %s stays as it is, and the next load comes to that; --save changes both\n",
			path);
}

/* What may fail is done first: the file is written, the maps are, the file is put in its place. */
static int edit_apply_and_save(struct edit *edit, struct sr_error *err)
{
	sr_autodraft struct sr_draft draft = {};
	int r = 0;

	if (edit->options->save)
		r = sr_saved_draft(&draft, edit->globals->instance, &edit->options->frontend, &edit->want, err);
	if (r == 0)
		r = edit_apply(edit, err);
	if (r == 0 && !edit->options->save)
		edit_remind(edit);
	if (r == 0)
		r = sr_draft_keep(&draft, err);
	/* With the lock given back: announcing takes its time. */
	sr_datapath_close(TAKE_PTR(edit->datapath));
	return r < 0 ? r : sr_announce_change(edit->globals, err);
}

static int map_put(const struct sr_globals *globals, const void *options, bool replace, struct sr_error *err)
{
	__attribute__((cleanup(edit_clear))) struct edit edit = {};
	struct sr_service *service;
	int r;

	r = edit_open(&edit, globals, options, err);
	if (r < 0)
		return r;

	service = edit.was ? edit_copy(&edit) : edit_new(&edit);
	if (service && replace)
		service->num_endpoints = 0;
	if (!service || edit_fill(&edit, service) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	return edit_apply_and_save(&edit, err);
}

static int map_add_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	return map_put(globals, options, false, err);
}

static int map_replace_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	return map_put(globals, options, true, err);
}

/* Without its last frontend a service is nothing. */
static int edit_drop_frontend(struct edit *edit, struct sr_service *service)
{
	struct sr_frontend_spec *frontend = edit_frontend(edit, service);
	struct sr_frontend_spec *end = service->frontends + service->num_frontends;

	memmove(frontend, frontend + 1, (char *)end - (char *)(frontend + 1));
	if (--service->num_frontends == 0)
		sr_services_clear(&edit->want);
	return 0;
}

static int edit_drop_backends(struct edit *edit, struct sr_service *service, struct sr_error *err)
{
	for (size_t i = 0; i < edit->options->backends.num; i++) {
		const struct sr_endpoint *wanted = &edit->options->backends.item[i].endpoint;
		struct sr_endpoint *end = service->endpoints + service->num_endpoints;
		struct sr_endpoint *there = edit_endpoint(service, wanted);
		char text[SR_HOSTPORT_TEXT];

		if (!there)
			return sr_fail(err, -ENOENT, "%s is no backend of %s",
				       sr_show_address(text, &wanted->addr, wanted->port), edit->frontend);
		memmove(there, there + 1, (char *)end - (char *)(there + 1));
		service->num_endpoints--;
	}
	return 0;
}

/* It may be only saved: the next load would have it back. */
static int edit_drop_saved(struct edit *edit, struct sr_error *err)
{
	sr_autofree char *path = sr_saved_path(edit->globals->instance, &edit->options->frontend);
	sr_autodraft struct sr_draft draft = {};
	int r;

	if (!path)
		return sr_fail(err, -ENOMEM, "out of memory");
	if (!edit->options->save || edit->options->backends.num > 0 || access(path, F_OK) < 0)
		return sr_fail(err, -ENOENT, "there is no frontend %s", edit->frontend);
	r = sr_saved_draft(&draft, edit->globals->instance, &edit->options->frontend, &edit->want, err);
	return r < 0 ? r : sr_draft_keep(&draft, err);
}

static int map_del_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	__attribute__((cleanup(edit_clear))) struct edit edit = {};
	struct sr_service *service;
	int r;

	r = edit_open(&edit, globals, options, err);
	if (r < 0)
		return r;
	if (!edit.was)
		return edit_drop_saved(&edit, err);

	service = edit_copy(&edit);
	if (!service)
		return sr_fail(err, -ENOMEM, "out of memory");
	if (edit.options->backends.num > 0)
		r = edit_drop_backends(&edit, service, err);
	else
		r = edit_drop_frontend(&edit, service);
	return r < 0 ? r : edit_apply_and_save(&edit, err);
}

#define MAP_OPTION_SAVE                                                                                                \
	{                                                                                                              \
		.name = "save", .type = &sr_type_flag, .offset = offsetof(struct sr_map_options, save),                \
		.help = "in /etc/svcroute/map.d, too: load, and so the next boot, comes to the same",                  \
	}

static const struct sr_option map_put_options[] = {
	{
		.name = "VIP:PORT[/PROTO]",
		.is_argument = true,
		.required = true,
		.type = &sr_type_frontend,
		.offset = offsetof(struct sr_map_options, frontend),
		.help = "the frontend; [ADDRESS]:PORT for IPv6; tcp (the default), udp or sctp",
	},
	{
		.name = "BACKEND:PORT[,weight=N]",
		.is_argument = true,
		.type = &sr_type_weighted_backends,
		.offset = offsetof(struct sr_map_options, backends),
		.help = "weight 0..1000 (1): a backend's share of new connections;\n"
			"0 drains: it keeps those it has",
	},
	{
		.name = "external",
		.type = &sr_type_answer,
		.offset = offsetof(struct sr_map_options, external),
		.value = "[=yes|no]",
		.help = "let machines outside the cluster use it, too",
	},
	{
		.name = "maglev",
		.type = &sr_type_answer,
		.offset = offsetof(struct sr_map_options, maglev),
		.value = "[=yes|no]",
		.help = "a flow's backend follows from its addresses and ports, the same on each gateway\n"
			"(yes for what is --external on a gateway: load --node none)",
	},
	{
		.name = "pass",
		.type = &sr_type_flag,
		.offset = offsetof(struct sr_map_options, pass),
		.help = "leave the address and port to the host; takes no backends",
	},
	MAP_OPTION_SAVE,
	{},
};

static const struct sr_option map_del_options[] = {
	{
		.name = "VIP:PORT[/PROTO]",
		.is_argument = true,
		.required = true,
		.type = &sr_type_frontend,
		.offset = offsetof(struct sr_map_options, frontend),
		.help = "the frontend",
	},
	{
		.name = "BACKEND:PORT",
		.is_argument = true,
		.type = &sr_type_backends,
		.offset = offsetof(struct sr_map_options, backends),
		.help = "remove these from its list, not all of it",
	},
	MAP_OPTION_SAVE,
	{},
};

const struct sr_command sr_command_map_add = {
	.name = "map add",
	.summary = "Add backends to a frontend, and the frontend if there is none",
	.details = "A backend that is there stays, with its weight unless another is given.\n"
		   "What a manifest owns is refused.",
	.options = map_put_options,
	.size = sizeof(struct sr_map_options),
	.check = sr_map_options_check_put,
	.run = map_add_run,
};

const struct sr_command sr_command_map_replace = {
	.name = "map replace",
	.summary = "Set the whole list of a frontend's backends",
	.options = map_put_options,
	.size = sizeof(struct sr_map_options),
	.check = sr_map_options_check_put,
	.run = map_replace_run,
};

const struct sr_command sr_command_map_del = {
	.name = "map del",
	.summary = "Remove a frontend, or some of its backends",
	.options = map_del_options,
	.size = sizeof(struct sr_map_options),
	.check = sr_map_options_check,
	.run = map_del_run,
};
