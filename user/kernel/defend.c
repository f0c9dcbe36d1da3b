// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/defend.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/announce.h"
#include "kernel/link_socket.h"

/* Who does not claim it any longer for so long is forgotten. */
#define DEFEND_FORGET_MS 30000
/* After a change there is not much to wait for but what follows from it. */
#define DEFEND_SETTLE_MS 1000

struct defend {
	struct sr_defence *defence;
	struct sr_netdevs netdevs;
	struct sr_link_sockets links;
	int64_t end;
	bool changed;
	bool asked; /* whoever claims one may claim others: he has been asked for them */
};

static void defend_clear(struct defend *defend)
{
	sr_link_sockets_close(&defend->links);
	sr_netdevs_clear(&defend->netdevs);
}

static int64_t defend_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1;
}

/* Of `station`, or if it is NULL of all. */
static void defend_ask(const struct defend *defend, const struct sr_claim *claim, const uint8_t *station)
{
	const struct sr_link_socket *link = sr_link_sockets_find(&defend->links, claim->ifindex);
	struct sr_neighbour_frame frame;

	if (!link || link->fd < 0 || claim->state != SR_ANNOUNCED_HELD)
		return;
	if (station)
		sr_neighbour_probe_one(&frame, &claim->addr, link->netdev->mac, station);
	else
		sr_neighbour_probe(&frame, &claim->addr, link->netdev->mac);
	sr_link_socket_send(link, &frame);
}

/* Nobody speaks of an address that two think theirs, unless he is asked. */
static void defend_begin(struct defend *defend)
{
	struct sr_defence *defence = defend->defence;
	struct sr_claims *claims = defence->claims;

	for (size_t i = 0; defence->ask_all && i < claims->num; i++)
		if (!claims->item[i].is_new)
			defend_ask(defend, &claims->item[i], NULL);
	for (size_t i = 0; !defence->ask_all && i < claims->num; i++) {
		const struct sr_claim *claim = &claims->item[++defence->turn % claims->num];

		if (claim->state != SR_ANNOUNCED_HELD || !claim->ifindex)
			continue;
		defend_ask(defend, claim, NULL);
		return;
	}
}

static void defend_forget(struct defend *defend)
{
	static const uint8_t nobody[SR_NEIGHBOUR_MAC];
	struct sr_claims *claims = defend->defence->claims;
	int64_t now = defend_now();

	for (size_t i = 0; i < claims->num; i++) {
		struct sr_claim *claim = &claims->item[i];

		if (claim->state != SR_ANNOUNCED_HELD || memcmp(claim->mac, nobody, sizeof(nobody)) == 0 ||
		    now - claim->contested_at < DEFEND_FORGET_MS)
			continue;
		memset(claim->mac, 0, sizeof(claim->mac));
		claim->contested_at = 0;
		defend->changed = true;
	}
}

/* Say that it is ours, and ask whether he insists. */
static void defend_claim(struct defend *defend, const struct sr_link_socket *link, const struct sr_claim *claim)
{
	const struct sr_claims *claims = defend->defence->claims;
	struct sr_neighbour_frame frame;

	sr_neighbour_announce(&frame, &claim->addr, link->netdev->mac);
	sr_link_socket_send(link, &frame);
	defend_ask(defend, claim, claim->mac);
	for (size_t i = 0; !defend->asked && i < claims->num; i++)
		if (claims->item[i].ifindex == claim->ifindex && &claims->item[i] != claim)
			defend_ask(defend, &claims->item[i], claim->mac);
	defend->asked = true;
}

static int defend_hear(struct defend *defend, const struct sr_link_socket *link)
{
	struct sr_neighbour_word word;
	bool changed = false;

	while (sr_link_socket_hear(link, &word) == 0) {
		int64_t now = defend_now();
		const struct sr_claim *claim =
			sr_claims_contest(defend->defence->claims, link->netdev->index, link->netdev->mac, &word, now);

		if (!claim)
			continue;
		changed = true;
		if (defend->end > now + DEFEND_SETTLE_MS)
			defend->end = now + DEFEND_SETTLE_MS;
		if (claim->state == SR_ANNOUNCED_HELD)
			defend_claim(defend, link, claim);
	}
	defend->changed |= changed;
	return changed;
}

/* What is ceded must not be answered for any longer. */
static int defend_note(const struct defend *defend, struct sr_error *err)
{
	return sr_announce_note(defend->defence->instance, defend->defence->claims, err);
}

static int defend_listen(struct defend *defend, struct sr_error *err)
{
	const struct sr_link_sockets *links = &defend->links;
	sr_autofree struct pollfd *fds = calloc(links->num + 1, sizeof(*fds));
	int64_t left;
	int r = 0;

	if (!fds)
		return sr_fail(err, -ENOMEM, "no memory");
	for (size_t i = 0; i < links->num; i++)
		fds[i] = (struct pollfd){.fd = links->item[i].fd, .events = POLLIN};
	fds[links->num] = (struct pollfd){.fd = defend->defence->wake_fd, .events = POLLIN};
	while (r == 0 && !fds[links->num].revents && (left = defend->end - defend_now()) > 0) {
		bool changed = false;

		if (poll(fds, links->num + 1, (int)left) <= 0)
			continue;
		for (size_t i = 0; i < links->num; i++) {
			if (fds[i].revents & POLLIN)
				changed |= defend_hear(defend, &links->item[i]) != 0;
			/* Down: it would be told again and again. */
			if (fds[i].revents & ~POLLIN)
				fds[i].fd = -1;
		}
		r = changed ? defend_note(defend, err) : 0;
	}
	return r;
}

int sr_defend(struct sr_defence *defence, struct sr_error *err)
{
	__attribute__((cleanup(defend_clear))) struct defend defend = {.defence = defence};
	int r = sr_netdevs_read(&defend.netdevs, err);

	if (r == 0)
		r = sr_link_sockets_open(&defend.links, defence->claims, &defend.netdevs, err);
	/* Gone: who looks again finds out. */
	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return r;
	defend.end = defend_now() + defence->msec;
	defend_forget(&defend);
	if (defend.changed)
		r = defend_note(&defend, err);
	defend_begin(&defend);
	if (r == 0)
		r = defend_listen(&defend, err);
	return r < 0 ? r : defend.changed;
}
