/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* netfilter's connections, read and written (ctnetlink). Those of zone 0, over TCP, UDP and SCTP. */
#ifndef SVCROUTE_KERNEL_CTNETLINK_H
#define SVCROUTE_KERNEL_CTNETLINK_H

#include "model/takeover.h"

struct sr_ctnetlink;
struct sr_error;

struct sr_ct {
	struct sr_nat nat;
	uint32_t timeout; /* seconds of silence that it has left */
	uint32_t mark;
};

/* -EPERM, -EPROTONOSUPPORT: not for this process, or this kernel has none. */
int sr_ctnetlink_open(struct sr_ctnetlink **out, struct sr_error *err);
void sr_ctnetlink_close(struct sr_ctnetlink *netlink);
static inline void sr_ctnetlink_cleanup(struct sr_ctnetlink **netlink)
{
	sr_ctnetlink_close(*netlink);
}
#define sr_autoctnetlink __attribute__((cleanup(sr_ctnetlink_cleanup)))

/*
 * Call `visit` for each connection of both families, until its first negative
 * return. Nothing else may be asked of `netlink` meanwhile. 0 or -errno.
 */
int sr_ctnetlink_each(struct sr_ctnetlink *netlink, int (*visit)(const struct sr_ct *ct, void *context), void *context);

/*
 * Netfilter looks at TCP's sequence numbers, and gives up a connection of which
 * it did not see all packets: not this one any longer. 0 or -errno.
 */
int sr_ctnetlink_soften(struct sr_ctnetlink *netlink, const struct sr_ct *ct);

/* Forget the connection of packets like `tuple`, in either direction. -ENOENT: there is none. */
int sr_ctnetlink_remove(struct sr_ctnetlink *netlink, const struct sr_tuple *tuple);

/* Enter a connection, with the translation that its two tuples show. -EEXIST: one of them is another's. */
int sr_ctnetlink_add(struct sr_ctnetlink *netlink, const struct sr_ct *ct);

#endif
