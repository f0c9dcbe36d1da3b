// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/health.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "cli/confirm.h"
#include "cli/load.h"
#include "kernel/missing.h"
#include "kernel/programs.h"

static int health_miss(const char *where, const struct sr_program *program, void *context)
{
	struct sr_health *health = context;

	return sr_notes_add(&health->degraded, "%s: nothing is attached to %s: 'svcroute load' does it", where,
			    program->hook);
}

static int health_compare(struct sr_health *health, const struct sr_targets *targets,
			  const struct sr_datapath *datapath, const struct sr_attachments *attachments,
			  struct sr_error *err)
{
	struct sr_attach_config config;
	unsigned int num = 0;
	int r = sr_attach_count_gone(datapath, &num, err);

	if (r == 0 && num)
		r = sr_notes_add(&health->degraded, "%u of the uplinks that were served %s gone", num,
				 num == 1 ? "is" : "are");
	sr_targets_config(targets, &config);
	return r < 0 ? r : sr_attach_each_missing(datapath, &config, attachments, health_miss, health, err);
}

int sr_health_attached(struct sr_health *health, struct sr_datapath *datapath, const struct sr_globals *globals,
		       const char *settings, const struct sr_attachments *attachments, struct sr_error *err)
{
	const struct sr_load_options nothing_new = {};
	__attribute__((cleanup(sr_load_clear))) struct sr_load wanted = {.globals = globals, .options = &nothing_new};
	struct sr_error reason = {};
	int r = sr_settings_parse(&wanted.settings, settings, err);

	if (r < 0)
		return r;
	r = sr_targets_choose(&wanted, &reason);
	/* What cannot be attached at all: a device or cgroup that is gone. */
	if (r == -ENODEV || r == -EINVAL || r == -ENOENT)
		r = sr_notes_add(&health->degraded, "%s", reason.text);
	else if (r < 0)
		return sr_fail(err, r, "%s", reason.text);
	else
		r = health_compare(health, &wanted.targets, datapath, attachments, err);
	return r == -ENOMEM ? sr_fail(err, r, "out of memory") : r;
}

int sr_health_rollback(struct sr_health *health, const struct sr_globals *globals)
{
	if (!sr_confirm_is_lost(globals->instance))
		return 0;
	return sr_notes_add(&health->degraded,
			    "the last load was to be rolled back and is not, for who waited for it has died, or "
			    "failed: 'svcroute confirm' keeps it");
}

int sr_health_usage(struct sr_health *health, const struct sr_health_usage *usage)
{
	unsigned int percent = usage->limit ? (unsigned int)(100ULL * usage->used / usage->limit) : 0;
	struct sr_notes *notes = percent < 100 || usage->may_be_full ? &health->warnings : &health->degraded;

	if (percent < SR_HEALTH_WARN)
		return 0;
	return sr_notes_add(notes, "%s: %u %% of %u are in use", usage->name, percent, usage->limit);
}

void sr_health_clear(struct sr_health *health)
{
	sr_notes_clear(&health->degraded);
	sr_notes_clear(&health->warnings);
}
