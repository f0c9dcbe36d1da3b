// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "judge.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "spread.h"

/* A packet before the judge. */
struct hearing {
	struct judge *judge;
	struct kernel_hook at;
	const struct wire_frame *in;
	struct wire_view view;
	struct tuple tuple;
	struct rules_port *port;
	enum rules_frontend kind;
};

static const char *const judge_reasons[SR_REASON_MAX] = {[0] = "translated",
#define X(code, name, text) [SR_PASS_INDEX_##code] = name,
							 SR_PASS_REASONS(X)
#undef X
#define X(code, name, text, refusal) [SR_DROP_INDEX_##code] = name,
								 SR_DROP_REASONS(X)
#undef X
};

const char *judge_reason(int reason)
{
	unsigned int index = sr_reason_index(reason);

	return index < SR_REASON_MAX ? judge_reasons[index] : "counted nowhere";
}

static const char *judge_verdict(enum kernel_verdict verdict)
{
	static const char *const names[] = {"passed", "dropped", "sent back", "redirected", "returned nonsense"};

	return names[verdict];
}

static bool judge_fail(struct judge *judge, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool judge_fail(struct judge *judge, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(judge->wrong, sizeof(judge->wrong), "expected %s; it was %s (%s)", text,
		 judge_verdict(judge->got.verdict), judge_reason(judge->got.reason));
	return false;
}

static bool is_xdp(const struct hearing *hearing)
{
	return hearing->at.hook == SR_HOOK_XDP_UPLINK;
}

static bool is_inbound(const struct hearing *hearing)
{
	return hearing->at.hook != SR_HOOK_TO_WIRE && hearing->at.hook != SR_HOOK_TO_POD;
}

static enum rules_caller hearing_caller(const struct hearing *hearing)
{
	if (hearing->at.hook == SR_HOOK_FROM_POD)
		return CALLER_POD;
	return is_inbound(hearing) ? CALLER_WIRE : CALLER_HOST;
}

static bool judge_same(struct judge *judge, const struct wire_frame *want)
{
	if (want->length == judge->got.out.length && memcmp(want->bytes, judge->got.out.bytes, want->length) == 0)
		return true;
	judge->want = *want;
	judge->has_want = true;
	return judge_fail(judge, "other bytes");
}

static bool judge_untouched(struct hearing *hearing, int reason)
{
	struct judge *judge = hearing->judge;

	if (judge->got.verdict != KERNEL_PASS || judge->got.reason != reason)
		return judge_fail(judge, "to pass untouched (%s)", judge_reason(reason));
	return judge_same(judge, hearing->in);
}

static bool judge_dropped(struct hearing *hearing, int reason)
{
	if (hearing->judge->got.verdict != KERNEL_DROP || hearing->judge->got.reason != reason)
		return judge_fail(hearing->judge, "a silent drop (%s)", judge_reason(reason));
	return true;
}

/* --- refusals ---------------------------------------------------------------------------- */

/* RFC 792; RFC 4443, section 3. */
static void refusal_type(uint8_t out[2], int family, int reason)
{
	bool expired = reason == SR_DROP_TTL;

	if (family == 4) {
		out[0] = expired ? 11 : 3;
		out[1] = expired ? 0 : 3;
	} else {
		out[0] = expired ? 3 : 1;
		out[1] = expired ? 0 : 4;
	}
}

/* Is it an ICMP error from `from` to the packet's sender, that quotes the packet? */
static const char *refusal_wrong(const struct hearing *hearing, const struct wire_frame *got, struct sr_addr from,
				 int reason)
{
	const uint8_t *ip = got->bytes + WIRE_LINK, *quoted = hearing->in->bytes + WIRE_LINK;
	size_t header = hearing->view.family == 4 ? 20 : 40, max = hearing->view.family == 4 ? 576 : 1280;
	size_t whole = hearing->view.end - WIRE_LINK;
	size_t quote = whole < max - header - 8 ? whole : max - header - 8;
	struct wire_view view;
	uint8_t type[2];

	wire_read(&view, got);
	refusal_type(type, hearing->view.family, reason);
	if (got->length != WIRE_LINK + header + 8 + quote || view.end != got->length || view.l4 != WIRE_LINK + header)
		return "an ICMP error of another length";
	if (view.proto != (view.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return "ICMP";
	if (sr_addr_compare(&view.src, &from) != 0 || sr_addr_compare(&view.dst, &hearing->view.src) != 0)
		return "an ICMP error from this node to the sender";
	if (memcmp(ip + header, type, 2) != 0)
		return "an ICMP error of another type";
	if (memcmp(ip + header + 8, quoted, quote) != 0)
		return "a quote of the packet as it came";
	if (view.family == 4 && wire_sum(ip, header, 0) != 0xffff)
		return "a right checksum of the IP header";
	if (wire_sum(ip + header, 8 + quote, view.family == 4 ? 0 : wire_pseudo_sum(&view, 8 + quote)) != 0xffff)
		return "a right ICMP checksum";
	if (memcmp(got->bytes, hearing->in->bytes + 6, 6) != 0 || memcmp(got->bytes + 6, hearing->in->bytes, 6) != 0)
		return "a frame back to where it came from";
	return NULL;
}

/* Does nobody answer such a packet? Later fragments bear no ports; errors go to hosts, not to many. */
static bool refusal_is_silent(const struct hearing *hearing)
{
	const struct sr_addr *src = &hearing->view.src;
	uint8_t first = hearing->view.family == 4 ? src->byte[12] : src->byte[0];

	if (hearing->view.part == WIRE_LATER || hearing->in->bytes[0] & 1)
		return true;
	return hearing->view.family == 4 ? !first || first == 127 || first >= 224
					 : first == 0xff || sr_addr_is_zero(src);
}

static bool judge_refused(struct hearing *hearing, int reason)
{
	struct judge *judge = hearing->judge;
	struct sr_addr from = place_node_address(hearing->at.device, hearing->view.family);
	const char *wrong;

	if (is_xdp(hearing))
		return judge_untouched(hearing, SR_PASS_TO_TC);
	if (refusal_is_silent(hearing))
		return judge_dropped(hearing, reason);
	if (judge->got.verdict != KERNEL_REDIRECT || judge->got.reason != reason)
		return judge_fail(judge, "a refusal (%s)", judge_reason(reason));
	if (!is_inbound(hearing))
		from = hearing->view.dst;
	wrong = refusal_wrong(hearing, &judge->got.out, from, reason);
	return wrong ? judge_fail(judge, "%s", wrong) : true;
}

/* --- translation ------------------------------------------------------------------------- */

enum end {
	END_PASS,     /* to the stack */
	END_REDIRECT, /* it leaves at once */
	END_BACK,     /* by XDP */
	END_TO_TC,    /* XDP cannot finish it */
	END_EXPIRED,
	END_NO_ROUTE,
	END_TO_HOST, /* into the host's stack, by another device */
};

/* How a half's packet leaves, once it is rewritten. */
static enum end translation_end(const struct hearing *hearing, const struct flow *flow, bool is_reply)
{
	const struct sr_addr *dst = is_reply ? &flow->client.src : &flow->backend.dst;
	struct way way = place_way(dst);

	if (!flow->snat)
		return END_PASS;
	if (is_reply ? flow->host_client : flow->host_backend)
		return is_xdp(hearing) ? END_TO_TC : END_TO_HOST;
	if (hearing->view.ttl <= 1)
		return is_xdp(hearing) ? END_TO_TC : END_EXPIRED;
	if (!is_xdp(hearing))
		return way.has_route ? END_REDIRECT : END_NO_ROUTE;
	if (way.device != hearing->at.device || !way.mac || hearing->view.end - WIRE_LINK > 1500)
		return END_TO_TC;
	return END_BACK;
}

static void translation_frame(struct wire_frame *out, const struct hearing *hearing, const struct flow *flow,
			      bool is_reply, enum end end)
{
	struct tuple turned = tuple_turned(&flow->client);
	const struct tuple *to = is_reply ? &turned : &flow->backend;
	struct wire_change change = {.src = to->src, .dst = to->dst, .sport = to->sport, .dport = to->dport};

	change.hop = end == END_BACK || end == END_REDIRECT;
	if (end == END_BACK) {
		change.src_mac = hearing->at.device == DEVICE_ETH1 ? 0x14 : 0x04;
		change.dst_mac = place_way(&to->dst).mac;
	}
	*out = *hearing->in;
	wire_rewrite(out, &hearing->view, &change);
	/* As it would have come by the device that leads to the service. */
	if (end == END_TO_HOST)
		memcpy(out->bytes, (uint8_t[]){2, 0, 0, 0, 0, place_way(&to->src).device == DEVICE_ETH1 ? 0x14 : 0x04},
		       6);
}

static bool judge_translated(struct hearing *hearing, const struct flow *flow, bool is_reply)
{
	enum end end = translation_end(hearing, flow, is_reply);
	struct judge *judge = hearing->judge;
	struct wire_frame want;
	enum kernel_verdict verdict = KERNEL_REDIRECT;

	if (end == END_TO_TC)
		return judge_untouched(hearing, SR_PASS_TO_TC);
	if (end == END_EXPIRED)
		return judge_refused(hearing, SR_DROP_TTL);
	if (end == END_NO_ROUTE)
		return judge_dropped(hearing, SR_DROP_NO_ROUTE);
	if (end == END_PASS || end == END_BACK)
		verdict = end == END_PASS ? KERNEL_PASS : KERNEL_BACK;
	if (judge->got.verdict != verdict || judge->got.reason != SR_OK)
		return judge_fail(judge, "to be translated (%s), to be %s", is_reply ? "an answer" : "of a known flow",
				  judge_verdict(verdict));
	translation_frame(&want, hearing, flow, is_reply, end);
	return judge_same(judge, &want);
}

/* --- a known flow ------------------------------------------------------------------------ */

#define FLAG_FIN 0x01
#define FLAG_SYN 0x02
#define FLAG_RST 0x04
#define FLAG_ACK 0x10

static bool flow_is_closing(const struct flow *flow)
{
	return flow->reset || (flow->fin_client && flow->fin_server);
}

/* Does the client's packet belong to its flow, or begin another on the same tuple? */
static bool flow_goes_on(const struct hearing *hearing, const struct flow *flow)
{
	const struct rules_endpoint *endpoint = rules_endpoint(flow->port, flow->endpoint);

	if (hearing->view.proto == IPPROTO_UDP)
		return endpoint;
	if ((hearing->view.tcp_flags & (FLAG_SYN | FLAG_ACK)) != FLAG_SYN)
		return true;
	return endpoint && (endpoint->in_cluster || endpoint->in_local) && !flow_is_closing(flow);
}

static void flow_track(const struct hearing *hearing, struct flow *flow, bool is_reply)
{
	if (hearing->view.proto != IPPROTO_TCP)
		return;
	if (hearing->view.tcp_flags & FLAG_FIN)
		*(is_reply ? &flow->fin_server : &flow->fin_client) = true;
	if (hearing->view.tcp_flags & FLAG_RST)
		flow->reset = true;
}

/* --- a new flow -------------------------------------------------------------------------- */

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

/* Affinity: the endpoint that this client must be given again; NULL: any. */
static const struct rules_endpoint *set_sticky(const struct hearing *hearing, bool local)
{
	const struct rules_endpoint *endpoint;
	uint64_t identity;

	if (!hearing->port->service->affinity || !sticky_recall(hearing->port, &hearing->view.src, &identity))
		return NULL;
	endpoint = rules_endpoint(hearing->port, identity);
	return endpoint && is_in_set(endpoint, local) ? endpoint : NULL;
}

/* Read off what was chosen, and remember it. NULL: `wrong` is said. */
static struct flow *judge_choice(struct hearing *hearing, bool local)
{
	const struct rules_endpoint *sticky = set_sticky(hearing, local), *endpoint;
	struct judge *judge = hearing->judge;
	struct wire_view got;
	unsigned int place;
	struct flow flow;
	const char *wrong;

	wire_read(&got, &judge->got.out);
	endpoint = set_find(hearing->port, local, &got, &place);
	if (!endpoint || (sticky && sticky != endpoint)) {
		judge_fail(judge, "an endpoint of the %s set of %u%s", local ? "Local" : "Cluster",
			   set_size(hearing->port, local), sticky ? ", the one that the client had" : "");
		return NULL;
	}
	flow = flow_with(hearing, endpoint, got.sport);
	wrong = flow_port_wrong(hearing, &flow);
	if (wrong) {
		judge_fail(judge, "%s", wrong);
		return NULL;
	}
	if (judge->is_drawing && !sticky)
		spread_count(set_size(hearing->port, local), place);
	if (hearing->port->service->affinity)
		sticky_record(hearing->port, &hearing->view.src, endpoint->identity);
	return flows_add(&flow);
}

/* A packet of the same flow, whole and in good health. */
static void hidden_probe(struct hearing *hearing, struct wire_frame *frame)
{
	struct wire_packet packet = {
		.family = hearing->view.family,
		.proto = hearing->tuple.proto,
		.src = hearing->tuple.src,
		.dst = hearing->tuple.dst,
		.sport = hearing->tuple.sport,
		.dport = hearing->tuple.dport,
		.ttl = 64,
		.tcp_flags = FLAG_ACK,
	};

	wire_make(frame, &packet);
	wire_read(&hearing->view, frame);
	hearing->in = frame;
	if (is_xdp(hearing))
		hearing->at.hook = SR_HOOK_FROM_WIRE;
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
	struct flow *flow;

	hidden_probe(&probe, &frame);
	if (kernel_run(&probe.at, &frame, &judge->got) < 0)
		return judge_fail(judge, "the program to run");
	if (judge->got.reason != SR_OK)
		return judge_fail(judge, "the flow's next packet to be given an endpoint");
	flow = judge_choice(&probe, local);
	if (!flow || !judge_translated(&probe, flow, false))
		return false;
	judge->got = was;
	return judge_translated(hearing, flow, false);
}

/* Nothing shows which endpoint was chosen. */
static bool is_hidden(const struct hearing *hearing)
{
	const struct kernel_result *got = &hearing->judge->got;

	if (got->reason == SR_OK)
		return hearing->view.part == WIRE_LATER;
	return (is_xdp(hearing) && got->reason == SR_PASS_TO_TC) || got->reason == SR_DROP_TTL;
}

static bool judge_new(struct hearing *hearing)
{
	struct judge *judge = hearing->judge;
	bool local = rules_is_local(&judge->rules, hearing->port, hearing->kind, hearing_caller(hearing),
				    &hearing->view.src);
	struct flow *flow;

	if (!rules_is_listed(hearing->port, hearing->kind, &hearing->view.src))
		return judge_dropped(hearing, SR_DROP_SOURCE_RANGE);
	if (!set_size(hearing->port, local)) {
		if (local && set_size(hearing->port, false))
			return judge_dropped(hearing, SR_DROP_NO_LOCAL_ENDPOINT);
		return judge_refused(hearing, SR_DROP_NO_ENDPOINT);
	}
	if (is_hidden(hearing))
		return judge_hidden(hearing, local);
	if (judge->got.reason != SR_OK)
		return judge_fail(judge, "to be given an endpoint");
	flow = judge_choice(hearing, local);
	return flow && judge_translated(hearing, flow, false);
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
	return judge_untouched(hearing, SR_PASS_NOT_A_SERVICE);
}

/* --- both ways --------------------------------------------------------------------------- */

static bool judge_in(struct hearing *hearing)
{
	bool is_reply;
	struct flow *flow = flows_find(&hearing->tuple, &is_reply);

	if (flow && is_reply && !flow->snat)
		return judge_untouched(hearing, SR_PASS_NOT_A_SERVICE);
	if (flow && !is_reply && !flow_goes_on(hearing, flow)) {
		flow->gone = true;
		flow = NULL;
	}
	if (!flow)
		return judge_unknown(hearing);
	flow_track(hearing, flow, is_reply);
	return judge_translated(hearing, flow, is_reply);
}

static bool judge_out(struct hearing *hearing)
{
	bool is_reply;
	struct flow *flow = flows_find(&hearing->tuple, &is_reply);

	if (!flow || !is_reply || flow->snat)
		return judge_untouched(hearing, SR_PASS_NOT_A_REPLY);
	flow_track(hearing, flow, true);
	return judge_translated(hearing, flow, true);
}

/* A frame that is no packet of ours goes on as it came. */
static bool judge_foreign(struct hearing *hearing)
{
	static const int reasons[] = {[WIRE_NOT_IP] = SR_PASS_NOT_IP,
				      [WIRE_VLAN] = SR_PASS_VLAN,
				      [WIRE_MALFORMED] = SR_PASS_MALFORMED,
				      [WIRE_OTHER] = SR_PASS_NOT_SERVED_PROTO};

	/* A ClusterIP has nothing but its ports; XDP leaves other protocols to tc. */
	if (hearing->view.kind == WIRE_OTHER && is_inbound(hearing) && !is_xdp(hearing) &&
	    rules_is_cluster_ip(&hearing->judge->rules, &hearing->view.dst))
		return judge_dropped(hearing,
				     may_call_cluster_ips(hearing) ? SR_DROP_NO_SUCH_PORT : SR_DROP_NOT_REACHABLE);
	return judge_untouched(hearing, reasons[hearing->view.kind]);
}

/* What this model has no word on yet must at least not be half changed. */
static bool judge_is_unspoken(const struct hearing *hearing)
{
	return hearing->view.proto == IPPROTO_ICMP || hearing->view.proto == IPPROTO_ICMPV6 ||
	       hearing->view.proto == IPPROTO_SCTP;
}

static bool judge_unspoken(struct hearing *hearing)
{
	struct judge *judge = hearing->judge;

	return judge->got.verdict != KERNEL_PASS || judge_same(judge, hearing->in);
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
	if (judge_is_unspoken(&hearing))
		return judge_unspoken(&hearing);
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

void judge_take(struct judge *judge, const struct cluster *cluster)
{
	rules_take(&judge->rules, cluster);
}

const char *judge_spread(void)
{
	return spread_wrong();
}
