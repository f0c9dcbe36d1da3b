/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A frontend has one owner: who gets it when several services claim it.
 */
#ifndef SVCROUTE_MODEL_K8S_CLAIMS_H
#define SVCROUTE_MODEL_K8S_CLAIMS_H

#include "model/k8s_objects.h"

/* For each service of a list the object it came from, in the list's order. */
struct sr_k8s_owners {
	const struct sr_k8s_meta **item;
	size_t num;
};

int sr_k8s_owners_add(struct sr_k8s_owners *owners, const struct sr_k8s_meta *object);

/*
 * Take each frontend that several services claim from all but the oldest
 * (without creationTimestamps: the first by name), with a note; drop services
 * that are left with none. 0 or -ENOMEM.
 */
int sr_k8s_settle_claims(struct sr_services *services, const struct sr_k8s_owners *owners, struct sr_notes *notes);

#endif
