// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who this machine is: the name and zone that endpoints are compared with.
 */
#include <string.h>

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

void sr_k8s_self_make(struct sr_k8s_self *out, const struct sr_k8s_view *view, const struct sr_k8s_options *options)
{
	const struct sr_k8s_node *node = self_find_node(view->k8s, options->node);

	memset(out, 0, sizeof(*out));
	if (options->node && options->node[0])
		out->name = options->node;
	out->zone = options->zone ? options->zone : node ? node->zone : NULL;
}
