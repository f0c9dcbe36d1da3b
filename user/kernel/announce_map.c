// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/announce_map.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bpf/bpf.h>

#include "kernel/announce.h"
#include "kernel/map_each.h"
#include "kernel/routes.h"

/*
 * A device hears what is sent to groups that somebody asked for. Asked for in
 * this way, a group stays without a process, and through the device's downs.
 */
static void announce_group(const struct sr_claim *claim, unsigned long request)
{
	sr_autoclose int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifreq = {};

	if (fd < 0 || sr_addr_is_v4(&claim->addr) || !if_indextoname(claim->ifindex, ifreq.ifr_name))
		return;
	sr_neighbour_group((uint8_t *)ifreq.ifr_hwaddr.sa_data, &claim->addr);
	/* Failing, it is there (EEXIST), or gone with its device; some devices hear all (EINVAL). */
	ioctl(fd, request, &ifreq);
}

void sr_announce_join(const struct sr_claim *claim)
{
	announce_group(claim, SIOCADDMULTI);
}

static bool announce_shares_group(const struct sr_claim *a, const struct sr_claim *b)
{
	return a->ifindex == b->ifindex && sr_addr_family(&a->addr) == sr_addr_family(&b->addr) &&
	       memcmp(a->addr.byte + 13, b->addr.byte + 13, 3) == 0;
}

/* Unless another address that is held has the same group. */
static void announce_part(const struct sr_claim *claim, const struct sr_claims *want)
{
	for (size_t i = 0; i < want->num; i++)
		if (want->item[i].state == SR_ANNOUNCED_HELD && announce_shares_group(claim, &want->item[i]))
			return;
	announce_group(claim, SIOCDELMULTI);
}

static int announce_take(const void *key, const void *value, void *context)
{
	const struct sr_announced *announced = value;
	struct sr_claim claim = {
		.addr = announced->self.addr,
		.ifindex = announced->self.ifindex,
		.state = announced->route_in_use ? SR_ANNOUNCED_ROUTE_IN_USE : announced->state,
		.route_protocol = announced->route_protocol,
	};

	(void)key;
	memcpy(claim.mac, announced->mac, sizeof(claim.mac));
	if (claim.ifindex)
		if_indextoname(claim.ifindex, claim.device);
	return sr_claims_add(context, &claim);
}

/* All of it, those that stand for any device too. */
static int announce_read_all(const struct sr_datapath *datapath, struct sr_claims *out, struct sr_error *err)
{
	int r = sr_map_each(datapath->map_fd[SR_MAP_ANNOUNCED], announce_take, out);

	sr_claims_sort(out);
	return r < 0 ? sr_fail(err, r, "cannot read map sr_announced: %s", strerror(-r)) : 0;
}

int sr_announce_read(const struct sr_datapath *datapath, struct sr_claims *out, struct sr_error *err)
{
	sr_autoclaims struct sr_claims all = {};
	int r = announce_read_all(datapath, &all, err);

	for (size_t i = 0; r == 0 && i < all.num; i++)
		if ((all.item[i].ifindex || all.item[i].route_protocol) && sr_claims_add(out, &all.item[i]) < 0)
			r = sr_fail(err, -ENOMEM, "no memory");
	return r;
}

static struct sr_announced_key announce_key(const struct sr_claim *claim)
{
	return (struct sr_announced_key){.addr = claim->addr, .ifindex = claim->ifindex};
}

/* `state` is what the programs go by. */
static int announce_write(const struct sr_datapath *datapath, const struct sr_claim *claim, uint32_t state,
			  struct sr_error *err)
{
	struct sr_announced value = {
		.self = announce_key(claim),
		.state = state,
		.route_protocol = claim->route_protocol,
		.route_in_use = claim->state == SR_ANNOUNCED_ROUTE_IN_USE,
	};
	int fd = datapath->map_fd[SR_MAP_ANNOUNCED];

	memcpy(value.mac, claim->mac, sizeof(value.mac));
	if (bpf_map_update_elem(fd, &value.self, &value, BPF_ANY) == 0)
		return 0;
	if (errno == E2BIG)
		return sr_fail(err, -ENOSPC, "map sr_announced is full: it holds %u addresses", sr_map_size(fd));
	return sr_fail(err, -errno, "cannot write map sr_announced: %s", strerror(errno));
}

static int announce_delete(const struct sr_datapath *datapath, const struct sr_claim *claim, struct sr_error *err)
{
	struct sr_announced_key key = announce_key(claim);

	if (bpf_map_delete_elem(datapath->map_fd[SR_MAP_ANNOUNCED], &key) < 0 && errno != ENOENT)
		return sr_fail(err, -errno, "cannot delete from map sr_announced: %s", strerror(errno));
	return 0;
}

static int announce_withdraw(const struct sr_datapath *datapath, const struct sr_claims *have,
			     const struct sr_claims *want, struct sr_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < have->num; i++) {
		const struct sr_claim *claim = &have->item[i];

		if (!claim->ifindex || sr_claims_find(want, &claim->addr, claim->ifindex))
			continue;
		r = announce_delete(datapath, claim, err);
		announce_part(claim, want);
	}
	return r;
}

/* Claims are sorted by address: those of one stand together, with that of device 0 in front. */
static bool announce_is_held(const struct sr_claims *claims, size_t i)
{
	for (size_t j = i; j < claims->num && sr_addr_compare(&claims->item[i].addr, &claims->item[j].addr) == 0; j++)
		if (claims->item[j].ifindex && claims->item[j].state == SR_ANNOUNCED_HELD)
			return true;
	return false;
}

static int announce_write_decided(const struct sr_datapath *datapath, const struct sr_claims *want,
				  struct sr_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < want->num; i++) {
		const struct sr_claim *claim = &want->item[i];
		bool is_held = claim->state == SR_ANNOUNCED_ROUTE_IN_USE && announce_is_held(want, i);

		if (!claim->state)
			continue;
		r = announce_write(datapath, claim, is_held ? SR_ANNOUNCED_HELD : claim->state, err);
		if (claim->state != SR_ANNOUNCED_HELD)
			announce_part(claim, want);
	}
	return r;
}

/* Device 0: is the address held anywhere, or routed? */
static int announce_mark(const struct sr_datapath *datapath, const struct sr_claims *want, struct sr_error *err)
{
	sr_autoclaims struct sr_claims have = {};
	int r = announce_read_all(datapath, &have, err);

	for (size_t i = 0; r == 0 && i < have.num; i++) {
		struct sr_claim any = {.addr = have.item[i].addr, .state = SR_ANNOUNCED_HELD};

		if (i && sr_addr_compare(&any.addr, &have.item[i - 1].addr) == 0)
			continue;
		if (sr_claims_find(want, &any.addr, 0))
			continue;
		r = announce_is_held(&have, i) ? announce_write(datapath, &any, any.state, err)
					       : announce_delete(datapath, &any, err);
	}
	return r;
}

/* The addresses that have, or are to have, a route of this protocol. */
static int announce_routed(struct sr_addr_set *out, const struct sr_claims *claims, uint8_t protocol)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < claims->num; i++)
		if (!claims->item[i].ifindex && claims->item[i].route_protocol == protocol &&
		    claims->item[i].state != SR_ANNOUNCED_NO_HOST)
			r = sr_addr_set_append(out, &claims->item[i].addr);
	sr_addr_set_sort(out);
	return r;
}

/* Those to which another's route leads are so, until it has gone. */
static void announce_note_routes(struct sr_claims *want, uint8_t protocol, const struct sr_addr_set *taken)
{
	for (size_t i = 0; i < want->num; i++) {
		struct sr_claim *claim = &want->item[i];

		if (!claim->ifindex && claim->route_protocol == protocol && claim->state != SR_ANNOUNCED_NO_HOST)
			claim->state =
				sr_addr_set_has(taken, &claim->addr) ? SR_ANNOUNCED_ROUTE_IN_USE : SR_ANNOUNCED_HELD;
	}
}

static int announce_route(struct sr_claims *want, uint8_t protocol, struct sr_error *err)
{
	struct sr_addr_set routed = {}, taken = {};
	int r = announce_routed(&routed, want, protocol);

	r = r < 0 ? sr_fail(err, r, "no memory") : sr_routes_sync(protocol, &routed, &taken, err);
	if (r == 0)
		announce_note_routes(want, protocol, &taken);
	sr_addr_set_clear(&routed);
	sr_addr_set_clear(&taken);
	return r;
}

/* By each protocol number that was told before or is now. */
static int announce_route_all(const struct sr_claims *have, struct sr_claims *want, struct sr_error *err)
{
	bool done[256] = {[0] = true};
	int r = 0;

	for (size_t i = 0; r == 0 && i < have->num + want->num; i++) {
		const struct sr_claim *claim = i < have->num ? &have->item[i] : &want->item[i - have->num];

		if (done[claim->route_protocol])
			continue;
		done[claim->route_protocol] = true;
		r = announce_route(want, claim->route_protocol, err);
	}
	return r;
}

int sr_announce_sync(const struct sr_datapath *datapath, struct sr_claims *want, struct sr_error *err)
{
	sr_autoclaims struct sr_claims have = {};
	int r = announce_read_all(datapath, &have, err);

	if (r == 0)
		r = announce_withdraw(datapath, &have, want, err);
	if (r == 0)
		r = announce_route_all(&have, want, err);
	if (r == 0)
		r = announce_write_decided(datapath, want, err);
	return r < 0 ? r : announce_mark(datapath, want, err);
}

void sr_announce_leave(const struct sr_datapath *datapath)
{
	sr_autoclose int fd = sr_pin_get(datapath, "maps", sr_map_names[SR_MAP_ANNOUNCED]);
	sr_autoclaims struct sr_claims have = {};
	struct sr_claims none = {};

	if (fd < 0 || sr_map_size(fd) == 0 || sr_map_each(fd, announce_take, &have) < 0)
		return;
	for (size_t i = 0; i < have.num; i++)
		if (have.item[i].state == SR_ANNOUNCED_HELD && have.item[i].ifindex)
			announce_group(&have.item[i], SIOCDELMULTI);
	announce_route_all(&have, &none, NULL);
}
