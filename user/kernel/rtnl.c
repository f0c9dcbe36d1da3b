// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/rtnl.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

#define RTNL_BUFFER 32768

static void rtnl_close(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

static int rtnl_send(struct mnl_socket *socket, int type, const void *header, size_t header_size, uint32_t sequence)
{
	char buffer[256];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = sequence;
	memcpy(mnl_nlmsg_put_extra_header(message, header_size), header, header_size);
	return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -errno : 0;
}

int sr_rtnl_dump(int type, const void *header, size_t header_size, mnl_cb_t visit, void *context)
{
	__attribute__((cleanup(rtnl_close))) struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	sr_autofree char *buffer = malloc(RTNL_BUFFER);
	uint32_t sequence = time(NULL);
	ssize_t length;
	int r;

	if (!socket)
		return -errno;
	if (!buffer)
		return -ENOMEM;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;

	r = rtnl_send(socket, type, header, header_size, sequence);
	if (r < 0)
		return r;
	do {
		length = mnl_socket_recvfrom(socket, buffer, RTNL_BUFFER);
		if (length < 0)
			return -errno;
		errno = EIO;
		r = mnl_cb_run(buffer, length, sequence, mnl_socket_get_portid(socket), visit, context);
	} while (r > MNL_CB_STOP);
	return r < 0 ? -errno : 0;
}

int sr_rtnl_request(struct nlmsghdr *message)
{
	return sr_rtnl_ask(message, NULL, NULL);
}

int sr_rtnl_ask(struct nlmsghdr *message, mnl_cb_t visit, void *context)
{
	__attribute__((cleanup(rtnl_close))) struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	char answer[4096];
	ssize_t length;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	message->nlmsg_seq = 1;
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	length = mnl_socket_recvfrom(socket, answer, sizeof(answer));
	if (length < 0)
		return -errno;
	return mnl_cb_run(answer, length, 1, mnl_socket_get_portid(socket), visit, context) < 0 ? -errno : 0;
}

void sr_rtnl_attributes(const struct nlmsghdr *message, size_t header_size, const struct nlattr **tb, int max)
{
	const struct nlattr *attribute;

	memset(tb, 0, (max + 1) * sizeof(*tb));
	mnl_attr_for_each (attribute, message, header_size)
		if (mnl_attr_get_type(attribute) <= max)
			tb[mnl_attr_get_type(attribute)] = attribute;
}
