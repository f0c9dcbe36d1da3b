// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute status, as JSON. */
#include "cli/announce.h"
#include "cli/confirm.h"
#include "cli/output.h"
#include "cli/reasons.h"
#include "cli/status.h"

static json_t *json_attachments(const struct sr_status *status)
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

#define X(field, text, may_be_full)                                                                                    \
	json_object_set_new(                                                                                           \
		object, #field,                                                                                        \
		json_pack("{s:I, s:I}", "used", (json_int_t)usage->field, "limit", (json_int_t)usage->max_##field));
	STATUS_USAGE(X)
#undef X
	return object;
}

/* All of them, those of 0 too: keys are stable. */
static json_t *json_counters(const struct sr_status *status)
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
static json_t *json_pending(const struct sr_status *status)
{
	unsigned int left;

	return sr_confirm_is_pending(status->globals->instance, &left) ? json_integer(left) : json_null();
}

static json_t *json_notes(const struct sr_notes *notes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < notes->num; i++)
		json_array_append_new(list, sr_json_text(notes->line[i]));
	return list;
}

int sr_status_print_json(const struct sr_status *status, struct sr_error *err)
{
	sr_autojson json_t *root = NULL;

	root = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:{s:s, s:b}, s:o, s:o, s:o}", "instance",
			 status->globals->instance, "confirm_in", json_pending(status), "degraded",
			 json_notes(&status->health.degraded), "warnings", json_notes(&status->health.warnings),
			 "attachments", json_attachments(status), "announced", sr_announce_json(&status->announced),
			 "sockets", "mode", sr_settings_sockets(&status->settings), "destroyed",
			 status->can_destroy_sockets, "usage", json_usage(&status->usage), "packets",
			 json_counters(status), "settings", sr_settings_json(&status->settings));
	return sr_json_print(stdout, root, err);
}
