/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Node ports are not for the host's processes to take: packets to them are the services'. */
#ifndef BPF_BIND_H
#define BPF_BIND_H

#include "ctx_sock.h"
#include "lookup.h"

#define EADDRINUSE 98

/*
 * A node port is served at each of the node's addresses, and held at address 0
 * of the family for who would bind to all of them.
 */
static __always_inline bool bind_is_taken(const struct sock_target *target)
{
	struct frontend frontend = {};

	if (frontend_read(&target->addr, target->port, target->proto, &frontend) != SR_OK)
		return false;
	return frontend.kind == SR_FRONTEND_NODE_PORT || frontend.kind == SR_FRONTEND_RESERVED;
}

/*
 * SOCK_ALLOW, or the address is in use. Port 0 is the kernel's to choose. A
 * socket at :: hears IPv4, too. One that said it would not (IPV6_V6ONLY) cannot
 * be told from it here: it is refused an IPv4 node port for nothing.
 */
static __always_inline int bind_check(struct bpf_sock_addr *ctx, int family)
{
	struct sock_target target = {};

	sock_read(ctx, family, &target);
	if (!target.port || !sock_is_of_host(ctx))
		return SOCK_ALLOW;
	if (bind_is_taken(&target))
		return sock_deny(EADDRINUSE);
	if (family == 4 || target.addr.half[0] | target.addr.half[1])
		return SOCK_ALLOW;

	addr_from_v4(&target.addr, 0);
	return bind_is_taken(&target) ? sock_deny(EADDRINUSE) : SOCK_ALLOW;
}

#endif
