// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/sock_diag.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* Since Linux 4.5; older headers lack it. */
#ifndef SOCK_DESTROY
#define SOCK_DESTROY 21
#endif

#define DIAG_BUFFER   32768
#define DIAG_SEQUENCE 1

/* Listeners have no peer, and those in TIME_WAIT no owner. */
#define DIAG_STATES (~0u & ~(1u << TCP_LISTEN | 1u << TCP_TIME_WAIT))

static void diag_close(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}
#define diag_autoclose __attribute__((cleanup(diag_close)))

static struct mnl_socket *diag_open(void)
{
	diag_autoclose struct mnl_socket *socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return NULL;
	return TAKE_PTR(socket);
}

static int diag_send(struct mnl_socket *socket, int type, int flags, const struct inet_diag_req_v2 *request)
{
	char buffer[256];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	message->nlmsg_seq = DIAG_SEQUENCE;
	memcpy(mnl_nlmsg_put_extra_header(message, sizeof(*request)), request, sizeof(*request));
	return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -errno : 0;
}

/* Read until the answer ends. 0 or -errno. */
static int diag_receive(struct mnl_socket *socket, mnl_cb_t visit, void *context)
{
	sr_autofree char *buffer = malloc(DIAG_BUFFER);
	ssize_t length;
	int r;

	if (!buffer)
		return -ENOMEM;
	do {
		length = mnl_socket_recvfrom(socket, buffer, DIAG_BUFFER);
		if (length < 0)
			return -errno;
		errno = EIO;
		r = mnl_cb_run(buffer, length, DIAG_SEQUENCE, mnl_socket_get_portid(socket), visit, context);
	} while (r > MNL_CB_STOP);
	return r < 0 ? -errno : 0;
}

struct diag_walk {
	uint8_t proto;
	int (*visit)(const struct sr_sock *sock, void *context);
	void *context;
	int result;
};

static struct sr_addr diag_addr(uint8_t family, const __be32 word[4])
{
	struct sr_addr addr = {};

	if (family == AF_INET) {
		addr.word[2] = htonl(0xffff);
		addr.word[3] = word[0];
	} else {
		memcpy(&addr, word, sizeof(addr));
	}
	return addr;
}

static int diag_visit(const struct nlmsghdr *message, void *context)
{
	const struct inet_diag_msg *found = mnl_nlmsg_get_payload(message);
	struct diag_walk *walk = context;
	struct sr_sock sock;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*found))
		return MNL_CB_OK;
	sock = (struct sr_sock){
		.cookie = (uint64_t)found->id.idiag_cookie[1] << 32 | found->id.idiag_cookie[0],
		.peer = diag_addr(found->idiag_family, found->id.idiag_dst),
		.peer_port = found->id.idiag_dport,
		.family = found->idiag_family,
		.proto = walk->proto,
		.id = found->id,
	};
	walk->result = walk->visit(&sock, walk->context);
	if (walk->result < 0)
		errno = -walk->result;
	return walk->result < 0 ? MNL_CB_ERROR : MNL_CB_OK;
}

static int diag_each(struct diag_walk *walk, uint8_t family, uint32_t states)
{
	struct inet_diag_req_v2 request = {
		.sdiag_family = family,
		.sdiag_protocol = walk->proto,
		.idiag_states = states,
	};
	diag_autoclose struct mnl_socket *socket = diag_open();
	int r;

	if (!socket)
		return -errno;
	r = diag_send(socket, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request);
	return r < 0 ? r : diag_receive(socket, diag_visit, walk);
}

int sr_sock_diag_each(uint8_t proto, int (*visit)(const struct sr_sock *sock, void *context), void *context)
{
	struct diag_walk walk = {.proto = proto, .visit = visit, .context = context};
	int r = diag_each(&walk, AF_INET, DIAG_STATES);

	/* Without IPv6 there is nothing to look at. */
	if (r == 0)
		r = diag_each(&walk, AF_INET6, DIAG_STATES);
	return r == -ENOENT && walk.result == 0 ? 0 : r;
}

int sr_sock_diag_destroy(const struct sr_sock *sock)
{
	struct inet_diag_req_v2 request = {
		.sdiag_family = sock->family,
		.sdiag_protocol = sock->proto,
		.idiag_states = ~0u,
		.id = sock->id,
	};
	diag_autoclose struct mnl_socket *socket = diag_open();
	int r;

	if (!socket)
		return -errno;
	r = diag_send(socket, SOCK_DESTROY, NLM_F_ACK, &request);
	return r < 0 ? r : diag_receive(socket, NULL, NULL);
}

/*
 * A kernel that can finds no such socket; -ENOENT also tells that there is no
 * udp_diag, but then UDP sockets cannot be shown either.
 */
bool sr_sock_diag_can_destroy(void)
{
	const struct sr_sock none = {
		.family = AF_INET,
		.proto = IPPROTO_UDP,
		.id = {.idiag_sport = htons(1), .idiag_dport = htons(1), .idiag_cookie = {1, 1}},
	};
	struct diag_walk walk = {.proto = IPPROTO_UDP};

	return diag_each(&walk, AF_INET, 0) == 0 && sr_sock_diag_destroy(&none) == -ENOENT;
}
