// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/routes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "kernel/rtnl.h"

/* Those that are there. */
struct routes {
	uint8_t protocol;
	struct sr_addr_set set;
};

static int routes_take(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *tb[RTA_MAX + 1];
	struct routes *routes = context;
	bool v6 = header->rtm_family == AF_INET6;
	struct sr_addr addr = {};

	if (header->rtm_protocol != routes->protocol || header->rtm_type != RTN_BLACKHOLE ||
	    header->rtm_table != RT_TABLE_MAIN || header->rtm_dst_len != (v6 ? 128 : 32))
		return MNL_CB_OK;
	sr_rtnl_attributes(message, sizeof(*header), tb, RTA_MAX);
	if (!tb[RTA_DST] || mnl_attr_get_payload_len(tb[RTA_DST]) != (v6 ? 16 : 4))
		return MNL_CB_OK;
	if (!v6)
		addr.byte[10] = addr.byte[11] = 0xff;
	memcpy(addr.byte + (v6 ? 0 : 12), mnl_attr_get_payload(tb[RTA_DST]), v6 ? 16 : 4);
	if (sr_addr_set_add(&routes->set, &addr) == 0)
		return MNL_CB_OK;
	errno = ENOMEM;
	return MNL_CB_ERROR;
}

static int routes_read(struct routes *routes, struct sr_error *err)
{
	struct rtmsg header = {.rtm_family = AF_INET};
	int r = sr_rtnl_dump(RTM_GETROUTE, &header, sizeof(header), routes_take, routes);

	header.rtm_family = AF_INET6;
	if (r == 0)
		r = sr_rtnl_dump(RTM_GETROUTE, &header, sizeof(header), routes_take, routes);
	/* A kernel without IPv6 has none. */
	if (r == -EAFNOSUPPORT || r == -EOPNOTSUPP)
		r = 0;
	return r < 0 ? sr_fail(err, r, "cannot read routes: %s", strerror(-r)) : 0;
}

static int routes_change(int type, uint8_t protocol, const struct sr_addr *addr)
{
	bool v6 = !sr_addr_is_v4(addr);
	char buffer[256];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtmsg *header;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | (type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_EXCL : 0);
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->rtm_family = v6 ? AF_INET6 : AF_INET;
	header->rtm_dst_len = v6 ? 128 : 32;
	header->rtm_table = RT_TABLE_MAIN;
	header->rtm_protocol = protocol;
	header->rtm_scope = RT_SCOPE_UNIVERSE;
	header->rtm_type = RTN_BLACKHOLE;
	mnl_attr_put(message, RTA_DST, v6 ? 16 : 4, addr->byte + (v6 ? 0 : 12));
	return sr_rtnl_request(message);
}

static int routes_fail(int r, const char *what, const struct sr_addr *addr, struct sr_error *err)
{
	char text[SR_ADDR_TEXT];

	return sr_fail(err, r, "cannot %s the route to %s: %s", what, sr_addr_format(text, addr), strerror(-r));
}

static int routes_remove(const struct routes *have, const struct sr_addr_set *want, struct sr_error *err)
{
	for (size_t i = 0; i < have->set.num; i++) {
		int r;

		if (sr_addr_set_has(want, &have->set.item[i]))
			continue;
		r = routes_change(RTM_DELROUTE, have->protocol, &have->set.item[i]);
		if (r < 0 && r != -ESRCH)
			return routes_fail(r, "remove", &have->set.item[i], err);
	}
	return 0;
}

/* One that is another's hinders no others. */
static int routes_make(const struct routes *have, const struct sr_addr_set *want, struct sr_addr_set *taken,
		       struct sr_error *err)
{
	for (size_t i = 0; i < want->num; i++) {
		int r;

		if (sr_addr_set_has(&have->set, &want->item[i]))
			continue;
		r = routes_change(RTM_NEWROUTE, have->protocol, &want->item[i]);
		if (r == -EEXIST)
			r = sr_addr_set_append(taken, &want->item[i]);
		if (r < 0)
			return routes_fail(r, "make", &want->item[i], err);
	}
	return 0;
}

int sr_routes_sync(uint8_t protocol, const struct sr_addr_set *want, struct sr_addr_set *taken, struct sr_error *err)
{
	struct routes have = {.protocol = protocol};
	int r = routes_read(&have, err);

	if (r == 0)
		r = routes_remove(&have, want, err);
	if (r == 0)
		r = routes_make(&have, want, taken, err);
	sr_addr_set_sort(taken);
	sr_addr_set_clear(&have.set);
	return r;
}
