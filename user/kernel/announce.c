// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/announce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "kernel/announce_map.h"
#include "kernel/defend.h"
#include "kernel/devices.h"
#include "kernel/maps.h"
#include "kernel/probe.h"

/*
 * A frame may be lost, and hosts that have just learned of another do not listen for
 * a second: the link is told twice (RFC 5227, section 1.1: ANNOUNCE_INTERVAL).
 */
static const struct timespec announce_pause = {.tv_sec = 2};

#define ANNOUNCE_CHECK_MS 500

struct announce {
	const char *instance;
	const struct sr_announce_config *config;
	struct sr_netdevs netdevs;
	struct sr_claims claims;
	struct sr_device device; /* the one that is looked at */
	uint32_t *moved;	 /* devices whose link address was another */
	size_t num_moved;
};

static void announce_forget(struct announce *announce)
{
	sr_netdevs_clear(&announce->netdevs);
	sr_claims_clear(&announce->claims);
}

static void announce_clear(struct announce *announce)
{
	announce_forget(announce);
	free(announce->moved);
}

static bool announce_is_named(const struct announce *announce, const char *name)
{
	const struct sr_announce_config *config = announce->config;

	for (size_t i = 0; i < config->num_devices; i++)
		if (strcmp(config->devices[i], name) == 0 || strcmp(config->devices[i], SR_ANNOUNCE_UPLINKS) == 0)
			return true;
	return false;
}

/* An uplink that our programs sit on, and whose packets have link addresses. */
static bool announce_is_uplink(struct announce *announce, const struct sr_datapath *datapath,
			       const struct sr_netdev *netdev)
{
	struct sr_device *device = &announce->device;

	return !netdev->is_bare && bpf_map_lookup_elem(datapath->map_fd[SR_MAP_DEVICES], &netdev->index, device) == 0 &&
	       device->flags & SR_DEVICE_UPLINK;
}

/* The programs answer with, and take packets for, the link address that they were told of last. */
static int announce_update_devices(struct announce *announce, const struct sr_datapath *datapath, struct sr_error *err)
{
	for (size_t i = 0; i < announce->netdevs.num; i++) {
		const struct sr_netdev *netdev = &announce->netdevs.item[i];
		uint32_t *moved;

		if (!announce_is_uplink(announce, datapath, netdev) ||
		    memcmp(announce->device.mac, netdev->mac, sizeof(netdev->mac)) == 0)
			continue;
		moved = sr_array_add(&announce->moved, &announce->num_moved, sizeof(*moved));
		if (!moved)
			return sr_fail(err, -ENOMEM, "no memory");
		*moved = netdev->index;
	}
	return sr_devices_refresh(datapath, &announce->netdevs, err);
}

static bool announce_is_moved(const struct announce *announce, uint32_t ifindex)
{
	for (size_t i = 0; i < announce->num_moved; i++)
		if (announce->moved[i] == ifindex)
			return true;
	return false;
}

/* Without an address of ours to send from, what comes could not be sent on. */
static bool announce_has_source(const struct announce *announce, const struct sr_claim *claim)
{
	const struct sr_device *device = &announce->device;
	const struct sr_addr *source = sr_addr_is_v4(&claim->addr) ? &device->snat4 : &device->snat6;

	return !sr_addr_is_zero(source);
}

/* One that is held stays so, but is told of again from a new link address; all else is to be decided. */
static void announce_keep(const struct announce *announce, struct sr_claim *claim, const struct sr_claim *had)
{
	if (sr_netdevs_is_no_host(&announce->netdevs, &claim->addr))
		claim->state = SR_ANNOUNCED_NO_HOST;
	else if (!announce_has_source(announce, claim))
		claim->state = SR_ANNOUNCED_NO_NODE_ADDRESS;
	else if (had && had->state == SR_ANNOUNCED_HELD) {
		claim->state = SR_ANNOUNCED_HELD;
		memcpy(claim->mac, had->mac, sizeof(claim->mac));
		claim->is_new = announce_is_moved(announce, claim->ifindex);
	} else if (had && had->state == SR_ANNOUNCED_IN_USE) {
		memcpy(claim->mac, had->mac, sizeof(claim->mac));
	}
}

static int announce_add(struct announce *announce, const struct sr_netdev *netdev, const struct sr_addr_set *addresses,
			const struct sr_claims *have)
{
	for (size_t i = 0; i < addresses->num; i++) {
		struct sr_claim claim = {.addr = addresses->item[i], .ifindex = netdev->index};

		memcpy(claim.device, netdev->name, sizeof(claim.device));
		announce_keep(announce, &claim, sr_claims_find(have, &claim.addr, claim.ifindex));
		if (sr_claims_add(&announce->claims, &claim) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Nobody need be asked for what is routed. */
static int announce_add_routed(struct announce *announce, const struct sr_addr_set *addresses)
{
	int r = 0;

	for (size_t i = 0; r == 0 && announce->config->route_protocol && i < addresses->num; i++) {
		struct sr_claim claim = {
			.addr = addresses->item[i],
			.state = SR_ANNOUNCED_HELD,
			.route_protocol = announce->config->route_protocol,
		};

		if (sr_netdevs_is_no_host(&announce->netdevs, &claim.addr))
			claim.state = SR_ANNOUNCED_NO_HOST;
		r = sr_claims_add(&announce->claims, &claim);
	}
	return r;
}

static int announce_add_announced(struct announce *announce, const struct sr_datapath *datapath,
				  const struct sr_addr_set *addresses, const struct sr_claims *have)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < announce->netdevs.num; i++) {
		const struct sr_netdev *netdev = &announce->netdevs.item[i];

		if (announce_is_named(announce, netdev->name) && announce_is_uplink(announce, datapath, netdev))
			r = announce_add(announce, netdev, addresses, have);
	}
	return r;
}

static int announce_addresses(struct sr_addr_set *out, struct sr_datapath *datapath, const struct sr_netdevs *netdevs,
			      struct sr_error *err)
{
	sr_autoservices struct sr_services services = {};
	struct sr_addr_set own = {};
	int r = sr_maps_read(datapath, &services, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < netdevs->num_addrs; i++)
		r = sr_addr_set_add(&own, &netdevs->addr[i].addr);
	if (r == 0)
		r = sr_claims_addresses(out, &services, &own);
	sr_addr_set_clear(&own);
	return r < 0 ? sr_fail(err, r, "no memory") : 0;
}

/* What is wanted now, and how far it has come. */
static int announce_plan(struct announce *announce, struct sr_datapath *datapath, struct sr_error *err)
{
	sr_autoclaims struct sr_claims have = {};
	struct sr_addr_set addresses = {};
	int r;

	announce_forget(announce);
	if (!announce->config->num_devices && !announce->config->route_protocol)
		return 0;
	r = sr_netdevs_read(&announce->netdevs, err);
	if (r == 0)
		r = announce_update_devices(announce, datapath, err);
	if (r == 0)
		r = sr_announce_read(datapath, &have, err);
	if (r == 0)
		r = announce_addresses(&addresses, datapath, &announce->netdevs, err);
	if (r == 0 && (announce_add_routed(announce, &addresses) < 0 ||
		       announce_add_announced(announce, datapath, &addresses, &have) < 0))
		r = sr_fail(err, -ENOMEM, "no memory");
	sr_claims_sort(&announce->claims);
	sr_addr_set_clear(&addresses);
	return r;
}

/* *open: some are to be decided. */
static int announce_begin(struct announce *announce, bool *open, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	int r = sr_datapath_open(&datapath, announce->instance, SR_ACCESS_WRITE, err);

	if (r == 0)
		r = announce_plan(announce, datapath, err);
	if (r == 0)
		r = sr_announce_sync(datapath, &announce->claims, err);
	*open = false;
	for (size_t i = 0; r == 0 && i < announce->claims.num; i++) {
		if (announce->claims.item[i].state)
			continue;
		sr_announce_join(&announce->claims.item[i]);
		*open = true;
	}
	return r;
}

/* While nobody kept the lock, services may have changed: what is wanted by now counts. */
static int announce_end(struct announce *announce, const struct sr_claims *decided, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	int r = sr_datapath_open(&datapath, announce->instance, SR_ACCESS_WRITE, err);

	if (r == 0)
		r = announce_plan(announce, datapath, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < announce->claims.num; i++) {
		struct sr_claim *claim = &announce->claims.item[i];
		const struct sr_claim *known = sr_claims_find(decided, &claim->addr, claim->ifindex);

		if (!claim->state && known)
			*claim = *known;
	}
	return sr_announce_sync(datapath, &announce->claims, err);
}

static int announce_decide(struct announce *announce, struct sr_error *err)
{
	sr_autoclaims struct sr_claims decided = {};
	int r = sr_probe(&announce->claims, &announce->netdevs, err);

	if (r < 0)
		return r;
	decided = announce->claims;
	announce->claims = (struct sr_claims){};
	return announce_end(announce, &decided, err);
}

static bool announce_has_new(const struct sr_claims *claims)
{
	for (size_t i = 0; i < claims->num; i++)
		if (claims->item[i].is_new)
			return true;
	return false;
}

/* While nobody watched another may have come to have what is held. */
static int announce_check(struct announce *announce, struct sr_error *err)
{
	struct sr_defence defence = {
		.instance = announce->instance,
		.claims = &announce->claims,
		.wake_fd = -1,
		.msec = ANNOUNCE_CHECK_MS,
		.ask_all = true,
	};
	size_t held = 0;
	int r;

	for (size_t i = 0; i < announce->claims.num; i++)
		held += announce->claims.item[i].state == SR_ANNOUNCED_HELD && !announce->claims.item[i].is_new;
	r = held ? sr_defend(&defence, err) : 0;
	return r < 0 ? r : 0;
}

static int announce_tell(const struct announce *announce, bool tell_all, struct sr_error *err)
{
	int r;

	if (!announce->claims.num || (!tell_all && !announce_has_new(&announce->claims)))
		return 0;
	r = sr_probe_announce(&announce->claims, &announce->netdevs, !tell_all, err);
	if (r < 0)
		return r;
	nanosleep(&announce_pause, NULL);
	return sr_probe_announce(&announce->claims, &announce->netdevs, !tell_all, err);
}

int sr_announce_refresh(struct sr_claims *out, const char *instance, const struct sr_announce_config *config,
			bool tell_all, struct sr_error *err)
{
	__attribute__((cleanup(announce_clear))) struct announce announce = {.instance = instance, .config = config};
	bool open;
	int r = announce_begin(&announce, &open, err);

	if (r == 0 && open)
		r = announce_decide(&announce, err);
	if (r == 0 && tell_all)
		r = announce_check(&announce, err);
	if (r == 0)
		r = announce_tell(&announce, tell_all, err);
	if (r < 0)
		return r;
	*out = announce.claims;
	announce.claims = (struct sr_claims){};
	return 0;
}

int sr_announce_suspend(const char *instance, uint32_t ifindex, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	sr_autoclaims struct sr_claims claims = {};
	int r = sr_datapath_open(&datapath, instance, SR_ACCESS_WRITE, err);

	if (r == 0)
		r = sr_announce_read(datapath, &claims, err);
	for (size_t i = 0; r == 0 && i < claims.num; i++)
		if (claims.item[i].ifindex == ifindex && claims.item[i].state == SR_ANNOUNCED_HELD)
			claims.item[i].state = SR_ANNOUNCED_WAITING;
	return r < 0 ? r : sr_announce_sync(datapath, &claims, err);
}

int sr_announce_note(const char *instance, const struct sr_claims *known, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	sr_autoclaims struct sr_claims claims = {};
	int r = sr_datapath_open(&datapath, instance, SR_ACCESS_WRITE, err);

	if (r == 0)
		r = sr_announce_read(datapath, &claims, err);
	for (size_t i = 0; r == 0 && i < claims.num; i++) {
		struct sr_claim *claim = &claims.item[i];
		const struct sr_claim *now = sr_claims_find(known, &claim->addr, claim->ifindex);

		if (!now || claim->state != SR_ANNOUNCED_HELD || !claim->ifindex)
			continue;
		claim->state = now->state;
		memcpy(claim->mac, now->mac, sizeof(claim->mac));
	}
	return r < 0 ? r : sr_announce_sync(datapath, &claims, err);
}
