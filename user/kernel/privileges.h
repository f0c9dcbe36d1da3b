/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* May this process do what svcroute does? */
#ifndef SVCROUTE_KERNEL_PRIVILEGES_H
#define SVCROUTE_KERNEL_PRIVILEGES_H

struct sr_error;

/* -EPERM: `err` names the capabilities that are missing. */
int sr_privileges_check(struct sr_error *err);

#endif
