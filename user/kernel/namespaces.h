/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The network namespaces of this machine's processes. */
#ifndef SVCROUTE_KERNEL_NAMESPACES_H
#define SVCROUTE_KERNEL_NAMESPACES_H

/*
 * Call `visit` once in each network namespace, but ours, that a process which
 * /proc shows is in. It runs in a thread of its own: ours never leaves its
 * namespace. A namespace that cannot be entered is passed over. 0, -errno, or
 * the first that `visit` returned below 0.
 */
int sr_namespaces_each(int (*visit)(void *context), void *context);

#endif
