// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where programs are to sit. Unless settings say otherwise, uplinks are the
 * devices of the default route, and pods are at every veth whose other end is
 * in another namespace.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "cli/load.h"
#include "kernel/attach_list.h"
#include "kernel/attach_tc.h"
#include "kernel/programs.h"

static bool strings_are_none(const struct sr_strings *strings)
{
	return strings->num == 1 && strcmp(strings->item[0], SR_SETTING_NONE) == 0;
}

static int targets_default_uplinks(struct sr_targets *targets)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < targets->netdevs.num; i++) {
		if (targets->netdevs.item[i].has_default_route)
			r = sr_strings_add(&targets->uplinks, targets->netdevs.item[i].name);
	}
	return r;
}

static int targets_choose_uplinks(struct sr_load *load)
{
	struct sr_targets *targets = &load->targets;
	int r;

	if (strings_are_none(&load->settings.uplinks))
		return 0;
	if (load->settings.uplinks.num > 0)
		return sr_strings_copy(&targets->uplinks, &load->settings.uplinks);

	r = targets_default_uplinks(targets);
	if (r == 0 && targets->uplinks.num == 0)
		r = sr_notes_add(&load->notes, "there is no default route, so there is no uplink: "
					       "name one with --uplink if there should be");
	return r;
}

static bool pods_match(const struct sr_netdev *netdev, const char *glob)
{
	if (glob)
		return fnmatch(glob, netdev->name, 0) == 0;
	return netdev->is_veth && netdev->peer_elsewhere;
}

/* Devices that match, uplinks aside; NULL: those that look like pods'. */
static int targets_add_pods(struct sr_targets *targets, const char *glob, bool *found)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < targets->netdevs.num; i++) {
		const struct sr_netdev *netdev = &targets->netdevs.item[i];

		if (!pods_match(netdev, glob) || sr_strings_has(&targets->uplinks, netdev->name))
			continue;
		*found = true;
		r = sr_strings_add(&targets->pods, netdev->name);
	}
	return r;
}

static int targets_choose_pods(struct sr_load *load)
{
	const struct sr_strings *globs = &load->settings.pods;
	bool found;
	int r = 0;

	if (strings_are_none(globs))
		return 0;
	if (globs->num == 0)
		return targets_add_pods(&load->targets, NULL, &found);

	for (size_t i = 0; r == 0 && i < globs->num; i++) {
		found = false;
		r = targets_add_pods(&load->targets, globs->item[i], &found);
		if (r == 0 && !found)
			r = sr_notes_add(&load->notes, "--pods '%s': no device has such a name yet", globs->item[i]);
	}
	return r;
}

static int targets_choose_cgroup(struct sr_load *load, struct sr_error *err)
{
	const char *path = load->settings.cgroup;
	int r;

	if (strcmp(sr_settings_sockets(&load->settings), SR_SOCKETS_OFF) == 0)
		return 0;
	if (path)
		return sr_string_set(&load->targets.cgroup, path) < 0 ? sr_fail(err, -ENOMEM, "out of memory") : 0;

	r = sr_cgroup2_root(&load->targets.cgroup, err);
	if (r == -ENOENT)
		r = sr_notes_add(&load->notes, "no cgroup2 is mounted: processes of this host reach services only "
					       "where packets of theirs pass a program");
	return r;
}

static enum sr_xdp_mode targets_xdp(const char *word)
{
	static const char *const words[] = {
		[SR_XDP_AUTO] = "auto",
		[SR_XDP_NATIVE] = "native",
		[SR_XDP_GENERIC] = "generic",
		[SR_XDP_OFF] = "off",
	};

	for (enum sr_xdp_mode mode = SR_XDP_AUTO; word && mode <= SR_XDP_OFF; mode++) {
		if (strcmp(words[mode], word) == 0)
			return mode;
	}
	return SR_XDP_AUTO;
}

int sr_targets_choose(struct sr_load *load, struct sr_error *err)
{
	struct sr_attach_config config;
	int r;

	load->targets.xdp = targets_xdp(load->settings.xdp);
	r = sr_netdevs_read(&load->targets.netdevs, err);
	if (r < 0)
		return r;
	if (targets_choose_uplinks(load) < 0 || targets_choose_pods(load) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	r = targets_choose_cgroup(load, err);
	if (r < 0)
		return r;

	sr_targets_config(&load->targets, &config);
	return sr_attach_check(&config, err);
}

void sr_targets_config(const struct sr_targets *targets, struct sr_attach_config *out)
{
	*out = (struct sr_attach_config){
		.uplinks = targets->uplinks.item,
		.num_uplinks = targets->uplinks.num,
		.pods = targets->pods.item,
		.num_pods = targets->pods.num,
		.xdp = targets->xdp,
		.cgroup = targets->cgroup,
	};
}

static const struct sr_attachment *attachments_find(const struct sr_attachments *attachments, const char *where,
						    const char *program)
{
	for (size_t i = 0; i < attachments->num; i++) {
		const struct sr_attachment *item = &attachments->item[i];

		if (strcmp(item->where, where) == 0 && strcmp(item->program, program) == 0)
			return item;
	}
	return NULL;
}

/* What is attached already is foretold as it is. */
static int predict_one(struct sr_load *load, const struct sr_program *program, const char *where, const char *mode)
{
	const struct sr_attachment *there = attachments_find(&load->attached, where, program->name);
	struct sr_attachment *item;

	item = sr_array_add(&load->attachments.item, &load->attachments.num, sizeof(*item));
	if (!item)
		return -ENOMEM;
	if (there) {
		*item = *there;
		return 0;
	}
	snprintf(item->where, sizeof(item->where), "%s", where);
	snprintf(item->hook, sizeof(item->hook), "%s", program->hook);
	snprintf(item->program, sizeof(item->program), "%s", program->name);
	snprintf(item->mode, sizeof(item->mode), "%s", mode);
	item->is_new = true;
	return 0;
}

static int predict_devices(struct sr_load *load, const struct sr_strings *devices, enum sr_place place,
			   const char *mode)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < devices->num; i++) {
		for (size_t j = 0; r == 0 && j < SR_NUM_PROGRAMS; j++) {
			if (sr_programs[j].place == place)
				r = predict_one(load, &sr_programs[j], devices->item[i], mode);
		}
	}
	return r;
}

/* Whether a driver has native XDP shows only when it is asked to attach. */
static int predict_xdp(struct sr_load *load)
{
	static const char *const modes[] = {
		[SR_XDP_AUTO] = "if native",
		[SR_XDP_NATIVE] = "native",
		[SR_XDP_GENERIC] = "generic",
	};
	const struct sr_targets *targets = &load->targets;
	int r = 0;

	for (size_t i = 0; r == 0 && targets->xdp != SR_XDP_OFF && i < targets->uplinks.num; i++) {
		struct sr_strings uplink = {.item = &targets->uplinks.item[i], .num = 1};
		const struct sr_netdev *netdev = sr_netdevs_find(&targets->netdevs, uplink.item[0]);

		if (targets->xdp != SR_XDP_AUTO || (netdev && !netdev->is_veth))
			r = predict_devices(load, &uplink, SR_PLACE_UPLINK_XDP, modes[targets->xdp]);
	}
	return r;
}

static int predict_cgroup(struct sr_load *load)
{
	struct sr_strings cgroup = {.item = &load->targets.cgroup, .num = load->targets.cgroup ? 1 : 0};

	return predict_devices(load, &cgroup, SR_PLACE_CGROUP, "cgroup");
}

int sr_targets_predict(struct sr_load *load, struct sr_error *err)
{
	const struct sr_targets *targets = &load->targets;
	int r;

	r = predict_xdp(load);
	if (r == 0)
		r = predict_devices(load, &targets->uplinks, SR_PLACE_UPLINK, sr_tc_mode());
	if (r == 0)
		r = predict_devices(load, &targets->pods, SR_PLACE_POD, sr_tc_mode());
	if (r == 0)
		r = predict_cgroup(load);
	if (r < 0)
		return sr_fail(err, r, "out of memory");
	sr_attachments_sort(&load->attachments);
	return 0;
}

void sr_targets_clear(struct sr_targets *targets)
{
	sr_netdevs_clear(&targets->netdevs);
	sr_strings_clear(&targets->uplinks);
	sr_strings_clear(&targets->pods);
	free(targets->cgroup);
	memset(targets, 0, sizeof(*targets));
}
