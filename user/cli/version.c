// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute version: the only file that is told SVCROUTE_VERSION and _COMMIT. */
#include "cli/commands.h"
#include "cli/output.h"
#include "kernel/datapath.h"

static int version_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	sr_autojson json_t *root = NULL;

	(void)options;
	if (sr_globals_format(globals) == SR_FORMAT_TABLE) {
		printf("svcroute %s (commit %s), libbpf %s, map layout %d\n", SVCROUTE_VERSION, SVCROUTE_COMMIT,
		       sr_libbpf_version(), SR_LAYOUT_VERSION);
		return 0;
	}

	root = json_pack("{s:s, s:s, s:s, s:i}", "version", SVCROUTE_VERSION, "commit", SVCROUTE_COMMIT, "libbpf",
			 sr_libbpf_version(), "map_layout", SR_LAYOUT_VERSION);
	return sr_json_print(stdout, root, err);
}

const struct sr_command sr_command_version = {
	.name = "version",
	.summary = "Show the versions of svcroute, libbpf and the maps' layout",
	.formats = SR_PRINTS(JSON),
	.run = version_run,
};
