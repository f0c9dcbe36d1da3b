// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute map get, list: what is programmed, read back from the kernel. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/identity.h"
#include "cli/instance.h"
#include "cli/map_options.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "cli/show.h"
#include "kernel/maps.h"
#include "model/export.h"
#include "model/yaml.h"

#define VIEW_POLICY 7 /* the column */

struct view {
	struct sr_services services;
	struct sr_conn_counts counts;
	char *node;			/* this machine's name, or NULL */
	bool primary;			/* node ports are served at its Node's addresses */
	const struct sr_hostport *only; /* this frontend; NULL: all */
};

static void view_clear(struct view *view)
{
	sr_services_clear(&view->services);
	free(view->counts.item);
	free(view->node);
}

static int view_set_self(struct view *view, const struct sr_settings *settings, struct sr_error *err)
{
	__attribute__((cleanup(sr_node_port_addresses_clear))) struct sr_node_port_addresses where = {};
	int r = sr_node_port_addresses_parse(&where, settings->nodeport_addresses, err);

	view->primary = where.which == SR_NODE_PORTS_DEFAULT || where.which == SR_NODE_PORTS_PRIMARY;
	return r < 0 ? r : sr_identity_node(&view->node, settings->node, err);
}

static int view_read_self(struct view *view, struct sr_datapath *datapath, struct sr_error *err)
{
	__attribute__((cleanup(sr_settings_clear))) struct sr_settings settings = {};
	sr_autofree char *text = NULL;
	int r;

	r = sr_maps_read_settings(datapath, &text, err);
	if (r == 0)
		r = sr_settings_parse(&settings, text, err);
	return r < 0 ? r : view_set_self(view, &settings, err);
}

static int view_read(struct view *view, const struct sr_globals *globals, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	int r;

	r = sr_instance_open(&datapath, globals, SR_ACCESS_READ, err);
	if (r == 0)
		r = sr_maps_read(datapath, &view->services, err);
	if (r == 0)
		r = sr_maps_count_connections(datapath, &view->counts.item, &view->counts.num, err);
	return r < 0 ? r : view_read_self(view, datapath, err);
}

/* One row; `endpoint` is NULL where a frontend has none. */
static void view_add_row(struct sr_table *table, const struct view *view, const struct sr_service *service,
			 const struct sr_frontend_spec *frontend, const struct sr_endpoint *endpoint)
{
	char text[SR_HOSTPORT_TEXT];

	sr_table_add(table, sr_hostport_format(text, &frontend->at));
	sr_table_add(table, sr_show_kind(frontend->kind));
	if (sr_service_is_from_map(service))
		sr_table_add(table, "-");
	else
		sr_table_take(table, sr_show_name(service));
	if (endpoint) {
		sr_table_add(table, sr_show_address(text, &endpoint->addr, endpoint->port));
		sr_table_addf(table, "%u", (unsigned int)endpoint->weight);
		sr_table_addf(table, "%s%s", sr_show_state(endpoint),
			      endpoint->flags & SR_BACKEND_ON_NODE ? ",here" : "");
		sr_table_addf(table, "%u", sr_show_connections(endpoint, &view->counts));
	} else {
		for (int i = 0; i < 4; i++)
			sr_table_add(table, "-");
	}
	sr_table_take(table, sr_show_policy(service));
	sr_table_add(table, service->origin);
}

static bool view_shows(const struct view *view, const struct sr_frontend_spec *frontend)
{
	if (frontend->kind == SR_FRONTEND_RESERVED)
		return false;
	return !view->only || sr_hostport_compare(view->only, &frontend->at) == 0;
}

static void view_add_rows(struct sr_table *table, const struct view *view, const struct sr_service *service)
{
	for (size_t i = 0; i < service->num_frontends; i++) {
		const struct sr_frontend_spec *frontend = &service->frontends[i];

		if (!view_shows(view, frontend))
			continue;
		for (size_t j = 0; j < service->num_endpoints; j++)
			view_add_row(table, view, service, frontend, &service->endpoints[j]);
		if (service->num_endpoints == 0)
			view_add_row(table, view, service, frontend, NULL);
	}
}

/* Where all is usual, the column is left out. */
static bool view_has_policies(const struct view *view)
{
	for (size_t i = 0; i < view->services.num; i++)
		if (view->services.item[i].flags || view->services.item[i].affinity)
			return true;
	return false;
}

static int view_print_table(const struct view *view, struct sr_error *err)
{
	static const char *const head[] = {"FRONTEND", "KIND",	"SERVICE", "BACKEND", "WEIGHT",
					   "STATE",    "CONNS", "POLICY",  "ORIGIN"};
	sr_autotable struct sr_table table = {.columns = ARRAY_SIZE(head)};

	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		sr_table_add(&table, i != VIEW_POLICY || view_has_policies(view) ? head[i] : "");
	for (size_t i = 0; i < view->services.num; i++)
		view_add_rows(&table, view, &view->services.item[i]);
	return sr_table_print(&table, stdout) < 0 ? sr_fail(err, -ENOMEM, "out of memory") : 0;
}

static int view_print_json(const struct view *view, struct sr_error *err)
{
	sr_autojson json_t *root = NULL;
	json_t *list = json_array();

	for (size_t i = 0; i < view->services.num; i++)
		json_array_append_new(list, sr_show_json(&view->services.item[i], &view->counts));
	root = json_pack("{s:o}", "services", list);
	if (root && json_array_size(list) < view->services.num)
		return sr_fail(err, -ENOMEM, "out of memory");
	return sr_json_print(stdout, root, err);
}

static int view_print_yaml(const struct view *view, struct sr_error *err)
{
	__attribute__((cleanup(sr_notes_clear))) struct sr_notes notes = {};
	struct sr_export_self self = {.node = view->node, .primary = view->primary};
	sr_autojson json_t *list = NULL;

	if (sr_services_export(&view->services, &self, &list, &notes) < 0 || sr_yaml_write(stdout, list) < 0)
		return sr_fail(err, -ENOMEM, "the list could not be written");
	for (size_t i = 0; i < notes.num; i++)
		fprintf(stderr, "svcroute: note: %s\n", notes.line[i]);
	return 0;
}

static int view_print_hosts(const struct view *view, struct sr_error *err)
{
	int r = sr_services_write_hosts(stdout, &view->services);

	return r < 0 ? sr_fail(err, r, "the list could not be written") : 0;
}

static int view_print(const struct view *view, enum sr_format format, struct sr_error *err)
{
	switch (format) {
	case SR_FORMAT_TABLE:
		return view_print_table(view, err);
	case SR_FORMAT_JSON:
		return view_print_json(view, err);
	case SR_FORMAT_YAML:
		return view_print_yaml(view, err);
	case SR_FORMAT_HOSTS:
		return view_print_hosts(view, err);
	}
	return 0;
}

static int map_list_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	__attribute__((cleanup(view_clear))) struct view view = {};
	int r = view_read(&view, globals, err);

	(void)options;
	return r < 0 ? r : view_print(&view, sr_globals_format(globals), err);
}

/* Leave only the service that has the frontend. */
static int view_choose(struct view *view, const struct sr_hostport *frontend, struct sr_error *err)
{
	struct sr_service *service = sr_services_find_frontend(&view->services, frontend);
	struct sr_services one = {};
	struct sr_service *copy;
	char text[SR_HOSTPORT_TEXT];

	if (!service)
		return sr_fail(err, -ENOENT, "there is no frontend %s", sr_hostport_format(text, frontend));

	copy = sr_services_add(&one);
	if (!copy)
		return sr_fail(err, -ENOMEM, "out of memory");
	if (sr_service_copy(copy, service) < 0) {
		sr_services_clear(&one);
		return sr_fail(err, -ENOMEM, "out of memory");
	}
	sr_services_clear(&view->services);
	view->services = one;
	view->only = frontend;
	return 0;
}

static int map_get_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	const struct sr_map_options *opts = options;
	__attribute__((cleanup(view_clear))) struct view view = {};
	int r;

	r = view_read(&view, globals, err);
	if (r == 0)
		r = view_choose(&view, &opts->frontend, err);
	return r < 0 ? r : view_print(&view, sr_globals_format(globals), err);
}

static const struct sr_option map_get_options[] = {
	{
		.name = "VIP:PORT[/PROTO]",
		.is_argument = true,
		.required = true,
		.type = &sr_type_frontend,
		.offset = offsetof(struct sr_map_options, frontend),
		.help = "the frontend",
	},
	{},
};

const struct sr_command sr_command_map_get = {
	.name = "map get",
	.summary = "Show a frontend and its backends",
	.options = map_get_options,
	.size = sizeof(struct sr_map_options),
	.formats = SR_PRINTS(JSON) | SR_PRINTS(YAML),
	.run = map_get_run,
};

const struct sr_command sr_command_map_list = {
	.name = "map list",
	.summary = "Show all frontends and their backends",
	.details = "CONNS counts the connections of a backend by way of any frontend of its service.\n"
		   "-o yaml prints manifests: 'svcroute map list -o yaml | svcroute load -f -' restores all.\n"
		   "-o hosts prints names, as hosts files, dnsmasq and CoreDNS read them.",
	.formats = SR_PRINTS(JSON) | SR_PRINTS(YAML) | SR_PRINTS(HOSTS),
	.run = map_list_run,
};
