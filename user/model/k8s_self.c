// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who this machine is: the name and zone that endpoints are compared with, and
 * the addresses that node ports and host ports are served at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/k8s_objects.h"

/* Of a Node that was read twice the later counts. */
static const struct sr_k8s_node *self_find_node(const struct sr_k8s *k8s, const char *name)
{
	size_t i;

	for (i = k8s->num_nodes; name && i > 0; i--) {
		if (strcmp(k8s->nodes[i - 1].meta.name, name) == 0)
			return &k8s->nodes[i - 1];
	}
	return NULL;
}

static int addrs_add(struct sr_k8s_addrs *addrs, const struct sr_addr *addr)
{
	struct sr_addr *new = sr_array_add(&addrs->item, &addrs->num, sizeof(*new));

	if (!new)
		return -ENOMEM;
	*new = *addr;
	return 0;
}

static const struct sr_addr *self_node_addr(const struct sr_k8s_node *node, unsigned int family)
{
	if (!node)
		return NULL;
	if (!sr_addr_is_zero(&node->internal[family]))
		return &node->internal[family];
	return sr_addr_is_zero(&node->external[family]) ? NULL : &node->external[family];
}

/* What the Node object says goes before what the devices have. */
static int self_add_primary(struct sr_k8s_self *out, const struct sr_k8s_node *node,
			    const struct sr_k8s_options *options, unsigned int family)
{
	const struct sr_addr *own = self_node_addr(node, family);
	size_t i;
	int r = 0;

	if (own)
		return addrs_add(&out->primary, own);
	for (i = 0; r == 0 && i < options->num_uplink_addrs; i++) {
		if (sr_k8s_family(&options->uplink_addrs[i]) == family)
			r = addrs_add(&out->primary, &options->uplink_addrs[i]);
	}
	return r;
}

static bool self_is_in(const struct sr_addr *addr, const struct sr_k8s_options *options)
{
	size_t i;

	if (options->node_ports == SR_NODE_PORTS_ALL)
		return true;
	for (i = 0; i < options->num_node_port_cidrs; i++) {
		if (sr_cidr_contains(&options->node_port_cidrs[i], addr))
			return true;
	}
	return false;
}

static int self_add_node_ports(struct sr_k8s_self *out, const struct sr_k8s_options *options)
{
	bool primary = options->node_ports == SR_NODE_PORTS_PRIMARY ||
		       (options->node_ports == SR_NODE_PORTS_DEFAULT && out->name);
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && primary && i < out->primary.num; i++)
		r = addrs_add(&out->node_ports, &out->primary.item[i]);
	if (primary || options->node_ports == SR_NODE_PORTS_DEFAULT)
		return r;

	for (i = 0; r == 0 && i < out->all.num; i++) {
		if (self_is_in(&out->all.item[i], options))
			r = addrs_add(&out->node_ports, &out->all.item[i]);
	}
	return r;
}

int sr_k8s_self_make(struct sr_k8s_self *out, const struct sr_k8s_view *view, const struct sr_k8s_options *options)
{
	const struct sr_k8s_node *node = self_find_node(view->k8s, options->node);
	unsigned int family;
	size_t i;
	int r = 0;

	memset(out, 0, sizeof(*out));
	if (options->node && options->node[0])
		out->name = options->node;
	out->zone = options->zone ? options->zone : node ? node->zone : NULL;

	for (family = 0; r == 0 && family < SR_K8S_FAMILIES; family++)
		r = self_add_primary(out, node, options, family);
	for (i = 0; r == 0 && i < options->num_host_addrs; i++)
		r = addrs_add(&out->all, &options->host_addrs[i]);
	return r < 0 ? r : self_add_node_ports(out, options);
}

/* A name that is misspelt, or a gateway that has a name. */
int sr_k8s_self_note(const struct sr_k8s_self *self, const struct sr_k8s *k8s, struct sr_notes *notes)
{
	if (!self->name || !k8s->num_nodes || self_find_node(k8s, self->name))
		return 0;
	return sr_notes_add(
		notes, "no Node '%s' is among those there are (%s%s): --node says which this machine is, or 'none'",
		self->name, k8s->nodes[0].meta.name, k8s->num_nodes > 1 ? ", ..." : "");
}

void sr_k8s_self_clear(struct sr_k8s_self *self)
{
	free(self->primary.item);
	free(self->all.item);
	free(self->node_ports.item);
	memset(self, 0, sizeof(*self));
}
