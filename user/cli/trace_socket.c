// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What connect() would do, as sock_call() of bpf/sock.bpf.c does it, which cannot be run on trial. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "cli/trace.h"

static bool has_socket_hooks(const struct sr_trace *trace)
{
	for (size_t i = 0; i < trace->attachments.num; i++)
		if (strncmp(trace->attachments.item[i].hook, "cgroup connect", strlen("cgroup connect")) == 0)
			return true;
	return false;
}

/* Why no socket hook looks at the call; NULL: one does. */
static const char *socket_is_left(const struct sr_trace *trace)
{
	if (!has_socket_hooks(trace))
		return "connect() is left as it is: no socket hooks are attached";
	if (trace->side == SR_TRACE_POD && strcmp(sr_settings_sockets(&trace->settings), SR_SOCKETS_ALL) != 0)
		return "connect() is left as it is: --sockets host serves this host's processes only";
	if (trace->tuple.proto != IPPROTO_TCP && trace->tuple.proto != IPPROTO_UDP)
		return "it is left as it is: only TCP and UDP sockets are served";
	return NULL;
}

/* "port 80", or where endpoints have several, in words. `out` has 32 bytes; returns it. */
static const char *socket_port(const struct sr_service *service, enum sr_set set, char *out)
{
	__be16 port = 0;
	bool differs = false;

	for (size_t i = 0; i < service->num_endpoints; i++) {
		const struct sr_endpoint *endpoint = &service->endpoints[i];

		if (!(endpoint->flags & 1 << set))
			continue;
		differs = differs || (port && port != endpoint->port);
		port = endpoint->port;
	}
	snprintf(out, 32, differs ? "that endpoint's port" : "port %u", ntohs(port));
	return out;
}

static bool socket_calls_itself(const struct sr_trace *trace, const struct sr_service *service, enum sr_set set)
{
	for (size_t i = 0; i < service->num_endpoints; i++)
		if (service->endpoints[i].flags & 1 << set &&
		    sr_addr_compare(&service->endpoints[i].addr, &trace->tuple.src) == 0)
			return true;
	return false;
}

/* Whether a pod listens there cannot be seen from here: sock_may_hear() can. */
static void socket_say_goes(struct sr_trace *trace, const struct sr_service *service, enum sr_set set, size_t num)
{
	bool is_pod = trace->side == SR_TRACE_POD;
	char port[32], unless[96] = "", whom[48] = "the only endpoint";

	if (num > 1)
		snprintf(whom, sizeof(whom), "one of %zu endpoints", num);
	if (is_pod)
		snprintf(unless, sizeof(unless), "; it is left to tc if the caller itself listens on %s",
			 socket_port(service, set, port));
	if (is_pod && num == 1 && socket_calls_itself(trace, service, set))
		sr_trace_say(trace->root, "socket",
			     "connect() is left to tc if the caller listens on %s: it is itself the only endpoint",
			     port);
	else
		sr_trace_say(trace->root, "socket",
			     "connect() goes to %s by itself, and its packets need no translation%s", whom, unless);
}

static void socket_say(struct sr_trace *trace, const struct sr_service *service, uint8_t kind)
{
	unsigned int weights;
	const char *why;
	enum sr_set set = sr_trace_set(trace, service, kind, &why);
	size_t num = sr_trace_set_size(service, set, &weights);

	if (kind == SR_FRONTEND_LOAD_BALANCER && service->flags & SR_SERVICE_SOURCE_RANGES)
		sr_trace_say(trace->root, "socket", "connect() is left to tc: source ranges need the packet's source");
	else if (service->affinity && trace->side == SR_TRACE_POD)
		sr_trace_say(trace->root, "socket", "connect() is left to tc: affinity needs the packet's source");
	else if (!num && !sr_trace_set_size(service, SR_SET_CLUSTER, &weights))
		sr_trace_say(trace->root, "socket", "connect() is refused at once: there is no endpoint");
	else if (!num)
		sr_trace_say(trace->root, "socket", "connect() is left to tc, which drops: no endpoint on this node");
	else
		socket_say_goes(trace, service, set, num);
}

void sr_trace_explain_socket(struct sr_trace *trace)
{
	const char *left = socket_is_left(trace);
	struct sr_hostport at = sr_trace_called(&trace->tuple);
	const struct sr_service *service = sr_flow_names_called(&trace->names, &at);
	const struct sr_frontend_spec *frontend = service ? sr_service_frontend(service, &at) : NULL;

	if (trace->side == SR_TRACE_WIRE)
		return;
	if (left)
		sr_trace_say(trace->root, "socket", "%s", left);
	else if (!frontend && sr_tracer_is_whole(trace->datapath, &trace->tuple.dst))
		sr_trace_say(trace->root, "socket", "connect() is refused at once: no service has that port");
	else if (!frontend || frontend->kind >= SR_FRONTEND_PASS)
		sr_trace_say(trace->root, "socket", "connect() is left as it is: no service is called");
	else
		socket_say(trace, service, frontend->kind);
}
