// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/sources.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/instance.h"
#include "kernel/map_each.h"

#define SOURCE_V4_BITS 96 /* of ::ffff:0:0 */

static struct sr_source_key source_key(uint32_t service, const struct sr_cidr *network)
{
	uint32_t bits = network->bits + (sr_addr_is_v4(&network->addr) ? SOURCE_V4_BITS : 0);

	return (struct sr_source_key){
		.prefixlen = SR_SOURCE_SERVICE_BITS + bits, .service = service, .addr = network->addr};
}

struct sr_cidr sr_source_network(const struct sr_source_key *key)
{
	uint32_t bits = key->prefixlen - SR_SOURCE_SERVICE_BITS;

	return (struct sr_cidr){.addr = key->addr, .bits = bits - (sr_addr_is_v4(&key->addr) ? SOURCE_V4_BITS : 0)};
}

static bool source_is_of(const struct sr_service *service, const struct sr_cidr *network)
{
	for (size_t i = 0; service && i < service->num_sources; i++)
		if (service->sources[i].bits == network->bits &&
		    sr_addr_compare(&service->sources[i].addr, &network->addr) == 0)
			return true;
	return false;
}

size_t sr_sources_num_new(const struct sr_plan *plan)
{
	size_t num = 0;

	for (size_t i = 0; i < plan->num; i++) {
		const struct sr_service *was = plan->op[i].was, *want = plan->op[i].want;

		for (size_t j = 0; plan->op[i].kind != SR_OP_KEEP && want && j < want->num_sources; j++)
			num += !source_is_of(was, &want->sources[j]);
	}
	return num;
}

int sr_sources_write(const struct sr_datapath *datapath, uint32_t service, const struct sr_op *op, struct sr_error *err)
{
	const uint32_t value = 1;

	for (size_t i = 0; op->want && i < op->want->num_sources; i++) {
		struct sr_source_key key = source_key(service, &op->want->sources[i]);

		if (source_is_of(op->was, &op->want->sources[i]))
			continue;
		if (bpf_map_update_elem(datapath->map_fd[SR_MAP_SOURCES], &key, &value, BPF_ANY) < 0)
			return sr_fail(err, -errno, "cannot write map sr_sources: %s", strerror(errno));
	}
	return 0;
}

int sr_sources_delete(const struct sr_datapath *datapath, uint32_t service, const struct sr_op *op,
		      struct sr_error *err)
{
	for (size_t i = 0; op->was && i < op->was->num_sources; i++) {
		struct sr_source_key key = source_key(service, &op->was->sources[i]);

		if (source_is_of(op->want, &op->was->sources[i]))
			continue;
		if (bpf_map_delete_elem(datapath->map_fd[SR_MAP_SOURCES], &key) < 0 && errno != ENOENT)
			return sr_fail(err, -errno, "cannot delete from map sr_sources: %s", strerror(errno));
	}
	return 0;
}
