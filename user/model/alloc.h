/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses for services that have none: ClusterIPs from --service-cidr, load
 * balancer addresses from --subnet. Once given, an address stays with its
 * service (a lease), whatever else comes or goes.
 */
#ifndef SVCROUTE_MODEL_ALLOC_H
#define SVCROUTE_MODEL_ALLOC_H

#include "model/k8s_objects.h"

/* What one service gets; an address of zeros is none. Indexed by family. */
struct sr_alloc {
	struct sr_addr cluster[SR_K8S_FAMILIES];
	struct sr_addr balancer[SR_K8S_FAMILIES];
	bool balancer_chosen[SR_K8S_FAMILIES]; /* the manifest chose it */
};

/*
 * Fill `out`, one for each of the view's services, and extend `leases`. What
 * cannot be had is told in `notes`. 0 or -ENOMEM.
 */
int sr_alloc_make(struct sr_alloc *out, const struct sr_k8s_view *view, const struct sr_k8s_options *options,
		  struct sr_leases *leases, struct sr_notes *notes);

#endif
