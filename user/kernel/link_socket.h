/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packet sockets: what is said on links of who has an address, and a word of our own. */
#ifndef SVCROUTE_KERNEL_LINK_SOCKET_H
#define SVCROUTE_KERNEL_LINK_SOCKET_H

#include "kernel/netdev.h"
#include "model/claims.h"

/* Of a device; fd is -1 where it is down. */
struct sr_link_socket {
	const struct sr_netdev *netdev;
	int fd;
};

struct sr_link_sockets {
	struct sr_link_socket *item;
	size_t num;
};

/* One for each device of the claims, borrowed from `netdevs`. 0 or -errno; -ENODEV: a device is gone. */
int sr_link_sockets_open(struct sr_link_sockets *links, const struct sr_claims *claims,
			 const struct sr_netdevs *netdevs, struct sr_error *err);
void sr_link_sockets_close(struct sr_link_sockets *links);
#define sr_autolinksockets __attribute__((cleanup(sr_link_sockets_close)))

struct sr_link_socket *sr_link_sockets_find(const struct sr_link_sockets *links, uint32_t ifindex);

void sr_link_socket_send(const struct sr_link_socket *link, const struct sr_neighbour_frame *frame);
/* The next word of another's, without waiting: 0, or -errno, -EAGAIN: there is none. */
int sr_link_socket_hear(const struct sr_link_socket *link, struct sr_neighbour_word *word);

#endif
