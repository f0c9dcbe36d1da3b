/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the export_*.c share: one object's worth of services, and who writes
 * which objects of it.
 */
#ifndef SVCROUTE_MODEL_EXPORT_PARTS_H
#define SVCROUTE_MODEL_EXPORT_PARTS_H

#include <jansson.h>

#include "model/service.h"

struct sr_notes;

/* The services that one Service object holds: all of one namespace and name. */
struct sr_export_run {
	const struct sr_service *service;
	size_t num;
	char name[80]; /* metadata.name */
	const char *namespace;
	bool named;	  /* the annotation is needed */
	const char *node; /* this machine's name in the cluster, or NULL */
};

/* export_slices.c: an EndpointSlice for each of a service's target ports. 0 or -ENOMEM. */
int sr_export_add_slices(const struct sr_export_run *run, const struct sr_service *service, json_t *items);

/* export_pods.c: host ports are their pods', and no Service could say them. */
bool sr_export_is_of_a_pod(const struct sr_service *service);
/* A Pod for each that has host ports among the sorted services. 0 or -ENOMEM. */
int sr_export_add_pods(const struct sr_services *services, const char *node, json_t *items);

/* export_node.c: the Node whose address node ports are served at, if it is one of each family. 0 or -ENOMEM. */
int sr_export_add_node(const struct sr_services *services, const char *name, json_t *items);

/* "TCP", as Kubernetes writes it; a static string. */
const char *sr_export_proto(uint8_t proto);

static inline void sr_export_json_cleanup(json_t **value)
{
	json_decref(*value);
}

#define sr_export_autojson __attribute__((cleanup(sr_export_json_cleanup))) json_t

#endif
