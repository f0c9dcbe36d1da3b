// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sockets of this host, and of its pods if one likes: a call to a service
 * becomes a call to its backend before there is a packet, so that none needs
 * work. What the socket is told of its peer stays the service's address.
 */
#include "bind.h"
#include "config.h"
#include "monitor.h"
#include "select.h"
#include "sockets.h"
#include "verdict.h"

#define ECONNREFUSED 111

/*
 * A call's source is not known before it is routed. What depends on it is left
 * to tc, which sees it in the packets: source ranges, and which of a host's
 * pods a client is that has an affinity. The host itself is one client.
 */
static __always_inline bool sock_needs_source(struct bpf_sock_addr *ctx, const struct frontend *frontend)
{
	struct sr_service_entry *entry = service_lookup(frontend->service);

	if (!entry)
		return false;
	if (frontend->kind == SR_FRONTEND_LOAD_BALANCER && entry->flags & SR_SERVICE_SOURCE_RANGES)
		return true;
	return entry->affinity && !sock_is_of_host(ctx);
}

/*
 * May the backend be the caller itself? Then it must see a source that is not
 * itself, which tc gives it. Whoever listens on the backend's port is asked to
 * go that way: a false alarm costs no more than speed.
 */
static __always_inline bool sock_may_hear(struct bpf_sock_addr *ctx, const struct sock_target *backend)
{
	struct bpf_sock_tuple tuple = {};
	__u32 size = sizeof(tuple.ipv6);
	struct bpf_sock *sk;

	if (addr_is_v4(&backend->addr)) {
		size = sizeof(tuple.ipv4);
		tuple.ipv4.daddr = backend->addr.word[3];
		tuple.ipv4.dport = backend->port;
	} else {
		__builtin_memcpy(tuple.ipv6.daddr, &backend->addr, sizeof(tuple.ipv6.daddr));
		tuple.ipv6.dport = backend->port;
	}
	sk = backend->proto == IPPROTO_TCP ? bpf_sk_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0)
					   : bpf_sk_lookup_udp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return false;
	bpf_sk_release(sk);
	return true;
}

/* Choose a backend for a call to `frontend`: into `conn`, and where it is into `backend`. */
static __always_inline int sock_choose(struct bpf_sock_addr *ctx, const struct frontend *frontend, struct sr_conn *conn,
				       struct sock_target *backend)
{
	bool of_host = sock_is_of_host(ctx);
	int ret;

	if (sock_needs_source(ctx, frontend))
		return SR_PASS_TO_TC;
	/* The source is zeros: as a client with an affinity, that is this host. */
	conn->from.proto = backend->proto;
	conn->service = frontend->service;
	ret = CTX_NAME(backend_select)(conn, frontend->kind, of_host ? SIDE_HOST : SIDE_POD);
	if (ret != SR_OK)
		return ret;

	backend->addr = conn->to.dst;
	backend->port = conn->to.dport;
	return !of_host && sock_may_hear(ctx, backend) ? SR_PASS_TO_TC : SR_OK;
}

/*
 * Lead a call to `target` to its backend. A datagram socket that calls the same
 * service again stays with its backend (`sticky`). SR_OK: so it is; else the
 * call is left as it is (> 0), or ends (< 0).
 */
static __always_inline int sock_lead(struct bpf_sock_addr *ctx, int family, const struct sock_target *target,
				     bool sticky)
{
	struct sock_target backend = {.proto = target->proto};
	__u64 cookie = bpf_get_socket_cookie(ctx);
	struct frontend frontend = {};
	struct sr_socket_key key;
	struct sr_conn conn = {};
	int ret;

	ret = frontend_lookup(&target->addr, target->port, target->proto, &frontend);
	if (ret != SR_OK)
		return ret;

	socket_key(&key, cookie, target, false);
	if (sticky && socket_recall(&key, frontend.service, &conn)) {
		backend.addr = conn.to.dst;
		backend.port = conn.to.dport;
	} else {
		ret = sock_choose(ctx, &frontend, &conn, &backend);
		if (ret != SR_OK)
			return ret;
		if (sticky)
			socket_remember(ctx, &key, &backend, &conn);
	}

	socket_key(&key, cookie, &backend, true);
	socket_remember(ctx, &key, target, &conn);
	sock_write(ctx, family, &backend.addr, backend.port);
	return SR_OK;
}

/* A call that was refused. Its source is not known. */
static __always_inline void sock_tell(const struct sock_target *target, int reason)
{
	struct sr_tuple tuple = {.dst = target->addr, .dport = target->port, .proto = target->proto};

	if (addr_is_v4(&target->addr))
		addr_from_v4(&tuple.src, 0);
	monitor_packet(&tuple, SR_EVENT_REJECTED, reason, 0);
}

/*
 * connect(), or sendmsg() with an address. What is refused is so at once. What
 * is dropped without a word goes out, and tc drops it: its sender waits, as it
 * should, and gets through if an endpoint appears meanwhile.
 */
static __always_inline int sock_call(struct bpf_sock_addr *ctx, int family, bool sticky)
{
	struct sock_target target;
	int ret;

	if (!sock_is_served(ctx))
		return SOCK_ALLOW;
	sock_read(ctx, family, &target);
	if (target.proto != IPPROTO_TCP && target.proto != IPPROTO_UDP)
		return SOCK_ALLOW;

	ret = sock_lead(ctx, family, &target, sticky);
	if (ret >= 0 || sr_reason_refusal(ret) != SR_REFUSAL_UNREACHABLE)
		return SOCK_ALLOW;
	verdict_count(ret, 0);
	sock_tell(&target, ret);
	return sock_deny(ECONNREFUSED);
}

/* recvmsg() and getpeername(): the backend is shown as the service it plays. */
static __always_inline int sock_name(struct bpf_sock_addr *ctx, int family)
{
	struct sock_target target;

	if (!sock_is_served(ctx))
		return SOCK_ALLOW;
	sock_read(ctx, family, &target);
	if (socket_called(ctx, &target))
		sock_write(ctx, family, &target.addr, target.port);
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

SEC("cgroup/bind4")
int sr_bind4(struct bpf_sock_addr *ctx)
{
	return bind_check(ctx, 4);
}

SEC("cgroup/bind6")
int sr_bind6(struct bpf_sock_addr *ctx)
{
	return bind_check(ctx, 6);
}

/* A connected socket is closed: what it was told of its peer is of no more use. */
SEC("cgroup/sock_release")
int sr_release(struct bpf_sock *sk)
{
	struct sock_target peer = {.proto = sk->protocol, .port = sk->dst_port};

	if (!peer.port)
		return SOCK_ALLOW;
	if (sk->family == AF_INET) {
		addr_from_v4(&peer.addr, sk->dst_ip4);
	} else if (sk->family == AF_INET6) {
		peer.addr.word[0] = sk->dst_ip6[0];
		peer.addr.word[1] = sk->dst_ip6[1];
		peer.addr.word[2] = sk->dst_ip6[2];
		peer.addr.word[3] = sk->dst_ip6[3];
	}
	socket_forget(sk, &peer);
	return SOCK_ALLOW;
}

char _license[] SEC("license") = "Dual BSD/GPL";
