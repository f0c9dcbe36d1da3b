/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs are told before they are loaded (bpf/config.h). */
#ifndef SVCROUTE_KERNEL_RODATA_H
#define SVCROUTE_KERNEL_RODATA_H

#include "kernel/datapath.h"

struct sr_error;

struct sr_ports {
	uint16_t low;
	uint16_t high;
};

/*
 * Ports that SNAT may use: what the configuration says or, where it says
 * nothing, the larger gap beside the ports that the host gives its sockets.
 */
int sr_snat_ports(struct sr_ports *out, const struct sr_datapath_config *config, struct sr_error *err);

/* Cookie of this process's network namespace; 0: the kernel (< 5.14) has none. */
uint64_t sr_netns_cookie(void);

#endif
