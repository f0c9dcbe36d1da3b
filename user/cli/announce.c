// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/announce.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/instance.h"
#include "cli/load.h"
#include "cli/output.h"
#include "kernel/announce.h"
#include "kernel/maps.h"

#define ANNOUNCE_MANY 20
#define ANNOUNCE_TEXT 64

static const char announce_no_host[] = "not announced: it is link-local, or a network's own or broadcast address";

static const char *const announce_words[] = {
	[0] = "unasked",
	[SR_ANNOUNCED_HELD] = "held",
	[SR_ANNOUNCED_IN_USE] = "in-use",
	[SR_ANNOUNCED_WAITING] = "waiting",
	[SR_ANNOUNCED_NO_NODE_ADDRESS] = "no-node-address",
	[SR_ANNOUNCED_ROUTE_IN_USE] = "route-in-use",
	[SR_ANNOUNCED_NO_HOST] = "no-host",
};

static const char *announce_mac(char out[ANNOUNCE_TEXT], const uint8_t *mac)
{
	snprintf(out, ANNOUNCE_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return out;
}

/* Held, and another says that he has it. */
static bool announce_is_contested(const struct sr_claim *claim)
{
	return claim->state == SR_ANNOUNCED_HELD &&
	       memcmp(claim->mac, (uint8_t[SR_NEIGHBOUR_MAC]){}, SR_NEIGHBOUR_MAC) != 0;
}

static const char *announce_family(const struct sr_claim *claim)
{
	return sr_addr_is_v4(&claim->addr) ? "IPv4" : "IPv6";
}

/* --- what is shown ---------------------------------------------------------------- */

static void announce_print_one(struct sr_table *table, const struct sr_claim *claim)
{
	char text[ANNOUNCE_TEXT];

	sr_table_add(table, sr_addr_format(text, &claim->addr));
	sr_table_add(table, claim->ifindex ? claim->device : "-");
	switch (claim->state) {
	case SR_ANNOUNCED_HELD:
		if (!claim->ifindex)
			sr_table_addf(table, "routed, protocol %u", claim->route_protocol);
		else if (announce_is_contested(claim))
			sr_table_addf(table, "held, but %s claims it, too", announce_mac(text, claim->mac));
		else
			sr_table_add(table, claim->is_new ? "held, new" : "held");
		break;
	case SR_ANNOUNCED_IN_USE:
		sr_table_addf(table, "in use by %s", announce_mac(text, claim->mac));
		break;
	case SR_ANNOUNCED_WAITING:
		sr_table_add(table, "waiting: the link is down");
		break;
	case SR_ANNOUNCED_NO_NODE_ADDRESS:
		sr_table_addf(table, "not announced: this host has no %s address", announce_family(claim));
		break;
	case SR_ANNOUNCED_ROUTE_IN_USE:
		sr_table_add(table, "not routed: there is a route to it that is not ours");
		break;
	case SR_ANNOUNCED_NO_HOST:
		sr_table_add(table, announce_no_host);
		break;
	default:
		sr_table_add(table, "to be asked for");
	}
}

int sr_announce_print(const struct sr_claims *claims, bool all)
{
	sr_autotable struct sr_table table = {.columns = 3, .indent = "  "};
	size_t hidden = 0;
	int r;

	if (!claims->num)
		return 0;
	puts("\nannounced");
	for (size_t i = 0; i < claims->num; i++) {
		if (!all && claims->num > ANNOUNCE_MANY && claims->item[i].state == SR_ANNOUNCED_HELD &&
		    !announce_is_contested(&claims->item[i]))
			hidden++;
		else
			announce_print_one(&table, &claims->item[i]);
	}
	r = sr_table_print(&table, stdout);
	if (hidden)
		printf("  and %zu held\n", hidden);
	return r;
}

static json_t *json_routed(const struct sr_claim *claim)
{
	char addr[SR_ADDR_TEXT];

	return json_pack("{s:s, s:n, s:s, s:n, s:i}", "address", sr_addr_format(addr, &claim->addr), "device", "state",
			 claim->state == SR_ANNOUNCED_HELD ? "routed" : announce_words[claim->state], "mac", "protocol",
			 (int)claim->route_protocol);
}

static json_t *json_claim(const struct sr_claim *claim)
{
	bool in_use = claim->state == SR_ANNOUNCED_IN_USE || announce_is_contested(claim);
	char addr[SR_ADDR_TEXT], mac[ANNOUNCE_TEXT];

	return json_pack("{s:s, s:o, s:s, s:s?, s:n}", "address", sr_addr_format(addr, &claim->addr), "device",
			 sr_json_text(claim->device), "state", announce_words[claim->state], "mac",
			 in_use ? announce_mac(mac, claim->mac) : NULL, "protocol");
}

json_t *sr_announce_json(const struct sr_claims *claims)
{
	json_t *list = json_array();

	for (size_t i = 0; i < claims->num; i++) {
		const struct sr_claim *claim = &claims->item[i];

		json_array_append_new(list, claim->ifindex ? json_claim(claim) : json_routed(claim));
	}
	return list;
}

/* What one should know of a claim, or NULL. Returns `out`. */
static const char *announce_warning(char *out, size_t size, const struct sr_claim *claim)
{
	char addr[SR_ADDR_TEXT], mac[ANNOUNCE_TEXT];

	sr_addr_format(addr, &claim->addr);
	if (claim->state == SR_ANNOUNCED_IN_USE)
		snprintf(out, size, "%s is not announced: %s has it on %s", addr, announce_mac(mac, claim->mac),
			 claim->device);
	else if (announce_is_contested(claim))
		snprintf(out, size, "%s is announced, but %s claims it, too, on %s", addr,
			 announce_mac(mac, claim->mac), claim->device);
	else if (claim->state == SR_ANNOUNCED_WAITING)
		snprintf(out, size, "%s is not announced: the link of %s is down; 'svcroute announce' when it is up",
			 addr, claim->device);
	else if (claim->state == SR_ANNOUNCED_NO_NODE_ADDRESS)
		snprintf(out, size,
			 "%s is not announced: this host has no %s address to send from; 'svcroute announce' when it "
			 "has",
			 addr, announce_family(claim));
	else if (claim->state == SR_ANNOUNCED_NO_HOST)
		snprintf(out, size, "%s is %s", addr, announce_no_host);
	else if (claim->state == SR_ANNOUNCED_ROUTE_IN_USE)
		snprintf(out, size, "%s is not routed: there is a route to it that is not ours", addr);
	else
		return NULL;
	return out;
}

/* --- load ------------------------------------------------------------------------- */

int sr_announce_check(const struct sr_load *load, struct sr_error *err)
{
	const struct sr_strings *devices = &load->settings.announce;

	for (size_t i = 0; i < devices->num; i++) {
		const struct sr_netdev *netdev = sr_netdevs_find(&load->targets.netdevs, devices->item[i]);

		if (strcmp(devices->item[i], SR_ANNOUNCE_UPLINKS) == 0)
			continue;
		if (!sr_strings_has(&load->targets.uplinks, devices->item[i]))
			return sr_fail(err, -EINVAL, "--announce=%s: that is none of the uplinks (--uplink)",
				       devices->item[i]);
		if (netdev && netdev->is_bare)
			return sr_fail(err, -EINVAL, "--announce=%s: the device has no link addresses",
				       devices->item[i]);
	}
	return 0;
}

int sr_announce_warn(struct sr_load *load)
{
	char text[256];
	int r = 0;

	for (size_t i = 0; r == 0 && i < load->announced.num; i++)
		if (announce_warning(text, sizeof(text), &load->announced.item[i]))
			r = sr_notes_add(&load->warnings, "%s", text);
	return r;
}

static struct sr_announce_config announce_config(const struct sr_settings *settings)
{
	return (struct sr_announce_config){
		.devices = settings->announce.item,
		.num_devices = settings->announce.num,
		.route_protocol = settings->route_proto ? (uint8_t)strtoul(settings->route_proto, NULL, 10) : 0,
	};
}

int sr_announce_load(struct sr_load *load, struct sr_error *err)
{
	struct sr_announce_config config = announce_config(&load->settings);

	sr_datapath_close(TAKE_PTR(load->datapath));
	return sr_announce_refresh(&load->announced, load->globals->instance, &config, true, err);
}

static bool predict_is_on(const struct sr_load *load, const struct sr_netdev *netdev)
{
	const struct sr_strings *devices = &load->settings.announce;

	return !netdev->is_bare && sr_strings_has(&load->targets.uplinks, netdev->name) &&
	       (sr_strings_has(devices, netdev->name) || sr_strings_has(devices, SR_ANNOUNCE_UPLINKS));
}

/* The services as they will be, borrowed from the plan. */
static int predict_addresses(struct sr_addr_set *out, const struct sr_load *load)
{
	struct sr_services wanted = {.item = calloc(load->plan.num + 1, sizeof(*wanted.item))};
	struct sr_addr_set own = {};
	int r = wanted.item ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < load->plan.num; i++)
		if (load->plan.op[i].want)
			wanted.item[wanted.num++] = *load->plan.op[i].want;
	for (size_t i = 0; r == 0 && i < load->targets.netdevs.num_addrs; i++)
		r = sr_addr_set_add(&own, &load->targets.netdevs.addr[i].addr);
	if (r == 0)
		r = sr_claims_addresses(out, &wanted, &own);
	sr_addr_set_clear(&own);
	free(wanted.item);
	return r;
}

static int predict_routed(struct sr_load *load, const struct sr_addr_set *addresses)
{
	struct sr_claim claim = {.route_protocol = announce_config(&load->settings).route_protocol};
	int r = 0;

	for (size_t i = 0; r == 0 && claim.route_protocol && i < addresses->num; i++) {
		claim.addr = addresses->item[i];
		claim.state = sr_netdevs_is_no_host(&load->targets.netdevs, &claim.addr) ? SR_ANNOUNCED_NO_HOST
											 : SR_ANNOUNCED_HELD;
		r = sr_claims_add(&load->announced, &claim);
	}
	return r;
}

static int predict_claims(struct sr_load *load, const struct sr_addr_set *addresses, const struct sr_claims *have)
{
	int r = predict_routed(load, addresses);

	for (size_t i = 0; i < load->targets.netdevs.num; i++) {
		const struct sr_netdev *netdev = &load->targets.netdevs.item[i];

		for (size_t j = 0; r == 0 && predict_is_on(load, netdev) && j < addresses->num; j++) {
			struct sr_claim claim = {.addr = addresses->item[j], .ifindex = netdev->index};
			const struct sr_claim *held = sr_claims_find(have, &claim.addr, claim.ifindex);

			memcpy(claim.device, netdev->name, sizeof(claim.device));
			claim.state = held && held->state == SR_ANNOUNCED_HELD ? SR_ANNOUNCED_HELD : 0;
			if (sr_netdevs_is_no_host(&load->targets.netdevs, &claim.addr))
				claim.state = SR_ANNOUNCED_NO_HOST;
			r = sr_claims_add(&load->announced, &claim);
		}
	}
	sr_claims_sort(&load->announced);
	return r;
}

int sr_announce_predict(struct sr_load *load, struct sr_error *err)
{
	sr_autoclaims struct sr_claims have = {};
	struct sr_addr_set addresses = {};
	int r = load->datapath ? sr_announce_read(load->datapath, &have, err) : 0;

	if (r < 0)
		return r;
	r = predict_addresses(&addresses, load);
	if (r == 0)
		r = predict_claims(load, &addresses, &have);
	sr_addr_set_clear(&addresses);
	return r < 0 ? sr_fail(err, r, "out of memory") : 0;
}

/* --- changes by hand -------------------------------------------------------------- */

static int announce_settings(struct sr_settings *out, const struct sr_globals *globals, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	sr_autofree char *kept = NULL;
	int r = sr_instance_open(&datapath, globals, SR_ACCESS_READ, err);

	if (r == 0)
		r = sr_maps_read_settings(datapath, &kept, err);
	return r < 0 ? r : sr_settings_parse(out, kept, err);
}

int sr_announce_ready(const struct sr_globals *globals, struct sr_error *err)
{
	sr_autosettings struct sr_settings settings = {};
	int r = announce_settings(&settings, globals, err);

	if (r == 0 && !settings.announce.num && !settings.route_proto)
		r = sr_fail(err, -EINVAL, "nothing is announced: 'svcroute load --announce' begins it");
	return r;
}

int sr_announce_again(struct sr_claims *out, const struct sr_globals *globals, bool tell_all, struct sr_error *err)
{
	sr_autosettings struct sr_settings settings = {};
	struct sr_announce_config config;
	int r = announce_settings(&settings, globals, err);

	if (r < 0)
		return r;
	config = announce_config(&settings);
	return sr_announce_refresh(out, globals->instance, &config, tell_all, err);
}

int sr_announce_change(const struct sr_globals *globals, struct sr_error *err)
{
	sr_autoclaims struct sr_claims claims = {};
	int r = sr_announce_again(&claims, globals, false, err);
	char text[256];

	for (size_t i = 0; r == 0 && i < claims.num; i++)
		if (announce_warning(text, sizeof(text), &claims.item[i]))
			fprintf(stderr, "svcroute: warning: %s\n", text);
	return r;
}
