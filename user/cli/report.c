// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a load did: a line per service (+ new, ~ changed, - removed), the
 * attachments, and what one should know. The same as JSON.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/announce.h"
#include "cli/fates.h"
#include "cli/load.h"
#include "cli/output.h"
#include "cli/show.h"

#define REPORT_MANY	 100 /* unchanged things beyond that are only counted */
#define REPORT_ENDPOINTS 4   /* endpoints a line shows */

static const struct {
	const char *sign;
	const char *word;
} report_ops[] = {
	[SR_OP_KEEP] = {" ", "keep"},
	[SR_OP_ADD] = {"+", "add"},
	[SR_OP_CHANGE] = {"~", "change"},
	[SR_OP_REMOVE] = {"-", "remove"},
};

static const struct sr_service *op_service(const struct sr_op *op)
{
	return op->want ? op->want : op->was;
}

static size_t count_unchanged(const struct sr_plan *plan)
{
	size_t num = 0;

	for (size_t i = 0; i < plan->num; i++)
		num += plan->op[i].kind == SR_OP_KEEP;
	return num;
}

static void write_addresses(FILE *file, const struct sr_service *service)
{
	char text[SR_HOSTPORT_TEXT];
	const char *between = "";

	for (size_t i = 0; i < service->num_frontends; i++) {
		const struct sr_frontend_spec *frontend = &service->frontends[i];

		if (frontend->kind == SR_FRONTEND_RESERVED)
			continue;
		fprintf(file, "%s%s%s", between, sr_show_address(text, &frontend->at.addr, frontend->at.port),
			frontend->allocated ? " allocated" : "");
		between = ", ";
	}
}

static void write_endpoints(FILE *file, const struct sr_service *service)
{
	size_t shown = service->num_endpoints > REPORT_ENDPOINTS ? REPORT_ENDPOINTS - 1 : service->num_endpoints;
	char text[SR_HOSTPORT_TEXT];

	fprintf(file, "%zu%s", service->num_endpoints, shown ? ": " : "");
	for (size_t i = 0; i < shown; i++) {
		const struct sr_endpoint *endpoint = &service->endpoints[i];

		fprintf(file, "%s%s", i ? ", " : "", sr_show_address(text, &endpoint->addr, endpoint->port));
	}
	if (shown < service->num_endpoints)
		fputs(", ...", file);
}

/* A cell of what `write` has to say of a service. */
static void report_cell(struct sr_table *table, void (*write)(FILE *file, const struct sr_service *service),
			const struct sr_service *service)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (file) {
		write(file, service);
		fclose(file);
	}
	sr_table_take(table, text);
}

static void report_service(struct sr_table *table, const struct sr_op *op)
{
	const struct sr_service *service = op_service(op);

	sr_table_add(table, report_ops[op->kind].sign);
	sr_table_take(table, sr_show_name(service));
	sr_table_add(table, sr_proto_name(service->proto));
	report_cell(table, write_addresses, service);
	report_cell(table, write_endpoints, service);
}

static int report_services(const struct sr_load *load)
{
	static const char *const head[] = {" ", "SERVICE", "PROTO", "ADDRESSES", "ENDPOINTS"};
	sr_autotable struct sr_table table = {.columns = ARRAY_SIZE(head)};
	size_t unchanged = count_unchanged(&load->plan);
	bool all = load->globals->verbose || unchanged <= REPORT_MANY;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		sr_table_add(&table, head[i]);
	for (size_t i = 0; i < load->plan.num; i++) {
		if (all || load->plan.op[i].kind != SR_OP_KEEP)
			report_service(&table, &load->plan.op[i]);
	}

	if (table.num > table.columns)
		r = sr_table_print(&table, stdout);
	if (!all)
		printf("  and %zu services unchanged\n", unchanged);
	if (load->plan.num == 0)
		puts("no services");
	putchar('\n');
	return r;
}

static bool attachment_is_in(const struct sr_attachments *attachments, const struct sr_attachment *item)
{
	for (size_t i = 0; i < attachments->num; i++) {
		const struct sr_attachment *other = &attachments->item[i];

		if (strcmp(other->where, item->where) == 0 && strcmp(other->program, item->program) == 0)
			return true;
	}
	return false;
}

/* What was attached before and is so no longer. */
static bool attachment_is_gone(const struct sr_load *load, const struct sr_attachment *item)
{
	return !attachment_is_in(&load->attachments, item);
}

static const char *attachment_state(const struct sr_attachment *item)
{
	return item->is_new ? "new" : "kept";
}

static void report_attachment(struct sr_table *table, const struct sr_attachment *item, const char *state)
{
	sr_table_add(table, item->where);
	sr_table_add(table, item->hook);
	sr_table_add(table, item->program);
	sr_table_add(table, item->mode);
	sr_table_add(table, state);
}

/* How many attachments from this on are a cgroup's, alike in place and state. */
static size_t count_cgroup(const struct sr_attachments *attachments, size_t first)
{
	const struct sr_attachment *item = &attachments->item[first];
	size_t num = 0;

	while (first + num < attachments->num && strcmp(item[num].mode, "cgroup") == 0 &&
	       strcmp(item[num].where, item->where) == 0 && item[num].is_new == item->is_new)
		num++;
	return num;
}

/* A cgroup's hooks are many and always the same: one line is enough. */
static size_t report_cgroup(struct sr_table *table, const struct sr_attachments *attachments, size_t first)
{
	const struct sr_attachment *item = &attachments->item[first];
	size_t num = count_cgroup(attachments, first);

	sr_table_add(table, item->where);
	sr_table_addf(table, "sockets, %zu hooks", num);
	sr_table_add(table, "sr_connect4, ...");
	sr_table_add(table, item->mode);
	sr_table_add(table, attachment_state(item));
	return num;
}

static void report_present(struct sr_table *table, const struct sr_attachments *attachments, bool kept, bool all)
{
	for (size_t i = 0; i < attachments->num;) {
		const struct sr_attachment *item = &attachments->item[i];

		if (!item->is_new && !kept) {
			i++;
		} else if (!all && count_cgroup(attachments, i) > 1) {
			i += report_cgroup(table, attachments, i);
		} else {
			report_attachment(table, item, attachment_state(item));
			i++;
		}
	}
}

static size_t count_kept(const struct sr_attachments *attachments)
{
	size_t num = 0;

	for (size_t i = 0; i < attachments->num; i++)
		num += !attachments->item[i].is_new;
	return num;
}

static int report_attachments(const struct sr_load *load)
{
	static const char *const head[] = {"ATTACHED TO", "HOOK", "PROGRAM", "MODE", ""};
	sr_autotable struct sr_table table = {.columns = ARRAY_SIZE(head), .indent = "   "};
	size_t kept = count_kept(&load->attachments);
	bool all = load->globals->verbose, show_kept = all || kept <= REPORT_MANY;

	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		sr_table_add(&table, head[i]);
	report_present(&table, &load->attachments, show_kept, all);
	for (size_t i = 0; i < load->attached.num; i++) {
		if (attachment_is_gone(load, &load->attached.item[i]))
			report_attachment(&table, &load->attached.item[i], "gone");
	}

	if (table.num > table.columns && sr_table_print(&table, stdout) < 0)
		return -ENOMEM;
	if (!show_kept)
		printf("   and %zu kept\n", kept);
	if (load->attachments.num == 0)
		puts("nothing is attached");
	return 0;
}

static void report_lines(FILE *file, const char *what, char *const *line, size_t num)
{
	for (size_t i = 0; i < num; i++)
		fprintf(file, "%s: %s\n", what, line[i]);
}

static void report_adopted(const struct sr_load *load)
{
	const struct sr_fates *adopted = &load->adopted;

	printf("%s%zu connections of netfilter's", load->options->dry_run ? "would adopt " : "adopted ",
	       adopted->num[SR_FATE_CHANGES]);
	if (sr_fates_stayed(adopted)) {
		printf("; %zu stay with it, which needs a chain of type nat until they end: ",
		       sr_fates_stayed(adopted));
		sr_fates_write_stayed(stdout, adopted);
	}
	putchar('\n');
}

static int report_table(const struct sr_load *load, struct sr_error *err)
{
	if (report_services(load) < 0 || report_attachments(load) < 0 ||
	    sr_announce_print(&load->announced, load->globals->verbose) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	if (load->options->adopt)
		report_adopted(load);
	report_lines(stdout, "note", load->notes.line, load->notes.num);
	report_lines(stdout, "note", load->attachments.note, load->attachments.num_notes);
	report_lines(stdout, "warning", load->warnings.line, load->warnings.num);
	if (load->options->dry_run)
		puts("nothing was touched (--dry-run)");
	return 0;
}

static int json_services(json_t *list, const struct sr_load *load)
{
	for (size_t i = 0; i < load->plan.num; i++) {
		const struct sr_op *op = &load->plan.op[i];
		json_t *service = sr_show_json(op_service(op), NULL);

		if (json_array_append_new(list, service) < 0 ||
		    json_object_set_new(service, "change", json_string(report_ops[op->kind].word)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int json_attachment(json_t *list, const struct sr_attachment *item, const char *state)
{
	return json_array_append_new(list, json_pack("{s:o, s:s, s:s, s:s, s:s}", "where", sr_json_text(item->where),
						     "hook", item->hook, "program", item->program, "mode", item->mode,
						     "state", state));
}

static int json_attachments(json_t *list, const struct sr_load *load)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < load->attachments.num; i++) {
		const struct sr_attachment *item = &load->attachments.item[i];

		r = json_attachment(list, item, attachment_state(item));
	}
	for (size_t i = 0; r == 0 && i < load->attached.num; i++) {
		if (attachment_is_gone(load, &load->attached.item[i]))
			r = json_attachment(list, &load->attached.item[i], "gone");
	}
	return r;
}

static int json_lines(json_t *list, char *const *line, size_t num)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < num; i++)
		r = json_array_append_new(list, sr_json_text(line[i]));
	return r;
}

static int report_json(const struct sr_load *load, struct sr_error *err)
{
	json_t *services = json_array(), *attachments = json_array(), *notes = json_array(), *warnings = json_array();
	sr_autojson json_t *root = NULL;

	root = json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "dry_run", load->options->dry_run, "services", services,
			 "attachments", attachments, "announced", sr_announce_json(&load->announced), "notes", notes,
			 "warnings", warnings, "settings", sr_settings_json(&load->settings));
	if (!root || json_services(services, load) < 0 || json_attachments(attachments, load) < 0 ||
	    json_lines(notes, load->notes.line, load->notes.num) < 0 ||
	    json_lines(notes, load->attachments.note, load->attachments.num_notes) < 0 ||
	    json_lines(warnings, load->warnings.line, load->warnings.num) < 0 ||
	    (load->options->adopt && json_object_set_new(root, "adopted", sr_fates_json(&load->adopted)) < 0))
		return sr_fail(err, -ENOMEM, "out of memory");
	return sr_json_print(stdout, root, err);
}

int sr_report_print(const struct sr_load *load, struct sr_error *err)
{
	if (load->globals->quiet) {
		report_lines(stderr, "svcroute: warning", load->warnings.line, load->warnings.num);
		return 0;
	}
	if (sr_globals_format(load->globals) == SR_FORMAT_JSON)
		return report_json(load, err);
	return report_table(load, err);
}
