// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute unload: nothing of ours is left, nothing of others' touched. */
#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/fates.h"
#include "kernel/datapath.h"
#include "kernel/handback.h"

struct unload_options {
	bool handback;
};

static const struct sr_option unload_options[] = {
	{
		.name = "handback",
		.type = &sr_type_flag,
		.offset = offsetof(struct unload_options, handback),
		.help = "first give our connections to kube-proxy's rules, which are there again: none breaks",
	},
	{},
};

static void unload_print_fates(const struct sr_fates *fates)
{
	printf("gave %zu connections to netfilter", fates->num[SR_FATE_CHANGES]);
	if (sr_fates_stayed(fates)) {
		printf("; %zu end: ", sr_fates_stayed(fates));
		sr_fates_write_stayed(stdout, fates);
	}
	putchar('\n');
}

static int unload_handback(const struct sr_globals *globals, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	struct sr_fates fates;
	int r = sr_datapath_open(&datapath, globals->instance, SR_ACCESS_WRITE, err);

	if (r == 0)
		r = sr_handback(datapath, &fates, err);
	if (r == 0 && !globals->quiet)
		unload_print_fates(&fates);
	return r;
}

static void unload_warn(const struct sr_globals *globals)
{
	if (sr_datapath_is_elsewhere(globals->instance))
		fprintf(stderr,
			"svcroute: warning: instance '%s' served another network namespace: its clsact filters and "
			"routes stay there\n",
			globals->instance);
}

static int unload_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	const struct unload_options *opts = options;
	int r = opts->handback ? unload_handback(globals, err) : 0;

	if (r < 0)
		return r;
	sr_confirm_drop(globals->instance);
	unload_warn(globals);
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
	.options = unload_options,
	.size = sizeof(struct unload_options),
	.run = unload_run,
};
