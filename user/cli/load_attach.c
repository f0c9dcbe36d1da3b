// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute load: hooks get their programs, and where maps were replaced, they are settled. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "cli/load.h"
#include "kernel/adopt.h"

/* What was made new on the way here is still new. */
static void attach_keep_news(struct sr_attachments *attachments, const struct sr_attachments *former)
{
	for (size_t i = 0; i < attachments->num; i++)
		for (size_t j = 0; j < former->num; j++)
			if (former->item[j].is_new && strcmp(attachments->item[i].where, former->item[j].where) == 0 &&
			    strcmp(attachments->item[i].program, former->item[j].program) == 0)
				attachments->item[i].is_new = true;
}

static int attach_apply(struct sr_load *load, const struct sr_attach_config *config, struct sr_error *err)
{
	sr_autoattachments struct sr_attachments former = load->attachments;

	load->attachments = (struct sr_attachments){};
	int r = sr_attach_apply(load->datapath, config, &load->attachments, err);

	if (r == 0)
		attach_keep_news(&load->attachments, &former);
	return r;
}

int sr_load_settle(struct sr_load *load, struct sr_error *err)
{
	struct sr_attach_config config;
	int r;

	if (!sr_datapath_is_unsettled(load->datapath))
		return 0;
	sr_targets_config(&load->targets, &config);
	r = attach_apply(load, &config, err);
	if (r == 0)
		r = sr_datapath_settle(load->datapath, &load->config, err);
	if (r == 0 && sr_notes_add(&load->notes, "maps of another version or size were replaced; what they held, "
						 "connections too, was carried over") < 0)
		r = sr_fail(err, -ENOMEM, "out of memory");
	return r;
}

int sr_load_attach(struct sr_load *load, struct sr_error *err)
{
	sr_autoadopt struct sr_adopt *adopt = NULL;
	struct sr_attach_config config;
	int r = 0;

	sr_targets_config(&load->targets, &config);
	if (load->options->adopt)
		r = sr_adopt_begin(&adopt, load->datapath, &config, err);
	if (r == 0)
		r = attach_apply(load, &config, err);
	return r == 0 && adopt ? sr_adopt_finish(adopt, &load->adopted, err) : r;
}
