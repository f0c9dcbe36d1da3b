// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/attach_tc.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/array.h"
#include "kernel/filters.h"
#include "kernel/foreign.h"
#include "kernel/map_each.h"
#include "kernel/rodata.h"

/* "SR": nobody else's by chance, and before what tc numbers by itself (49152). */
#define TC_PRIORITY 0x5352
#define TC_HANDLE   1
#define TC_LOOPBACK 1

#define TC_QDISCS "sr_qdiscs"

/* Value of map `sr_qdiscs`; the key is an ifindex. */
struct tc_qdisc {
	uint64_t netns;	  /* in which the ifindex counts */
	uint32_t created; /* 1: the qdisc is our work, too */
	uint32_t zero;
};

/* A kernel without tcx does not know the attach type. Every namespace has `lo`. */
static bool tc_has_tcx(void)
{
	const char *wanted = getenv("SVCROUTE_TC");
	struct bpf_prog_query_opts query = {.sz = sizeof(query)};

	if (wanted && strcmp(wanted, "clsact") == 0)
		return false;
	return bpf_prog_query_opts(TC_LOOPBACK, SR_BPF_TCX_INGRESS, &query) == 0;
}

const char *sr_tc_mode(void)
{
	return tc_has_tcx() ? "tcx" : "clsact";
}

static enum bpf_tc_attach_point tc_point(const struct sr_program *program)
{
	return program->attach_type == SR_BPF_TCX_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

/* Id and name of the program in our place on a hook; id 0: there is none. */
static uint32_t tc_query(uint32_t ifindex, enum bpf_tc_attach_point point, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_tc_hook hook = {.sz = sizeof(hook), .ifindex = ifindex, .attach_point = point};
	struct bpf_tc_opts options = {.sz = sizeof(options), .handle = TC_HANDLE, .priority = TC_PRIORITY};

	if (bpf_tc_query(&hook, &options) < 0)
		return 0;
	sr_foreign_name(name, BPF_OBJ_NAME_LEN, options.prog_id);
	return options.prog_id;
}

static int tc_qdiscs_open(const struct sr_datapath *datapath, bool create)
{
	struct bpf_map_create_opts options = {.sz = sizeof(options), .map_flags = BPF_F_NO_PREALLOC};
	sr_autoclose int fd = sr_pin_get(datapath, "maps", TC_QDISCS);
	int r;

	if (fd >= 0 || !create)
		return TAKE_FD(fd);
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, TC_QDISCS, sizeof(uint32_t), sizeof(struct tc_qdisc), 65536, &options);
	if (fd < 0)
		return fd;
	r = sr_pin_set(datapath, "maps", TC_QDISCS, fd);
	return r < 0 ? r : TAKE_FD(fd);
}

/* It is noted before it is done: who is killed between leaves no secret. */
static int tc_make_qdisc(const struct sr_datapath *datapath, uint32_t ifindex)
{
	struct bpf_tc_hook hook = {
		.sz = sizeof(hook), .ifindex = ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS};
	struct tc_qdisc noted, qdisc = {.netns = sr_netns_cookie(), .created = !sr_clsact_exists(ifindex)};
	sr_autoclose int fd = tc_qdiscs_open(datapath, true);
	int r;

	if (fd < 0)
		return fd;
	if (bpf_map_lookup_elem(fd, &ifindex, &noted) == 0 && noted.netns == qdisc.netns)
		qdisc.created |= noted.created;
	if (bpf_map_update_elem(fd, &ifindex, &qdisc, BPF_ANY) < 0)
		return -errno;
	r = bpf_tc_hook_create(&hook);
	return r == -EEXIST ? 0 : r;
}

static int tc_ensure_filter(const struct sr_datapath *datapath, const struct sr_spot *spot, struct sr_error *err)
{
	enum bpf_tc_attach_point point = tc_point(spot->program);
	uint32_t ifindex = spot->netdev->index;
	struct bpf_tc_hook hook = {.sz = sizeof(hook), .ifindex = ifindex, .attach_point = point};
	struct bpf_tc_opts options = {.sz = sizeof(options),
				      .handle = TC_HANDLE,
				      .priority = TC_PRIORITY,
				      .prog_fd = spot->program_fd,
				      .flags = BPF_TC_F_REPLACE};
	char name[BPF_OBJ_NAME_LEN];
	uint32_t there;
	int r;

	r = tc_make_qdisc(datapath, ifindex);
	if (r < 0)
		return sr_fail(err, r, "%s: cannot make a clsact qdisc: %s", spot->netdev->name, strerror(-r));

	there = tc_query(ifindex, point, name);
	if (there == spot->program_id)
		return 0;
	if (there && !sr_program_find(name))
		return sr_fail(err, -EBUSY, "%s: another's filter (%s) has our place at %s", spot->netdev->name, name,
			       spot->program->hook);
	r = bpf_tc_attach(&hook, &options);
	if (r < 0)
		return sr_fail(err, r, "%s: cannot attach %s at %s: %s", spot->netdev->name, spot->program->name,
			       spot->program->hook, strerror(-r));
	return there ? 0 : 1;
}

static void tc_detach(uint32_t ifindex, enum bpf_tc_attach_point point)
{
	struct bpf_tc_hook hook = {.sz = sizeof(hook), .ifindex = ifindex, .attach_point = point};
	struct bpf_tc_opts options = {.sz = sizeof(options), .handle = TC_HANDLE, .priority = TC_PRIORITY};
	char name[BPF_OBJ_NAME_LEN];

	if (tc_query(ifindex, point, name) && sr_program_find(name))
		bpf_tc_detach(&hook, &options);
}

static int tc_ensure_link(const struct sr_datapath *datapath, const struct sr_spot *spot, struct sr_error *err)
{
	int r = sr_link_ensure(datapath, spot, 0);

	if (r < 0)
		return sr_fail(err, r, "%s: cannot attach %s at %s: %s", spot->netdev->name, spot->program->name,
			       spot->program->hook, strerror(-r));
	return r;
}

int sr_tc_ensure(const struct sr_datapath *datapath, const struct sr_spot *spot, struct sr_error *err)
{
	char name[SR_LINK_NAME_SIZE];
	int r;

	if (tc_has_tcx())
		return tc_ensure_link(datapath, spot, err);

	r = tc_ensure_filter(datapath, spot, err);
	/* A kernel with tcx, that was told to do without: not both. */
	if (r >= 0)
		sr_link_remove(datapath, sr_link_name(name, spot));
	return r;
}

static int tc_count_filter(const struct sr_filter *filter, void *context)
{
	(void)filter;
	++*(size_t *)context;
	return 0;
}

/* Ours go; the qdisc goes with them if we made it and nobody else uses it. */
static void tc_clean_device(uint32_t ifindex, bool created)
{
	struct bpf_tc_hook hook = {
		.sz = sizeof(hook), .ifindex = ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS};
	size_t others = 0;

	tc_detach(ifindex, BPF_TC_INGRESS);
	tc_detach(ifindex, BPF_TC_EGRESS);
	sr_filters_each(ifindex, false, tc_count_filter, &others);
	sr_filters_each(ifindex, true, tc_count_filter, &others);
	if (created && !others)
		bpf_tc_hook_destroy(&hook);
}

struct tc_device {
	uint32_t ifindex;
	struct tc_qdisc qdisc;
};

struct tc_devices {
	struct tc_device *item;
	size_t num;
};

static void tc_devices_clear(struct tc_devices *devices)
{
	free(devices->item);
}

static int tc_take_device(const void *key, const void *value, void *context)
{
	struct tc_devices *devices = context;
	struct tc_device *device = sr_array_add(&devices->item, &devices->num, sizeof(*device));

	if (!device)
		return -ENOMEM;
	device->ifindex = *(const uint32_t *)key;
	memcpy(&device->qdisc, value, sizeof(device->qdisc));
	return 0;
}

static bool tc_is_kept(uint32_t ifindex, const uint32_t *keep, size_t num_keep)
{
	for (size_t i = 0; i < num_keep; i++)
		if (keep[i] == ifindex)
			return true;
	return false;
}

int sr_tc_remove_filters(const struct sr_datapath *datapath, const uint32_t *keep, size_t num_keep,
			 struct sr_error *err)
{
	__attribute__((cleanup(tc_devices_clear))) struct tc_devices devices = {};
	sr_autoclose int fd = tc_qdiscs_open(datapath, false);
	uint64_t netns = sr_netns_cookie();
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : sr_fail(err, fd, "cannot open map " TC_QDISCS ": %s", strerror(-fd));
	r = sr_map_each(fd, tc_take_device, &devices);
	if (r < 0)
		return sr_fail(err, r, "cannot read map " TC_QDISCS ": %s", strerror(-r));

	for (size_t i = 0; i < devices.num; i++) {
		const struct tc_device *device = &devices.item[i];

		if (tc_is_kept(device->ifindex, keep, num_keep))
			continue;
		if (device->qdisc.netns == netns)
			tc_clean_device(device->ifindex, device->qdisc.created);
		bpf_map_delete_elem(fd, &device->ifindex);
	}
	return 0;
}

static int tc_visit_device(const struct tc_device *device,
			   int (*visit)(uint32_t ifindex, const struct sr_program *program, uint32_t program_id,
					void *context),
			   void *context)
{
	static const enum bpf_tc_attach_point points[] = {BPF_TC_INGRESS, BPF_TC_EGRESS};
	char name[BPF_OBJ_NAME_LEN];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(points); i++) {
		uint32_t id = tc_query(device->ifindex, points[i], name);
		const struct sr_program *program = id ? sr_program_find(name) : NULL;

		if (program)
			r = visit(device->ifindex, program, id, context);
	}
	return r;
}

int sr_tc_each_filter(const struct sr_datapath *datapath,
		      int (*visit)(uint32_t ifindex, const struct sr_program *program, uint32_t program_id,
				   void *context),
		      void *context)
{
	__attribute__((cleanup(tc_devices_clear))) struct tc_devices devices = {};
	sr_autoclose int fd = tc_qdiscs_open(datapath, false);
	uint64_t netns = sr_netns_cookie();
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = sr_map_each(fd, tc_take_device, &devices);
	for (size_t i = 0; r >= 0 && i < devices.num; i++)
		if (devices.item[i].qdisc.netns == netns)
			r = tc_visit_device(&devices.item[i], visit, context);
	return r < 0 ? r : 0;
}
