// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What sr_services_export() wrote beside the Service proper: where it came
 * from and what it is called.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "model/k8s_objects.h"

/* A service of `svcroute map add` is named after its one frontend. */
static int restore_map_name(struct sr_k8s_service *out, const struct sr_field *name, struct sr_error *err)
{
	const struct sr_k8s_port *port = out->ports.item;
	char canonical[SR_HOSTPORT_TEXT];
	const char *text = "";
	struct sr_error fault;
	struct sr_hostport at;
	bool same;
	int r;

	r = sr_field_require(name, err);
	if (r == 0)
		r = sr_field_string(name, &text, err);
	if (r < 0)
		return r;
	if (sr_hostport_parse(&at, text, &fault) < 0)
		return sr_field_fail(name, err, "%s", fault.text);

	same = out->external.num ? sr_addr_compare(&at.addr, &out->external.item[0]) == 0
				 : sr_addr_compare(&at.addr, &out->cluster[sr_k8s_family(&at.addr)]) == 0;
	sr_hostport_format(canonical, &at);
	if (!same || out->ports.num != 1 || port->port != ntohs(at.port) || port->proto != at.proto)
		return sr_field_fail(name, err, "%s is not the address and port in spec", canonical);
	return sr_string_set(&out->alias, canonical) < 0 ? sr_fail(err, -ENOMEM, "out of memory") : 0;
}

int sr_k8s_decode_export(struct sr_k8s_service *out, const struct sr_field *root, struct sr_error *err)
{
	struct sr_field metadata = sr_field_get(root, "metadata");
	struct sr_field annotations = sr_field_get(&metadata, "annotations");
	struct sr_field name = sr_field_get(&annotations, SR_K8S_NAME);
	const char *origin = NULL, *alias = NULL;
	int r;

	r = sr_k8s_annotation(root, SR_K8S_ORIGIN, &origin, err);
	if (r < 0 || !origin)
		return r;

	out->exported = true;
	if (sr_string_set(&out->restored_origin, origin) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	out->from_map = strcmp(origin, SR_ORIGIN_MAP) == 0;
	if (out->from_map)
		return restore_map_name(out, &name, err);

	r = sr_field_name(&name, false, &alias, err);
	if (r == 0 && sr_string_set(&out->alias, alias) < 0)
		r = sr_fail(err, -ENOMEM, "out of memory");
	return r;
}
