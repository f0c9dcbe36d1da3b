/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The context of a socket's hook: which address it names, whose socket it is. */
#ifndef BPF_CTX_SOCK_H
#define BPF_CTX_SOCK_H

#include "addr.h"
#include "config.h"

/* A call's source port is not chosen yet: as a flow it is not known, and is none that could move elsewhere. */
#define CTX_SEES_FLOWS false

#define CTX_NAME(name) sock_##name

#define SOCK_DENY  0
#define SOCK_ALLOW 1

/* An address that a socket names. */
struct sock_target {
	struct sr_addr addr;
	__be16 port;
	__u8 proto;
};

/* Does it belong to the host's own network namespace, not to a pod's? */
static __always_inline bool sock_is_of_host(struct bpf_sock_addr *ctx)
{
	return !sr_host_netns || bpf_get_netns_cookie(ctx) == sr_host_netns;
}

/* load --sockets host|all; with `off` there are no hooks. */
static __always_inline bool sock_is_served(struct bpf_sock_addr *ctx)
{
	return sr_pod_sockets || sock_is_of_host(ctx);
}

static __always_inline void sock_read(struct bpf_sock_addr *ctx, int family, struct sock_target *target)
{
	target->port = ctx->user_port;
	target->proto = ctx->protocol;
	if (family == 4) {
		addr_from_v4(&target->addr, ctx->user_ip4);
		return;
	}
	target->addr.word[0] = ctx->user_ip6[0];
	target->addr.word[1] = ctx->user_ip6[1];
	target->addr.word[2] = ctx->user_ip6[2];
	target->addr.word[3] = ctx->user_ip6[3];
}

static __always_inline void sock_write(struct bpf_sock_addr *ctx, int family, const struct sr_addr *addr, __be16 port)
{
	ctx->user_port = port;
	if (family == 4) {
		ctx->user_ip4 = addr->word[3];
		return;
	}
	ctx->user_ip6[0] = addr->word[0];
	ctx->user_ip6[1] = addr->word[1];
	ctx->user_ip6[2] = addr->word[2];
	ctx->user_ip6[3] = addr->word[3];
}

/*
 * Fail the call with `error`. Hooks like ours choose it since Linux 6.1, which
 * the other helper of that release tells; before, it is EPERM.
 */
static __always_inline int sock_deny(int error)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_user_ringbuf_drain))
		bpf_set_retval(-error);
	return SOCK_DENY;
}

#endif
