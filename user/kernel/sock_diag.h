/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* NETLINK_SOCK_DIAG: look at the sockets of this thread's network namespace, and end some. */
#ifndef SVCROUTE_KERNEL_SOCK_DIAG_H
#define SVCROUTE_KERNEL_SOCK_DIAG_H

#include <linux/inet_diag.h>
#include <stdbool.h>
#include <stdint.h>

#include "svcroute/abi.h"

/* A socket as the kernel shows it. */
struct sr_sock {
	uint64_t cookie;
	struct sr_addr peer;
	__be16 peer_port; /* 0: it is not connected */
	uint8_t family;	  /* AF_INET, AF_INET6 */
	uint8_t proto;
	struct inet_diag_sockid id;
};

/* Call `visit` for each socket of a protocol that may have a peer. 0, -errno, or what `visit` returned below 0. */
int sr_sock_diag_each(uint8_t proto, int (*visit)(const struct sr_sock *sock, void *context), void *context);

/*
 * End what the socket is connected to: its owner's calls fail with
 * ECONNABORTED; over TCP the peer gets a reset. -ENOENT: it is gone by itself;
 * -EOPNOTSUPP: this kernel cannot.
 */
int sr_sock_diag_destroy(const struct sr_sock *sock);

/* Can this kernel do that (CONFIG_INET_DIAG_DESTROY, and inet_diag and udp_diag at hand)? */
bool sr_sock_diag_can_destroy(void);

#endif
