// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"

/* A device's packet socket; fd is -1 where it is down. */
struct probe_link {
	const struct sr_netdev *netdev;
	int fd;
};

struct probe_links {
	struct probe_link *item;
	size_t num;
};

static void links_close(struct probe_links *links)
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

static struct probe_link *links_find(const struct probe_links *links, uint32_t ifindex)
{
	for (size_t i = 0; i < links->num; i++)
		if (links->item[i].netdev->index == ifindex)
			return &links->item[i];
	return NULL;
}

static int links_add(struct probe_links *links, const struct sr_netdev *netdev, struct sr_error *err)
{
	struct probe_link *link = sr_array_add(&links->item, &links->num, sizeof(*link));

	if (!link)
		return sr_fail(err, -ENOMEM, "no memory");
	*link = (struct probe_link){.netdev = netdev, .fd = -1};
	if (!netdev->is_running)
		return 0;
	link->fd = link_open(netdev);
	return link->fd < 0 ? sr_fail(err, link->fd, "%s: cannot ask who has an address: %s", netdev->name,
				      strerror(-link->fd))
			    : 0;
}

/* A socket for each device of the claims. */
static int links_open(struct probe_links *links, const struct sr_claims *claims, const struct sr_netdevs *netdevs,
		      struct sr_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < claims->num; i++) {
		const struct sr_netdev *netdev = link_netdev(netdevs, claims->item[i].ifindex);

		if (!claims->item[i].ifindex)
			continue;
		if (!netdev)
			r = sr_fail(err, -ENODEV, "%s: the device is gone", claims->item[i].device);
		else if (!links_find(links, netdev->index))
			r = links_add(links, netdev, err);
	}
	return r;
}

/* A full queue is waited for; a link that goes down meanwhile is found out later. */
static void link_send(const struct probe_link *link, const struct sr_neighbour_frame *frame)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < 100; i++) {
		if (send(link->fd, frame->bytes, frame->length, 0) >= 0 || (errno != ENOBUFS && errno != EAGAIN))
			return;
		nanosleep(&pause, NULL);
	}
}

static void link_hear(const struct probe_link *link, struct sr_claims *claims)
{
	struct sr_neighbour_word word;
	uint8_t bytes[256];
	ssize_t length;

	for (;;) {
		length = recv(link->fd, bytes, sizeof(bytes), 0);
		if (length < 0)
			return;
		if (sr_neighbour_read(&word, bytes, (size_t)length) == 0)
			sr_claims_hear(claims, link->netdev->index, link->netdev->mac, &word);
	}
}

static int64_t probe_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool probe_is_open(const struct sr_claims *claims)
{
	for (size_t i = 0; i < claims->num; i++)
		if (!claims->item[i].state)
			return true;
	return false;
}

/* Listen for so many milliseconds, or until nothing is left to be decided. */
static int probe_listen(const struct probe_links *links, struct sr_claims *claims, int msec)
{
	sr_autofree struct pollfd *fds = calloc(links->num + 1, sizeof(*fds));
	int64_t left, end = probe_now() + msec;

	if (!fds)
		return -ENOMEM;
	for (size_t i = 0; i < links->num; i++)
		fds[i] = (struct pollfd){.fd = links->item[i].fd, .events = POLLIN};
	while (probe_is_open(claims) && (left = end - probe_now()) > 0) {
		if (poll(fds, links->num, (int)left) <= 0)
			continue;
		for (size_t i = 0; i < links->num; i++) {
			if (fds[i].revents & POLLIN)
				link_hear(&links->item[i], claims);
			/* Down: it would be told again and again. */
			if (fds[i].revents & ~POLLIN)
				fds[i].fd = -1;
		}
	}
	return 0;
}

static void probe_ask(const struct probe_links *links, const struct sr_claims *claims)
{
	struct sr_neighbour_frame frame;

	for (size_t i = 0; i < claims->num; i++) {
		const struct sr_claim *claim = &claims->item[i];
		const struct probe_link *link = links_find(links, claim->ifindex);

		if (claim->state)
			continue;
		sr_neighbour_probe(&frame, &claim->addr, link->netdev->mac);
		link_send(link, &frame);
	}
}

/* Of devices that are down nobody can be asked. */
static void probe_set_waiting(const struct probe_links *links, struct sr_claims *claims)
{
	for (size_t i = 0; i < claims->num; i++)
		if (!claims->item[i].state && links_find(links, claims->item[i].ifindex)->fd < 0)
			claims->item[i].state = SR_ANNOUNCED_WAITING;
}

static void probe_hold(struct sr_claims *claims)
{
	for (size_t i = 0; i < claims->num; i++) {
		if (claims->item[i].state)
			continue;
		claims->item[i].state = SR_ANNOUNCED_HELD;
		claims->item[i].is_new = true;
	}
}

int sr_probe(struct sr_claims *claims, const struct sr_netdevs *netdevs, struct sr_error *err)
{
	__attribute__((cleanup(links_close))) struct probe_links links = {};
	int r;

	if (!probe_is_open(claims))
		return 0;
	r = links_open(&links, claims, netdevs, err);
	if (r < 0)
		return r;
	probe_set_waiting(&links, claims);
	for (int i = 0; i < SR_PROBE_NUM && probe_is_open(claims); i++) {
		probe_ask(&links, claims);
		r = probe_listen(&links, claims, i < SR_PROBE_NUM - 1 ? SR_PROBE_INTERVAL_MS : SR_PROBE_WAIT_MS);
		if (r < 0)
			return sr_fail(err, r, "no memory");
	}
	probe_hold(claims);
	return 0;
}

int sr_probe_announce(const struct sr_claims *claims, const struct sr_netdevs *netdevs, bool only_new,
		      struct sr_error *err)
{
	__attribute__((cleanup(links_close))) struct probe_links links = {};
	int r = links_open(&links, claims, netdevs, err);

	for (size_t i = 0; r == 0 && i < claims->num; i++) {
		const struct sr_claim *claim = &claims->item[i];
		const struct probe_link *link = links_find(&links, claim->ifindex);
		struct sr_neighbour_frame frame;

		if (!link || link->fd < 0 || claim->state != SR_ANNOUNCED_HELD || (only_new && !claim->is_new))
			continue;
		sr_neighbour_announce(&frame, &claim->addr, link->netdev->mac);
		link_send(link, &frame);
	}
	return r;
}
