/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Word of links that go down, come back or change, and of addresses that come and go (rtnetlink). */
#ifndef SVCROUTE_KERNEL_LINK_WATCH_H
#define SVCROUTE_KERNEL_LINK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct mnl_socket;

/* From now on nothing is missed. 0 or -errno. */
int sr_link_watch_open(struct mnl_socket **out);
void sr_link_watch_close(struct mnl_socket **watch);
#define sr_autolinkwatch __attribute__((cleanup(sr_link_watch_close)))

/* Readable when there is word. */
int sr_link_watch_fd(const struct mnl_socket *watch);

/*
 * Wait for word, at most so many milliseconds, and call `visit` for each change
 * of a link in turn. 0, what `visit` returns, or -errno; -ENOBUFS: some was lost.
 */
int sr_link_watch_wait(struct mnl_socket *watch, int msec,
		       int (*visit)(uint32_t ifindex, bool is_running, void *context), void *context);

#endif
