// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "choice.h"

#include <netinet/in.h>

#include "agreement.h"
#include "refusal.h"
#include "spread.h"
#include "translation.h"

/* Who is no pod, and so is shown to ClusterIPs' endpoints as this node. */
static bool is_stranger(const struct hearing *hearing)
{
	const struct rules *rules = &hearing->judge->rules;

	return hearing->kind == RULES_CLUSTER_IP && rules->options->cluster_cidr &&
	       !rules_is_pod(rules, &hearing->view.src);
}

/* The source address that an endpoint is to see; true: it is one of ours. */
static bool source_of(const struct hearing *hearing, const struct rules_endpoint *endpoint, struct sr_addr *out)
{
	struct way way = place_way(&endpoint->addr);
	bool is_remote = way.device == DEVICE_ETH0 || way.device == DEVICE_ETH1;
	enum rules_caller caller = hearing_caller(hearing);
	bool is_self = caller == CALLER_POD && sr_addr_compare(&endpoint->addr, &hearing->view.src) == 0;

	*out = hearing->view.src;
	if (caller == CALLER_HOST) {
		*out = place_is_host(&endpoint->addr) ? hearing->view.dst
						      : place_node_address(way.device, hearing->view.family);
		return true;
	}
	if (is_self) {
		*out = place_node_address(hearing->at.device, hearing->view.family);
		return true;
	}
	if (way.device == PLACE_NOWHERE || (caller == CALLER_POD && !is_stranger(hearing)))
		return false;
	if (!is_remote && !is_stranger(hearing))
		return false;
	*out = place_node_address(way.device, hearing->view.family);
	return true;
}

static bool is_taken(const struct tuple *tuple)
{
	bool is_reply;

	return flows_find(tuple, &is_reply);
}

/* The flow as it would be with this endpoint and source port. */
static struct flow flow_with(const struct hearing *hearing, const struct rules_endpoint *endpoint, uint16_t sport)
{
	struct flow flow = {
		.client = hearing->tuple,
		.backend = {.dst = endpoint->addr,
			    .sport = sport,
			    .dport = endpoint->port,
			    .proto = hearing->tuple.proto},
		.port = hearing->port,
		.endpoint = endpoint->identity,
		.device = hearing->at.device,
		.from_pod = hearing->at.hook == SR_HOOK_FROM_POD,
	};

	flow.snat = source_of(hearing, endpoint, &flow.backend.src);
	flow.host_client = hearing_caller(hearing) == CALLER_HOST;
	flow.host_backend = flow.host_client && place_is_host(&endpoint->addr);
	flow.past = flow.snat || (hearing->judge->options.forward_direct && !flow.host_client &&
				  place_way(&endpoint->addr).device != PLACE_NOWHERE);
	return flow;
}

/* Its own port where the client's address stays and nobody has the tuple; else one of the range. */
static const char *flow_port_wrong(const struct hearing *hearing, const struct flow *flow)
{
	struct tuple own = flow->backend, answer = tuple_turned(&flow->backend);

	own.sport = hearing->tuple.sport;
	answer = tuple_turned(&own);
	if (!flow->snat && !is_taken(&answer))
		return flow->backend.sport == own.sport ? NULL : "the client's source port to stay";
	if (flow->backend.sport < KERNEL_SNAT_LOW || flow->backend.sport > KERNEL_SNAT_HIGH)
		return "a source port of the range";
	answer = tuple_turned(&flow->backend);
	return is_taken(&answer) ? "a source port that no other flow has" : NULL;
}

static bool is_in_set(const struct rules_endpoint *endpoint, bool local)
{
	return local ? endpoint->in_local : endpoint->in_cluster;
}

static unsigned int set_size(const struct rules_port *port, bool local)
{
	unsigned int num = 0;

	for (unsigned int i = 0; i < port->num_endpoints; i++)
		num += is_in_set(&port->endpoint[i], local);
	return num;
}

static const struct rules_endpoint *set_find(const struct rules_port *port, bool local, const struct wire_view *got,
					     unsigned int *place)
{
	*place = 0;
	for (unsigned int i = 0; i < port->num_endpoints; i++) {
		const struct rules_endpoint *endpoint = &port->endpoint[i];

		if (!is_in_set(endpoint, local))
			continue;
		if (endpoint->port == got->dport && sr_addr_compare(&endpoint->addr, &got->dst) == 0)
			return endpoint;
		++*place;
	}
	return NULL;
}

/* The endpoint that this flow must be given: again, with affinity, or by agreement; NULL: any. */
static const struct rules_endpoint *set_due(const struct hearing *hearing, bool local)
{
	const struct rules_endpoint *endpoint = NULL;
	uint64_t identity;

	if (sticky_is_doubtful(hearing->port, &hearing->view.src))
		return NULL;
	if (hearing->port->service->affinity && sticky_recall(hearing->port, &hearing->view.src, &identity))
		endpoint = rules_endpoint(hearing->port, identity);
	return endpoint && is_in_set(endpoint, local) ? endpoint
						      : agreement_find(hearing->port, local, &hearing->tuple);
}

/* The endpoint of the set that no route leads to, if this caller's flow must know its way. */
static const struct rules_endpoint *set_unreachable(const struct hearing *hearing, bool local, unsigned int *place)
{
	const struct rules_port *port = hearing->port;

	*place = 0;
	if (hearing_caller(hearing) == CALLER_POD && !is_stranger(hearing) && !hearing->judge->options.forward_direct)
		return NULL;
	for (unsigned int i = 0; i < port->num_endpoints; i++) {
		struct sr_addr unreachable = place_addr(PLACE_UNREACHABLE, hearing->view.family);

		if (!is_in_set(&port->endpoint[i], local))
			continue;
		if (sr_addr_compare(&port->endpoint[i].addr, &unreachable) == 0)
			return &port->endpoint[i];
		++*place;
	}
	return NULL;
}

/* Its turn came: no flow begins. */
static bool judge_unreachable(struct hearing *hearing, bool local)
{
	const struct rules_endpoint *due = set_due(hearing, local), *endpoint;
	unsigned int place;

	endpoint = set_unreachable(hearing, local, &place);
	if (!endpoint || (due && due != endpoint))
		return judge_fail(hearing->judge, "an endpoint that has a route");
	if (hearing->judge->is_drawing && !due && !hearing->is_second_choice)
		spread_count(hearing->port, local, set_size(hearing->port, local), place);
	if (hearing->port->service->affinity)
		sticky_record(hearing->port, &hearing->view.src, endpoint->identity);
	return judge_refused(hearing, SR_DROP_NO_ROUTE);
}

/* Read off what was chosen, and remember it. NULL: `wrong` is said. */
static struct flow *judge_choice(struct hearing *hearing, bool local)
{
	const struct rules_endpoint *due = set_due(hearing, local), *endpoint;
	struct judge *judge = hearing->judge;
	struct wire_view got;
	unsigned int place;
	struct flow flow;
	const char *wrong;

	wire_read(&got, &judge->got.out);
	endpoint = set_find(hearing->port, local, &got, &place);
	if (!endpoint || (due && due != endpoint)) {
		judge_fail(judge, "an endpoint of the %s set of %u%s", local ? "Local" : "Cluster",
			   set_size(hearing->port, local), due ? ", the one that it must be" : "");
		return NULL;
	}
	flow = flow_with(hearing, endpoint, got.sport);
	wrong = flow_port_wrong(hearing, &flow);
	if (wrong) {
		judge_fail(judge, "%s", wrong);
		return NULL;
	}
	if (judge->is_drawing && !due && !hearing->is_second_choice)
		spread_count(hearing->port, local, set_size(hearing->port, local), place);
	if (hearing->port->service->affinity)
		sticky_record(hearing->port, &hearing->view.src, endpoint->identity);
	return flows_add(&flow);
}

/*
 * The choice was made, but the packet does not show it: it was left to tc,
 * came with its last hop, or bears no ports. One more of the flow does.
 */
static bool judge_hidden(struct hearing *hearing, bool local)
{
	struct judge *judge = hearing->judge;
	struct kernel_result was = judge->got;
	struct hearing probe = *hearing;
	struct wire_frame frame = {};
	bool may_be_unreachable;
	unsigned int unused;
	struct flow *flow;
	bool is_fine;

	if (!hearing_probe(&probe, &frame, &judge->got))
		return judge_fail(judge, "the program to run");
	/* XDP leaves an endpoint without a route to tc, and begins no flow: the probe's choice is another. */
	may_be_unreachable = was.reason == SR_PASS_TO_TC && set_unreachable(hearing, local, &unused);
	probe.is_second_choice = hearing->is_second_choice || may_be_unreachable;
	if (may_be_unreachable && judge->got.reason == SR_DROP_NO_ROUTE) {
		is_fine = judge_unreachable(&probe, local);
		judge->got = was;
		return is_fine && judge_untouched(hearing, SR_PASS_TO_TC);
	}
	if (judge->got.reason != SR_OK)
		return judge_fail(judge, "the flow's next packet to be given an endpoint");
	flow = judge_choice(&probe, local);
	if (!flow || !judge_translated(&probe, flow, false))
		return false;
	judge->got = was;
	return may_be_unreachable ? judge_untouched(hearing, SR_PASS_TO_TC) : judge_translated(hearing, flow, false);
}

/* Nothing shows which endpoint was chosen. */
static bool is_hidden(const struct hearing *hearing)
{
	const struct kernel_result *got = &hearing->judge->got;

	if (got->reason == SR_OK)
		return hearing->view.part == WIRE_LATER;
	return (is_xdp(hearing) && got->reason == SR_PASS_TO_TC) || got->reason == SR_DROP_TTL ||
	       got->reason == SR_DROP_SCTP_FRAGMENT;
}

/* A source of our own: a pod's from elsewhere than its device, this host's from without; one that is no host's. */
static bool is_martian(const struct hearing *hearing)
{
	struct way way = place_way(&hearing->view.src);

	if (hearing_caller(hearing) == CALLER_HOST)
		return false;
	if (!wire_is_host(&hearing->view.src, hearing->view.family))
		return true;
	return (way.device == DEVICE_POD1 || way.device == DEVICE_POD2) && way.device != hearing->at.device;
}

bool judge_direct(struct hearing *hearing)
{
	struct judge *judge = hearing->judge;
	struct flow flow = {.client = hearing->tuple, .backend = hearing->tuple, .device = hearing->at.device};
	struct hearing probe = *hearing;
	struct kernel_result shown = judge->got;
	struct wire_frame frame = {};
	struct wire_view got;
	const char *wrong;

	if (is_xdp(hearing) && !is_for_us(hearing))
		return judge_untouched(hearing, SR_PASS_OTHER_HOST);
	if (is_martian(hearing))
		return judge_dropped(hearing, SR_DROP_MARTIAN);
	if (is_hidden(hearing) && !hearing_probe(&probe, &frame, &shown))
		return judge_fail(judge, "the program to run");
	wire_read(&got, &shown.out);
	flow.backend.sport = got.sport;
	wrong = flow_port_wrong(hearing, &flow);
	return wrong ? judge_fail(judge, "%s", wrong) : judge_translated(hearing, flows_add(&flow), false);
}

bool judge_new(struct hearing *hearing)
{
	struct judge *judge = hearing->judge;
	bool local = rules_is_local(&judge->rules, hearing->port, hearing->kind, hearing_caller(hearing),
				    &hearing->view.src);
	struct flow *flow;

	hearing->is_second_choice |= sticky_is_doubtful(hearing->port, &hearing->view.src);
	if (is_xdp(hearing) && !is_for_us(hearing))
		return judge_untouched(hearing, SR_PASS_OTHER_HOST);
	if (is_martian(hearing))
		return judge_dropped(hearing, SR_DROP_MARTIAN);
	if (!rules_is_listed(hearing->port, hearing->kind, &hearing->view.src))
		return judge_dropped(hearing, SR_DROP_SOURCE_RANGE);
	if (!set_size(hearing->port, local)) {
		if (local && set_size(hearing->port, false))
			return judge_dropped(hearing, SR_DROP_NO_LOCAL_ENDPOINT);
		return judge_refused(hearing, SR_DROP_NO_ENDPOINT);
	}
	if (judge->got.reason == SR_DROP_NO_ROUTE)
		return judge_unreachable(hearing, local);
	if (is_hidden(hearing))
		return judge_hidden(hearing, local);
	if (judge->got.reason != SR_OK)
		return judge_fail(judge, "to be given an endpoint");
	flow = judge_choice(hearing, local);
	return flow && judge_translated(hearing, flow, false);
}
