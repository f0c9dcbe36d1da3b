// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/attach_xdp.h"

#include <errno.h>
#include <linux/if_link.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/foreign.h"

const char *sr_xdp_mode_of(uint32_t ifindex)
{
	struct bpf_xdp_query_opts query = {.sz = sizeof(query)};

	if (bpf_xdp_query(ifindex, 0, &query) < 0)
		return "?";
	switch (query.attach_mode) {
	case XDP_ATTACHED_DRV:
		return "native";
	case XDP_ATTACHED_SKB:
		return "generic";
	case XDP_ATTACHED_HW:
		return "offloaded";
	default:
		return "?";
	}
}

/* Our own program in another mode than wanted: one device has one mode. */
static void xdp_leave_other_mode(const struct sr_datapath *datapath, const struct sr_spot *spot, const char *mode)
{
	char name[SR_LINK_NAME_SIZE];
	sr_autoclose int fd = -1;
	struct sr_link link;

	fd = sr_link_open(datapath, sr_link_name(name, spot), &link);
	if (fd >= 0 && link.ifindex == spot->netdev->index && strcmp(sr_xdp_mode_of(link.ifindex), mode) != 0)
		sr_link_remove(datapath, name);
}

static bool xdp_is_ours(const struct sr_datapath *datapath, const struct sr_spot *spot)
{
	char name[SR_LINK_NAME_SIZE];
	sr_autoclose int fd = -1;
	struct sr_link link;

	fd = sr_link_open(datapath, sr_link_name(name, spot), &link);
	return fd >= 0 && link.ifindex == spot->netdev->index;
}

int sr_xdp_check(const struct sr_datapath *datapath, const struct sr_spot *spot, struct sr_error *err)
{
	uint32_t id = xdp_is_ours(datapath, spot) ? 0 : sr_foreign_xdp(spot->netdev->index);
	char name[BPF_OBJ_NAME_LEN];

	if (!id)
		return 0;
	sr_foreign_name(name, sizeof(name), id);
	return sr_fail(err, -EBUSY, "%s: another's XDP program is there ('%s', id %u)", spot->netdev->name, name, id);
}

static int xdp_refused(const struct sr_spot *spot, enum sr_xdp_mode mode, int code, struct sr_error *err)
{
	if (code == -EOPNOTSUPP && mode != SR_XDP_GENERIC)
		return sr_fail(err, code, "%s: the driver has no native XDP", spot->netdev->name);
	return sr_fail(err, code, "%s: %s XDP was refused: %s", spot->netdev->name,
		       mode == SR_XDP_GENERIC ? "generic" : "native", strerror(-code));
}

static int xdp_attach(const struct sr_datapath *datapath, const struct sr_spot *spot, enum sr_xdp_mode mode,
		      struct sr_error *err)
{
	bool generic = mode == SR_XDP_GENERIC;
	int r;

	xdp_leave_other_mode(datapath, spot, generic ? "generic" : "native");
	r = sr_xdp_check(datapath, spot, err);
	if (r < 0)
		return r;
	r = sr_link_ensure(datapath, spot, generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	return r < 0 ? xdp_refused(spot, mode, r, err) : r;
}

/* A veth's sender leaves checksums to be completed, which XDP cannot see. */
static int xdp_attach_if_fit(const struct sr_datapath *datapath, const struct sr_spot *spot, struct sr_error *err)
{
	if (spot->netdev->is_veth)
		return sr_fail(err, -EAGAIN, "%s: a veth, where XDP would see unfinished checksums",
			       spot->netdev->name);
	return xdp_attach(datapath, spot, SR_XDP_AUTO, err);
}

int sr_xdp_ensure(const struct sr_datapath *datapath, const struct sr_spot *spot, enum sr_xdp_mode mode,
		  char note[SR_XDP_NOTE_SIZE], struct sr_error *err)
{
	struct sr_error refusal;
	int r;

	if (mode != SR_XDP_AUTO)
		return xdp_attach(datapath, spot, mode, err);
	r = xdp_attach_if_fit(datapath, spot, &refusal);
	if (r >= 0)
		return r;
	snprintf(note, SR_XDP_NOTE_SIZE, "%s; tc does the work", refusal.text);
	return -EAGAIN;
}
