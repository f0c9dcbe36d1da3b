// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/tables.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>

#include "kernel/addresses.h"
#include "kernel/instance.h"
#include "kernel/map_each.h"

static size_t tables_bytes(uint32_t num, size_t element)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (num * element + page - 1) / page * page;
}

static int tables_map(void **out, uint32_t *num, const struct sr_datapath *datapath, enum sr_map map, size_t element,
		      struct sr_error *err)
{
	int protection = datapath->access == SR_ACCESS_WRITE ? PROT_READ | PROT_WRITE : PROT_READ;
	uint32_t size = sr_map_size(datapath->map_fd[map]);
	void *address;

	address = mmap(NULL, tables_bytes(size, element), protection, MAP_SHARED, datapath->map_fd[map], 0);
	if (address == MAP_FAILED)
		return sr_fail(err, -errno, "cannot map %s into memory: %s", sr_map_names[map], strerror(errno));
	*out = address;
	*num = size;
	return 0;
}

uint64_t sr_tables_run(const struct sr_tables *tables, uint32_t service, enum sr_set set)
{
	uint64_t run = __atomic_load_n(&tables->service[service].run[set], __ATOMIC_ACQUIRE);

	if ((uint64_t)sr_run_base(run) + sr_run_count(run) > tables->max_slots)
		return sr_run(0, 0);
	return run;
}

static bool tables_owns(const struct sr_tables *tables, uint32_t service, uint32_t backend)
{
	return backend < tables->max_backends && tables->backend[backend].service == service &&
	       tables->backend[backend].generation & 1;
}

static void tables_mark_run(struct sr_tables *tables, uint32_t service, enum sr_set set)
{
	uint64_t run = sr_tables_run(tables, service, set);
	const struct sr_slot *slot = tables->slot + sr_run_base(run);

	memset(tables->slot_live + sr_run_base(run), 1, sr_run_count(run));
	for (uint32_t i = 0; i < sr_run_count(run); i++)
		if (tables_owns(tables, service, slot[i].backend))
			tables->backend_live[slot[i].backend] = 1;
}

static int tables_mark_service(const void *key, const void *value, void *context)
{
	struct sr_tables *tables = context;
	uint32_t service = *(const uint32_t *)key;

	(void)value;
	if (service < tables->max_services && tables->service[service].flags & SR_SERVICE_IN_USE) {
		tables->service_live[service] = 1;
		for (int set = 0; set < SR_SETS; set++)
			tables_mark_run(tables, service, set);
	}
	return 0;
}

/* A draining backend has no slot: its owner's life is its own. */
static void tables_mark_draining(struct sr_tables *tables)
{
	for (uint32_t i = 1; i < tables->max_backends; i++) {
		const struct sr_backend *backend = &tables->backend[i];

		if (backend->generation & 1 && !(backend->flags & SR_BACKEND_SETS) &&
		    backend->service < tables->max_services && tables->service_live[backend->service])
			tables->backend_live[i] = 1;
	}
}

static int tables_mark(struct sr_tables *tables, const struct sr_datapath *datapath, struct sr_error *err)
{
	int r;

	tables->service_live = calloc(tables->max_services, 1);
	tables->slot_live = calloc(tables->max_slots, 1);
	tables->backend_live = calloc(tables->max_backends, 1);
	if (!tables->service_live || !tables->slot_live || !tables->backend_live)
		return sr_fail(err, -ENOMEM, "no memory");

	r = sr_map_each(datapath->map_fd[SR_MAP_INFO], tables_mark_service, tables);
	if (r < 0)
		return sr_fail(err, r, "cannot read map sr_info: %s", strerror(-r));
	tables_mark_draining(tables);
	return 0;
}

int sr_tables_open(struct sr_tables *out, const struct sr_datapath *datapath, struct sr_error *err)
{
	sr_autotables struct sr_tables tables = {};
	int r;

	r = tables_map((void **)&tables.service, &tables.max_services, datapath, SR_MAP_SERVICES,
		       sizeof(*tables.service), err);
	if (r == 0)
		r = tables_map((void **)&tables.slot, &tables.max_slots, datapath, SR_MAP_SLOTS, sizeof(*tables.slot),
			       err);
	if (r == 0)
		r = tables_map((void **)&tables.backend, &tables.max_backends, datapath, SR_MAP_BACKENDS,
			       sizeof(*tables.backend), err);
	if (r == 0)
		r = tables_mark(&tables, datapath, err);
	if (r < 0)
		return r;

	*out = tables;
	memset(&tables, 0, sizeof(tables));
	return 0;
}

static void tables_unmap(void *address, uint32_t num, size_t element)
{
	if (address)
		munmap(address, tables_bytes(num, element));
}

void sr_tables_close(struct sr_tables *tables)
{
	tables_unmap(tables->service, tables->max_services, sizeof(*tables->service));
	tables_unmap(tables->slot, tables->max_slots, sizeof(*tables->slot));
	tables_unmap(tables->backend, tables->max_backends, sizeof(*tables->backend));
	free(tables->service_live);
	free(tables->slot_live);
	free(tables->backend_live);
}

int sr_tables_keep(struct sr_tables **out, struct sr_datapath *datapath, struct sr_error *err)
{
	sr_autofree struct sr_tables *tables = NULL;
	int r;

	if (!datapath->tables) {
		tables = calloc(1, sizeof(*tables));
		r = tables ? sr_tables_open(tables, datapath, err) : sr_fail(err, -ENOMEM, "no memory");
		if (r < 0)
			return r;
		datapath->tables = TAKE_PTR(tables);
	}
	*out = datapath->tables;
	return 0;
}

void sr_tables_drop(struct sr_datapath *datapath)
{
	if (!datapath->tables)
		return;
	sr_tables_close(datapath->tables);
	free(TAKE_PTR(datapath->tables));
}

void sr_tables_unmark_run(struct sr_tables *tables, uint64_t run)
{
	memset(tables->slot_live + sr_run_base(run), 0, sr_run_count(run));
}

void sr_tables_free_backend(struct sr_tables *tables, uint32_t backend)
{
	struct sr_backend *entry = &tables->backend[backend];

	if (entry->generation & 1)
		__atomic_store_n(&entry->generation, entry->generation + 1, __ATOMIC_RELEASE);
	tables->backend_live[backend] = 0;
}

/*
 * Programs run under RCU, and the global barrier waits for its readers. Where
 * it is refused (nohz_full) we wait far longer than any program may run.
 */
void sr_tables_wait_for_packets(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
		usleep(100000);
}

/* Keys of one map that lead to no living service. */
struct tables_dead {
	const struct sr_tables *tables;
	size_t key_size;
	char *keys;
	size_t num;
};

static int tables_collect(struct tables_dead *dead, const void *key, uint32_t service)
{
	char *grown;

	if (service < dead->tables->max_services && dead->tables->service_live[service])
		return 0;
	grown = reallocarray(dead->keys, dead->num + 1, dead->key_size);
	if (!grown)
		return -ENOMEM;
	dead->keys = grown;
	memcpy(dead->keys + dead->num++ * dead->key_size, key, dead->key_size);
	return 0;
}

static int tables_collect_frontend(const void *key, const void *value, void *dead)
{
	return tables_collect(dead, key, ((const struct sr_frontend *)value)->service);
}

static int tables_collect_source(const void *key, const void *value, void *dead)
{
	(void)value;
	return tables_collect(dead, key, ((const struct sr_source_key *)key)->service);
}

static int tables_collect_info(const void *key, const void *value, void *dead)
{
	(void)value;
	return tables_collect(dead, key, *(const uint32_t *)key);
}

static int tables_mend_map(const struct sr_datapath *datapath, enum sr_map map, struct tables_dead *dead,
			   int (*collect)(const void *, const void *, void *), struct sr_error *err)
{
	int r = sr_map_each(datapath->map_fd[map], collect, dead);

	for (size_t i = 0; i < dead->num; i++)
		bpf_map_delete_elem(datapath->map_fd[map], dead->keys + i * dead->key_size);
	free(dead->keys);
	return r < 0 ? sr_fail(err, r, "cannot read map %s: %s", sr_map_names[map], strerror(-r)) : 0;
}

int sr_tables_mend(struct sr_datapath *datapath, struct sr_error *err)
{
	sr_autotables struct sr_tables tables = {};
	struct tables_dead frontends = {.tables = &tables, .key_size = sizeof(struct sr_frontend_key)};
	struct tables_dead sources = {.tables = &tables, .key_size = sizeof(struct sr_source_key)};
	struct tables_dead info = {.tables = &tables, .key_size = sizeof(uint32_t)};
	int r = sr_tables_open(&tables, datapath, err);

	if (r < 0)
		return r;
	for (uint32_t i = 1; i < tables.max_backends; i++)
		if (tables.backend[i].generation & 1 && !tables.backend_live[i])
			sr_tables_free_backend(&tables, i);
	for (uint32_t i = 0; i < tables.max_services; i++)
		if (tables.service[i].flags && !tables.service_live[i])
			tables.service[i] = (struct sr_service_entry){};

	r = tables_mend_map(datapath, SR_MAP_FRONTENDS, &frontends, tables_collect_frontend, err);
	if (r == 0)
		r = sr_addresses_mend(datapath, err);
	if (r == 0)
		r = tables_mend_map(datapath, SR_MAP_SOURCES, &sources, tables_collect_source, err);
	if (r == 0)
		r = tables_mend_map(datapath, SR_MAP_INFO, &info, tables_collect_info, err);
	return r;
}
