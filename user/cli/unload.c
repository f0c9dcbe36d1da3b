// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute unload: nothing of ours is left, nothing of others' touched. */
#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "kernel/datapath.h"

static int unload_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	int r;

	(void)options;
	sr_confirm_drop(globals->instance);
	r = sr_datapath_unload(globals->instance, err);
	if (r == -ENOENT)
		return sr_fail(err, r, "instance '%s' is not loaded", globals->instance);
	if (r == 0 && !globals->quiet)
		printf("instance '%s' is unloaded\n", globals->instance);
	return r;
}

const struct sr_command sr_command_unload = {
	.name = "unload",
	.summary = "Detach the programs and remove all that was loaded",
	.details = "Traffic to services is no longer routed. Addresses that were given to services stay\n"
		   "theirs, for the next load.",
	.run = unload_run,
};
