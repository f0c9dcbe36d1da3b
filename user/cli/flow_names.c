// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/flow_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/flow_options.h"
#include "kernel/maps.h"

static int names_index(struct sr_flow_names *names)
{
	for (size_t i = 0; i < names->services.num; i++)
		if (names->services.item[i].id >= names->num)
			names->num = names->services.item[i].id + 1;
	names->by_id = calloc(names->num ? names->num : 1, sizeof(*names->by_id));
	if (!names->by_id)
		return -ENOMEM;
	for (size_t i = 0; i < names->services.num; i++)
		names->by_id[names->services.item[i].id] = &names->services.item[i];
	return 0;
}

int sr_flow_names_read(struct sr_flow_names *out, struct sr_datapath *datapath, struct sr_error *err)
{
	int r = sr_maps_read(datapath, &out->services, err);

	if (r < 0)
		return r;
	return names_index(out) < 0 ? sr_fail(err, -ENOMEM, "out of memory") : 0;
}

void sr_flow_names_clear(struct sr_flow_names *names)
{
	sr_services_clear(&names->services);
	free(names->by_id);
	memset(names, 0, sizeof(*names));
}

/* An index may have been given to another since: only what the client called tells. */
const struct sr_service *sr_flow_names_find(const struct sr_flow_names *names, const struct sr_flow *flow)
{
	const struct sr_service *service = flow->service < names->num ? names->by_id[flow->service] : NULL;

	return service && flow->of_service && sr_service_frontend(service, &flow->frontend) ? service : NULL;
}

const struct sr_service *sr_flow_names_called(const struct sr_flow_names *names, const struct sr_hostport *at)
{
	return sr_services_find_frontend(&names->services, at);
}

int sr_flow_names_check(const struct sr_flow_names *names, const char *name, struct sr_error *err)
{
	for (size_t i = 0; name && i < names->services.num; i++)
		if (sr_flow_service_is_named(&names->services.item[i], name))
			return 0;
	if (!name)
		return 0;
	return sr_fail(err, -ENOENT, "there is no service %s%s", name,
		       strchr(name, '/') ? "" : " (NAMESPACE/NAME, or VIP:PORT/PROTO)");
}
