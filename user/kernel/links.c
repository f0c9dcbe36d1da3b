// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/links.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

char *sr_link_name(char out[SR_LINK_NAME_SIZE], const struct sr_spot *spot)
{
	if (spot->netdev)
		snprintf(out, SR_LINK_NAME_SIZE, "%s-%u", spot->program->name, spot->netdev->index);
	else
		snprintf(out, SR_LINK_NAME_SIZE, "%s", spot->program->name);
	return out;
}

const char *sr_spot_name(const struct sr_spot *spot)
{
	return spot->netdev ? spot->netdev->name : spot->cgroup;
}

int sr_link_open(const struct sr_datapath *datapath, const char *name, struct sr_link *out)
{
	sr_autoclose int fd = sr_pin_get(datapath, "links", name);
	struct bpf_link_info info = {};
	uint32_t length = sizeof(info);

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
		return -errno;

	*out = (struct sr_link){.program_id = info.prog_id};
	if (info.type == BPF_LINK_TYPE_CGROUP)
		out->cgroup_id = info.cgroup.cgroup_id;
	else
		out->ifindex = info.xdp.ifindex; /* tcx has it at the same place */
	return TAKE_FD(fd);
}

/* The pinned link, if it is where it should be; else -ENOENT. */
static int link_open_right(const struct sr_datapath *datapath, const struct sr_spot *spot, struct sr_link *link)
{
	char name[SR_LINK_NAME_SIZE];
	sr_autoclose int fd = sr_link_open(datapath, sr_link_name(name, spot), link);

	if (fd < 0)
		return fd;
	if (spot->netdev ? link->ifindex != spot->netdev->index : link->cgroup_id != spot->cgroup_id)
		return -ENOENT;
	return TAKE_FD(fd);
}

int sr_link_ensure(const struct sr_datapath *datapath, const struct sr_spot *spot, uint32_t flags)
{
	struct bpf_link_create_opts options = {.sz = sizeof(options), .flags = flags};
	int target = spot->netdev ? (int)spot->netdev->index : spot->cgroup_fd;
	char name[SR_LINK_NAME_SIZE];
	sr_autoclose int fd = -1;
	struct sr_link link;
	int r;

	fd = link_open_right(datapath, spot, &link);
	if (fd >= 0) {
		if (link.program_id == spot->program_id)
			return 0;
		return bpf_link_update(fd, spot->program_fd, NULL);
	}

	fd = bpf_link_create(spot->program_fd, target, spot->program->attach_type, &options);
	if (fd < 0)
		return fd;
	r = sr_pin_set(datapath, "links", sr_link_name(name, spot), fd);
	return r < 0 ? r : 1;
}

/*
 * A link that is only unpinned is detached some time later, by a worker of the
 * kernel's: it is detached here and now.
 */
void sr_link_remove(const struct sr_datapath *datapath, const char *name)
{
	sr_autoclose int fd = sr_pin_get(datapath, "links", name);

	if (fd >= 0)
		bpf_link_detach(fd);
	sr_pin_remove(datapath, "links", name);
}
