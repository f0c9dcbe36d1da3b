// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/node_ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"

static int cidrs_parse(struct sr_node_port_addresses *out, char *list, struct sr_error *err)
{
	char *word, *rest = list;

	while ((word = strsep(&rest, ","))) {
		struct sr_cidr *cidr = sr_array_add(&out->cidr, &out->num_cidrs, sizeof(*cidr));

		if (!cidr)
			return sr_fail(err, -ENOMEM, "out of memory");
		if (sr_cidr_parse(cidr, word) < 0)
			return sr_fail(err, -EINVAL,
				       "'%s' is neither 'primary', 'all', nor a network (10.0.0.0/16, fd00::/64; bits "
				       "beyond the length are 0)",
				       word);
	}
	return 0;
}

int sr_node_port_addresses_parse(struct sr_node_port_addresses *out, const char *text, struct sr_error *err)
{
	sr_autofree char *list = NULL;

	memset(out, 0, sizeof(*out));
	if (!text)
		return 0;
	if (strcmp(text, "primary") == 0 || strcmp(text, "all") == 0) {
		out->which = text[0] == 'p' ? SR_NODE_PORTS_PRIMARY : SR_NODE_PORTS_ALL;
		return 0;
	}

	out->which = SR_NODE_PORTS_CIDRS;
	list = strdup(text);
	return list ? cidrs_parse(out, list, err) : sr_fail(err, -ENOMEM, "out of memory");
}

void sr_node_port_addresses_clear(struct sr_node_port_addresses *addresses)
{
	free(addresses->cidr);
	memset(addresses, 0, sizeof(*addresses));
}
