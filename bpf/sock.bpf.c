// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sockets of this host: a call to a service becomes a call to its backend
 * before there is a packet, so that none needs work. What the socket is told
 * of its peer stays the service's address.
 */
#include "config.h"
#include "select.h"
#include "verdict.h"

#define SOCK_DENY  0
#define SOCK_ALLOW 1

#define ECONNREFUSED 111

/* An address that a socket names. */
struct sock_target {
	struct sr_addr addr;
	__be16 port;
	__u8 proto;
};

static __always_inline bool sock_is_served(struct bpf_sock_addr *ctx)
{
	return !sr_host_netns || bpf_get_netns_cookie(ctx) == sr_host_netns;
}

static __always_inline void sock_read(struct bpf_sock_addr *ctx, int family, struct sock_target *target)
{
	target->port = ctx->user_port;
	target->proto = ctx->protocol;
	if (family == 4) {
		target->addr.half[0] = 0;
		target->addr.word[2] = bpf_htonl(0xffff);
		target->addr.word[3] = ctx->user_ip4;
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

static __always_inline void sock_key(struct sr_socket_key *key, __u64 cookie, const struct sr_addr *addr, __be16 port,
				     __u8 proto, bool reply)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->cookie = cookie;
	key->addr = *addr;
	key->port = port;
	key->proto = proto;
	key->reply = reply;
}

static __always_inline bool sock_entry_is_of(const struct sr_socket *entry, const struct sr_socket_key *key)
{
	const __u64 *a = (const __u64 *)&entry->self, *b = (const __u64 *)key;

	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

/* Remember under `key` that `addr`:`port` of backend `conn` belongs to it. */
static __always_inline void sock_remember(const struct sr_socket_key *key, const struct sr_addr *addr, __be16 port,
					  const struct sr_conn *conn)
{
	struct sr_socket entry = {
		.self = *key,
		.addr = *addr,
		.port = port,
		.backend = conn->backend,
		.generation = conn->generation,
	};

	bpf_map_update_elem(&sr_sockets, key, &entry, BPF_ANY);
}

/* The backend this socket talks to under the frontend's name, if it still is one. */
static __always_inline bool sock_recall(const struct sr_socket_key *key, struct sr_conn *conn)
{
	struct sr_socket *known = bpf_map_lookup_elem(&sr_sockets, key);

	if (!known)
		return false;
	conn->to.dst = known->addr;
	conn->to.dport = known->port;
	conn->backend = known->backend;
	conn->generation = known->generation;
	barrier();
	return sock_entry_is_of(known, key) && backend_is_current(conn->backend, conn->generation);
}

static __always_inline int sock_refuse(struct bpf_sock_addr *ctx)
{
	verdict_count(SR_DROP_NO_ENDPOINT, 0);
	/* Since Linux 5.18 we choose the error; before, it is EPERM. */
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_set_retval))
		bpf_set_retval(-ECONNREFUSED);
	return SOCK_DENY;
}

/*
 * connect(), or sendmsg() with an address. A datagram socket that calls the
 * same service again stays with its backend (`sticky`).
 */
static __always_inline int sock_call(struct bpf_sock_addr *ctx, int family, bool sticky)
{
	struct frontend frontend = {};
	struct sr_socket_key key;
	struct sock_target target;
	struct sr_conn conn = {};
	__u64 cookie;

	if (!sock_is_served(ctx))
		return SOCK_ALLOW;
	sock_read(ctx, family, &target);
	if (frontend_lookup(&target.addr, target.port, target.proto, &frontend) != SR_OK)
		return SOCK_ALLOW;

	cookie = bpf_get_socket_cookie(ctx);
	/* The caller's address is not known yet: zeros stand for this host. */
	conn.from.proto = target.proto;
	conn.service = frontend.service;
	sock_key(&key, cookie, &target.addr, target.port, target.proto, false);
	if (!sticky || !sock_recall(&key, &conn)) {
		if (backend_select(&conn, frontend.kind, SIDE_HOST) != SR_OK)
			return sock_refuse(ctx);
		if (sticky)
			sock_remember(&key, &conn.to.dst, conn.to.dport, &conn);
	}

	sock_key(&key, cookie, &conn.to.dst, conn.to.dport, target.proto, true);
	sock_remember(&key, &target.addr, target.port, &conn);
	sock_write(ctx, family, &conn.to.dst, conn.to.dport);
	return SOCK_ALLOW;
}

/* recvmsg() and getpeername(): the backend is shown as the service it plays. */
static __always_inline int sock_name(struct bpf_sock_addr *ctx, int family)
{
	struct sr_socket_key key;
	struct sock_target target;
	struct sr_socket *known;
	struct sr_addr addr;
	__be16 port;

	if (!sock_is_served(ctx))
		return SOCK_ALLOW;
	sock_read(ctx, family, &target);
	sock_key(&key, bpf_get_socket_cookie(ctx), &target.addr, target.port, target.proto, true);
	known = bpf_map_lookup_elem(&sr_sockets, &key);
	if (!known)
		return SOCK_ALLOW;

	addr = known->addr;
	port = known->port;
	barrier();
	if (sock_entry_is_of(known, &key))
		sock_write(ctx, family, &addr, port);
	return SOCK_ALLOW;
}

SEC("cgroup/connect4")
int sr_connect4(struct bpf_sock_addr *ctx)
{
	return sock_call(ctx, 4, false);
}

SEC("cgroup/connect6")
int sr_connect6(struct bpf_sock_addr *ctx)
{
	return sock_call(ctx, 6, false);
}

SEC("cgroup/sendmsg4")
int sr_sendmsg4(struct bpf_sock_addr *ctx)
{
	return sock_call(ctx, 4, true);
}

SEC("cgroup/sendmsg6")
int sr_sendmsg6(struct bpf_sock_addr *ctx)
{
	return sock_call(ctx, 6, true);
}

SEC("cgroup/recvmsg4")
int sr_recvmsg4(struct bpf_sock_addr *ctx)
{
	return sock_name(ctx, 4);
}

SEC("cgroup/recvmsg6")
int sr_recvmsg6(struct bpf_sock_addr *ctx)
{
	return sock_name(ctx, 6);
}

SEC("cgroup/getpeername4")
int sr_getpeer4(struct bpf_sock_addr *ctx)
{
	return sock_name(ctx, 4);
}

SEC("cgroup/getpeername6")
int sr_getpeer6(struct bpf_sock_addr *ctx)
{
	return sock_name(ctx, 6);
}

char _license[] SEC("license") = "Dual BSD/GPL";
