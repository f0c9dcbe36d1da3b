/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sockets that socket hooks led to a backend which is one no longer. */
#ifndef SVCROUTE_KERNEL_SOCKETS_H
#define SVCROUTE_KERNEL_SOCKETS_H

#include "kernel/tables.h"

/*
 * End the connected UDP sockets whose backend is gone, or whose frontend leads
 * to another service, and with `tcp` those of
 * TCP; pods' too, as far as their namespaces can be reached. Their owners see an
 * error, connect anew, and get another. To be called after the backends were
 * freed: who reads `tables` then knows which. 0 or -errno.
 */
int sr_sockets_destroy_stale(const struct sr_datapath *datapath, const struct sr_tables *tables, bool tcp);

#endif
