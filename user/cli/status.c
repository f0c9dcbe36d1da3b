// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute status: what is attached, how full it is, what packets met. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/announce.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/instance.h"
#include "cli/output.h"
#include "cli/reasons.h"
#include "cli/settings.h"
#include "kernel/announce.h"
#include "kernel/attach.h"
#include "kernel/maps.h"
#include "kernel/sock_diag.h"

struct status {
	const struct sr_globals *globals;
	struct sr_attachments attachments;
	struct sr_claims announced;
	struct sr_usage usage;
	struct sr_counter counters[SR_REASON_MAX];
	struct sr_settings settings;
	bool can_destroy_sockets;
};

static void status_clear(struct status *status)
{
	sr_attachments_clear(&status->attachments);
	sr_claims_clear(&status->announced);
	sr_settings_clear(&status->settings);
}

static int status_read(struct status *status, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	sr_autofree char *settings = NULL;
	int r;

	r = sr_instance_open(&datapath, status->globals, SR_ACCESS_READ, err);
	if (r == 0)
		r = sr_attach_list(datapath, &status->attachments, err);
	if (r == 0)
		r = sr_announce_read(datapath, &status->announced, err);
	if (r == 0)
		r = sr_maps_usage(datapath, &status->usage, err);
	if (r == 0)
		r = sr_maps_counters(datapath, status->counters, err);
	if (r == 0)
		r = sr_maps_read_settings(datapath, &settings, err);
	status->can_destroy_sockets = sr_sock_diag_can_destroy();
	return r < 0 ? r : sr_settings_parse(&status->settings, settings, err);
}

/* Whose sockets are served, and what this kernel lacks for it. */
static void print_sockets(const struct status *status)
{
	const char *mode = sr_settings_sockets(&status->settings);

	printf("  sockets: %s\n", mode);
	if (strcmp(mode, SR_SOCKETS_OFF) != 0 && !status->can_destroy_sockets)
		puts("  this kernel cannot end sockets (CONFIG_INET_DIAG_DESTROY, udp_diag): "
		     "connected UDP sockets stay with an endpoint that is removed");
}

static int print_attachments(const struct status *status)
{
	int r;

	sr_autotable struct sr_table table = {.columns = 4, .indent = "  "};

	puts("attached");
	for (size_t i = 0; i < status->attachments.num; i++) {
		const struct sr_attachment *item = &status->attachments.item[i];

		sr_table_add(&table, item->where);
		sr_table_add(&table, item->hook);
		sr_table_add(&table, item->program);
		sr_table_add(&table, item->mode);
	}
	if (status->attachments.num == 0)
		puts("  nothing");
	r = sr_table_print(&table, stdout);
	print_sockets(status);
	return r;
}

/* The rows of usage, for people and for machines. */
#define STATUS_USAGE(X)                                                                                                \
	X(services, "services")                                                                                        \
	X(frontends, "frontends")                                                                                      \
	X(endpoints, "endpoints")                                                                                      \
	X(slots, "slots")                                                                                              \
	X(connections, "connections")                                                                                  \
	X(new_connections, "connections, unproven")                                                                    \
	X(addresses, "addresses of frontends")                                                                         \
	X(sources, "source ranges")                                                                                    \
	X(affinity, "clients with affinity")

static int print_usage(const struct status *status)
{
	sr_autotable struct sr_table table = {.columns = 2, .indent = "  "};

	puts("\nin use");
#define X(field, text)                                                                                                 \
	sr_table_add(&table, text);                                                                                    \
	sr_table_addf(&table, "%" PRIu32 " of %" PRIu32, status->usage.field, status->usage.max_##field);
	STATUS_USAGE(X)
#undef X
	return sr_table_print(&table, stdout);
}

static int print_counters(const struct status *status)
{
	sr_autotable struct sr_table table = {.columns = 4, .indent = "  "};

	puts("\npackets");
	for (size_t i = 0; i < SR_REASON_MAX; i++) {
		const struct sr_counter *counter = &status->counters[i];

		if (counter->packets == 0 && !status->globals->verbose)
			continue;
		sr_table_add(&table, sr_reason_words(i)->verdict);
		sr_table_addf(&table, "%" PRIu64, (uint64_t)counter->packets);
		sr_table_add(&table, sr_reason_words(i)->name);
		sr_table_add(&table, sr_reason_words(i)->text);
	}
	if (table.num == 0)
		puts("  none");
	return sr_table_print(&table, stdout);
}

static int print_setting(const char *key, const char *value, void *context)
{
	struct sr_table *table = context;

	sr_table_add(table, key);
	sr_table_add(table, value ? value : "(default)");
	return 0;
}

static int print_settings(const struct status *status)
{
	sr_autotable struct sr_table table = {.columns = 2, .indent = "  "};

	puts("\nsettings");
	if (sr_settings_each(&status->settings, print_setting, &table) < 0)
		return -ENOMEM;
	return sr_table_print(&table, stdout);
}

static void print_pending(const struct status *status)
{
	unsigned int left;

	if (sr_confirm_is_pending(status->globals->instance, &left))
		printf("the last load is rolled back in %u s, unless 'svcroute confirm' comes before\n\n", left);
}

static int status_print(const struct status *status, struct sr_error *err)
{
	print_pending(status);
	if (print_attachments(status) < 0 || sr_announce_print(&status->announced, status->globals->verbose) < 0 ||
	    print_usage(status) < 0 || print_counters(status) < 0 || print_settings(status) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	return 0;
}

static json_t *json_attachments(const struct status *status)
{
	json_t *list = json_array();

	for (size_t i = 0; i < status->attachments.num; i++) {
		const struct sr_attachment *item = &status->attachments.item[i];

		json_array_append_new(list, json_pack("{s:o, s:s, s:s, s:s, s:I}", "where", sr_json_text(item->where),
						      "hook", item->hook, "program", item->program, "mode", item->mode,
						      "program_id", (json_int_t)item->program_id));
	}
	return list;
}

static json_t *json_usage(const struct sr_usage *usage)
{
	json_t *object = json_object();

#define X(field, text)                                                                                                 \
	json_object_set_new(                                                                                           \
		object, #field,                                                                                        \
		json_pack("{s:I, s:I}", "used", (json_int_t)usage->field, "limit", (json_int_t)usage->max_##field));
	STATUS_USAGE(X)
#undef X
	return object;
}

/* All of them, those of 0 too: keys are stable. */
static json_t *json_counters(const struct status *status)
{
	json_t *list = json_array();

	for (size_t i = 0; i < SR_REASON_MAX; i++) {
		const struct sr_counter *counter = &status->counters[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:I, s:I}", "verdict", sr_reason_words(i)->verdict,
						"reason", sr_reason_words(i)->name, "packets",
						(json_int_t)counter->packets, "bytes", (json_int_t)counter->bytes));
	}
	return list;
}

/* Seconds, or null: no load waits. */
static json_t *json_pending(const struct status *status)
{
	unsigned int left;

	return sr_confirm_is_pending(status->globals->instance, &left) ? json_integer(left) : json_null();
}

static int status_print_json(const struct status *status, struct sr_error *err)
{
	sr_autojson json_t *root = NULL;

	root = json_pack("{s:s, s:o, s:o, s:o, s:{s:s, s:b}, s:o, s:o, s:o}", "instance", status->globals->instance,
			 "confirm_in", json_pending(status), "attachments", json_attachments(status), "announced",
			 sr_announce_json(&status->announced), "sockets", "mode",
			 sr_settings_sockets(&status->settings), "destroyed", status->can_destroy_sockets, "usage",
			 json_usage(&status->usage), "packets", json_counters(status), "settings",
			 sr_settings_json(&status->settings));
	return sr_json_print(stdout, root, err);
}

static int status_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	__attribute__((cleanup(status_clear))) struct status status = {.globals = globals};
	int r = status_read(&status, err);

	(void)options;
	if (r < 0)
		return r;
	if (sr_globals_format(globals) == SR_FORMAT_JSON)
		return status_print_json(&status, err);
	return status_print(&status, err);
}

const struct sr_command sr_command_status = {
	.name = "status",
	.summary = "Show what is attached, in use, counted and set",
	.details = "Reasons that no packet met are left out, unless -v is given.",
	.formats = SR_PRINTS(JSON),
	.run = status_run,
};
