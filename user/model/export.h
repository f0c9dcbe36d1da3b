/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Services out, as manifests and as hosts lines.
 *
 * A manifest written here is read back (k8s.h) as exactly the same services:
 * a Service with the annotation `svcroute.io/origin` says where they came
 * from, is never given an address, and is served in the families of whatever
 * addresses it has. `svcroute.io/name` holds a name that metadata.name cannot,
 * and `svcroute.io/weights` of an EndpointSlice the weights that are not 1.
 */
#ifndef SVCROUTE_MODEL_EXPORT_H
#define SVCROUTE_MODEL_EXPORT_H

#include <jansson.h>
#include <stdio.h>

#include "model/service.h"

/*
 * `services` (sorted) as a `kind: List` of Service and EndpointSlice objects.
 * The caller releases `*list`. 0 or -ENOMEM.
 */
int sr_services_export(const struct sr_services *services, json_t **list);

/*
 * "10.0.0.7 web.shop.svc.cluster.local web.shop.svc web.shop": a line for each
 * address of a service, those for use inside the cluster first. What `map add`
 * made has no name and is left out. `services` is sorted. 0, -ENOMEM, or -EIO.
 */
int sr_services_write_hosts(FILE *file, const struct sr_services *services);

#endif
