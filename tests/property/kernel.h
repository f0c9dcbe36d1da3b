/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The code under test: the datapath in the kernel, and clusters carried into it as `load` does. */
#ifndef TESTS_PROPERTY_KERNEL_H
#define TESTS_PROPERTY_KERNEL_H

#include "cluster.h"
#include "svcroute/reason.h"
#include "wire.h"

#define KERNEL_SNAT_LOW	 20000
#define KERNEL_SNAT_HIGH 29999

enum kernel_verdict {
	KERNEL_PASS,
	KERNEL_DROP,
	KERNEL_BACK, /* XDP_TX */
	KERNEL_REDIRECT,
	KERNEL_UNKNOWN,
};

/* Where a packet meets us. */
struct kernel_hook {
	enum sr_hook hook;
	enum device device;
	bool from_host; /* on its way out: nobody met it on its way in */
};

struct kernel_result {
	enum kernel_verdict verdict;
	int reason; /* SR_OK, SR_PASS_*, SR_DROP_* */
	struct wire_frame out;
};

/* Make the network, in namespaces of this process's own. 0, or -1 after saying why. */
int kernel_start(void);
/* (Re)load programs with other options. */
int kernel_load(const struct cluster_options *options);
void kernel_stop(void);
/* What is programmed becomes what the cluster says. */
int kernel_program(const struct cluster *cluster);
/* The file descriptor of one of the datapath's maps. */
int kernel_map(const char *name);
struct sr_datapath *kernel_datapath(void);
/* 0, or -1 after saying why. */
int kernel_run(const struct kernel_hook *at, const struct wire_frame *frame, struct kernel_result *out);
/* Packets so far. */
uint64_t kernel_packets(void);

#endif
