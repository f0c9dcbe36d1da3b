// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/k8s_claims.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

struct claim {
	struct sr_hostport at;
	uint8_t kind;	/* enum sr_frontend_kind */
	size_t service; /* its place in the list */
};

int sr_k8s_owners_add(struct sr_k8s_owners *owners, const struct sr_k8s_meta *object)
{
	const struct sr_k8s_meta **new = sr_array_add(&owners->item, &owners->num, sizeof(*new));

	if (!new)
		return -ENOMEM;
	*new = object;
	return 0;
}

static int claim_compare(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int diff = sr_hostport_compare(&x->at, &y->at);

	return diff ? diff : (x->service > y->service) - (x->service < y->service);
}

/* Timestamps are RFC 3339 in UTC: they compare as text. Ties go to the first. */
static bool claim_is_older(const struct sr_k8s_meta *a, const struct sr_k8s_meta *b)
{
	return a->created && b->created && strcmp(a->created, b->created) < 0;
}

static void claim_take_away(struct sr_service *service, const struct sr_hostport *at)
{
	size_t i, kept = 0;

	for (i = 0; i < service->num_frontends; i++) {
		if (sr_hostport_compare(&service->frontends[i].at, at) != 0)
			service->frontends[kept++] = service->frontends[i];
	}
	service->num_frontends = kept;
}

/* "10.0.0.1:80/tcp", or of address 0 "node port 30080/tcp". */
static void claim_name(char *out, size_t size, const struct claim *claim)
{
	char text[SR_HOSTPORT_TEXT];

	if (claim->kind == SR_FRONTEND_RESERVED)
		snprintf(out, size, "node port %u/%s", ntohs(claim->at.port), sr_proto_name(claim->at.proto));
	else
		snprintf(out, size, "%s", sr_hostport_format(text, &claim->at));
}

/* Each line once: a node port is claimed once a family. */
static int claim_note(struct sr_notes *notes, const char *line)
{
	size_t i;

	for (i = 0; i < notes->num; i++) {
		if (strcmp(notes->line[i], line) == 0)
			return 0;
	}
	return sr_notes_add(notes, "%s", line);
}

static int claim_note_loss(struct sr_notes *notes, const struct claim *claim, const struct sr_k8s_meta *loser,
			   const struct sr_k8s_meta *winner)
{
	sr_autofree char *line = NULL;
	char text[SR_HOSTPORT_TEXT];

	claim_name(text, sizeof(text), claim);
	if (asprintf(&line, "%s/%s (%s): goes without %s, which %s/%s (%s) has", loser->namespace, loser->name,
		     loser->origin, text, winner->namespace, winner->name, winner->origin) < 0) {
		line = NULL;
		return -ENOMEM;
	}
	return claim_note(notes, line);
}

/* `claims` are all of one frontend, in the order of the services' names. */
static int claim_settle(const struct claim *claims, size_t num, struct sr_services *services,
			const struct sr_k8s_owners *owners, struct sr_notes *notes)
{
	size_t i, best = 0;
	int r = 0;

	for (i = 1; i < num; i++) {
		if (claim_is_older(owners->item[claims[i].service], owners->item[claims[best].service]))
			best = i;
	}

	for (i = 0; r == 0 && i < num; i++) {
		if (i == best)
			continue;
		claim_take_away(&services->item[claims[i].service], &claims[i].at);
		/* Who lost a node port lost it at address 0, too: that is told. */
		if (claims[i].kind != SR_FRONTEND_NODE_PORT || claims[best].kind != SR_FRONTEND_NODE_PORT)
			r = claim_note_loss(notes, &claims[i], owners->item[claims[i].service],
					    owners->item[claims[best].service]);
	}
	return r;
}

static int claims_collect(struct claim **claims, size_t *num, const struct sr_services *services)
{
	size_t i, j;

	for (i = 0; i < services->num; i++) {
		for (j = 0; j < services->item[i].num_frontends; j++) {
			struct claim *claim = sr_array_add(claims, num, sizeof(*claim));

			if (!claim)
				return -ENOMEM;
			claim->at = services->item[i].frontends[j].at;
			claim->kind = services->item[i].frontends[j].kind;
			claim->service = i;
		}
	}
	if (*num)
		qsort(*claims, *num, sizeof(**claims), claim_compare);
	return 0;
}

static void claims_drop_empty(struct sr_services *services)
{
	size_t i, kept = 0;

	for (i = 0; i < services->num; i++) {
		if (services->item[i].num_frontends)
			services->item[kept++] = services->item[i];
		else
			sr_service_clear(&services->item[i]);
	}
	services->num = kept;
}

int sr_k8s_settle_claims(struct sr_services *services, const struct sr_k8s_owners *owners, struct sr_notes *notes)
{
	sr_autofree struct claim *claims = NULL;
	size_t i, end, num = 0;

	if (claims_collect(&claims, &num, services) < 0)
		return -ENOMEM;

	for (i = 0; i < num; i = end) {
		end = i + 1;
		while (end < num && sr_hostport_compare(&claims[i].at, &claims[end].at) == 0)
			end++;
		if (end - i > 1 && claim_settle(&claims[i], end - i, services, owners, notes) < 0)
			return -ENOMEM;
	}
	claims_drop_empty(services);
	return 0;
}
