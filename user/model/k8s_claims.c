// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/k8s_claims.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

struct claim {
	struct sr_hostport at;
	size_t service; /* its place in the list */
};

int sr_k8s_owners_add(struct sr_k8s_owners *owners, const struct sr_k8s_service *service)
{
	const struct sr_k8s_service **new = sr_array_add(&owners->item, &owners->num, sizeof(*new));

	if (!new)
		return -ENOMEM;
	*new = service;
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

/* `claims` are all of one frontend, in the order of the services' names. */
static int claim_settle(const struct claim *claims, size_t num, struct sr_services *services,
			const struct sr_k8s_owners *owners, struct sr_notes *notes)
{
	const struct sr_k8s_meta *winner;
	char text[SR_HOSTPORT_TEXT];
	size_t i, best = 0;

	for (i = 1; i < num; i++) {
		if (claim_is_older(&owners->item[claims[i].service]->meta, &owners->item[claims[best].service]->meta))
			best = i;
	}

	winner = &owners->item[claims[best].service]->meta;
	for (i = 0; i < num; i++) {
		const struct sr_k8s_meta *loser = &owners->item[claims[i].service]->meta;

		if (i == best)
			continue;
		claim_take_away(&services->item[claims[i].service], &claims[i].at);
		if (sr_notes_add(notes, "%s/%s: goes without %s, which %s/%s has", loser->namespace, loser->name,
				 sr_hostport_format(text, &claims[i].at), winner->namespace, winner->name) < 0)
			return -ENOMEM;
	}
	return 0;
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
