/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Map `sr_bloom`: the programs are told what may be ours before it is. (Of sockets they tell one another.) */
#ifndef SVCROUTE_KERNEL_BLOOM_H
#define SVCROUTE_KERNEL_BLOOM_H

#include "kernel/instance.h"

/* Map it, to be written. 0, or -errno with `err`. */
int sr_bloom_open(struct sr_datapath *datapath, struct sr_error *err);
void sr_bloom_close(struct sr_datapath *datapath);

/* An address that is to bear frontends; half of a connection that is to be written. */
void sr_bloom_add_address(const struct sr_datapath *datapath, const struct sr_addr *addr);
void sr_bloom_add_half(const struct sr_datapath *datapath, const struct sr_conn *half);

/* Anything may be ours: what there is nobody has noted. 0 or -errno. */
int sr_bloom_fill(int fd);

#endif
