// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/route_ask.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "kernel/rtnl.h"

static void route_put(struct nlmsghdr *message, uint16_t type, const struct sr_addr *addr)
{
	bool v4 = sr_addr_is_v4(addr);

	mnl_attr_put(message, type, v4 ? 4 : 16, addr->byte + (v4 ? 12 : 0));
}

static void route_take_addr(struct sr_addr *out, const void *bytes, size_t length)
{
	if (length == 4)
		out->byte[10] = out->byte[11] = 0xff;
	if (length == 4 || length == 16)
		memcpy(out->byte + 16 - length, bytes, length);
}

/* An IPv4 route may lead to an IPv6 router: that is `via` (RFC 5549). */
static void route_take_hop(struct sr_addr *out, const struct nlattr *gateway, const struct nlattr *via)
{
	const struct rtvia *hop = via ? mnl_attr_get_payload(via) : NULL;

	if (gateway)
		route_take_addr(out, mnl_attr_get_payload(gateway), mnl_attr_get_payload_len(gateway));
	else if (hop && mnl_attr_get_payload_len(via) > sizeof(*hop))
		route_take_addr(out, hop->rtvia_addr, mnl_attr_get_payload_len(via) - sizeof(*hop));
}

static int route_take(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *tb[RTA_MAX + 1];
	struct sr_route *route = context;

	sr_rtnl_attributes(message, sizeof(*header), tb, RTA_MAX);
	route->kind = header->rtm_type == RTN_LOCAL		       ? SR_ROUTE_LOCAL
		      : header->rtm_type == RTN_UNICAST && tb[RTA_OIF] ? SR_ROUTE_DEVICE
								       : SR_ROUTE_NONE;
	route->error = -ENETUNREACH;
	if (tb[RTA_OIF])
		route->ifindex = mnl_attr_get_u32(tb[RTA_OIF]);
	route_take_hop(&route->hop, tb[RTA_GATEWAY], tb[RTA_VIA]);
	return MNL_CB_STOP;
}

/* What it says of a packet that it would not route is no fault of ours. */
static bool route_is_answer(int r)
{
	return r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EACCES || r == -EINVAL || r == -EXDEV;
}

int sr_route_ask(struct sr_route *out, const struct sr_addr *src, const struct sr_addr *dst, uint32_t ifindex,
		 struct sr_error *err)
{
	bool v4 = sr_addr_is_v4(dst);
	char buffer[256];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtmsg *header;
	int r;

	memset(out, 0, sizeof(*out));
	message->nlmsg_type = RTM_GETROUTE;
	message->nlmsg_flags = NLM_F_REQUEST;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	memset(header, 0, sizeof(*header));
	header->rtm_family = v4 ? AF_INET : AF_INET6;
	header->rtm_dst_len = v4 ? 32 : 128;
	route_put(message, RTA_DST, dst);
	if (!sr_addr_is_zero(src)) {
		header->rtm_src_len = v4 ? 32 : 128;
		route_put(message, RTA_SRC, src);
	}
	if (ifindex)
		mnl_attr_put_u32(message, RTA_IIF, ifindex);

	r = sr_rtnl_ask(message, route_take, out);
	if (!route_is_answer(r))
		return r < 0 ? sr_fail(err, r, "cannot ask for a route: %s", strerror(-r)) : 0;
	out->kind = SR_ROUTE_NONE;
	out->error = r;
	return 0;
}

struct neighbour {
	uint8_t mac[6];
	bool is_known;
};

static int neighbour_take(const struct nlmsghdr *message, void *context)
{
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *tb[NDA_MAX + 1];
	struct neighbour *neighbour = context;

	sr_rtnl_attributes(message, sizeof(*header), tb, NDA_MAX);
	if (header->ndm_state & (NUD_INCOMPLETE | NUD_FAILED) || !tb[NDA_LLADDR] ||
	    mnl_attr_get_payload_len(tb[NDA_LLADDR]) != sizeof(neighbour->mac))
		return MNL_CB_STOP;
	memcpy(neighbour->mac, mnl_attr_get_payload(tb[NDA_LLADDR]), sizeof(neighbour->mac));
	neighbour->is_known = true;
	return MNL_CB_STOP;
}

bool sr_route_neighbour(uint8_t out[6], const struct sr_route *route, const struct sr_addr *dst)
{
	const struct sr_addr *hop = sr_addr_is_zero(&route->hop) ? dst : &route->hop;
	char buffer[256];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct neighbour neighbour = {};
	struct ndmsg *header;

	message->nlmsg_type = RTM_GETNEIGH;
	message->nlmsg_flags = NLM_F_REQUEST;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	memset(header, 0, sizeof(*header));
	header->ndm_family = sr_addr_is_v4(hop) ? AF_INET : AF_INET6;
	header->ndm_ifindex = (int)route->ifindex;
	route_put(message, NDA_DST, hop);
	if (sr_rtnl_ask(message, neighbour_take, &neighbour) < 0 || !neighbour.is_known)
		return false;
	memcpy(out, neighbour.mac, sizeof(neighbour.mac));
	return true;
}
