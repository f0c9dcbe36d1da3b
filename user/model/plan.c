// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"

static bool plan_same_frontends(const struct sr_service *a, const struct sr_service *b)
{
	size_t i;

	if (a->num_frontends != b->num_frontends)
		return false;

	for (i = 0; i < a->num_frontends; i++) {
		if (sr_hostport_compare(&a->frontends[i].at, &b->frontends[i].at) != 0 ||
		    a->frontends[i].kind != b->frontends[i].kind)
			return false;
	}
	return true;
}

static bool plan_same_endpoints(const struct sr_service *a, const struct sr_service *b)
{
	size_t i;

	if (a->num_endpoints != b->num_endpoints)
		return false;

	for (i = 0; i < a->num_endpoints; i++) {
		const struct sr_endpoint *x = &a->endpoints[i], *y = &b->endpoints[i];

		if (sr_addr_compare(&x->addr, &y->addr) != 0 || x->port != y->port || x->weight != y->weight ||
		    x->flags != y->flags)
			return false;
	}
	return true;
}

static bool plan_same_sources(const struct sr_service *a, const struct sr_service *b)
{
	size_t i;

	if (a->num_sources != b->num_sources)
		return false;

	for (i = 0; i < a->num_sources; i++) {
		if (sr_addr_compare(&a->sources[i].addr, &b->sources[i].addr) != 0 ||
		    a->sources[i].bits != b->sources[i].bits)
			return false;
	}
	return true;
}

static bool plan_same(const struct sr_service *was, const struct sr_service *want)
{
	return !was->is_torn && strcmp(was->origin, want->origin) == 0 && was->flags == want->flags &&
	       was->affinity == want->affinity && plan_same_frontends(was, want) && plan_same_endpoints(was, want) &&
	       plan_same_sources(was, want);
}

static int plan_add(struct sr_plan *plan, enum sr_op_kind kind, const struct sr_service *was, struct sr_service *want)
{
	struct sr_op *op = sr_array_add(&plan->op, &plan->num, sizeof(*op));

	if (!op)
		return -ENOMEM;

	op->kind = kind;
	op->was = was;
	op->want = want;
	return 0;
}

/* A service that is programmed, and that nobody desires (any longer). */
static int plan_add_gone(struct sr_plan *plan, struct sr_service *was, bool (*may_remove)(const struct sr_service *))
{
	if (may_remove && !may_remove(was))
		return plan_add(plan, SR_OP_KEEP, was, was);
	return plan_add(plan, SR_OP_REMOVE, was, NULL);
}

/* Which of two sorted lists has the smaller head: < 0 the first, 0 both. */
static int plan_heads(const struct sr_services *a, size_t i, const struct sr_services *b, size_t j)
{
	if (i == a->num)
		return 1;
	if (j == b->num)
		return -1;
	return sr_service_compare(&a->item[i], &b->item[j]);
}

static int plan_walk(struct sr_plan *plan, const struct sr_services *programmed, const struct sr_services *desired,
		     bool (*may_remove)(const struct sr_service *))
{
	size_t i = 0, j = 0;

	while (i < programmed->num || j < desired->num) {
		int heads = plan_heads(programmed, i, desired, j);
		int r;

		if (heads < 0) {
			r = plan_add_gone(plan, &programmed->item[i++], may_remove);
		} else if (heads > 0) {
			r = plan_add(plan, SR_OP_ADD, NULL, &desired->item[j++]);
		} else {
			const struct sr_service *was = &programmed->item[i++];
			struct sr_service *want = &desired->item[j++];

			r = plan_add(plan, plan_same(was, want) ? SR_OP_KEEP : SR_OP_CHANGE, was, want);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

struct plan_claim {
	const struct sr_hostport *at;
	const struct sr_service *service;
};

static int plan_compare_claims(const void *a, const void *b)
{
	const struct plan_claim *x = a, *y = b;
	int diff = sr_hostport_compare(x->at, y->at);

	return diff ? diff : sr_service_compare(x->service, y->service);
}

static const char *plan_slash(const struct sr_service *service)
{
	return service->namespace[0] ? "/" : "";
}

static int plan_fail_claims(const struct plan_claim *a, const struct plan_claim *b, struct sr_error *err)
{
	char text[SR_HOSTPORT_TEXT];

	return sr_fail(err, -EEXIST, "%s would belong to two services: %s%s%s (%s) and %s%s%s (%s)",
		       sr_hostport_format(text, a->at), a->service->namespace, plan_slash(a->service), a->service->name,
		       a->service->origin, b->service->namespace, plan_slash(b->service), b->service->name,
		       b->service->origin);
}

/* Every frontend that would be programmed has one owner. */
static int plan_check_frontends(const struct sr_plan *plan, struct sr_error *err)
{
	sr_autofree struct plan_claim *claims = NULL;
	size_t i, j, num = 0;

	for (i = 0; i < plan->num; i++) {
		const struct sr_service *want = plan->op[i].want;

		for (j = 0; want && j < want->num_frontends; j++) {
			struct plan_claim *claim = sr_array_add(&claims, &num, sizeof(*claim));

			if (!claim)
				return sr_fail(err, -ENOMEM, "out of memory");
			claim->at = &want->frontends[j].at;
			claim->service = want;
		}
	}

	if (num)
		qsort(claims, num, sizeof(*claims), plan_compare_claims);
	for (i = 1; i < num; i++) {
		if (sr_hostport_compare(claims[i - 1].at, claims[i].at) == 0)
			return plan_fail_claims(&claims[i - 1], &claims[i], err);
	}
	return 0;
}

int sr_plan_make(struct sr_plan *out, const struct sr_services *programmed, const struct sr_services *desired,
		 bool (*may_remove)(const struct sr_service *), struct sr_error *err)
{
	sr_autoplan struct sr_plan plan = {};
	int r;

	if (plan_walk(&plan, programmed, desired, may_remove) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");

	r = plan_check_frontends(&plan, err);
	if (r < 0)
		return r;

	*out = plan;
	memset(&plan, 0, sizeof(plan));
	return 0;
}

bool sr_plan_is_empty(const struct sr_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->num; i++) {
		if (plan->op[i].kind != SR_OP_KEEP)
			return false;
	}
	return true;
}

void sr_plan_clear(struct sr_plan *plan)
{
	free(plan->op);
	memset(plan, 0, sizeof(*plan));
}
