/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The connections that packets have opened: listed, found, ended. */
#ifndef SVCROUTE_KERNEL_CONNS_H
#define SVCROUTE_KERNEL_CONNS_H

#include "kernel/datapath.h"
#include "model/flow.h"

/* A connection, as it was found: one half of it, and what that says. */
struct sr_conn_found {
	struct sr_conn half;
	struct sr_flow flow;
};

/*
 * Call `visit` for each connection, once, while the tables are read: memory
 * does not grow with their number. Those that come or go meanwhile may be
 * missed. It may remove what it is given. Stops at its first negative return.
 * 0 or -errno.
 */
int sr_conns_each(struct sr_datapath *datapath, int (*visit)(const struct sr_conn_found *conn, void *context),
		  void *context, struct sr_error *err);

/* The connection of packets from `src` to `dst`, whose protocol counts; either direction's. -ENOENT: there is none. */
int sr_conns_find(struct sr_datapath *datapath, const struct sr_hostport *src, const struct sr_hostport *dst,
		  struct sr_conn_found *out, struct sr_error *err);

/* Forget both halves of a connection, wherever they are. 0 or -errno. */
int sr_conns_remove(struct sr_datapath *datapath, const struct sr_conn *half, struct sr_error *err);

/* Forget all, also what has no other half or has been silent for too long. */
int sr_conns_remove_all(struct sr_datapath *datapath, struct sr_error *err);

#endif
