// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The two sets that traffic policies choose among (docs: "Which endpoints").
 * Both are always made: a policy Local still needs the Cluster set for callers
 * that it does not hold for.
 */
#include <string.h>

#include "model/k8s_objects.h"

enum topology {
	TOPOLOGY_NONE,
	TOPOLOGY_SAME_NODE,
	TOPOLOGY_SAME_ZONE,
};

struct sets {
	struct sr_k8s_candidates *candidates;
	const struct sr_k8s_self *self;
	enum topology topology;
};

static bool names_have(const struct sr_k8s_names *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->num; i++) {
		if (strcmp(names->item[i], name) == 0)
			return true;
	}
	return false;
}

static const struct sr_k8s_names *hints_of(const struct sr_k8s_candidate *candidate, enum topology topology)
{
	return topology == TOPOLOGY_SAME_NODE ? &candidate->state.for_nodes : &candidate->state.for_zones;
}

static bool is_ready(const struct sr_k8s_candidate *candidate)
{
	return candidate->weight && candidate->state.ready;
}

static bool is_last_resort(const struct sr_k8s_candidate *candidate)
{
	return candidate->weight && candidate->state.serving && candidate->state.terminating;
}

static bool is_here(const struct sr_k8s_candidate *candidate)
{
	return candidate->flags & SR_BACKEND_ON_NODE;
}

/* Hints count if every ready endpoint has them, and at least one names us. */
static bool hints_hold(const struct sets *sets, enum topology topology, const char *name)
{
	bool named = false;
	size_t i;

	for (i = 0; name && i < sets->candidates->num; i++) {
		const struct sr_k8s_candidate *candidate = &sets->candidates->item[i];
		const struct sr_k8s_names *hints = hints_of(candidate, topology);

		if (!is_ready(candidate))
			continue;
		if (!hints->num)
			return false;
		named = named || names_have(hints, name);
	}
	return named;
}

static enum topology sets_topology(const struct sets *sets)
{
	if (hints_hold(sets, TOPOLOGY_SAME_NODE, sets->self->name))
		return TOPOLOGY_SAME_NODE;
	if (hints_hold(sets, TOPOLOGY_SAME_ZONE, sets->self->zone))
		return TOPOLOGY_SAME_ZONE;
	return TOPOLOGY_NONE;
}

static bool sets_is_near(const struct sets *sets, const struct sr_k8s_candidate *candidate)
{
	if (sets->topology == TOPOLOGY_NONE)
		return true;
	return names_have(hints_of(candidate, sets->topology),
			  sets->topology == TOPOLOGY_SAME_NODE ? sets->self->name : sets->self->zone);
}

static bool takes_near(const struct sets *sets, const struct sr_k8s_candidate *candidate)
{
	return is_ready(candidate) && sets_is_near(sets, candidate);
}

static bool takes_last_resort(const struct sets *sets, const struct sr_k8s_candidate *candidate)
{
	(void)sets;
	return is_last_resort(candidate);
}

static bool takes_local(const struct sets *sets, const struct sr_k8s_candidate *candidate)
{
	(void)sets;
	return is_here(candidate) && is_ready(candidate);
}

static bool takes_local_last_resort(const struct sets *sets, const struct sr_k8s_candidate *candidate)
{
	(void)sets;
	return is_here(candidate) && is_last_resort(candidate);
}

/* Put into a set whom `takes` takes; was there any? */
static bool sets_fill(struct sets *sets, enum sr_backend_flags set,
		      bool (*takes)(const struct sets *sets, const struct sr_k8s_candidate *candidate))
{
	bool any = false;
	size_t i;

	for (i = 0; i < sets->candidates->num; i++) {
		struct sr_k8s_candidate *candidate = &sets->candidates->item[i];

		if (!takes(sets, candidate))
			continue;
		candidate->flags |= (uint8_t)set;
		any = true;
	}
	return any;
}

static void sets_mark_local(struct sets *sets)
{
	size_t i;

	for (i = 0; sets->self->name && i < sets->candidates->num; i++) {
		struct sr_k8s_candidate *candidate = &sets->candidates->item[i];

		if (candidate->state.node && strcmp(candidate->state.node, sets->self->name) == 0)
			candidate->flags |= SR_BACKEND_ON_NODE;
	}
}

void sr_k8s_choose_all(struct sr_k8s_candidates *candidates)
{
	size_t i;

	for (i = 0; i < candidates->num; i++)
		candidates->item[i].flags = candidates->item[i].weight ? SR_BACKEND_SETS : 0;
}

void sr_k8s_choose_sets(struct sr_k8s_candidates *candidates, const struct sr_k8s_self *self)
{
	struct sets sets = {.candidates = candidates, .self = self};

	sets_mark_local(&sets);
	sets.topology = sets_topology(&sets);
	if (!sets_fill(&sets, SR_BACKEND_IN_CLUSTER, takes_near))
		sets_fill(&sets, SR_BACKEND_IN_CLUSTER, takes_last_resort);
	if (!sets_fill(&sets, SR_BACKEND_IN_LOCAL, takes_local))
		sets_fill(&sets, SR_BACKEND_IN_LOCAL, takes_local_last_resort);
}
