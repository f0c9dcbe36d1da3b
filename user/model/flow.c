// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/flow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <strings.h>

enum flow_proto {
	FLOW_TCP,
	FLOW_UDP,
	FLOW_SCTP,
	FLOW_PROTOS,
};

static const char *const flow_states[FLOW_PROTOS][SR_FLOW_STATES] = {
	[FLOW_TCP] = {"SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "TIME_WAIT", "CLOSE"},
	[FLOW_UDP] = {"UNREPLIED", "REPLIED", "ASSURED"},
	[FLOW_SCTP] = {"COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_ACK_SENT", "CLOSED"},
};

const char *const sr_flow_state_names[] = {
	"SYN_SENT",	 "SYN_RECV",	  "ESTABLISHED",       "FIN_WAIT", "TIME_WAIT",
	"CLOSE",	 "UNREPLIED",	  "REPLIED",	       "ASSURED",  "COOKIE_WAIT",
	"COOKIE_ECHOED", "SHUTDOWN_SENT", "SHUTDOWN_ACK_SENT", "CLOSED",   NULL,
};

static enum flow_proto flow_proto(uint8_t proto)
{
	if (proto == IPPROTO_UDP)
		return FLOW_UDP;
	return proto == IPPROTO_SCTP ? FLOW_SCTP : FLOW_TCP;
}

const char *sr_flow_state_name(uint8_t proto, enum sr_flow_state state)
{
	return flow_states[flow_proto(proto)][state];
}

static enum sr_flow_state flow_state(uint32_t flags)
{
	if (flags & SR_CONN_RESET)
		return SR_FLOW_RESET;
	if ((flags & SR_CONN_CLOSED) == SR_CONN_CLOSED)
		return SR_FLOW_ENDED;
	if (flags & SR_CONN_CLOSED)
		return SR_FLOW_ENDING;
	if (flags & SR_CONN_PROVEN)
		return SR_FLOW_PROVEN;
	return flags & SR_CONN_ANSWERED ? SR_FLOW_ANSWERED : SR_FLOW_NEW;
}

bool sr_flow_is_live(const struct sr_flow_clock *clock, const struct sr_conn *half)
{
	return sr_conn_is_live(&clock->ticks, half, half->to.flags);
}

static uint32_t flow_seconds(const struct sr_flow_clock *clock, uint32_t ticks)
{
	return ((uint64_t)ticks << SR_TICK_SHIFT) / clock->jiffies_per_second;
}

static void flow_read_times(struct sr_flow *out, const struct sr_conn *half, const struct sr_flow_clock *clock)
{
	uint32_t idle = sr_conn_since(&clock->ticks, half->seen);
	uint32_t timeout = sr_conn_timeout(&clock->ticks, half->from.proto, half->to.flags);

	out->age = flow_seconds(clock, sr_conn_since(&clock->ticks, half->created));
	out->idle = flow_seconds(clock, idle);
	out->left = idle < timeout ? flow_seconds(clock, timeout - idle) : 0;
}

/* A half of the client's says where its packets come from and how they leave; the other is the inverse. */
void sr_flow_read(struct sr_flow *out, const struct sr_conn *half, const struct sr_flow_clock *clock)
{
	bool is_reply = half->to.flags & SR_CONN_REPLY;
	const struct sr_tuple *from = &half->from;
	const struct sr_rewrite *to = &half->to;
	struct sr_hostport from_src = {.addr = from->src, .port = from->sport, .proto = from->proto};
	struct sr_hostport from_dst = {.addr = from->dst, .port = from->dport, .proto = from->proto};
	struct sr_hostport to_src = {.addr = to->src, .port = to->sport, .proto = from->proto};
	struct sr_hostport to_dst = {.addr = to->dst, .port = to->dport, .proto = from->proto};

	*out = (struct sr_flow){
		.client = is_reply ? to_dst : from_src,
		.frontend = is_reply ? to_src : from_dst,
		.backend = is_reply ? from_src : to_dst,
		.source = is_reply ? from_dst : to_src,
		.proto = from->proto,
		.family = sr_addr_family(&from->src),
		.state = flow_state(to->flags),
		.of_service = !(to->flags & SR_CONN_DIRECT),
		.service = half->service,
	};
	flow_read_times(out, half, clock);
}

/* --- filters ------------------------------------------------------------------------------ */

static uint32_t flow_state_bit(enum flow_proto proto, enum sr_flow_state state)
{
	return 1u << (proto * SR_FLOW_STATES + state);
}

int sr_flow_filter_add_state(struct sr_flow_filter *filter, const char *name)
{
	uint32_t bits = 0;

	for (int proto = 0; proto < FLOW_PROTOS; proto++)
		for (int state = 0; state < SR_FLOW_STATES; state++)
			if (flow_states[proto][state] && strcasecmp(flow_states[proto][state], name) == 0)
				bits |= flow_state_bit(proto, state);
	filter->states |= bits;
	return bits ? 0 : -EINVAL;
}

static bool flow_end_matches(const struct sr_flow_end *end, const struct sr_hostport *at)
{
	uint16_t port = ntohs(at->port);

	if (end->has_network && !sr_cidr_contains(&end->network, &at->addr))
		return false;
	return !end->low || (port >= end->low && port <= end->high);
}

bool sr_flow_filter_matches(const struct sr_flow_filter *filter, const struct sr_flow *flow)
{
	if (filter->proto && filter->proto != flow->proto)
		return false;
	if (filter->family && filter->family != flow->family)
		return false;
	if (filter->states && !(filter->states & flow_state_bit(flow_proto(flow->proto), flow->state)))
		return false;
	return flow_end_matches(&filter->client, &flow->client) &&
	       flow_end_matches(&filter->frontend, &flow->frontend) &&
	       flow_end_matches(&filter->backend, &flow->backend);
}
