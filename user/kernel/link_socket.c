// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/link_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"

void sr_link_sockets_close(struct sr_link_sockets *links)
{
	for (size_t i = 0; i < links->num; i++)
		sr_cleanup_close(&links->item[i].fd);
	free(links->item);
}

/*
 * ARP, and of IPv6 neighbour solicitations and advertisements: type 135 or 136
 * right behind the header. What belongs to a VLAN is said on another link.
 */
static int link_filter(int fd)
{
	static struct sock_filter code[] = {
		{BPF_LD | BPF_W | BPF_ABS, 0, 0, SKF_AD_OFF + SKF_AD_VLAN_TAG},
		{BPF_ALU | BPF_AND | BPF_K, 0, 0, 0x0fff},
		{BPF_JMP | BPF_JEQ | BPF_K, 0, 9, 0},
		{BPF_LD | BPF_H | BPF_ABS, 0, 0, 12},
		{BPF_JMP | BPF_JEQ | BPF_K, 6, 0, ETH_P_ARP},
		{BPF_JMP | BPF_JEQ | BPF_K, 0, 6, ETH_P_IPV6},
		{BPF_LD | BPF_B | BPF_ABS, 0, 0, 20},
		{BPF_JMP | BPF_JEQ | BPF_K, 0, 4, IPPROTO_ICMPV6},
		{BPF_LD | BPF_B | BPF_ABS, 0, 0, 54},
		{BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 135},
		{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 136},
		{BPF_RET | BPF_K, 0, 0, 0xffff},
		{BPF_RET | BPF_K, 0, 0, 0},
	};
	const struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int link_open(const struct sr_netdev *netdev)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)netdev->index};
	/* Not bound to a protocol yet: it hears nothing before its filter is there. */
	sr_autoclose int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1, buffer = 4 << 20;

	if (fd < 0 || link_filter(fd) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) < 0 ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static const struct sr_netdev *link_netdev(const struct sr_netdevs *netdevs, uint32_t ifindex)
{
	for (size_t i = 0; i < netdevs->num; i++)
		if (netdevs->item[i].index == ifindex)
			return &netdevs->item[i];
	return NULL;
}

struct sr_link_socket *sr_link_sockets_find(const struct sr_link_sockets *links, uint32_t ifindex)
{
	for (size_t i = 0; i < links->num; i++)
		if (links->item[i].netdev->index == ifindex)
			return &links->item[i];
	return NULL;
}

static int links_add(struct sr_link_sockets *links, const struct sr_netdev *netdev, struct sr_error *err)
{
	struct sr_link_socket *link = sr_array_add(&links->item, &links->num, sizeof(*link));

	if (!link)
		return sr_fail(err, -ENOMEM, "no memory");
	*link = (struct sr_link_socket){.netdev = netdev, .fd = -1};
	if (!netdev->is_running)
		return 0;
	link->fd = link_open(netdev);
	return link->fd < 0 ? sr_fail(err, link->fd, "%s: cannot ask who has an address: %s", netdev->name,
				      strerror(-link->fd))
			    : 0;
}

int sr_link_sockets_open(struct sr_link_sockets *links, const struct sr_claims *claims,
			 const struct sr_netdevs *netdevs, struct sr_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < claims->num; i++) {
		const struct sr_netdev *netdev = link_netdev(netdevs, claims->item[i].ifindex);

		if (!claims->item[i].ifindex)
			continue;
		if (!netdev)
			r = sr_fail(err, -ENODEV, "%s: the device is gone", claims->item[i].device);
		else if (!sr_link_sockets_find(links, netdev->index))
			r = links_add(links, netdev, err);
	}
	return r;
}

/* A full queue is waited for; a link that goes down meanwhile is found out later. */
void sr_link_socket_send(const struct sr_link_socket *link, const struct sr_neighbour_frame *frame)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < 100; i++) {
		if (send(link->fd, frame->bytes, frame->length, 0) >= 0 || (errno != ENOBUFS && errno != EAGAIN))
			return;
		nanosleep(&pause, NULL);
	}
}

int sr_link_socket_hear(const struct sr_link_socket *link, struct sr_neighbour_word *word)
{
	uint8_t bytes[256];
	ssize_t length;

	for (;;) {
		length = recv(link->fd, bytes, sizeof(bytes), 0);
		if (length < 0)
			return -errno;
		if (sr_neighbour_read(word, bytes, (size_t)length) == 0)
			return 0;
	}
}
