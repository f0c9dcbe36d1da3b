/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The host's devices and addresses, and what in its configuration stops
 * traffic although everything is loaded.
 */
#ifndef SVCROUTE_KERNEL_NETDEV_H
#define SVCROUTE_KERNEL_NETDEV_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/addr.h"

struct sr_error;

struct sr_netdev {
	char name[IFNAMSIZ];
	uint32_t index;
	uint32_t master;  /* index of the bridge that it is a port of; 0: of none */
	uint32_t vlan_of; /* index of the device that it is a VLAN of; 0: of none */
	uint32_t mtu;
	uint8_t mac[6]; /* zeros: it has none */
	bool is_bare;	/* packets on it have no link header */
	bool is_veth;
	bool is_bridge;
	bool is_running;	/* up, and its link is, too */
	bool peer_elsewhere;	/* a veth whose other end is in another namespace */
	bool has_default_route; /* of either family */
	struct sr_addr addr4;	/* primary global address; zero: none */
	struct sr_addr addr6;
};

/* A global address, of any rank. */
struct sr_netaddr {
	uint32_t index; /* of its device */
	struct sr_addr addr;
	uint8_t bits; /* of its network */
};

struct sr_netdevs {
	struct sr_netdev *item;
	size_t num;
	struct sr_netaddr *addr;
	size_t num_addrs;
};

/* All devices of this network namespace, by index (rtnetlink). */
int sr_netdevs_read(struct sr_netdevs *out, struct sr_error *err);
void sr_netdevs_clear(struct sr_netdevs *netdevs);
const struct sr_netdev *sr_netdevs_find(const struct sr_netdevs *netdevs, const char *name);
/* Can it be no host's whom others call: link-local, or an edge of a network that this host is in? */
bool sr_netdevs_is_no_host(const struct sr_netdevs *netdevs, const struct sr_addr *addr);

/* The first cgroup2 mount (also of a hybrid set-up), malloc'd. -ENOENT: none. */
int sr_cgroup2_root(char **out, struct sr_error *err);

/*
 * Lines that name what will stop traffic: ip_forward and IPv6 forwarding off,
 * strict rp_filter, a FORWARD policy that drops, kube-proxy's rules. Malloc'd
 * lines in a malloc'd array; *num may be 0.
 */
int sr_preflight(const struct sr_netdevs *netdevs, char *const *uplinks, size_t num_uplinks, bool ipv6, char ***lines,
		 size_t *num, struct sr_error *err);

#endif
