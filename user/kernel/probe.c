// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/probe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/link_socket.h"

static void link_hear(const struct sr_link_socket *link, struct sr_claims *claims)
{
	struct sr_neighbour_word word;

	while (sr_link_socket_hear(link, &word) == 0)
		sr_claims_hear(claims, link->netdev->index, link->netdev->mac, &word);
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
static int probe_listen(const struct sr_link_sockets *links, struct sr_claims *claims, int msec)
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

/* Many at once would come as one burst. */
static void probe_pause(const struct sr_claims *claims)
{
	const long most = 2000000, all = 500000000;
	struct timespec pause = {.tv_nsec = all / (long)claims->num};

	if (pause.tv_nsec > most)
		pause.tv_nsec = most;
	nanosleep(&pause, NULL);
}

static bool probe_is_known(const struct sr_claim *claim)
{
	return memcmp(claim->mac, (uint8_t[SR_NEIGHBOUR_MAC]){}, SR_NEIGHBOUR_MAC) != 0;
}

/* Who had an address is asked alone, so that others may sleep (RFC 5227, section 2.1.1, limits probes for all). */
static void probe_ask_holders(const struct sr_link_sockets *links, const struct sr_claims *claims)
{
	struct sr_neighbour_frame frame;

	for (size_t i = 0; i < claims->num; i++) {
		const struct sr_claim *claim = &claims->item[i];
		const struct sr_link_socket *link = sr_link_sockets_find(links, claim->ifindex);

		if (claim->state || !probe_is_known(claim))
			continue;
		sr_neighbour_probe_one(&frame, &claim->addr, link->netdev->mac, claim->mac);
		sr_link_socket_send(link, &frame);
		probe_pause(claims);
	}
}

static bool probe_any_is_known(const struct sr_claims *claims)
{
	for (size_t i = 0; i < claims->num; i++)
		if (!claims->item[i].state && probe_is_known(&claims->item[i]))
			return true;
	return false;
}

static void probe_ask(const struct sr_link_sockets *links, const struct sr_claims *claims)
{
	struct sr_neighbour_frame frame;

	for (size_t i = 0; i < claims->num; i++) {
		const struct sr_claim *claim = &claims->item[i];
		const struct sr_link_socket *link = sr_link_sockets_find(links, claim->ifindex);

		if (claim->state)
			continue;
		sr_neighbour_probe(&frame, &claim->addr, link->netdev->mac);
		sr_link_socket_send(link, &frame);
	}
}

/* Of devices that are down nobody can be asked. */
static void probe_set_waiting(const struct sr_link_sockets *links, struct sr_claims *claims)
{
	for (size_t i = 0; i < claims->num; i++)
		if (!claims->item[i].state && sr_link_sockets_find(links, claims->item[i].ifindex)->fd < 0)
			claims->item[i].state = SR_ANNOUNCED_WAITING;
}

static void probe_hold(struct sr_claims *claims)
{
	for (size_t i = 0; i < claims->num; i++) {
		if (claims->item[i].state)
			continue;
		claims->item[i].state = SR_ANNOUNCED_HELD;
		claims->item[i].is_new = true;
		memset(claims->item[i].mac, 0, sizeof(claims->item[i].mac));
	}
}

/* From `least` to `most` milliseconds. */
static int probe_chance(int least, int most)
{
	uint32_t random = 0;

	/* Without any it is `least`: no worse than a fixed time. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = 0;
	return least + (int)(random % (uint32_t)(most - least + 1));
}

/* Ask all of the link, until nothing is open or nobody has answered. */
static int probe_ask_all(const struct sr_link_sockets *links, struct sr_claims *claims)
{
	int r = probe_listen(links, claims, probe_chance(0, SR_PROBE_START_MS));

	for (int i = 0; r == 0 && i < SR_PROBE_NUM && probe_is_open(claims); i++) {
		bool last = i == SR_PROBE_NUM - 1;

		probe_ask(links, claims);
		r = probe_listen(links, claims,
				 last ? SR_PROBE_WAIT_MS : probe_chance(SR_PROBE_MIN_MS, SR_PROBE_MAX_MS));
	}
	return r;
}

int sr_probe(struct sr_claims *claims, const struct sr_netdevs *netdevs, struct sr_error *err)
{
	sr_autolinksockets struct sr_link_sockets links = {};
	int r;

	if (!probe_is_open(claims))
		return 0;
	r = sr_link_sockets_open(&links, claims, netdevs, err);
	if (r < 0)
		return r;
	probe_set_waiting(&links, claims);
	if (probe_any_is_known(claims)) {
		probe_ask_holders(&links, claims);
		r = probe_listen(&links, claims, SR_PROBE_HOLDER_MS);
	}
	if (r == 0)
		r = probe_ask_all(&links, claims);
	if (r < 0)
		return sr_fail(err, r, "no memory");
	probe_hold(claims);
	return 0;
}

int sr_probe_announce(const struct sr_claims *claims, const struct sr_netdevs *netdevs, bool only_new,
		      struct sr_error *err)
{
	sr_autolinksockets struct sr_link_sockets links = {};
	int r = sr_link_sockets_open(&links, claims, netdevs, err);

	for (size_t i = 0; r == 0 && i < claims->num; i++) {
		const struct sr_claim *claim = &claims->item[i];
		const struct sr_link_socket *link = sr_link_sockets_find(&links, claim->ifindex);
		struct sr_neighbour_frame frame;

		if (!link || link->fd < 0 || claim->state != SR_ANNOUNCED_HELD || (only_new && !claim->is_new))
			continue;
		sr_neighbour_announce(&frame, &claim->addr, link->netdev->mac);
		sr_link_socket_send(link, &frame);
	}
	return r;
}
