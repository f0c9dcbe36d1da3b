// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/sizes.h"

#include "kernel/conn_table.h"

/* By default there is room for as many per service, backend or connection. */
#define SIZES_FRONTENDS_PER_SERVICE    2
#define SIZES_SLOTS_PER_BACKEND	       8
#define SIZES_CONNECTIONS_PER_AFFINITY 16

static uint32_t sizes_at_least(uint32_t usual, uint32_t wanted)
{
	return wanted > usual ? wanted : usual;
}

/* Index 0 of an array is never given. */
static uint32_t sizes_of_array(uint32_t usual, uint32_t wanted)
{
	return wanted ? wanted + 1 : usual;
}

uint32_t sr_sizes_of(enum sr_map map, const struct sr_sizes *sizes, uint32_t usual)
{
	switch (map) {
	case SR_MAP_SERVICES:
		return sizes_of_array(usual, sizes->services);
	case SR_MAP_INFO:
		return sizes_at_least(usual, sizes->services);
	case SR_MAP_FRONTENDS:
	case SR_MAP_ADDRESSES:
		return sizes_at_least(usual, SIZES_FRONTENDS_PER_SERVICE * sizes->services);
	case SR_MAP_BACKENDS:
		return sizes_of_array(usual, sizes->backends);
	case SR_MAP_SLOTS:
		return sizes_at_least(usual, SIZES_SLOTS_PER_BACKEND * sizes->backends);
	case SR_MAP_NODES:
		return sizes_at_least(usual, sizes->backends);
	case SR_MAP_CONNS:
		return sizes->connections ? sr_conn_table_sets(sizes->connections) : usual;
	case SR_MAP_AFFINITY:
		return sizes_at_least(usual, sizes->connections / SIZES_CONNECTIONS_PER_AFFINITY);
	default:
		return usual;
	}
}
