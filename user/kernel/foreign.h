/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs of others on our devices. What is ours is known by its name. */
#ifndef SVCROUTE_KERNEL_FOREIGN_H
#define SVCROUTE_KERNEL_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Id of the XDP program on a device, whoever's it is; 0: there is none. */
uint32_t sr_foreign_xdp(uint32_t ifindex);

/* Name of a program, "" if it is gone or may not be seen. */
void sr_foreign_name(char *out, size_t size, uint32_t program_id);

/*
 * "a, b" of the tc programs and filters on a device and hook (enum
 * bpf_attach_type of tcx) that are not svcroute's; false: there are none.
 */
bool sr_foreign_tc(char *out, size_t size, uint32_t ifindex, int attach_type);

#endif
