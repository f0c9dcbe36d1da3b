/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tc filters on a device's clsact hooks, read by rtnetlink. */
#ifndef SVCROUTE_KERNEL_FILTERS_H
#define SVCROUTE_KERNEL_FILTERS_H

#include <stdbool.h>
#include <stdint.h>

struct sr_filter {
	const char *kind; /* "bpf", "flower", ... */
	const char *name; /* of a BPF filter; "" */
	uint32_t priority;
	uint32_t handle;
	uint32_t program_id; /* of a BPF filter; 0: another's kind */
};

/*
 * Call `visit` for each filter at ingress or egress; stop at its first negative
 * return. A device without clsact has none. 0 or -errno.
 */
int sr_filters_each(uint32_t ifindex, bool egress, int (*visit)(const struct sr_filter *filter, void *context),
		    void *context);

/* Has the device a clsact qdisc (or ingress, which takes its place)? */
bool sr_clsact_exists(uint32_t ifindex);

#endif
