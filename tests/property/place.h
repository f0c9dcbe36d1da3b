/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who there is in the test's network (tests/packet/network.h), and by which way each is reached. */
#ifndef TESTS_PROPERTY_PLACE_H
#define TESTS_PROPERTY_PLACE_H

#include <stdbool.h>

#include "../packet/network.h"
#include "model/addr.h"

enum place {
	PLACE_POD1,
	PLACE_POD1B,
	PLACE_POD2,
	PLACE_REMOTE,
	PLACE_REMOTE_B,
	PLACE_REMOTE_ETH1,
	PLACE_REMOTE_NO_NEIGHBOUR,
	PLACE_UNREACHABLE,
	PLACE_HOST,
	PLACE_CLIENT,
	PLACE_CLIENT_B,
	NUM_PLACES,
};

/* No device of ours leads there. */
#define PLACE_NOWHERE NUM_DEVICES

struct way {
	enum device device;
	uint8_t mac;	/* last byte of the next hop's; 0: nobody knows it */
	bool has_route; /* false for what is unreachable, or this host */
};

struct sr_addr place_addr(enum place place, int family);
const char *place_text(enum place place);
bool place_is_host(const struct sr_addr *addr);
/* By which way an address is reached. */
struct way place_way(const struct sr_addr *addr);
/* The address of this node that packets bear which leave by a device. */
struct sr_addr place_node_address(enum device device, int family);

#endif
