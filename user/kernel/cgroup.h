/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SVCROUTE_KERNEL_CGROUP_H
#define SVCROUTE_KERNEL_CGROUP_H

#include <stddef.h>
#include <stdint.h>

/* The kernel's id of an open cgroup2 folder. -EINVAL: it is none of cgroup2. */
int sr_cgroup_id(uint64_t *out, int fd);

/* The folder that an id means, as this process sees it. 0 or -errno. */
int sr_cgroup_path(char *out, size_t size, uint64_t id);

#endif
