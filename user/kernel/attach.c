// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The attachments that a configuration asks for, made so; the rest removed. */
#include "kernel/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "kernel/attach_list.h"
#include "kernel/attach_tc.h"
#include "kernel/attach_xdp.h"
#include "kernel/cgroup.h"
#include "kernel/devices.h"

struct attach {
	struct sr_datapath *datapath;
	const struct sr_attach_config *config;
	struct sr_netdevs netdevs;
	struct sr_device_role *roles;
	size_t num_roles;
	int cgroup_fd;
	uint64_t cgroup_id;
	char **kept; /* names of the pins in links/ that are wanted */
	size_t num_kept;
	struct sr_attachments out;
};

static void attach_clear(struct attach *attach)
{
	for (size_t i = 0; i < attach->num_kept; i++)
		free(attach->kept[i]);
	free(attach->kept);
	free(attach->roles);
	sr_cleanup_close(&attach->cgroup_fd);
	sr_netdevs_clear(&attach->netdevs);
	sr_attachments_clear(&attach->out);
}

void sr_attachments_clear(struct sr_attachments *attachments)
{
	for (size_t i = 0; i < attachments->num_notes; i++)
		free(attachments->note[i]);
	free(attachments->note);
	free(attachments->item);
	memset(attachments, 0, sizeof(*attachments));
}

static struct sr_device_role *attach_role(struct attach *attach, const struct sr_netdev *netdev)
{
	for (size_t i = 0; i < attach->num_roles; i++)
		if (attach->roles[i].netdev == netdev)
			return &attach->roles[i];
	return NULL;
}

/* A device that is named as both is an uplink: globs for pods may take it in. */
static int attach_add_roles(struct attach *attach, char *const *names, size_t num, uint32_t flags, struct sr_error *err)
{
	for (size_t i = 0; i < num; i++) {
		const struct sr_netdev *netdev = sr_netdevs_find(&attach->netdevs, names[i]);
		struct sr_device_role *role;

		if (!netdev)
			return sr_fail(err, -ENODEV, "%s %s: there is no such device",
				       flags & SR_DEVICE_UPLINK ? "uplink" : "pod device", names[i]);
		if (attach_role(attach, netdev))
			continue;
		role = sr_array_add(&attach->roles, &attach->num_roles, sizeof(*role));
		if (!role)
			return sr_fail(err, -ENOMEM, "no memory");
		role->netdev = netdev;
		role->flags = flags;
	}
	return 0;
}

static int attach_open_cgroup(struct attach *attach, struct sr_error *err)
{
	const char *path = attach->config->cgroup;
	int r;

	if (!path)
		return 0;
	attach->cgroup_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = attach->cgroup_fd < 0 ? -errno : sr_cgroup_id(&attach->cgroup_id, attach->cgroup_fd);
	if (r == -EINVAL)
		return sr_fail(err, r, "%s is no folder of cgroup2", path);
	return r < 0 ? sr_fail(err, r, "cgroup %s: %s", path, strerror(-r)) : 0;
}

static int attach_keep(struct attach *attach, const struct sr_spot *spot)
{
	char name[SR_LINK_NAME_SIZE];
	char **kept = sr_array_add(&attach->kept, &attach->num_kept, sizeof(*kept));

	if (!kept)
		return -ENOMEM;
	*kept = strdup(sr_link_name(name, spot));
	return *kept ? 0 : -ENOMEM;
}

static int attach_report(struct attach *attach, const struct sr_spot *spot, const char *mode, bool is_new,
			 struct sr_error *err)
{
	struct sr_attachment *item = sr_array_add(&attach->out.item, &attach->out.num, sizeof(*item));

	if (!item || attach_keep(attach, spot) < 0)
		return sr_fail(err, -ENOMEM, "no memory");
	snprintf(item->where, sizeof(item->where), "%s", sr_spot_name(spot));
	snprintf(item->hook, sizeof(item->hook), "%s", spot->program->hook);
	snprintf(item->program, sizeof(item->program), "%s", spot->program->name);
	snprintf(item->mode, sizeof(item->mode), "%s", mode);
	item->program_id = spot->program_id;
	item->is_new = is_new;
	return 0;
}

static int attach_note(struct attach *attach, const char *text, struct sr_error *err)
{
	char **note = sr_array_add(&attach->out.note, &attach->out.num_notes, sizeof(*note));

	if (!note)
		return sr_fail(err, -ENOMEM, "no memory");
	*note = strdup(text);
	return *note ? 0 : sr_fail(err, -ENOMEM, "no memory");
}

static int attach_xdp(struct attach *attach, const struct sr_spot *spot, struct sr_error *err)
{
	bool generic = attach->config->xdp == SR_XDP_GENERIC;
	char note[SR_XDP_NOTE_SIZE];
	int r;

	if (attach->config->xdp == SR_XDP_OFF)
		return 0;
	r = sr_xdp_ensure(attach->datapath, spot, attach->config->xdp, note, err);
	if (r == -EAGAIN)
		return attach_note(attach, note, err);
	return r < 0 ? r : attach_report(attach, spot, generic ? "generic" : "native", r, err);
}

static int attach_tc(struct attach *attach, const struct sr_spot *spot, struct sr_error *err)
{
	int r = sr_tc_ensure(attach->datapath, spot, err);

	return r < 0 ? r : attach_report(attach, spot, sr_tc_mode(), r, err);
}

static int attach_cgroup(struct attach *attach, const struct sr_spot *spot, struct sr_error *err)
{
	int r;

	if (!spot->cgroup)
		return 0;
	r = sr_link_ensure(attach->datapath, spot, 0);
	if (r < 0)
		return sr_fail(err, r, "%s: cannot attach %s: %s", spot->cgroup, spot->program->name, strerror(-r));
	return attach_report(attach, spot, "cgroup", r, err);
}

/* Programs for uplinks are of two kinds; XDP sits on Ethernet devices only. */
static bool attach_fits(const struct sr_device_role *role, enum sr_place place)
{
	if (place == SR_PLACE_POD)
		return role->flags & SR_DEVICE_POD;
	return role->flags & SR_DEVICE_UPLINK && role->netdev->is_bare == (place == SR_PLACE_UPLINK_BARE);
}

static int attach_devices(struct attach *attach, struct sr_spot *spot, struct sr_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < attach->num_roles; i++) {
		if (!attach_fits(&attach->roles[i], spot->program->place))
			continue;
		spot->netdev = attach->roles[i].netdev;
		r = spot->program->place == SR_PLACE_UPLINK_XDP ? attach_xdp(attach, spot, err)
								: attach_tc(attach, spot, err);
	}
	return r;
}

static int attach_program(struct attach *attach, const struct sr_program *program, struct sr_error *err)
{
	sr_autoclose int fd = sr_program_open(attach->datapath, program->name, err);
	struct sr_spot spot = {
		.program = program,
		.program_fd = fd,
		.cgroup_fd = attach->cgroup_fd,
		.cgroup_id = attach->cgroup_id,
		.cgroup = attach->config->cgroup,
	};

	if (fd < 0)
		return fd;
	spot.program_id = sr_program_id(fd);
	return program->place == SR_PLACE_CGROUP ? attach_cgroup(attach, &spot, err)
						 : attach_devices(attach, &spot, err);
}

static int attach_compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Not wanted any longer, or left by a device that is gone. */
static int attach_sweep_link(struct sr_datapath *datapath, const char *name, void *context)
{
	const struct attach *attach = context;

	if (!attach->num_kept ||
	    !bsearch(&name, attach->kept, attach->num_kept, sizeof(*attach->kept), attach_compare_names))
		sr_link_remove(datapath, name);
	return 0;
}

static int attach_sweep(struct attach *attach, struct sr_error *err)
{
	bool clsact = strcmp(sr_tc_mode(), "clsact") == 0;
	sr_autofree uint32_t *keep = NULL;
	int r;

	if (attach->num_kept)
		qsort(attach->kept, attach->num_kept, sizeof(*attach->kept), attach_compare_names);
	r = sr_pins_each(attach->datapath, "links", attach_sweep_link, attach);
	if (r < 0)
		return sr_fail(err, r, "cannot read the links' folder: %s", strerror(-r));

	keep = calloc(attach->num_roles + 1, sizeof(*keep));
	if (!keep)
		return sr_fail(err, -ENOMEM, "no memory");
	for (size_t i = 0; i < attach->num_roles; i++)
		keep[i] = attach->roles[i].netdev->index;
	r = sr_tc_remove_filters(attach->datapath, keep, clsact ? attach->num_roles : 0, err);
	return r < 0 ? r : sr_devices_sweep(attach->datapath, attach->roles, attach->num_roles, err);
}

static int attach_look(struct attach *attach, struct sr_error *err)
{
	const struct sr_attach_config *config = attach->config;
	int r;

	r = sr_netdevs_read(&attach->netdevs, err);
	if (r == 0)
		r = attach_add_roles(attach, config->uplinks, config->num_uplinks, SR_DEVICE_UPLINK, err);
	if (r == 0)
		r = attach_add_roles(attach, config->pods, config->num_pods, SR_DEVICE_POD, err);
	return r < 0 ? r : attach_open_cgroup(attach, err);
}

int sr_attach_check(const struct sr_attach_config *config, struct sr_error *err)
{
	__attribute__((cleanup(attach_clear))) struct attach attach = {.config = config, .cgroup_fd = -1};

	return attach_look(&attach, err);
}

/* What XDP would be refused for is found out before anything is attached. */
static int attach_check_xdp(struct attach *attach, struct sr_error *err)
{
	struct sr_spot spot = {.program = sr_program_find("sr_xdp_uplink")};
	int r = 0;

	if (attach->config->xdp != SR_XDP_NATIVE && attach->config->xdp != SR_XDP_GENERIC)
		return 0;
	for (size_t i = 0; r == 0 && i < attach->num_roles; i++) {
		spot.netdev = attach->roles[i].netdev;
		if (attach_fits(&attach->roles[i], SR_PLACE_UPLINK_XDP))
			r = sr_xdp_check(attach->datapath, &spot, err);
	}
	return r;
}

int sr_attach_apply(struct sr_datapath *datapath, const struct sr_attach_config *config, struct sr_attachments *out,
		    struct sr_error *err)
{
	__attribute__((cleanup(attach_clear))) struct attach attach = {
		.datapath = datapath,
		.config = config,
		.cgroup_fd = -1,
	};
	int r;

	r = attach_look(&attach, err);
	if (r == 0)
		r = attach_check_xdp(&attach, err);
	if (r == 0)
		r = sr_devices_write(datapath, &attach.netdevs, attach.roles, attach.num_roles, err);
	/* From the last to the first: who turns replies back is there before who makes them. */
	for (size_t i = SR_NUM_PROGRAMS; r == 0 && i-- > 0;)
		r = attach_program(&attach, &sr_programs[i], err);
	if (r == 0)
		r = attach_sweep(&attach, err);
	if (r < 0)
		return r;

	sr_attachments_sort(&attach.out);
	*out = attach.out;
	memset(&attach.out, 0, sizeof(attach.out));
	return 0;
}
