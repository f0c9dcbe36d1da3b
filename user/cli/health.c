// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/health.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "cli/load.h"

static bool health_has(const struct sr_attachments *attachments, const struct sr_attachment *wanted)
{
	for (size_t i = 0; i < attachments->num; i++)
		if (strcmp(attachments->item[i].where, wanted->where) == 0 &&
		    strcmp(attachments->item[i].hook, wanted->hook) == 0)
			return true;
	return false;
}

/* Whether a driver has native XDP is not known, where it is not asked for by name. */
static bool health_must_have(const struct sr_attachment *wanted, enum sr_xdp_mode xdp)
{
	return strcmp(wanted->hook, "xdp") != 0 || xdp != SR_XDP_AUTO;
}

static int health_compare(struct sr_health *health, const struct sr_load *wanted,
			  const struct sr_attachments *attachments)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < wanted->attachments.num; i++) {
		const struct sr_attachment *item = &wanted->attachments.item[i];

		if (health_must_have(item, wanted->targets.xdp) && !health_has(attachments, item))
			r = sr_notes_add(&health->degraded, "%s: nothing is attached to %s: 'svcroute load' does it",
					 item->where, item->hook);
	}
	return r;
}

int sr_health_attached(struct sr_health *health, const struct sr_globals *globals,
		       const struct sr_attachments *attachments, struct sr_error *err)
{
	const struct sr_load_options nothing_new = {};
	const struct sr_manifests none = {};
	__attribute__((cleanup(sr_load_clear))) struct sr_load load = {
		.globals = globals,
		.options = &nothing_new,
		.manifests = &none,
	};
	struct sr_error reason = {};
	int r = sr_load_prepare(&load, &reason);

	/* What cannot be attached at all: a device or cgroup that is gone. */
	if (r == -ENODEV || r == -EINVAL)
		r = sr_notes_add(&health->degraded, "%s", reason.text);
	else if (r < 0)
		return sr_fail(err, r, "%s", reason.text);
	else if (sr_targets_predict(&load, err) < 0 || health_compare(health, &load, attachments) < 0)
		r = -ENOMEM;
	return r < 0 ? sr_fail(err, r, "out of memory") : 0;
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
