// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What stops traffic although everything is loaded: sysctls, and programs of
 * others. Firewalls are in firewall.c.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/firewall.h"
#include "kernel/foreign.h"
#include "kernel/lines.h"
#include "kernel/netdev.h"
#include "kernel/programs.h"

/* A sysctl's number; `otherwise` where there is none (IPv6 is off). */
static int preflight_sysctl(const char *path, const char *device, const char *leaf, int otherwise)
{
	char name[128];
	sr_autofclose FILE *f = NULL;
	int value;

	snprintf(name, sizeof(name), "/proc/sys/net/%s%s%s", path, device, leaf);
	f = fopen(name, "re");
	return f && fscanf(f, "%d", &value) == 1 ? value : otherwise;
}

static int preflight_forwarding(struct sr_lines *lines, bool ipv6)
{
	int r = 0;

	if (preflight_sysctl("ipv4/ip_forward", "", "", 1) == 0)
		r = sr_lines_add(lines, "net.ipv4.ip_forward is 0: the kernel forwards no packets to pods or backends; "
					"sysctl -w net.ipv4.ip_forward=1");
	if (r == 0 && ipv6 && preflight_sysctl("ipv6/conf/all/forwarding", "", "", 1) == 0)
		r = sr_lines_add(lines,
				 "net.ipv6.conf.all.forwarding is 0: the kernel forwards no IPv6 packets to pods "
				 "or backends; sysctl -w net.ipv6.conf.all.forwarding=1");
	return r;
}

/*
 * Strict filtering drops what arrives on a device that does not lead back to
 * its source. Service traffic reaches it with the client's address as source,
 * so it stops us on an uplink that is not the way back to the clients: one
 * without the default route. What XDP or tc send on at once never meets it.
 */
static int preflight_rp_filter(struct sr_lines *lines, const struct sr_netdev *uplink)
{
	int all = preflight_sysctl("ipv4/conf/all/rp_filter", "", "", 0);
	int own = preflight_sysctl("ipv4/conf/", uplink->name, "/rp_filter", 0);

	if ((own > all ? own : all) != 1 || uplink->has_default_route)
		return 0;
	return sr_lines_add(
		lines,
		"%s: rp_filter is strict and the default route is elsewhere: clients that have no route back "
		"through %s are dropped before they reach local pods; "
		"sysctl -w net.ipv4.conf.%s.rp_filter=2",
		uplink->name, uplink->name, uplink->name);
}

static int preflight_foreign_xdp(struct sr_lines *lines, const struct sr_netdev *netdev)
{
	uint32_t id = sr_foreign_xdp(netdev->index);
	char name[64];

	sr_foreign_name(name, sizeof(name), id);
	if (!id || sr_program_find(name))
		return 0;
	return sr_lines_add(lines,
			    "%s: another's XDP program ('%s', id %u) sees packets before us; if it takes service "
			    "traffic, detach it: ip link set dev %s xdp off",
			    netdev->name, name, id, netdev->name);
}

/* Does it take VLAN tags off frames, and keep them beside (ethtool's rx-vlan-offload)? */
static bool preflight_strips_tags(const struct sr_netdev *netdev)
{
	sr_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_value flags = {.cmd = ETHTOOL_GFLAGS};
	struct ifreq ifreq = {.ifr_data = (char *)&flags};

	memcpy(ifreq.ifr_name, netdev->name, sizeof(ifreq.ifr_name));
	return fd >= 0 && ioctl(fd, SIOCETHTOOL, &ifreq) == 0 && flags.data & ETH_FLAG_RXVLAN;
}

static bool preflight_has_our_xdp(const struct sr_netdev *netdev)
{
	uint32_t id = sr_foreign_xdp(netdev->index);
	char name[64];

	sr_foreign_name(name, sizeof(name), id);
	return id && sr_program_find(name);
}

/* XDP sees neither where a frame without its tag belongs, nor that it had one. */
static int preflight_vlans(struct sr_lines *lines, const struct sr_netdevs *netdevs, const struct sr_netdev *uplink)
{
	for (size_t i = 0; i < netdevs->num; i++) {
		const struct sr_netdev *vlan = &netdevs->item[i];

		if (vlan->vlan_of != uplink->index || !preflight_has_our_xdp(uplink) || !preflight_strips_tags(uplink))
			continue;
		return sr_lines_add(lines,
				    "%s: the device takes VLAN tags off before XDP sees frames, and those of %s are "
				    "answered and translated as its own; ethtool -K %s rxvlan off, or --xdp off",
				    uplink->name, vlan->name, uplink->name);
	}
	return 0;
}

static int preflight_foreign_tc(struct sr_lines *lines, const struct sr_netdev *netdev, const char *hook,
				int attach_type)
{
	char names[256];

	if (!sr_foreign_tc(names, sizeof(names), netdev->index, attach_type))
		return 0;
	return sr_lines_add(lines,
			    "%s: programs of others at %s (%s) may take packets before us or after; "
			    "see 'bpftool net show dev %s'",
			    netdev->name, hook, names, netdev->name);
}

static int preflight_foreign(struct sr_lines *lines, const struct sr_netdev *netdev)
{
	int r = preflight_foreign_xdp(lines, netdev);

	if (r == 0)
		r = preflight_foreign_tc(lines, netdev, "tc ingress", SR_BPF_TCX_INGRESS);
	return r < 0 ? r : preflight_foreign_tc(lines, netdev, "tc egress", SR_BPF_TCX_EGRESS);
}

static int preflight_uplinks(struct sr_lines *lines, const struct sr_netdevs *netdevs, char *const *uplinks,
			     size_t num_uplinks)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < num_uplinks; i++) {
		const struct sr_netdev *uplink = sr_netdevs_find(netdevs, uplinks[i]);

		if (!uplink)
			continue;
		r = preflight_rp_filter(lines, uplink);
		if (r == 0)
			r = preflight_vlans(lines, netdevs, uplink);
		if (r == 0)
			r = preflight_foreign(lines, uplink);
	}
	return r;
}

int sr_preflight(const struct sr_netdevs *netdevs, char *const *uplinks, size_t num_uplinks, bool ipv6, char ***lines,
		 size_t *num, struct sr_error *err)
{
	sr_autolines struct sr_lines found = {};
	int r;

	r = preflight_forwarding(&found, ipv6);
	if (r == 0)
		r = preflight_uplinks(&found, netdevs, uplinks, num_uplinks);
	if (r == 0)
		r = sr_firewall_look(&found);
	if (r < 0)
		return sr_fail(err, r, "cannot look for what stops traffic: %s", strerror(-r));

	*num = found.num;
	*lines = TAKE_PTR(found.line);
	found.num = 0;
	return 0;
}
