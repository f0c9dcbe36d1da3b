/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What sockets were told, so that the address a socket called is the one it
 * sees. This file owns sr_sockets.
 *
 * A connected socket's entry lives until the socket is closed, one that is
 * only used for sendmsg() until it is the least recently used. With more than
 * the map holds in use at once, live ones are lost, too: getpeername() then
 * tells the backend, and who removes that backend does not find the socket.
 */
#ifndef BPF_SOCKETS_H
#define BPF_SOCKETS_H

#include "ctx_sock.h"
#include "lookup.h"

/* The name under which a socket knows `addr`:`port`; `reply`: they are its backend's. */
static __always_inline void socket_key(struct sr_socket_key *key, __u64 cookie, const struct sock_target *target,
				       bool reply)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->cookie = cookie;
	key->addr = target->addr;
	key->port = target->port;
	key->proto = target->proto;
	key->reply = reply;
}

static __always_inline bool socket_entry_is_of(const struct sr_socket *entry, const struct sr_socket_key *key)
{
	const __u64 *a = (const __u64 *)&entry->self, *b = (const __u64 *)key;

	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

/* Remember under `key` that `peer`, of the backend that `conn` names, belongs to it. */
static __always_inline void socket_remember(struct bpf_sock_addr *ctx, const struct sr_socket_key *key,
					    const struct sock_target *peer, const struct sr_conn *conn)
{
	struct sr_socket entry = {
		.self = *key,
		.addr = peer->addr,
		.port = peer->port,
		.backend = conn->backend,
		.generation = conn->generation,
		.of_pod = !sock_is_of_host(ctx),
	};

	if (key->reply)
		bloom_add_called(&key->addr, key->port);
	bpf_map_update_elem(&sr_sockets, key, &entry, BPF_ANY);
}

/* Forget what a socket was told of `peer`, if it was told anything. */
static __always_inline void socket_forget(struct bpf_sock *sk, const struct sock_target *peer)
{
	struct sr_socket_key key;

	if (!bloom_has_called(&peer->addr, peer->port))
		return;
	socket_key(&key, bpf_get_socket_cookie(sk), peer, true);
	bpf_map_delete_elem(&sr_sockets, &key);
}

/* The backend that this socket talks to under the frontend's name, if it still is one of the service. */
static __always_inline bool socket_recall(const struct sr_socket_key *key, __u32 service, struct sr_conn *conn)
{
	struct sr_socket *known = bpf_map_lookup_elem(&sr_sockets, key);
	struct sr_backend *backend;

	if (!known)
		return false;
	conn->to.dst = known->addr;
	conn->to.dport = known->port;
	conn->backend = known->backend;
	conn->generation = known->generation;
	barrier();
	if (!socket_entry_is_of(known, key))
		return false;

	backend = bpf_map_lookup_elem(&sr_backends, &conn->backend);
	return backend && READ_ONCE(backend->service) == service && READ_ONCE(backend->generation) == conn->generation;
}

/* What a socket that hears `target` called: into `target`. False: just that. */
static __always_inline bool socket_called(struct bpf_sock_addr *ctx, struct sock_target *target)
{
	struct sr_socket_key key;
	struct sr_socket *known;

	if (!bloom_has_called(&target->addr, target->port))
		return false;
	socket_key(&key, bpf_get_socket_cookie(ctx), target, true);
	known = bpf_map_lookup_elem(&sr_sockets, &key);
	if (!known)
		return false;
	target->addr = known->addr;
	target->port = known->port;
	barrier();
	return socket_entry_is_of(known, &key);
}

#endif
