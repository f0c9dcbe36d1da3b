/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ports[].hostPort of the pods on this node, as services.
 */
#ifndef SVCROUTE_MODEL_K8S_HOST_PORTS_H
#define SVCROUTE_MODEL_K8S_HOST_PORTS_H

#include "model/k8s_claims.h"

struct sr_k8s_host_ports {
	struct sr_services *out;
	struct sr_k8s_owners *owners; /* extended as `out` is */
	const struct sr_k8s_self *self;
	struct sr_notes *notes;
};

/* 0 or -ENOMEM. */
int sr_k8s_add_host_ports(struct sr_k8s_host_ports *to, const struct sr_k8s_view *view);

#endif
