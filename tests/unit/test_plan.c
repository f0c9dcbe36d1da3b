// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Services as values, and the planner that compares two lists of them.
 */
#include "support.h"

#include "base/array.h"
#include "model/plan.h"

static struct sr_service *given(struct sr_services *services, const char *name, const char *frontend,
				const char *origin)
{
	struct sr_service *service = sr_services_add(services);
	struct sr_frontend_spec spec = {};

	assert_non_null(service);
	assert_int_equal(service->id, SR_NO_ID);
	assert_int_equal(sr_string_set(&service->namespace, "shop"), 0);
	assert_int_equal(sr_string_set(&service->name, name), 0);
	assert_int_equal(sr_string_set(&service->port_name, ""), 0);
	assert_int_equal(sr_string_set(&service->origin, origin), 0);
	assert_int_equal(sr_hostport_parse(&spec.at, frontend, NULL), 0);
	service->family = sr_addr_family(&spec.at.addr);
	service->proto = spec.at.proto;
	assert_int_equal(sr_service_add_frontend(service, &spec), 0);
	return service;
}

static void with_endpoint(struct sr_service *service, const char *text, uint16_t weight)
{
	struct sr_endpoint endpoint = {.weight = weight, .flags = SR_BACKEND_IN_CLUSTER, .id = SR_NO_ID};
	struct sr_hostport at;

	assert_int_equal(sr_hostport_parse(&at, text, NULL), 0);
	endpoint.addr = at.addr;
	endpoint.port = at.port;
	assert_int_equal(sr_service_add_endpoint(service, &endpoint), 0);
}

/* "keep a, change b, ..." */
static void expect_plan(const struct sr_services *was, const struct sr_services *want,
			bool (*may_remove)(const struct sr_service *), const char *expected)
{
	static const char *const kinds[] = {"keep", "add", "change", "remove"};
	sr_autoplan struct sr_plan plan = {};
	char text[400] = "";
	struct sr_error err;
	bool empty = true;
	size_t i;

	assert_int_equal(sr_plan_make(&plan, was, want, may_remove, &err), 0);
	for (i = 0; i < plan.num; i++) {
		const struct sr_op *op = &plan.op[i];
		const struct sr_service *service = op->want ? op->want : op->was;
		size_t length = strlen(text);

		assert_true((op->kind == SR_OP_ADD) == !op->was);
		assert_true((op->kind == SR_OP_REMOVE) == !op->want);
		empty = empty && op->kind == SR_OP_KEEP;
		snprintf(text + length, sizeof(text) - length, "%s%s %s", i ? ", " : "", kinds[op->kind],
			 service->name);
	}
	assert_string_equal(text, expected);
	assert_int_equal(sr_plan_is_empty(&plan), empty);
}

static bool never(const struct sr_service *service)
{
	(void)service;
	return false;
}

static void walk(void **state)
{
	sr_autoservices struct sr_services was = {};
	sr_autoservices struct sr_services want = {};
	sr_autoservices struct sr_services none = {};

	(void)state;
	given(&was, "b", "10.0.0.2:80", "x");
	given(&was, "c", "10.0.0.3:80", "x");
	given(&was, "d", "10.0.0.4:80", "x");
	given(&want, "a", "10.0.0.1:80", "x");
	given(&want, "b", "10.0.0.2:80", "x");
	given(&want, "d", "10.0.0.5:80", "x");
	expect_plan(&was, &want, NULL, "add a, keep b, remove c, change d");
	expect_plan(&was, &want, never, "add a, keep b, keep c, change d");
	expect_plan(&none, &want, NULL, "add a, add b, add d");
	expect_plan(&was, &none, NULL, "remove b, remove c, remove d");
	expect_plan(&was, &was, NULL, "keep b, keep c, keep d");
	expect_plan(&none, &none, NULL, "");
}

/* Ids, and whether an address was allocated, make no difference. */
static void what_is_a_change(void **state)
{
	sr_autoservices struct sr_services was = {};
	sr_autoservices struct sr_services want = {};
	struct sr_service *a, *b;

	(void)state;
	a = given(&was, "a", "10.0.0.1:80", "x");
	b = given(&want, "a", "10.0.0.1:80", "x");
	with_endpoint(a, "10.1.0.2:80", 1);
	with_endpoint(a, "10.1.0.1:80", 1);
	with_endpoint(b, "10.1.0.1:80", 1);
	with_endpoint(b, "10.1.0.2:80", 1);
	with_endpoint(b, "10.1.0.2:80", 9);
	a->id = 7;
	a->endpoints[0].id = 8;
	b->frontends[0].allocated = true;
	expect_plan(&was, &want, NULL, "keep a");

	b->endpoints[0].weight = 0;
	expect_plan(&was, &want, NULL, "change a");
	b->endpoints[0].weight = 1;
	b->frontends[0].kind = SR_FRONTEND_EXTERNAL_IP;
	expect_plan(&was, &want, NULL, "change a");
	b->frontends[0].kind = SR_FRONTEND_CLUSTER_IP;
	assert_int_equal(sr_string_set(&b->origin, "y"), 0);
	expect_plan(&was, &want, NULL, "change a");
	assert_int_equal(sr_string_set(&b->origin, "x"), 0);
	with_endpoint(b, "10.1.0.2:81", 1);
	expect_plan(&was, &want, NULL, "change a");
}

static void what_packets_are_told_is_a_change(void **state)
{
	sr_autoservices struct sr_services was = {};
	sr_autoservices struct sr_services want = {};
	struct sr_cidr source = {.bits = 8};
	struct sr_service *a, *b;

	(void)state;
	a = given(&was, "a", "10.0.0.1:80", "x");
	b = given(&want, "a", "10.0.0.1:80", "x");
	with_endpoint(a, "10.1.0.1:80", 1);
	with_endpoint(b, "10.1.0.1:80", 1);

	b->endpoints[0].flags |= SR_BACKEND_ON_NODE;
	expect_plan(&was, &want, NULL, "change a");
	b->endpoints[0].flags = a->endpoints[0].flags;
	b->flags = SR_SERVICE_INTERNAL_LOCAL;
	expect_plan(&was, &want, NULL, "change a");
	b->flags = 0;
	b->affinity = 10800;
	expect_plan(&was, &want, NULL, "change a");
	b->affinity = 0;
	expect_plan(&was, &want, NULL, "keep a");
	a->is_torn = true;
	expect_plan(&was, &want, NULL, "change a");
	a->is_torn = false;

	assert_int_equal(sr_addr_parse(&source.addr, "10.0.0.0"), 0);
	assert_int_equal(sr_service_add_source(b, &source), 0);
	expect_plan(&was, &want, NULL, "change a");
	source.bits = 9;
	assert_int_equal(sr_service_add_source(a, &source), 0);
	expect_plan(&was, &want, NULL, "change a");
}

static void an_endpoint_without_weight_is_in_no_set(void **state)
{
	sr_autoservices struct sr_services services = {};
	struct sr_service *a = given(&services, "a", "10.0.0.1:80", "x");

	(void)state;
	with_endpoint(a, "10.1.0.1:80", 0);
	with_endpoint(a, "10.1.0.2:80", 2);
	assert_int_equal(a->endpoints[0].flags, 0);
	assert_int_equal(a->endpoints[1].flags, SR_BACKEND_IN_CLUSTER);
}

static void a_frontend_has_one_owner(void **state)
{
	sr_autoservices struct sr_services was = {};
	sr_autoservices struct sr_services want = {};
	struct sr_plan plan = {};
	struct sr_error err;

	(void)state;
	given(&was, "a", "10.0.0.1:80", SR_ORIGIN_MAP);
	given(&want, "b", "10.0.0.1:80", "web.yaml");
	expect_plan(&was, &want, NULL, "remove a, add b");
	assert_int_equal(sr_plan_make(&plan, &was, &want, sr_service_is_from_map, &err), 0);
	sr_plan_clear(&plan);
	assert_int_equal(sr_plan_make(&plan, &was, &want, never, &err), -EEXIST);
	assert_string_equal(err.text,
			    "10.0.0.1:80/tcp would belong to two services: shop/a (map add) and shop/b (web.yaml)");
	assert_null(plan.op);
}

static void copies_are_deep(void **state)
{
	sr_autoservices struct sr_services services = {};
	struct sr_service copy;
	struct sr_service *a = given(&services, "a", "10.0.0.1:80", "x");

	(void)state;
	with_endpoint(a, "10.1.0.1:80", 5);
	a->id = 3;
	assert_int_equal(sr_service_copy(&copy, a), 0);
	assert_int_equal(sr_service_compare(&copy, a), 0);
	assert_ptr_not_equal(copy.name, a->name);
	assert_int_equal(copy.num_frontends, 1);
	assert_int_equal(copy.endpoints[0].weight, 5);
	assert_int_equal(copy.id, 3);
	sr_service_clear(&copy);
}

static void sorted_and_found(void **state)
{
	sr_autoservices struct sr_services services = {};
	struct sr_hostport at;

	(void)state;
	given(&services, "b", "10.0.0.1:80", "x");
	given(&services, "a", "[fd00::1]:80", "x");
	given(&services, "a", "10.0.0.2:80/udp", "x");
	given(&services, "a", "10.0.0.2:80", "x");
	sr_services_sort(&services);
	assert_string_equal(services.item[3].name, "b");
	assert_int_equal(services.item[0].family, 4);
	assert_int_equal(services.item[1].family, 6);
	assert_int_equal(services.item[2].proto, IPPROTO_UDP);

	assert_int_equal(sr_hostport_parse(&at, "10.0.0.2:80/udp", NULL), 0);
	assert_ptr_equal(sr_services_find_frontend(&services, &at), &services.item[2]);
	assert_int_equal(sr_hostport_parse(&at, "10.0.0.2:81", NULL), 0);
	assert_null(sr_services_find_frontend(&services, &at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walk),
		cmocka_unit_test(what_is_a_change),
		cmocka_unit_test(what_packets_are_told_is_a_change),
		cmocka_unit_test(an_endpoint_without_weight_is_in_no_set),
		cmocka_unit_test(a_frontend_has_one_owner),
		cmocka_unit_test(copies_are_deep),
		cmocka_unit_test(sorted_and_found),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
