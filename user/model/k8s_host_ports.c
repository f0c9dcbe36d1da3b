// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Host ports of this node's pods: a service for each port and family, named
 * after its pod. No Service's port can have such a name: it has a capital.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "model/k8s_claims.h"
#include "model/k8s_host_ports.h"

#define HOST_PORTS_NAME 63 /* characters of a name that the maps hold */

static bool host_ports_are_ours(const struct sr_k8s_pod *pod, const struct sr_k8s_self *self)
{
	return self->name && pod->node && strcmp(pod->node, self->name) == 0 && !pod->host_network && !pod->finished;
}

/* A pod's name may be longer than what is kept of it: then a digest tells pods apart. */
static void host_ports_name(char *out, size_t size, const char *name)
{
	uint32_t hash = 2166136261u;
	size_t i;

	for (i = 0; name[i]; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619u;
	if (i <= HOST_PORTS_NAME)
		snprintf(out, size, "%s", name);
	else
		snprintf(out, size, "%.*s.%08x", HOST_PORTS_NAME - 9, name, hash);
}

static void host_ports_port_name(char *out, size_t size, const struct sr_k8s_host_port *port)
{
	char text[SR_ADDR_TEXT];

	if (sr_addr_is_zero(&port->at))
		snprintf(out, size, "hostPort-%u", port->host);
	else
		snprintf(out, size, "hostPort-%u-%s", port->host, sr_addr_format(text, &port->at));
}

static int host_ports_identify(struct sr_service *out, const struct sr_k8s_pod *pod,
			       const struct sr_k8s_host_port *port)
{
	char name[HOST_PORTS_NAME + 1], port_name[80];

	host_ports_name(name, sizeof(name), pod->meta.name);
	host_ports_port_name(port_name, sizeof(port_name), port);
	if (sr_string_set(&out->namespace, pod->meta.namespace) < 0 || sr_string_set(&out->name, name) < 0 ||
	    sr_string_set(&out->port_name, port_name) < 0 || sr_string_set(&out->origin, pod->meta.origin) < 0)
		return -ENOMEM;
	return 0;
}

static int host_ports_add_frontend(struct sr_service *out, const struct sr_k8s_host_port *port,
				   const struct sr_addr *addr)
{
	struct sr_frontend_spec spec = {
		.at = {.addr = *addr, .port = htons(port->host), .proto = port->proto},
		.kind = SR_FRONTEND_HOST_PORT,
	};

	return sr_addr_family(addr) == out->family ? sr_service_add_frontend(out, &spec) : 0;
}

static int host_ports_fill(struct sr_service *out, const struct sr_k8s_self *self, const struct sr_k8s_pod *pod,
			   const struct sr_k8s_host_port *port)
{
	struct sr_endpoint endpoint = {
		.addr = pod->addr[out->family == 4 ? 0 : 1],
		.port = htons(port->container),
		.weight = 1,
		.flags = SR_BACKEND_SETS | SR_BACKEND_ON_NODE,
		.id = SR_NO_ID,
	};
	size_t i;
	int r;

	r = host_ports_identify(out, pod, port);
	if (r == 0 && !sr_addr_is_zero(&port->at))
		r = host_ports_add_frontend(out, port, &port->at);
	for (i = 0; r == 0 && sr_addr_is_zero(&port->at) && i < self->all.num; i++)
		r = host_ports_add_frontend(out, port, &self->all.item[i]);
	return r < 0 ? r : sr_service_add_endpoint(out, &endpoint);
}

/* The same again would be the same service twice. */
static bool host_ports_is_repeated(const struct sr_k8s_pod *pod, const struct sr_k8s_host_port *port)
{
	const struct sr_k8s_host_port *other;

	for (other = pod->host_port; other < port; other++) {
		if (other->host == port->host && other->proto == port->proto &&
		    sr_addr_compare(&other->at, &port->at) == 0)
			return true;
	}
	return false;
}

static int host_ports_note(struct sr_k8s_host_ports *to, const struct sr_k8s_pod *pod,
			   const struct sr_k8s_host_port *port, const char *fault)
{
	char text[SR_ADDR_TEXT];

	return sr_notes_add(to->notes, "%s/%s: host port %u is not served at %s: %s", pod->meta.namespace,
			    pod->meta.name, port->host, sr_addr_format(text, &port->at), fault);
}

static int host_ports_add_port(struct sr_k8s_host_ports *to, const struct sr_k8s_pod *pod,
			       const struct sr_k8s_host_port *port)
{
	bool any = sr_addr_is_zero(&port->at);
	const char *fault = any ? NULL : sr_addr_fault(&port->at);
	unsigned int family;
	int r = 0;

	if (fault)
		return host_ports_note(to, pod, port, fault);
	for (family = 0; r == 0 && family < SR_K8S_FAMILIES; family++) {
		struct sr_service *new;

		if (sr_addr_is_zero(&pod->addr[family]) || (!any && sr_k8s_family(&port->at) != family))
			continue;
		new = sr_services_add(to->out);
		if (!new)
			return -ENOMEM;
		new->family = family ? 6 : 4;
		new->proto = port->proto;
		r = host_ports_fill(new, to->self, pod, port);
		if (r == 0)
			r = sr_k8s_owners_add(to->owners, &pod->meta);
	}
	return r;
}

int sr_k8s_add_host_ports(struct sr_k8s_host_ports *to, const struct sr_k8s_view *view)
{
	size_t i, j;
	int r = 0;

	for (i = 0; i < view->num_pods; i++) {
		const struct sr_k8s_pod *pod = view->pods[i];

		if (!host_ports_are_ours(pod, to->self))
			continue;
		for (j = 0; r == 0 && j < pod->num_host_ports; j++) {
			if (!host_ports_is_repeated(pod, &pod->host_port[j]))
				r = host_ports_add_port(to, pod, &pod->host_port[j]);
		}
	}
	return r;
}
