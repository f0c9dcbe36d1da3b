// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/netdev.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/rtnl.h"

static struct sr_netdev *netdev_by_index(struct sr_netdevs *netdevs, uint32_t index)
{
	for (size_t i = 0; i < netdevs->num; i++)
		if (netdevs->item[i].index == index)
			return &netdevs->item[i];
	return NULL;
}

static bool netdev_is_kind(const struct nlattr *linkinfo, const char *kind)
{
	const struct nlattr *attribute;

	if (!linkinfo)
		return false;
	mnl_attr_for_each_nested(attribute, linkinfo)
	{
		if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
			return strcmp(mnl_attr_get_str(attribute), kind) == 0;
	}
	return false;
}

/* As an Ethernet device has it; a tunnel's link address may be of 4 bytes, or 16. */
static void netdev_take_mac(struct sr_netdev *netdev, const struct nlattr *address)
{
	if (address && mnl_attr_get_payload_len(address) == sizeof(netdev->mac))
		memcpy(netdev->mac, mnl_attr_get_payload(address), sizeof(netdev->mac));
}

/* Packets on these begin with IP: wireguard and tun; tunnels; PPP, LTE modems. */
static bool netdev_has_no_link_header(unsigned short type)
{
	switch (type) {
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case ARPHRD_IP6GRE:
	case ARPHRD_VOID:
		return true;
	default:
		return false;
	}
}

static int netdev_take_link(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *tb[IFLA_LINK_NETNSID + 1];
	struct sr_netdevs *netdevs = context;
	struct sr_netdev *netdev;

	sr_rtnl_attributes(message, sizeof(*header), tb, IFLA_LINK_NETNSID);
	if (!tb[IFLA_IFNAME])
		return MNL_CB_OK;

	netdev = sr_array_add(&netdevs->item, &netdevs->num, sizeof(*netdev));
	if (!netdev) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	snprintf(netdev->name, sizeof(netdev->name), "%s", mnl_attr_get_str(tb[IFLA_IFNAME]));
	netdev->index = header->ifi_index;
	netdev->master = tb[IFLA_MASTER] ? mnl_attr_get_u32(tb[IFLA_MASTER]) : 0;
	if (netdev_is_kind(tb[IFLA_LINKINFO], "vlan") && tb[IFLA_LINK])
		netdev->vlan_of = mnl_attr_get_u32(tb[IFLA_LINK]);
	netdev->mtu = tb[IFLA_MTU] ? mnl_attr_get_u32(tb[IFLA_MTU]) : 0;
	netdev_take_mac(netdev, tb[IFLA_ADDRESS]);
	netdev->is_bare = netdev_has_no_link_header(header->ifi_type);
	netdev->is_veth = netdev_is_kind(tb[IFLA_LINKINFO], "veth");
	netdev->is_bridge = netdev_is_kind(tb[IFLA_LINKINFO], "bridge");
	netdev->is_running = header->ifi_flags & IFF_RUNNING;
	/* The kernel tells the peer's namespace only where it is not ours. */
	netdev->peer_elsewhere = netdev->is_veth && tb[IFLA_LINK_NETNSID];
	return MNL_CB_OK;
}

static void netdev_set_address(struct sr_addr *out, const struct nlattr *attribute, int family)
{
	memset(out, 0, sizeof(*out));
	if (family == AF_INET6) {
		memcpy(out->byte, mnl_attr_get_payload(attribute), 16);
		return;
	}
	out->byte[10] = out->byte[11] = 0xff;
	memcpy(out->byte + 12, mnl_attr_get_payload(attribute), 4);
}

static int netdev_add_address(struct sr_netdevs *netdevs, const struct ifaddrmsg *header, const struct sr_addr *addr)
{
	struct sr_netaddr *new = sr_array_add(&netdevs->addr, &netdevs->num_addrs, sizeof(*new));

	if (!new) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	*new = (struct sr_netaddr){.index = header->ifa_index, .addr = *addr, .bits = header->ifa_prefixlen};
	return MNL_CB_OK;
}

/* All global addresses; and of each device the first that the kernel would itself send from. */
static int netdev_take_address(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	const uint32_t unfit = IFA_F_SECONDARY | IFA_F_DEPRECATED | IFA_F_TENTATIVE | IFA_F_DADFAILED;
	const struct nlattr *tb[IFA_FLAGS + 1], *address;
	struct sr_netdev *netdev;
	struct sr_addr addr, *out;
	uint32_t flags;

	sr_rtnl_attributes(message, sizeof(*header), tb, IFA_FLAGS);
	flags = tb[IFA_FLAGS] ? mnl_attr_get_u32(tb[IFA_FLAGS]) : header->ifa_flags;
	/* On a point-to-point device IFA_ADDRESS is the other end's. */
	address = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	netdev = netdev_by_index(context, header->ifa_index);
	if (!netdev || !address || header->ifa_scope != RT_SCOPE_UNIVERSE)
		return MNL_CB_OK;
	if (mnl_attr_get_payload_len(address) != (header->ifa_family == AF_INET6 ? 16 : 4))
		return MNL_CB_OK;

	netdev_set_address(&addr, address, header->ifa_family);
	out = header->ifa_family == AF_INET6 ? &netdev->addr6 : &netdev->addr4;
	if (!(flags & unfit && !(flags & IFA_F_OPTIMISTIC)) && !out->half[0] && !out->half[1])
		*out = addr;
	return flags & IFA_F_DADFAILED ? MNL_CB_OK : netdev_add_address(context, header, &addr);
}

/* The default routes of one family; those of the lowest metric count. */
struct netdev_routes {
	struct sr_netdevs *netdevs;
	uint32_t metric;
	uint32_t *index; /* of the devices */
	size_t num;
};

static int netdev_add_route(struct netdev_routes *routes, uint32_t metric, uint32_t ifindex)
{
	uint32_t *index;

	if (routes->num && metric > routes->metric)
		return MNL_CB_OK;
	if (metric < routes->metric) {
		free(TAKE_PTR(routes->index));
		routes->num = 0;
	}
	routes->metric = metric;
	index = sr_array_add(&routes->index, &routes->num, sizeof(*index));
	if (!index) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	*index = ifindex;
	return MNL_CB_OK;
}

static int netdev_add_hops(struct netdev_routes *routes, uint32_t metric, const struct nlattr *multipath)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(multipath);
	int left = mnl_attr_get_payload_len(multipath), r = MNL_CB_OK;

	while (r == MNL_CB_OK && RTNH_OK(hop, left)) {
		r = netdev_add_route(routes, metric, hop->rtnh_ifindex);
		left -= NLMSG_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
	return r;
}

static int netdev_take_route(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *tb[RTA_MULTIPATH + 1];
	struct netdev_routes *routes = context;
	uint32_t metric;

	if (header->rtm_dst_len || header->rtm_table != RT_TABLE_MAIN || header->rtm_type != RTN_UNICAST ||
	    header->rtm_flags & RTM_F_CLONED)
		return MNL_CB_OK;

	sr_rtnl_attributes(message, sizeof(*header), tb, RTA_MULTIPATH);
	metric = tb[RTA_PRIORITY] ? mnl_attr_get_u32(tb[RTA_PRIORITY]) : 0;
	if (tb[RTA_MULTIPATH])
		return netdev_add_hops(routes, metric, tb[RTA_MULTIPATH]);
	if (tb[RTA_OIF])
		return netdev_add_route(routes, metric, mnl_attr_get_u32(tb[RTA_OIF]));
	return MNL_CB_OK;
}

static int netdev_read_routes(struct sr_netdevs *netdevs, int family)
{
	struct netdev_routes routes = {.netdevs = netdevs, .metric = UINT32_MAX};
	struct rtmsg header = {.rtm_family = family};
	int r = sr_rtnl_dump(RTM_GETROUTE, &header, sizeof(header), netdev_take_route, &routes);

	for (size_t i = 0; r == 0 && i < routes.num; i++) {
		struct sr_netdev *netdev = netdev_by_index(netdevs, routes.index[i]);

		if (netdev)
			netdev->has_default_route = true;
	}
	free(routes.index);
	return r;
}

int sr_netdevs_read(struct sr_netdevs *out, struct sr_error *err)
{
	__attribute__((cleanup(sr_netdevs_clear))) struct sr_netdevs netdevs = {};
	struct ifinfomsg links = {};
	struct ifaddrmsg addresses = {};
	int r;

	r = sr_rtnl_dump(RTM_GETLINK, &links, sizeof(links), netdev_take_link, &netdevs);
	if (r == 0)
		r = sr_rtnl_dump(RTM_GETADDR, &addresses, sizeof(addresses), netdev_take_address, &netdevs);
	if (r == 0)
		r = netdev_read_routes(&netdevs, AF_INET);
	if (r == 0)
		r = netdev_read_routes(&netdevs, AF_INET6);
	if (r < 0)
		return sr_fail(err, r, "cannot read the network devices: %s", strerror(-r));

	*out = netdevs;
	memset(&netdevs, 0, sizeof(netdevs));
	return 0;
}

void sr_netdevs_clear(struct sr_netdevs *netdevs)
{
	free(netdevs->item);
	free(netdevs->addr);
	memset(netdevs, 0, sizeof(*netdevs));
}

bool sr_netdevs_is_no_host(const struct sr_netdevs *netdevs, const struct sr_addr *addr)
{
	if (sr_addr_is_link_local(addr))
		return true;
	for (size_t i = 0; i < netdevs->num_addrs; i++) {
		const struct sr_netaddr *own = &netdevs->addr[i];
		struct sr_cidr cidr = {.addr = own->addr, .bits = own->bits};

		if (sr_addr_is_v4(addr) == sr_addr_is_v4(&own->addr) && sr_cidr_is_edge(&cidr, addr))
			return true;
	}
	return false;
}

const struct sr_netdev *sr_netdevs_find(const struct sr_netdevs *netdevs, const char *name)
{
	for (size_t i = 0; i < netdevs->num; i++)
		if (strcmp(netdevs->item[i].name, name) == 0)
			return &netdevs->item[i];
	return NULL;
}
