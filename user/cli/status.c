// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute status: what is attached, how full it is, what packets met, and whether that is as it should be. */
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
#include "cli/status.h"
#include "kernel/announce.h"
#include "kernel/sock_diag.h"

static void status_clear(struct sr_status *status)
{
	sr_attachments_clear(&status->attachments);
	sr_claims_clear(&status->announced);
	sr_settings_clear(&status->settings);
	sr_health_clear(&status->health);
}

static int status_open(struct sr_status *status, struct sr_datapath **out, struct sr_error *err)
{
	int r = sr_instance_open(out, status->globals, SR_ACCESS_SETTLED, err);

	if (r != -EUCLEAN)
		return r;
	if (sr_notes_add(&status->health.degraded, SR_HALF_LOADED) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	return sr_instance_open(out, status->globals, SR_ACCESS_READ, err);
}

static int status_read(struct sr_status *status, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	sr_autofree char *settings = NULL;
	int r;

	r = status_open(status, &datapath, err);
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
	if (r == 0)
		r = sr_health_attached(&status->health, datapath, status->globals, settings, &status->attachments, err);
	status->can_destroy_sockets = sr_sock_diag_can_destroy();
	return r < 0 ? r : sr_settings_parse(&status->settings, settings, err);
}

static int status_check_usage(struct sr_status *status)
{
	const struct sr_health_usage usage[] = {
#define X(field, text, may_be_full) {text, status->usage.field, status->usage.max_##field, may_be_full},
		STATUS_USAGE(X)
#undef X
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(usage); i++)
		r = sr_health_usage(&status->health, &usage[i]);
	return r;
}

static int status_check(struct sr_status *status, struct sr_error *err)
{
	if (sr_health_rollback(&status->health, status->globals) < 0 || status_check_usage(status) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	return 0;
}

/* Whose sockets are served, and what this kernel lacks for it. */
static void print_sockets(const struct sr_status *status)
{
	const char *mode = sr_settings_sockets(&status->settings);

	printf("  sockets: %s\n", mode);
	if (strcmp(mode, SR_SOCKETS_OFF) != 0 && !status->can_destroy_sockets)
		puts("  this kernel cannot end sockets (CONFIG_INET_DIAG_DESTROY, udp_diag): "
		     "connected UDP sockets stay with an endpoint that is removed");
}

static int print_attachments(const struct sr_status *status)
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

static int print_usage(const struct sr_status *status)
{
	sr_autotable struct sr_table table = {.columns = 2, .indent = "  "};

	puts("\nin use");
#define X(field, text, may_be_full)                                                                                    \
	sr_table_add(&table, text);                                                                                    \
	sr_table_addf(&table, "%" PRIu32 " of %" PRIu32, status->usage.field, status->usage.max_##field);
	STATUS_USAGE(X)
#undef X
	return sr_table_print(&table, stdout);
}

static int print_counters(const struct sr_status *status)
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

static int print_settings(const struct sr_status *status)
{
	sr_autotable struct sr_table table = {.columns = 2, .indent = "  "};

	puts("\nsettings");
	if (sr_settings_each(&status->settings, print_setting, &table) < 0)
		return -ENOMEM;
	return sr_table_print(&table, stdout);
}

static void print_health(const struct sr_health *health)
{
	for (size_t i = 0; i < health->degraded.num; i++)
		printf("degraded: %s\n", health->degraded.line[i]);
	for (size_t i = 0; i < health->warnings.num; i++)
		printf("warning: %s\n", health->warnings.line[i]);
	if (health->degraded.num || health->warnings.num)
		putchar('\n');
}

static void print_pending(const struct sr_status *status)
{
	unsigned int left;

	if (sr_confirm_is_pending(status->globals->instance, &left))
		printf("the last load is rolled back in %u s, unless 'svcroute confirm' comes before\n\n", left);
}

static int status_print(const struct sr_status *status, struct sr_error *err)
{
	print_pending(status);
	print_health(&status->health);
	if (print_attachments(status) < 0 || sr_announce_print(&status->announced, status->globals->verbose) < 0 ||
	    print_usage(status) < 0 || print_counters(status) < 0 || print_settings(status) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	return 0;
}

static int status_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	__attribute__((cleanup(status_clear))) struct sr_status status = {.globals = globals};
	int r = status_read(&status, err);

	(void)options;
	if (r == 0)
		r = status_check(&status, err);
	if (r == 0)
		r = sr_globals_format(globals) == SR_FORMAT_JSON ? sr_status_print_json(&status, err)
								 : status_print(&status, err);
	if (r == 0 && status.health.degraded.num)
		r = sr_fail(err, -EUCLEAN, "instance '%s' is degraded: %s", globals->instance,
			    status.health.degraded.line[0]);
	return r;
}

const struct sr_command sr_command_status = {
	.name = "status",
	.summary = "Show what is attached, in use, counted and set",
	.details = "Reasons that no packet met are left out, unless -v is given. Exits 1 where traffic is not\n"
		   "served as it should be: something is not attached, a map is full, or a load was killed halfway.",
	.formats = SR_PRINTS(JSON),
	.run = status_run,
};
