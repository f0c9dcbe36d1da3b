/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* rtnetlink: ask the kernel for all of something. */
#ifndef SVCROUTE_KERNEL_RTNL_H
#define SVCROUTE_KERNEL_RTNL_H

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

/*
 * Send a dump request of `type` (RTM_GETLINK...) with the fixed part `header`
 * and call `visit` for each message of the answer. 0 or -errno.
 */
int sr_rtnl_dump(int type, const void *header, size_t header_size, mnl_cb_t visit, void *context);

/* Send a request that asks for NLM_F_ACK, and wait for that. 0 or -errno, also what the kernel says to it. */
int sr_rtnl_request(struct nlmsghdr *message);

/* Send a request for one thing, and call `visit` for it. 0 or -errno, also what the kernel says to it. */
int sr_rtnl_ask(struct nlmsghdr *message, mnl_cb_t visit, void *context);

/* Attributes of a message into tb[0..max]; unknown ones are left out. */
void sr_rtnl_attributes(const struct nlmsghdr *message, size_t header_size, const struct nlattr **tb, int max);

#endif
