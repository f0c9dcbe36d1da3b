/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Services out, as manifests and as hosts lines.
 *
 * A manifest written here is read back (k8s.h) as exactly the same services:
 * a Service with the annotation `svcroute.io/origin` says where they came
 * from, is never given an address, and is served in the families of whatever
 * addresses it has. `svcroute.io/name` holds a name that metadata.name cannot,
 * and `svcroute.io/weights` of an EndpointSlice the weights that are not 1.
 * Sets are written as the conditions, nodes and hints that lead to them on the
 * same node (export_slices.c), host ports as their pods, and where node ports are served
 * as the Node.
 */
#ifndef SVCROUTE_MODEL_EXPORT_H
#define SVCROUTE_MODEL_EXPORT_H

#include <jansson.h>
#include <stdio.h>

#include "model/k8s.h"
#include "model/service.h"

/* The machine that it is written on, and may be read on again. */
struct sr_export_self {
	const char *node; /* its name; NULL: it is no node */
	bool primary;	  /* node ports are served at the addresses of its Node */
};

/*
 * `services` (sorted) as a `kind: List` of objects. The caller releases
 * `*list`; `notes` takes a line of what cannot be told. 0 or -ENOMEM.
 */
int sr_services_export(const struct sr_services *services, const struct sr_export_self *self, json_t **list,
		       struct sr_notes *notes);

/*
 * "10.0.0.7 web.shop.svc.cluster.local web.shop.svc web.shop": a line for each
 * address of a service, those for use inside the cluster first. What `map add`
 * made has no name and is left out. `services` is sorted. 0, -ENOMEM, or -EIO.
 */
int sr_services_write_hosts(FILE *file, const struct sr_services *services);

#endif
