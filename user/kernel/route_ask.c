// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/route_ask.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "kernel/rtnl.h"

static void route_put(struct nlmsghdr *message, uint16_t type, const struct sr_addr *addr)
{
	bool v4 = sr_addr_is_v4(addr);

	mnl_attr_put(message, type, v4 ? 4 : 16, addr->byte + (v4 ? 12 : 0));
}

static void route_take_hop(struct sr_addr *out, const struct nlattr *attribute)
{
	size_t length = attribute ? mnl_attr_get_payload_len(attribute) : 0;

	if (length == 4)
		out->byte[10] = out->byte[11] = 0xff;
	if (length == 4 || length == 16)
		memcpy(out->byte + 16 - length, mnl_attr_get_payload(attribute), length);
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
	route_take_hop(&route->hop, tb[RTA_GATEWAY]);
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
