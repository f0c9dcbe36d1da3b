/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SVCROUTE_KERNEL_ATTACH_LIST_H
#define SVCROUTE_KERNEL_ATTACH_LIST_H

#include "kernel/attach.h"

/* As people read them: device by device, then the cgroup; each in the packet's order. */
void sr_attachments_sort(struct sr_attachments *attachments);

#endif
