// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "kernel/flows.h"
#include "kernel/instance.h"
#include "kernel/map_each.h"
#include "kernel/namespaces.h"
#include "kernel/sock_diag.h"

/* connect() sets a socket's peer some microseconds after its hook has run. */
#define SOCKETS_ATTEMPTS 5
#define SOCKETS_PAUSE_NS 2000000

struct stale {
	struct sr_socket_key key; /* as of the socket that hears the backend */
	bool of_pod;
	bool only_sends; /* sendmsg() chooses anew by itself */
};

struct sockets {
	const struct sr_datapath *datapath;
	const struct sr_tables *tables;
	bool tcp;
	struct stale *stale; /* by cookie */
	size_t num_stale;
	struct sr_sock *found;
	size_t num_found;
	bool is_connecting; /* there is one that has no peer yet */
};

static void sockets_clear(struct sockets *sockets)
{
	free(sockets->stale);
	free(sockets->found);
}

/* The peer by whose name a socket sends: of that there is an entry, too, if it ever did so unconnected. */
static bool sockets_only_sends(const struct sockets *sockets, const struct sr_socket *entry)
{
	struct sr_socket_key key = {
		.cookie = entry->self.cookie,
		.addr = entry->addr,
		.port = entry->port,
		.proto = entry->self.proto,
	};
	struct sr_socket unused;

	return bpf_map_lookup_elem(sockets->datapath->map_fd[SR_MAP_SOCKETS], &key, &unused) == 0;
}

static bool sockets_is_stale(const struct sockets *sockets, const struct sr_socket *entry)
{
	struct sr_frontend_key called = {.addr = entry->addr, .port = entry->port, .proto = entry->self.proto};
	const struct sr_tables *tables = sockets->tables;

	if (!entry->self.reply || (entry->self.proto != IPPROTO_UDP && !sockets->tcp))
		return false;
	if (entry->backend >= tables->max_backends ||
	    __atomic_load_n(&tables->backend[entry->backend].generation, __ATOMIC_ACQUIRE) != entry->generation)
		return true;
	return entry->self.proto == IPPROTO_UDP &&
	       !sr_flows_frontend_leads_to(sockets->datapath, tables, &called, entry->backend);
}

static int sockets_collect(const void *key, const void *value, void *context)
{
	const struct sr_socket *entry = value;
	struct sockets *sockets = context;
	struct stale *stale;

	(void)key;
	if (!sockets_is_stale(sockets, entry))
		return 0;
	stale = sr_array_add(&sockets->stale, &sockets->num_stale, sizeof(*stale));
	if (!stale)
		return -ENOMEM;
	stale->key = entry->self;
	stale->of_pod = entry->of_pod;
	stale->only_sends = sockets_only_sends(sockets, entry);
	return 0;
}

static int stale_compare(const void *a, const void *b)
{
	const struct stale *first = a, *second = b;

	return (first->key.cookie > second->key.cookie) - (first->key.cookie < second->key.cookie);
}

/* The first entry of a cookie, or NULL. */
static const struct stale *stale_find(const struct sockets *sockets, uint64_t cookie)
{
	const struct stale wanted = {.key.cookie = cookie}, *found;

	found = bsearch(&wanted, sockets->stale, sockets->num_stale, sizeof(wanted), stale_compare);
	while (found && found > sockets->stale && found[-1].key.cookie == cookie)
		found--;
	return found;
}

static bool stale_is_peer(const struct stale *stale, const struct sr_sock *sock)
{
	return stale->key.proto == sock->proto && stale->key.port == sock->peer_port &&
	       memcmp(&stale->key.addr, &sock->peer, sizeof(sock->peer)) == 0;
}

/* Remember the socket if it is connected to a backend that is gone. */
static int sockets_look(const struct sr_sock *sock, void *context)
{
	struct sockets *sockets = context;
	const struct stale *stale = stale_find(sockets, sock->cookie), *end = sockets->stale + sockets->num_stale;

	for (; stale && stale < end && stale->key.cookie == sock->cookie; stale++) {
		struct sr_sock *found;

		if (!sock->peer_port && !stale->only_sends)
			sockets->is_connecting = true;
		if (!stale_is_peer(stale, sock))
			continue;
		found = sr_array_add(&sockets->found, &sockets->num_found, sizeof(*found));
		if (!found)
			return -ENOMEM;
		*found = *sock;
	}
	return 0;
}

static int sockets_destroy_found(struct sockets *sockets)
{
	int result = 0;

	for (size_t i = 0; i < sockets->num_found; i++) {
		const struct sr_sock *sock = &sockets->found[i];
		struct sr_socket_key key = {
			.cookie = sock->cookie,
			.addr = sock->peer,
			.port = sock->peer_port,
			.proto = sock->proto,
			.reply = 1,
		};
		int r = sr_sock_diag_destroy(sock);

		if (r < 0 && r != -ENOENT)
			result = r;
		else
			bpf_map_delete_elem(sockets->datapath->map_fd[SR_MAP_SOCKETS], &key);
	}
	sockets->num_found = 0;
	return result;
}

/* Those of this thread's network namespace. */
static int sockets_destroy_here(void *context)
{
	const struct timespec pause = {.tv_nsec = SOCKETS_PAUSE_NS};
	struct sockets *sockets = context;
	int r = 0;

	for (int i = 0; r == 0 && i < SOCKETS_ATTEMPTS; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		sockets->is_connecting = false;
		r = sr_sock_diag_each(IPPROTO_UDP, sockets_look, sockets);
		if (r == 0 && sockets->tcp)
			r = sr_sock_diag_each(IPPROTO_TCP, sockets_look, sockets);
		if (r == 0)
			r = sockets_destroy_found(sockets);
		if (!sockets->is_connecting)
			break;
	}
	return r;
}

static bool sockets_are_of_pods(const struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->num_stale; i++)
		if (sockets->stale[i].of_pod)
			return true;
	return false;
}

int sr_sockets_destroy_stale(const struct sr_datapath *datapath, const struct sr_tables *tables, bool tcp)
{
	__attribute__((cleanup(sockets_clear))) struct sockets sockets = {
		.datapath = datapath,
		.tables = tables,
		.tcp = tcp,
	};
	int r = sr_map_each(datapath->map_fd[SR_MAP_SOCKETS], sockets_collect, &sockets);

	if (r < 0 || sockets.num_stale == 0)
		return r;
	qsort(sockets.stale, sockets.num_stale, sizeof(*sockets.stale), stale_compare);

	r = sockets_destroy_here(&sockets);
	if (r == 0 && sockets_are_of_pods(&sockets))
		r = sr_namespaces_each(sockets_destroy_here, &sockets);
	return r;
}
