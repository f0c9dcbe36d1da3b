// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "world.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct world world = {.family = 4, .proto = IPPROTO_TCP};

static struct sr_addr world_spread(const struct sr_addr *v4)
{
	struct sr_addr v6 = {.byte = {0xfd}};

	for (int i = 0; i < 4; i++)
		v6.byte[4 * i + 3] = v4->byte[12 + i];
	return v6;
}

struct sr_addr world_addr(const char *text, int family)
{
	struct sr_addr addr;

	if (sr_addr_parse(&addr, text) < 0) {
		fprintf(stderr, "%s: not an address\n", text);
		abort();
	}
	return family == 6 && sr_addr_is_v4(&addr) ? world_spread(&addr) : addr;
}

struct sr_hostport world_hostport(const char *text, int family, int proto)
{
	struct sr_hostport hostport;
	struct sr_error err = {};

	if (sr_hostport_parse(&hostport, text, &err) < 0) {
		fprintf(stderr, "%s: %s\n", text, err.text);
		abort();
	}
	if (!strchr(text, '/'))
		hostport.proto = proto;
	if (family == 6 && sr_addr_is_v4(&hostport.addr))
		hostport.addr = world_spread(&hostport.addr);
	return hostport;
}
