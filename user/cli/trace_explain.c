// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a program's run means, told by what it read and what it wrote. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/flow_show.h"
#include "cli/reasons.h"
#include "cli/show.h"
#include "cli/trace.h"

/* --- the service -------------------------------------------------------------------------- */

struct sr_hostport sr_trace_called(const struct sr_tuple *tuple)
{
	return (struct sr_hostport){.addr = tuple->dst, .port = tuple->dport, .proto = tuple->proto};
}

static bool is_pod(const struct sr_trace *trace)
{
	const struct sr_strings *list = &trace->settings.cluster_cidrs;
	struct sr_cidr cidr;

	for (size_t i = 0; i < list->num; i++)
		if (sr_cidr_parse_masked(&cidr, list->item[i]) == 0 && sr_cidr_contains(&cidr, &trace->tuple.src))
			return true;
	return trace->side != SR_TRACE_WIRE;
}

enum sr_set sr_trace_set(const struct sr_trace *trace, const struct sr_service *service, uint8_t kind, const char **why)
{
	if (kind == SR_FRONTEND_HOST_PORT) {
		*why = "a host port's own pod";
		return SR_SET_CLUSTER;
	}
	if (kind == SR_FRONTEND_CLUSTER_IP) {
		*why = service->flags & SR_SERVICE_INTERNAL_LOCAL ? "internalTrafficPolicy Local: on this node"
								  : "internalTrafficPolicy Cluster";
		return service->flags & SR_SERVICE_INTERNAL_LOCAL ? SR_SET_LOCAL : SR_SET_CLUSTER;
	}
	*why = "externalTrafficPolicy Cluster";
	if (!(service->flags & SR_SERVICE_EXTERNAL_LOCAL))
		return SR_SET_CLUSTER;
	*why = "externalTrafficPolicy Local, which does not hold for callers within the cluster";
	if (is_pod(trace))
		return SR_SET_CLUSTER;
	*why = "externalTrafficPolicy Local: on this node";
	return SR_SET_LOCAL;
}

size_t sr_trace_set_size(const struct sr_service *service, enum sr_set set, unsigned int *weights)
{
	size_t num = 0;

	*weights = 0;
	for (size_t i = 0; i < service->num_endpoints; i++) {
		if (!(service->endpoints[i].flags & 1 << set))
			continue;
		*weights += service->endpoints[i].weight;
		num++;
	}
	return num;
}

static void explain_sources(const struct sr_trace *trace, const struct sr_service *service, uint8_t kind, json_t *json)
{
	bool is_listed = false;
	char text[SR_ADDR_TEXT];

	if (kind != SR_FRONTEND_LOAD_BALANCER || !(service->flags & SR_SERVICE_SOURCE_RANGES))
		return;
	for (size_t i = 0; i < service->num_sources; i++)
		is_listed = is_listed || sr_cidr_contains(&service->sources[i], &trace->tuple.src);
	sr_trace_say(json, "sources", "loadBalancerSourceRanges %s %s", is_listed ? "admit" : "do not list",
		     sr_addr_format(text, &trace->tuple.src));
}

static const struct sr_service *explain_frontend(const struct sr_trace *trace, const struct sr_tuple *tuple,
						 uint8_t *kind, json_t *json)
{
	struct sr_hostport at = sr_trace_called(tuple);
	const struct sr_service *service = sr_flow_names_called(&trace->names, &at);
	const struct sr_frontend_spec *frontend = service ? sr_service_frontend(service, &at) : NULL;
	sr_autofree char *name = service ? sr_show_name(service) : NULL;
	char text[SR_HOSTPORT_TEXT];

	sr_hostport_format(text, &at);
	if (frontend)
		sr_trace_say(json, "frontend", "%s, %s of %s", text, sr_show_kind(frontend->kind), name ? name : "?");
	else
		sr_trace_say(json, "frontend", "none at %s", text);
	*kind = frontend ? frontend->kind : SR_FRONTEND_PASS;
	return frontend ? service : NULL;
}

static void explain_policy(const struct sr_trace *trace, const struct sr_service *service, uint8_t kind, json_t *json)
{
	unsigned int weights;
	const char *why;
	enum sr_set set = sr_trace_set(trace, service, kind, &why);
	size_t num = sr_trace_set_size(service, set, &weights);

	if (kind == SR_FRONTEND_PASS) {
		sr_trace_say(json, "policy", "its packets are left to the host");
		return;
	}
	explain_sources(trace, service, kind, json);
	sr_trace_say(json, "policy", "%s: %zu of %zu endpoint%s", why, num, service->num_endpoints,
		     service->num_endpoints == 1 ? "" : "s");
}

/* --- the endpoint ------------------------------------------------------------------------- */

static const struct sr_endpoint *find_endpoint(const struct sr_service *service, uint32_t id)
{
	for (size_t i = 0; service && i < service->num_endpoints; i++)
		if (service->endpoints[i].id == id)
			return &service->endpoints[i];
	return NULL;
}

/* An endpoint that is itself a frontend leads on. */
static void explain_backend(const struct sr_trace *trace, const struct sr_conn_found *conn, json_t *json)
{
	const struct sr_service *service = sr_flow_names_find(&trace->names, &conn->flow);
	const struct sr_endpoint *endpoint = find_endpoint(service, conn->half.backend);
	struct sr_hostport first = conn->flow.backend;
	char text[SR_HOSTPORT_TEXT], last[SR_HOSTPORT_TEXT];
	const char *where = !endpoint				   ? ", which gets no new connections"
			    : endpoint->flags & SR_BACKEND_ON_NODE ? ", on this node"
								   : "";

	sr_hostport_format(last, &first);
	if (endpoint) {
		first.addr = endpoint->addr;
		first.port = endpoint->port;
	}
	if (strcmp(sr_hostport_format(text, &first), last) == 0)
		sr_trace_say(json, "backend", "%s%s", text, where);
	else
		sr_trace_say(json, "backend", "%s, a frontend that leads to %s", text, last);
}

/* Why a new connection was given this endpoint; the clients' memory is what it was before. */
static void explain_why(struct sr_trace *trace, const struct sr_service *service, uint8_t kind, uint32_t known,
			uint32_t seconds, const struct sr_conn_found *conn, json_t *json)
{
	const struct sr_endpoint *endpoint = find_endpoint(service, conn->half.backend);
	char duration[SR_DURATION_TEXT];
	unsigned int weights;
	const char *policy;
	size_t num = sr_trace_set_size(service, sr_trace_set(trace, service, kind, &policy), &weights);

	if (service->affinity && known && known == conn->half.backend) {
		sr_trace_say(json, "why", "the client stays with it: ClientIP, last new connection %s ago",
			     sr_duration_format(duration, seconds));
		return;
	}
	sr_trace_say(json, "why", "%s%s",
		     num == 1				     ? "it is the only one"
		     : !(service->flags & SR_SERVICE_MAGLEV) ? "drawn at random"
		     : service->affinity		     ? "maglev: any gateway chooses it for this client"
							     : "maglev: any gateway chooses it for this flow",
		     service->affinity ? "; the client stays with it from now on" : "");
	if (num > 1)
		sr_trace_say(json, "share", "%u of %u", endpoint ? endpoint->weight : 1, weights);
}

static void explain_begun(struct sr_trace *trace, const struct sr_trace_step *step)
{
	uint32_t known = 0, seconds = 0;
	uint8_t kind;
	struct sr_conn_found conn;
	struct sr_hostport src = {
		.addr = step->in.tuple.src, .port = step->in.tuple.sport, .proto = step->in.tuple.proto};
	struct sr_hostport dst = sr_trace_called(&step->in.tuple);
	const struct sr_service *service;

	sr_trace_say(step->json, "connection", "none");
	service = explain_frontend(trace, &step->in.tuple, &kind, step->json);
	if (!service)
		return;
	explain_policy(trace, service, kind, step->json);
	if (step->end.reason != SR_OK || sr_conns_find(sr_tracer_copy(trace->tracer), &src, &dst, &conn, NULL) < 0)
		return;
	if (service->affinity)
		sr_tracer_affinity(trace->datapath, &src.addr, service->id, service->affinity, &known, &seconds);
	explain_backend(trace, &conn, step->json);
	explain_why(trace, service, kind, known, seconds, &conn, step->json);
}

static void explain_known(const struct sr_trace *trace, const struct sr_trace_step *step)
{
	const struct sr_flow *flow = &step->conn.flow;
	const struct sr_service *service = sr_flow_names_find(&trace->names, flow);
	sr_autofree char *name = service ? sr_show_name(service) : NULL;
	const char *state = sr_flow_state_name(flow->proto, flow->state);
	bool is_reply = step->conn.half.to.flags & SR_CONN_REPLY;
	char age[SR_DURATION_TEXT], idle[SR_DURATION_TEXT];

	sr_trace_say(step->json, "connection", "%s, %s%s, of %s; %s old, idle for %s",
		     is_reply ? "an answer" : "goes on", state ? state : "?", flow->backend_gone ? ",gone" : "",
		     name ? name : "no service", sr_duration_format(age, flow->age),
		     sr_duration_format(idle, flow->idle));
	if (!is_reply)
		explain_backend(trace, &step->conn, step->json);
}

/* --- translation and verdict -------------------------------------------------------------- */

static void explain_change(json_t *json, const char *key, const struct sr_addr *was, __be16 was_port,
			   const struct sr_addr *is, __be16 is_port)
{
	char from[SR_HOSTPORT_TEXT], to[SR_HOSTPORT_TEXT];

	if (sr_addr_compare(was, is) != 0 || was_port != is_port)
		sr_trace_say(json, key, "%s -> %s", sr_show_address(from, was, was_port),
			     sr_show_address(to, is, is_port));
}

static void explain_translation(const struct sr_trace_step *step)
{
	char node[SR_ADDR_TEXT];
	struct sr_packet_view out;

	if (step->end.reason != SR_OK || sr_packet_read(&out, &step->end.packet) < 0)
		return;
	if (out.is_tunnel) {
		sr_trace_say(step->json, "tunnel", "as it is, within another packet to %s, the backend's node",
			     sr_addr_format(node, &out.tuple.dst));
		return;
	}
	explain_change(step->json, "destination", &step->in.tuple.dst, step->in.tuple.dport, &out.tuple.dst,
		       out.tuple.dport);
	explain_change(step->json, "source", &step->in.tuple.src, step->in.tuple.sport, &out.tuple.src,
		       out.tuple.sport);
}

static const char *explain_told(const struct sr_trace_step *step)
{
	static const char *const told[] = {
		[SR_REFUSAL_UNREACHABLE] = "; the sender is told: port unreachable",
		[SR_REFUSAL_NO_ROUTE] = "; the sender is told: no route",
		[SR_REFUSAL_EXPIRED] = "; the sender is told: time exceeded",
		[SR_REFUSAL_TOO_BIG] = "; the sender is told: packet too big",
		[SR_REFUSAL_RESET] = "; the sender gets a TCP reset",
	};

	if (step->end.reason >= 0 || step->end.verdict != SR_VERDICT_REDIRECT)
		return "";
	return told[sr_reason_refusal(step->end.reason)];
}

static void explain_verdict(const struct sr_trace_step *step)
{
	const struct sr_reason_words *words = sr_reason_words(sr_reason_index(step->end.reason));
	struct sr_packet_view out;
	char text[SR_PACKET_TEXT];

	sr_trace_say(step->json, "verdict", "%s", words->verdict);
	sr_trace_say(step->json, "reason", "%s", words->name);
	if (step->end.reason == SR_OK)
		sr_trace_say(step->json, "result", "%s", words->verdict);
	else
		sr_trace_say(step->json, "result", "%s: %s (%s)%s", words->verdict, words->text, words->name,
			     explain_told(step));
	if (step->end.verdict != SR_VERDICT_DROP && step->end.reason <= 0 &&
	    sr_packet_read(&out, &step->end.packet) == 0)
		sr_trace_say(step->json, "out", "%s", sr_packet_format(text, &out));
}

void sr_trace_explain(struct sr_trace *trace, const struct sr_trace_step *step)
{
	bool is_met = !step->is_out || trace->side == SR_TRACE_HOST;

	if (step->has_conn)
		explain_known(trace, step);
	else if (is_met && step->in.tuple.dport && step->end.reason != SR_PASS_MARKED)
		explain_begun(trace, step);
	explain_translation(step);
	explain_verdict(step);
}
