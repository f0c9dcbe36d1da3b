/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One half of a connection: its key, its entry in either table, its other half (bpf/conn.h, bpf/halves.h). */
#ifndef SVCROUTE_KERNEL_HALVES_H
#define SVCROUTE_KERNEL_HALVES_H

#include "kernel/instance.h"

struct sr_conn_key sr_half_key(const struct sr_tuple *tuple, const struct sr_state *state);

/* How the other half's packets arrive. */
struct sr_tuple sr_half_peer(const struct sr_conn *half);
/* The other half as bpf/conn.h makes it. */
void sr_half_invert(struct sr_conn *out, const struct sr_conn *half);
/* Do packets leave alike by both? */
bool sr_half_leaves_alike(const struct sr_conn *a, const struct sr_conn *b);

/* The entry of packets like `from` in one table; false: there is none. */
bool sr_half_get(const struct sr_datapath *datapath, enum sr_map map, const struct sr_conn_key *key,
		 const struct sr_tuple *from, struct sr_conn *out);
/* In either table, the large one first. */
bool sr_half_find(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_tuple *from,
		  struct sr_conn *out);
/* The same, unless its time is up. */
bool sr_half_find_live(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_tuple *from,
		       struct sr_conn *out);

/* Is the other half there? False: it is gone, or its tuple is another connection's. */
bool sr_half_has_peer(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_conn *half);

/* Write a half where it belongs: the large table if it is proven. 0 or -errno. */
int sr_half_put(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_conn *half);
/* Write a client's half, with flags that the other has not, and the other. */
int sr_half_put_both(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_conn *half,
		     uint32_t only_there);
/* Set and clear flags of a half, in whichever tables it is. */
void sr_half_mark(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_tuple *from,
		  uint32_t set, uint32_t clear);
/* Out of both tables. 0 or -errno. */
int sr_half_remove(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_tuple *from);

#endif
