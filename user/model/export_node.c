// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where node ports are served, written as the Node whose addresses they are.
 * Where it is several of a family, it was not a Node that said so.
 */
#include <errno.h>

#include "model/export_parts.h"
#include "model/k8s_objects.h"

/* The address of a family's node ports; false: there are several. */
static bool node_find(const struct sr_services *services, struct sr_addr found[SR_K8S_FAMILIES])
{
	size_t i, j;

	for (i = 0; i < services->num; i++) {
		const struct sr_service *service = &services->item[i];

		for (j = 0; j < service->num_frontends; j++) {
			const struct sr_addr *addr = &service->frontends[j].at.addr;
			struct sr_addr *known = &found[sr_k8s_family(addr)];

			if (service->frontends[j].kind != SR_FRONTEND_NODE_PORT)
				continue;
			if (!sr_addr_is_zero(known) && sr_addr_compare(known, addr) != 0)
				return false;
			*known = *addr;
		}
	}
	return true;
}

int sr_export_add_node(const struct sr_services *services, const char *name, json_t *items)
{
	struct sr_addr found[SR_K8S_FAMILIES] = {};
	sr_export_autojson *addresses = json_array();
	char text[SR_ADDR_TEXT];
	size_t i;

	if (!addresses)
		return -ENOMEM;
	if (!node_find(services, found))
		return 0;
	for (i = 0; i < SR_K8S_FAMILIES; i++) {
		if (!sr_addr_is_zero(&found[i]) &&
		    json_array_append_new(addresses, json_pack("{ssss}", "type", "InternalIP", "address",
							       sr_addr_format(text, &found[i]))) < 0)
			return -ENOMEM;
	}
	if (!json_array_size(addresses))
		return 0;
	return json_array_append_new(items, json_pack("{ss ss s{ss} s{sO}}", "apiVersion", "v1", "kind", "Node",
						      "metadata", "name", name, "status", "addresses", addresses));
}
