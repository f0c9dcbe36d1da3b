// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "place.h"

#include "../packet/frame.h"
#include "../packet/world.h"
#include "base/cleanup.h"

static const struct {
	const char *text;
	struct way way;
} places[NUM_PLACES] = {
	[PLACE_POD1] = {POD1, {DEVICE_POD1, 7, true}},
	[PLACE_POD1B] = {POD1B, {DEVICE_POD1, 8, true}},
	[PLACE_POD2] = {POD2, {DEVICE_POD2, 9, true}},
	[PLACE_REMOTE] = {REMOTE, {DEVICE_ETH0, MAC_OTHER_NODE, true}},
	[PLACE_REMOTE_B] = {"10.244.2.21", {DEVICE_ETH0, MAC_OTHER_NODE, true}},
	[PLACE_REMOTE_ETH1] = {REMOTE_ETH1, {DEVICE_ETH1, MAC_NODE_ON_ETH1, true}},
	[PLACE_REMOTE_NO_NEIGHBOUR] = {REMOTE_NO_NEIGHBOUR, {DEVICE_ETH0, 0, true}},
	[PLACE_UNREACHABLE] = {UNREACHABLE, {PLACE_NOWHERE, 0, false}},
	[PLACE_HOST] = {NODE, {PLACE_NOWHERE, 0, false}},
	[PLACE_CLIENT] = {CLIENT, {DEVICE_ETH0, MAC_GATEWAY, true}},
	[PLACE_CLIENT_B] = {"203.0.113.77", {DEVICE_ETH0, MAC_GATEWAY, true}},
};

static const char *const place_node_addresses[NUM_DEVICES] = {
	[DEVICE_ETH0] = NODE,
	[DEVICE_ETH1] = NODE_ETH1,
	[DEVICE_POD1] = NODE_TO_PODS,
	[DEVICE_POD2] = NODE_TO_PODS,
};

/* Parsing text takes longer than a packet. */
static struct {
	bool filled;
	struct sr_addr place[2][NUM_PLACES];
	struct sr_addr node[2][NUM_DEVICES];
} known;

static void place_fill(void)
{
	for (int v6 = 0; v6 < 2; v6++) {
		for (int i = 0; i < NUM_PLACES; i++)
			known.place[v6][i] = world_addr(places[i].text, v6 ? 6 : 4);
		for (int i = 0; i < NUM_DEVICES; i++)
			known.node[v6][i] = world_addr(place_node_addresses[i], v6 ? 6 : 4);
	}
	known.filled = true;
}

struct sr_addr place_addr(enum place place, int family)
{
	if (!known.filled)
		place_fill();
	return known.place[family == 6][place];
}

const char *place_text(enum place place)
{
	return places[place].text;
}

struct sr_addr place_node_address(enum device device, int family)
{
	if (!known.filled)
		place_fill();
	return known.node[family == 6][device];
}

bool place_is_host(const struct sr_addr *addr)
{
	struct sr_addr host = place_addr(PLACE_HOST, sr_addr_is_v4(addr) ? 4 : 6);

	return sr_addr_compare(&host, addr) == 0;
}

struct way place_way(const struct sr_addr *addr)
{
	int v6 = sr_addr_is_v4(addr) ? 0 : 1;

	if (!known.filled)
		place_fill();
	for (int i = 0; i < NUM_PLACES; i++) {
		if (sr_addr_compare(&known.place[v6][i], addr) == 0)
			return places[i].way;
	}
	return (struct way){DEVICE_ETH0, MAC_GATEWAY, true};
}
