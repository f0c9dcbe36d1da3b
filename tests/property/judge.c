// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "judge.h"

#include <netinet/in.h>
#include <string.h>

#include "choice.h"
#include "errors.h"
#include "refusal.h"
#include "spread.h"
#include "termination.h"
#include "translation.h"

/* --- a known flow ------------------------------------------------------------------------ */

/* Is the flow still with its endpoint, in the kernel's eyes? If this packet does not show it, its next one does. */
static bool flow_stays(const struct hearing *hearing, const struct flow *flow)
{
	struct kernel_result got = hearing->judge->got;
	struct hearing probe = *hearing;
	struct wire_frame frame = {};
	struct wire_view view;

	if (got.reason == SR_PASS_TO_TC || got.reason == SR_DROP_TTL || got.reason == SR_DROP_SCTP_FRAGMENT) {
		if (!hearing_probe(&probe, &frame, &got))
			return false;
	}
	if (got.reason != SR_OK)
		return false;
	wire_read(&view, &got.out);
	return view.dport == flow->backend.dport && view.sport == flow->backend.sport &&
	       sr_addr_compare(&view.dst, &flow->backend.dst) == 0;
}

/* A flow that seems to have stayed may be a new one that was given the same endpoint again. */
static void judge_doubt_affinity(const struct hearing *hearing)
{
	const struct tuple *tuple = &hearing->tuple;
	enum rules_frontend kind;
	const struct rules_port *port =
		rules_find(&hearing->judge->rules, &tuple->dst, tuple->dport, tuple->proto, &kind);

	if (port && port->service->affinity)
		sticky_doubt(port, &tuple->src);
}

/*
 * Does the client's packet belong to its flow, or begin another on the same
 * tuple? Where there was a reset, or a SYN calls an endpoint that takes no new
 * flows, that hangs on what was heard, and when: this model has no clock.
 */
static bool flow_goes_on(const struct hearing *hearing, const struct flow *flow)
{
	const struct rules_endpoint *endpoint = flow->port ? rules_endpoint(flow->port, flow->endpoint) : NULL;

	if (hearing->view.proto == IPPROTO_UDP)
		return endpoint;
	if ((hearing->view.tcp_flags & (FLAG_SYN | FLAG_ACK)) != FLAG_SYN)
		return true;
	if (flow->fin_client && flow->fin_server)
		return false;
	if (hearing->judge->options.terminate && flow->port && !endpoint)
		return false;
	if (!flow->reset && (!flow->port || (endpoint && (endpoint->in_cluster || endpoint->in_local))))
		return true;
	if (!flow_stays(hearing, flow))
		return false;
	judge_doubt_affinity(hearing);
	return true;
}

static void flow_track(const struct hearing *hearing, struct flow *flow, bool is_reply)
{
	if (hearing->view.proto == IPPROTO_UDP)
		return;
	if ((hearing->view.tcp_flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN)
		flow->fin_client = flow->fin_server = false;
	if (hearing->view.tcp_flags & FLAG_RST)
		flow->reset = true;
	if (hearing->view.tcp_flags & FLAG_FIN)
		*(is_reply ? &flow->fin_server : &flow->fin_client) = true;
}

/* --- one that is not known --------------------------------------------------------------- */

/* A direct call of a backend, from a port on which the same client has called it by its service. */
static bool is_collision(const struct hearing *hearing)
{
	struct tuple turned = tuple_turned(&hearing->tuple);
	bool is_reply;
	const struct flow *flow = flows_find(&turned, &is_reply);

	if (!is_inbound(hearing))
		return false;
	/* What is over does not count, and that a reset is the last word the model does not know. */
	if (flow && (flow->reset || (flow->fin_client && flow->fin_server)) &&
	    hearing->judge->got.reason == SR_PASS_NOT_A_SERVICE)
		return false;
	return flow && is_reply && !flow->snat && hearing->view.proto != IPPROTO_UDP &&
	       (hearing->view.tcp_flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN;
}

static bool may_call_cluster_ips(const struct hearing *hearing)
{
	return hearing_caller(hearing) != CALLER_WIRE || hearing->judge->options.allow_external_clusterip;
}

static bool judge_unknown(struct hearing *hearing)
{
	struct judge *judge = hearing->judge;
	bool may_call = may_call_cluster_ips(hearing);

	hearing->port = rules_find(&judge->rules, &hearing->tuple.dst, hearing->tuple.dport, hearing->tuple.proto,
				   &hearing->kind);
	if (hearing->kind == RULES_CLUSTER_IP && !may_call)
		return judge_dropped(hearing, SR_DROP_NOT_REACHABLE);
	if (hearing->port)
		return judge_new(hearing);
	if (cluster_has[FEATURE_NO_SUCH_PORT] && rules_is_cluster_ip(&judge->rules, &hearing->tuple.dst))
		return may_call ? judge_refused(hearing, SR_DROP_NO_SUCH_PORT)
				: judge_dropped(hearing, SR_DROP_NOT_REACHABLE);
	if (rules_is_unallocated(&judge->rules, &hearing->tuple.dst))
		return judge_dropped(hearing, may_call ? SR_DROP_UNALLOCATED : SR_DROP_NOT_REACHABLE);
	if (is_collision(hearing))
		return judge_direct(hearing);
	return judge_untouched(hearing, SR_PASS_NOT_A_SERVICE);
}

/* --- both ways --------------------------------------------------------------------------- */

/* A packet that may be for a service, of a known flow or of a new one. */
static bool judge_served(struct hearing *hearing, struct flow *flow, bool is_reply)
{
	/* After a reset the same endpoint may have been chosen again, unseen: such choices are not counted. */
	if (flow && !is_reply && !flow_goes_on(hearing, flow)) {
		hearing->is_second_choice = flow->reset;
		flow->gone = true;
		flow = NULL;
	}
	if (!flow)
		return judge_unknown(hearing);
	flow_track(hearing, flow, is_reply);
	if (flow->reset && is_xdp(hearing) && hearing->judge->got.reason == SR_PASS_TO_TC)
		return judge_untouched(hearing, SR_PASS_TO_TC);
	return is_terminated(hearing, flow) ? judge_terminated(hearing, flow, is_reply)
					    : judge_translated(hearing, flow, is_reply);
}

static bool judge_in(struct hearing *hearing)
{
	bool is_reply;
	struct flow *flow = flows_find(&hearing->tuple, &is_reply);

	if (flow && is_reply && !flow->past)
		return judge_untouched(hearing, SR_PASS_NOT_A_SERVICE);
	return judge_served(hearing, flow, is_reply);
}

/* On its way out a packet is an answer (also one that was to be met on its way in), or the host's own. */
static bool judge_out(struct hearing *hearing)
{
	bool is_reply;
	struct flow *flow = flows_find(&hearing->tuple, &is_reply);

	if ((!flow || !is_reply || flow->snat) && !hearing->at.from_host)
		return judge_untouched(hearing, SR_PASS_NOT_A_REPLY);
	return judge_served(hearing, flow, is_reply);
}

/* Of ICMP only echo requests may be answered by an error. */
static bool is_unanswerable(const struct hearing *hearing)
{
	const struct wire_view *view = &hearing->view;
	bool v4 = view->family == 4;

	if (view->proto != (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return false;
	return view->l4 >= view->end || hearing->in->bytes[view->l4] != (v4 ? 8 : 128);
}

/* Another protocol, to a ClusterIP: refused like a port that it has not. */
static bool judge_stray(struct hearing *hearing)
{
	if (!may_call_cluster_ips(hearing))
		return judge_dropped(hearing, SR_DROP_NOT_REACHABLE);
	return is_unanswerable(hearing) ? judge_dropped(hearing, SR_DROP_NO_SUCH_PORT)
					: judge_refused(hearing, SR_DROP_NO_SUCH_PORT);
}

/* A frame that is no packet of ours goes on as it came. */
static bool judge_foreign(struct hearing *hearing)
{
	static const int reasons[] = {[WIRE_NOT_IP] = SR_PASS_NOT_IP,
				      [WIRE_VLAN] = SR_PASS_VLAN,
				      [WIRE_MALFORMED] = SR_PASS_MALFORMED,
				      [WIRE_OTHER] = SR_PASS_NOT_SERVED_PROTO};

	const struct rules *rules = &hearing->judge->rules;

	/* XDP leaves other protocols to tc. */
	if (hearing->view.kind != WIRE_OTHER || (!is_inbound(hearing) && !hearing->at.from_host) || is_xdp(hearing))
		return judge_untouched(hearing, reasons[hearing->view.kind]);
	if (rules_is_cluster_ip(rules, &hearing->view.dst))
		return judge_stray(hearing);
	if (rules_is_unallocated(rules, &hearing->view.dst))
		return judge_dropped(hearing,
				     may_call_cluster_ips(hearing) ? SR_DROP_UNALLOCATED : SR_DROP_NOT_REACHABLE);
	return judge_untouched(hearing, reasons[WIRE_OTHER]);
}

bool judge_packet(struct judge *judge, const struct kernel_hook *at, const struct wire_frame *frame)
{
	struct hearing hearing = {.judge = judge, .at = *at, .in = frame};

	judge->wrong[0] = 0;
	judge->has_want = false;
	judge->got = (struct kernel_result){.verdict = KERNEL_UNKNOWN};
	if (kernel_run(at, frame, &judge->got) < 0)
		return judge_fail(judge, "the program to run");
	wire_read(&hearing.view, frame);
	if (is_inbound(&hearing) && !is_xdp(&hearing) && at->hook != SR_HOOK_FROM_POD && !is_for_us(&hearing))
		return judge_untouched(&hearing, SR_PASS_OTHER_HOST);
	if (error_concerns(&hearing))
		return judge_error(&hearing);
	if (hearing.view.kind != WIRE_SERVED)
		return judge_foreign(&hearing);
	if (hearing.view.part != WIRE_WHOLE && is_xdp(&hearing))
		return judge_untouched(&hearing, SR_PASS_TO_TC);
	if (hearing.view.part == WIRE_FIRST)
		fragments_note(&hearing.view);
	if (hearing.view.part == WIRE_LATER && !fragments_recall(&hearing.view))
		return judge_untouched(&hearing, SR_PASS_FRAGMENT);
	hearing.tuple = tuple_of(&hearing.view);
	return is_inbound(&hearing) ? judge_in(&hearing) : judge_out(&hearing);
}

void judge_begin(struct judge *judge, const struct cluster_options *options)
{
	memset(&judge->rules, 0, sizeof(judge->rules));
	judge->options = *options;
	judge->rules.options = &judge->options;
	flows_clear();
	sticky_clear();
}

/* UDP follows its address to another service, or to none. (What lost its endpoint moves with its next packet.) */
static bool flow_is_cast_off(const struct flow *flow, void *context)
{
	enum rules_frontend kind;

	return flow->client.proto == IPPROTO_UDP && rules_endpoint(flow->port, flow->endpoint) &&
	       rules_find(context, &flow->client.dst, flow->client.dport, IPPROTO_UDP, &kind) != flow->port;
}

void judge_take(struct judge *judge, const struct cluster *cluster)
{
	spread_fold();
	rules_take(&judge->rules, cluster);
	flows_drop(flow_is_cast_off, &judge->rules);
}

const char *judge_spread(void)
{
	return spread_wrong();
}
