// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agreement.h"

static uint64_t big_endian(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

static uint64_t stir(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 32;
}

static uint64_t stir_addr(uint64_t hash, const struct sr_addr *addr)
{
	return stir(stir(hash, big_endian(addr->byte)), big_endian(addr->byte + 8));
}

/* Who draws the least has it: all weigh the same here. */
static uint64_t draw(uint64_t flow, const struct rules_endpoint *endpoint)
{
	uint64_t name = big_endian(endpoint->addr.byte) * 0xbf58476d1ce4e5b9 +
			big_endian(endpoint->addr.byte + 8) * 0x94d049bb133111eb + endpoint->port * 0xd6e8feb86659fd93;

	return stir(stir(flow, name), 0);
}

const struct rules_endpoint *agreement_find(const struct rules_port *port, bool local, const struct tuple *flow)
{
	const struct rules_endpoint *best = NULL;
	uint64_t hash = 0;

	if (!port->agrees)
		return NULL;
	if (port->service->affinity)
		hash = stir_addr(0, &flow->src);
	else
		hash = stir(stir_addr(stir_addr(flow->proto, &flow->src), &flow->dst),
			    (uint64_t)flow->sport << 16 | flow->dport);
	for (unsigned int i = 0; i < port->num_endpoints; i++) {
		const struct rules_endpoint *endpoint = &port->endpoint[i];

		if (!(local ? endpoint->in_local : endpoint->in_cluster))
			continue;
		if (!best || draw(hash, endpoint) < draw(hash, best))
			best = endpoint;
	}
	return best;
}
