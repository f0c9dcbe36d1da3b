// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/instance.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

int sr_instance_open(struct sr_datapath **out, const struct sr_globals *globals, enum sr_access access,
		     struct sr_error *err)
{
	int r = sr_datapath_open(out, globals->instance, access, err);

	if (r != -ENOENT)
		return r;
	if (strcmp(globals->instance, SR_INSTANCE_DEFAULT) == 0)
		return sr_fail(err, r, "the datapath is not loaded; run \"svcroute load\" first");
	return sr_fail(err, r, "instance '%s' is not loaded; run \"svcroute --instance %s load\" first",
		       globals->instance, globals->instance);
}
