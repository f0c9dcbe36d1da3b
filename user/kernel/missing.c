// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/missing.h"

#include <errno.h>
#include <string.h>

#include "kernel/instance.h"
#include "kernel/links.h"
#include "kernel/map_each.h"
#include "kernel/netdev.h"

struct missing {
	const struct sr_datapath *datapath;
	const struct sr_attach_config *config;
	const struct sr_attachments *attached;
	struct sr_netdevs netdevs;
	int (*visit)(const char *where, const struct sr_program *program, void *context);
	void *context;
};

/* An instance has one cgroup; `where` NULL: that one, however its path is written. */
static bool missing_is_attached(const struct missing *missing, const struct sr_program *program, const char *where)
{
	for (size_t i = 0; i < missing->attached->num; i++) {
		const struct sr_attachment *item = &missing->attached->item[i];

		if (strcmp(item->program, program->name) == 0 && (!where || strcmp(item->where, where) == 0))
			return true;
	}
	return false;
}

/* Whether a driver has native XDP is known where it was attached: the pin of its link stays. */
static bool missing_wants_xdp(const struct missing *missing, const struct sr_spot *spot)
{
	char name[SR_LINK_NAME_SIZE];
	sr_autoclose int fd = -1;

	if (missing->config->xdp != SR_XDP_AUTO)
		return missing->config->xdp != SR_XDP_OFF;
	fd = sr_pin_get(missing->datapath, "links", sr_link_name(name, spot));
	return fd >= 0;
}

static bool missing_fits(const struct missing *missing, const struct sr_spot *spot, bool is_uplink)
{
	switch (spot->program->place) {
	case SR_PLACE_UPLINK_XDP:
		return is_uplink && !spot->netdev->is_bare && missing_wants_xdp(missing, spot);
	case SR_PLACE_UPLINK:
		return is_uplink && !spot->netdev->is_bare;
	case SR_PLACE_UPLINK_BARE:
		return is_uplink && spot->netdev->is_bare;
	case SR_PLACE_POD:
		return !is_uplink;
	case SR_PLACE_CGROUP:
		return false;
	}
	return false;
}

static int missing_device(const struct missing *missing, const char *name, bool is_uplink)
{
	struct sr_spot spot = {.netdev = sr_netdevs_find(&missing->netdevs, name)};
	int r = 0;

	for (size_t i = 0; spot.netdev && r == 0 && i < SR_NUM_PROGRAMS; i++) {
		spot.program = &sr_programs[i];
		if (missing_fits(missing, &spot, is_uplink) && !missing_is_attached(missing, spot.program, name))
			r = missing->visit(name, spot.program, missing->context);
	}
	return r;
}

static int missing_cgroup(const struct missing *missing)
{
	int r = 0;

	for (size_t i = 0; missing->config->cgroup && r == 0 && i < SR_NUM_PROGRAMS; i++) {
		if (sr_programs[i].place == SR_PLACE_CGROUP && !missing_is_attached(missing, &sr_programs[i], NULL))
			r = missing->visit(missing->config->cgroup, &sr_programs[i], missing->context);
	}
	return r;
}

int sr_attach_each_missing(const struct sr_datapath *datapath, const struct sr_attach_config *config,
			   const struct sr_attachments *attached,
			   int (*visit)(const char *where, const struct sr_program *program, void *context),
			   void *context, struct sr_error *err)
{
	struct missing missing = {
		.datapath = datapath,
		.config = config,
		.attached = attached,
		.visit = visit,
		.context = context,
	};
	int r = sr_netdevs_read(&missing.netdevs, err);

	for (size_t i = 0; r == 0 && i < config->num_uplinks; i++)
		r = missing_device(&missing, config->uplinks[i], true);
	for (size_t i = 0; r == 0 && i < config->num_pods; i++)
		r = missing_device(&missing, config->pods[i], false);
	if (r == 0)
		r = missing_cgroup(&missing);
	sr_netdevs_clear(&missing.netdevs);
	return r;
}

static int missing_count_gone(const void *key, const void *value, void *context)
{
	const struct sr_device *device = value;
	char name[IF_NAMESIZE];

	*(unsigned int *)context += device->flags & SR_DEVICE_UPLINK && !if_indextoname(*(const uint32_t *)key, name);
	return 0;
}

int sr_attach_count_gone(const struct sr_datapath *datapath, unsigned int *num, struct sr_error *err)
{
	int r;

	*num = 0;
	r = sr_map_each(datapath->map_fd[SR_MAP_DEVICES], missing_count_gone, num);
	return r < 0 ? sr_fail(err, r, "cannot read map sr_devices: %s", strerror(-r)) : 0;
}
