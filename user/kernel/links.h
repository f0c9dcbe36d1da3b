/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A program at one place, and the pinned BPF link that holds it there.
 */
#ifndef SVCROUTE_KERNEL_LINKS_H
#define SVCROUTE_KERNEL_LINKS_H

#include "kernel/instance.h"
#include "kernel/netdev.h"
#include "kernel/programs.h"

#define SR_LINK_NAME_SIZE 32

/* Where a program is wanted: on a device, or on a cgroup. */
struct sr_spot {
	const struct sr_program *program;
	int program_fd;
	uint32_t program_id;
	const struct sr_netdev *netdev; /* NULL: on a cgroup */
	int cgroup_fd;
	uint64_t cgroup_id;
	const char *cgroup; /* path */
};

struct sr_link {
	uint32_t program_id;
	uint32_t ifindex;   /* 0: on a cgroup, or its device is gone */
	uint64_t cgroup_id; /* 0: on a device, or its cgroup is gone */
};

/* "sr_from_pod-12" or "sr_connect4": the pin's name. Returns `out`. */
char *sr_link_name(char out[SR_LINK_NAME_SIZE], const struct sr_spot *spot);

/* The device name or cgroup path, for people. */
const char *sr_spot_name(const struct sr_spot *spot);

/* A new fd of a pinned link, and where it is. -errno. */
int sr_link_open(const struct sr_datapath *datapath, const char *name, struct sr_link *out);

/*
 * Have a link that holds the program at the spot, pinned: the one there is,
 * given our program if it holds another, or a new one, made with `flags` (those
 * of XDP). 1: it is new; 0: it was there; -errno without words, since the
 * caller knows what it means.
 */
int sr_link_ensure(const struct sr_datapath *datapath, const struct sr_spot *spot, uint32_t flags);

/* Detach and unpin. Missing is fine. */
void sr_link_remove(const struct sr_datapath *datapath, const char *name);

#endif
