/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One half of a connection: its entry, its other half (bpf/conn.h, bpf/halves.h). */
#ifndef SVCROUTE_KERNEL_HALVES_H
#define SVCROUTE_KERNEL_HALVES_H

#include "kernel/instance.h"

/* How the other half's packets arrive. */
struct sr_tuple sr_half_peer(const struct sr_conn *half);
/* The other half as bpf/conn.h makes it. */
void sr_half_invert(struct sr_conn *out, const struct sr_conn *half);
/* Do packets leave alike by both? */
bool sr_half_leaves_alike(const struct sr_conn *a, const struct sr_conn *b);

/* The instance's table of connections, opened when it is first asked for, and its own; NULL: it cannot be. */
struct sr_conn_table *sr_datapath_conns(struct sr_datapath *datapath, struct sr_error *err);
void sr_datapath_close_conns(struct sr_datapath *datapath);

/* The entry of packets like `from`; false: there is none. */
bool sr_half_find(struct sr_datapath *datapath, const struct sr_tuple *from, struct sr_conn *out);
/* The same, unless its time is up. */
bool sr_half_find_live(struct sr_datapath *datapath, const struct sr_tuple *from, struct sr_conn *out);

/* Is the other half there? False: it is gone, or its tuple is another connection's. */
bool sr_half_has_peer(struct sr_datapath *datapath, const struct sr_conn *half);

/* Write a half, whether or not its tuple has an entry. 0 or -errno; -ENOSPC: there is no room. */
int sr_half_put(struct sr_datapath *datapath, const struct sr_conn *half);
/* Write a client's half, with flags that the other has not, and the other. */
int sr_half_put_both(struct sr_datapath *datapath, const struct sr_conn *half, uint32_t only_there);
/* Set and clear flags of a half, if it is there. */
void sr_half_mark(struct sr_datapath *datapath, const struct sr_tuple *from, uint32_t set, uint32_t clear);
/* 0, also if it is not there, or -errno. */
int sr_half_remove(struct sr_datapath *datapath, const struct sr_tuple *from);

#endif
