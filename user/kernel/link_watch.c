// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/link_watch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>

#define WATCH_BUFFER 32768

struct watch_visit {
	int (*visit)(uint32_t ifindex, bool is_running, void *context);
	void *context;
	int result;
};

void sr_link_watch_close(struct mnl_socket **watch)
{
	if (*watch)
		mnl_socket_close(*watch);
	*watch = NULL;
}

int sr_link_watch_open(struct mnl_socket **out)
{
	struct mnl_socket *watch = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	if (!watch)
		return -errno;
	if (mnl_socket_bind(watch, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, MNL_SOCKET_AUTOPID) < 0) {
		int r = -errno;

		mnl_socket_close(watch);
		return r;
	}
	*out = watch;
	return 0;
}

int sr_link_watch_fd(const struct mnl_socket *watch)
{
	return mnl_socket_get_fd(watch);
}

static int watch_take(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	bool is_running = message->nlmsg_type == RTM_NEWLINK && header->ifi_flags & IFF_RUNNING;
	struct watch_visit *visit = context;

	if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
		return MNL_CB_OK;
	visit->result = visit->visit((uint32_t)header->ifi_index, is_running, visit->context);
	return visit->result < 0 ? MNL_CB_STOP : MNL_CB_OK;
}

int sr_link_watch_wait(struct mnl_socket *watch, int msec,
		       int (*visit)(uint32_t ifindex, bool is_running, void *context), void *context)
{
	struct pollfd fd = {.fd = mnl_socket_get_fd(watch), .events = POLLIN};
	struct watch_visit visitor = {.visit = visit, .context = context};
	char buffer[WATCH_BUFFER];
	ssize_t length;

	if (poll(&fd, 1, msec) <= 0)
		return 0;
	length = mnl_socket_recvfrom(watch, buffer, sizeof(buffer));
	if (length < 0)
		return -errno;
	mnl_cb_run(buffer, (size_t)length, 0, 0, watch_take, &visitor);
	return visitor.result;
}
