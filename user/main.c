// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * svcroute: a command line becomes a command, and the command runs. Only here
 * are errors printed: `svcroute: what is wrong`, exit status 1, or 2 where the
 * command line is at fault.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/complete.h"

const struct sr_command *const sr_commands[] = {
	&sr_command_load,
	&sr_command_confirm,
	&sr_command_announce,
	&sr_command_unload,
	&sr_command_status,
	&sr_command_map_add,
	&sr_command_map_replace,
	&sr_command_map_del,
	&sr_command_map_get,
	&sr_command_map_list,
	&sr_command_conn_list,
	&sr_command_conn_get,
	&sr_command_conn_del,
	&sr_command_conn_flush,
	&sr_command_monitor,
	&sr_command_trace,
	&sr_command_version,
	&sr_command_help,
	NULL,
};

static int complain(const struct sr_error *err, int status)
{
	fprintf(stderr, "svcroute: %s\n", err->text);
	return status;
}

/* What could not be written was not printed: a full disk is a failure, too. */
static int finish(struct sr_error *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_SUCCESS;
	sr_fail(err, -errno, "standard output: %s", strerror(errno));
	return complain(err, 1);
}

int main(int argc, char **argv)
{
	sr_autoinvocation struct sr_invocation invocation = {};
	struct sr_error err = {};
	int r;

	if (argc > 1 && strcmp(argv[1], SR_COMPLETE) == 0) {
		sr_complete(stdout, argv + 2, argc - 2);
		return finish(&err);
	}
	if (sr_invocation_parse(&invocation, argc, argv, &err) < 0)
		return complain(&err, 2);

	if (invocation.globals.help) {
		sr_help_print(stdout, invocation.topic);
		return finish(&err);
	}

	r = invocation.command->run(&invocation.globals, invocation.options, &err);
	if (r < 0) {
		fflush(stdout);
		return complain(&err, 1);
	}
	return finish(&err);
}
