// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How much is in the maps: connections, entries, packets by reason; settings. */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/conn_table.h"
#include "kernel/halves.h"
#include "kernel/instance.h"
#include "kernel/map_each.h"
#include "kernel/maps.h"
#include "kernel/tables.h"
#include "kernel/timeouts.h"

struct count {
	const struct sr_tables *tables;
	struct sr_flow_clock clock;
	uint32_t *by_backend; /* may be NULL */
	uint32_t proven;
	uint32_t unproven;
};

static int count_conn(const struct sr_conn *conn, void *context)
{
	struct count *count = context;

	if (conn->to.flags & SR_CONN_REPLY || !sr_flow_is_live(&count->clock, conn))
		return 0;
	if (conn->to.flags & SR_CONN_PROVEN)
		count->proven++;
	else
		count->unproven++;
	if (count->by_backend && conn->backend < count->tables->max_backends &&
	    count->tables->backend[conn->backend].generation == conn->generation)
		count->by_backend[conn->backend]++;
	return 0;
}

static int count_all(struct sr_datapath *datapath, struct count *count)
{
	const struct sr_conn_table *table = sr_datapath_conns(datapath, NULL);

	sr_flow_clock_get(&count->clock);
	return table ? sr_conn_table_each(table, count_conn, count) : -EIO;
}

int sr_maps_count_connections(struct sr_datapath *datapath, uint32_t **counts, size_t *num, struct sr_error *err)
{
	sr_autotables struct sr_tables tables = {};
	sr_autofree uint32_t *by_backend = NULL;
	struct count count = {};
	int r;

	r = sr_tables_open(&tables, datapath, err);
	if (r < 0)
		return r;
	by_backend = calloc(tables.max_backends, sizeof(*by_backend));
	if (!by_backend)
		return sr_fail(err, -ENOMEM, "no memory");

	count.tables = &tables;
	count.by_backend = by_backend;
	r = count_all(datapath, &count);
	if (r < 0)
		return sr_fail(err, r, "cannot read the connections: %s", strerror(-r));

	*num = tables.max_backends;
	*counts = TAKE_PTR(by_backend);
	return 0;
}

static int count_one(const void *key, const void *value, void *context)
{
	(void)key;
	(void)value;
	++*(uint32_t *)context;
	return 0;
}

static uint32_t count_live(const uint8_t *live, uint32_t num)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < num; i++)
		sum += live[i];
	return sum;
}

struct count_clients {
	const struct sr_tables *tables;
	uint64_t now; /* jiffies */
	uint64_t jiffies_per_second;
	uint32_t total;
};

/* Those whose time is up are there until their place is needed. */
static int count_client(const void *key, const void *value, void *context)
{
	const struct sr_affinity *entry = value;
	struct count_clients *count = context;
	uint32_t service = entry->self.service;

	(void)key;
	if (service < count->tables->max_services)
		count->total += (int64_t)(count->now - entry->seen) <
				(int64_t)(count->tables->service[service].affinity * count->jiffies_per_second);
	return 0;
}

static int count_affinity(const struct sr_datapath *datapath, const struct sr_tables *tables, uint32_t *out)
{
	struct sr_timeouts timeouts;
	struct count_clients count = {.tables = tables};
	int r;

	sr_timeouts_get(&timeouts);
	count.now = (uint64_t)sr_ticks_now() << SR_TICK_SHIFT;
	count.jiffies_per_second = timeouts.jiffies_per_second;
	r = sr_map_each(datapath->map_fd[SR_MAP_AFFINITY], count_client, &count);
	*out = count.total;
	return r;
}

static int count_tables(const struct sr_datapath *datapath, const struct sr_tables *tables, struct sr_usage *usage)
{
	int r = sr_map_each(datapath->map_fd[SR_MAP_ADDRESSES], count_one, &usage->addresses);

	if (r == 0)
		r = sr_map_each(datapath->map_fd[SR_MAP_SOURCES], count_one, &usage->sources);
	if (r == 0)
		r = count_affinity(datapath, tables, &usage->affinity);
	usage->max_addresses = sr_map_size(datapath->map_fd[SR_MAP_ADDRESSES]);
	usage->max_sources = sr_map_size(datapath->map_fd[SR_MAP_SOURCES]);
	usage->max_affinity = sr_map_size(datapath->map_fd[SR_MAP_AFFINITY]);
	return r;
}

/* Index 0 of each array is never given; a connection has two entries. */
int sr_maps_usage(struct sr_datapath *datapath, struct sr_usage *out, struct sr_error *err)
{
	sr_autotables struct sr_tables tables = {};
	struct count count = {.tables = &tables};
	struct sr_usage usage = {};
	int r;

	r = sr_tables_open(&tables, datapath, err);
	if (r < 0)
		return r;
	r = sr_map_each(datapath->map_fd[SR_MAP_FRONTENDS], count_one, &usage.frontends);
	if (r == 0)
		r = count_tables(datapath, &tables, &usage);
	if (r == 0)
		r = count_all(datapath, &count);
	if (r < 0)
		return sr_fail(err, r, "cannot read the maps: %s", strerror(-r));

	usage.services = count_live(tables.service_live, tables.max_services);
	usage.endpoints = count_live(tables.backend_live, tables.max_backends);
	usage.slots = count_live(tables.slot_live, tables.max_slots);
	usage.max_services = tables.max_services - 1;
	usage.max_endpoints = tables.max_backends - 1;
	usage.max_slots = tables.max_slots - 1;
	usage.max_frontends = sr_map_size(datapath->map_fd[SR_MAP_FRONTENDS]);
	usage.connections = count.proven;
	usage.new_connections = count.unproven;
	usage.max_connections = sr_conn_table_capacity(sr_map_size(datapath->map_fd[SR_MAP_CONNS]));
	usage.max_new_connections = usage.max_connections;
	*out = usage;
	return 0;
}

int sr_maps_counters(struct sr_datapath *datapath, struct sr_counter out[SR_REASON_MAX], struct sr_error *err)
{
	int num_cpus = libbpf_num_possible_cpus();
	sr_autofree struct sr_counter *by_cpu = NULL;

	if (num_cpus < 0)
		return sr_fail(err, num_cpus, "cannot tell how many CPUs there are: %s", strerror(-num_cpus));
	by_cpu = calloc(num_cpus, sizeof(*by_cpu));
	if (!by_cpu)
		return sr_fail(err, -ENOMEM, "no memory");

	for (uint32_t reason = 0; reason < SR_REASON_MAX; reason++) {
		if (bpf_map_lookup_elem(datapath->map_fd[SR_MAP_COUNTERS], &reason, by_cpu) < 0)
			return sr_fail(err, -errno, "cannot read map sr_counters: %s", strerror(errno));
		out[reason] = (struct sr_counter){};
		for (int cpu = 0; cpu < num_cpus; cpu++) {
			out[reason].packets += by_cpu[cpu].packets;
			out[reason].bytes += by_cpu[cpu].bytes;
		}
	}
	return 0;
}

int sr_maps_read_settings(struct sr_datapath *datapath, char **json, struct sr_error *err)
{
	sr_autofree struct sr_settings_blob *blob = malloc(sizeof(*blob));
	uint32_t zero = 0;
	char *text;

	if (!blob)
		return sr_fail(err, -ENOMEM, "no memory");
	if (bpf_map_lookup_elem(datapath->map_fd[SR_MAP_SETTINGS], &zero, blob) < 0)
		return sr_fail(err, -errno, "cannot read map sr_settings: %s", strerror(errno));
	if (blob->length > sizeof(blob->json))
		return sr_fail(err, -EPROTO, "map sr_settings holds no settings of ours");

	text = blob->length ? strndup(blob->json, blob->length) : strdup("{}");
	if (!text)
		return sr_fail(err, -ENOMEM, "no memory");
	*json = text;
	return 0;
}

int sr_maps_write_settings(struct sr_datapath *datapath, const char *json, struct sr_error *err)
{
	sr_autofree struct sr_settings_blob *blob = calloc(1, sizeof(*blob));
	size_t length = strlen(json);
	uint32_t zero = 0;

	if (!blob)
		return sr_fail(err, -ENOMEM, "no memory");
	if (length > sizeof(blob->json))
		return sr_fail(err, -ENOSPC, "the settings take %zu bytes; there is room for %zu", length,
			       sizeof(blob->json));

	blob->layout = SR_LAYOUT_VERSION;
	blob->length = length;
	memcpy(blob->json, json, length);
	if (bpf_map_update_elem(datapath->map_fd[SR_MAP_SETTINGS], &zero, blob, BPF_ANY) < 0)
		return sr_fail(err, -errno, "cannot write map sr_settings: %s", strerror(errno));
	return 0;
}
