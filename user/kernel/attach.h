/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the programs sit: XDP and tc on devices, socket hooks on a cgroup.
 */
#ifndef SVCROUTE_KERNEL_ATTACH_H
#define SVCROUTE_KERNEL_ATTACH_H

#include <net/if.h>

#include "kernel/datapath.h"

enum sr_xdp_mode {
	SR_XDP_AUTO, /* native where the driver can and it is no veth; never generic */
	SR_XDP_NATIVE,
	SR_XDP_GENERIC,
	SR_XDP_OFF,
};

struct sr_attach_config {
	char **uplinks; /* device names; must exist */
	size_t num_uplinks;
	char **pods; /* device names, already expanded; must exist */
	size_t num_pods;
	enum sr_xdp_mode xdp;
	const char *cgroup; /* path of a cgroup2 folder; NULL: no socket hooks */
};

/* One program at one place. */
struct sr_attachment {
	char where[256];  /* device name or cgroup path */
	char hook[32];	  /* "xdp", "tc ingress", "tc egress", "cgroup connect4" */
	char program[16]; /* "sr_from_pod" */
	char mode[16];	  /* "native", "generic", "tcx", "clsact", "cgroup" */
	uint32_t program_id;
	bool is_new; /* made by this sr_attach_apply() */
};

struct sr_attachments {
	struct sr_attachment *item;
	size_t num;
	char **note; /* lines for the user: "eth0: the driver has no native XDP; tc does the work" */
	size_t num_notes;
};

/*
 * Can this be attached, as far as one can tell beforehand? -ENODEV: no such
 * device; -EINVAL: no cgroup2 folder. Touches nothing and needs no instance.
 */
int sr_attach_check(const struct sr_attach_config *config, struct sr_error *err);

/*
 * Make the attachments what `config` says, idempotently: what is right stays
 * untouched, what is missing is added, ours that is no longer wanted goes.
 * Fills sr_devices, before the programs that read it. Programs of others are
 * never displaced: -EBUSY, `err` names the device and what is there (with
 * xdp auto: a note, and tc does the work).
 */
int sr_attach_apply(struct sr_datapath *datapath, const struct sr_attach_config *config, struct sr_attachments *out,
		    struct sr_error *err);

/* What is attached now, read back from the kernel. */
int sr_attach_list(struct sr_datapath *datapath, struct sr_attachments *out, struct sr_error *err);
void sr_attachments_clear(struct sr_attachments *attachments);

#define sr_autoattachments __attribute__((cleanup(sr_attachments_clear)))

#endif
