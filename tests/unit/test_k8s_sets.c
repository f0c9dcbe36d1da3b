// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which endpoints: a test a row. The node is n1, its zone a. An endpoint is
 * written as "IP CONDITIONS@NODE", so that a test reads like the table; what
 * comes of it as "cluster{...} local{...} drains{...}".
 */
#include "support.h"

#define SERVICE                                                                                                        \
	"kind: Service\nmetadata: {name: web}\n"                                                                       \
	"spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n---\n"
#define SLICE(endpoints)                                                                                               \
	"kind: EndpointSlice\naddressType: IPv4\n"                                                                     \
	"metadata: {name: x, labels: {kubernetes.io/service-name: web}}\n"                                             \
	"ports: [{port: 80}]\nendpoints: [" endpoints "]\n---\n"

#define AT(n, node)	   "{addresses: [10.1.0." n "], nodeName: " node
#define READY(n, node)	   AT(n, node) "},"
#define UNREADY(n, node)   AT(n, node) ", conditions: {ready: false, serving: false}},"
#define SERVING(n, node)   AT(n, node) ", conditions: {ready: false, serving: true}},"
#define LEAVING(n, node)   AT(n, node) ", conditions: {ready: false, serving: true, terminating: true}},"
#define STOPPED(n, node)   AT(n, node) ", conditions: {ready: false, serving: false, terminating: true}},"
#define HINTED(n, node, h) AT(n, node) ", hints: {" h "}},"
#define FOR_NODE(node)	   "forNodes: [{name: " node "}]"
#define FOR_ZONE(zone)	   "forZones: [{name: " zone "}]"

static void print_set(struct world *world, const struct sr_service *service, const char *name, unsigned int set)
{
	const char *between = "";
	size_t i;

	world_print(world, "%s{", name);
	for (i = 0; i < service->num_endpoints; i++) {
		const struct sr_endpoint *endpoint = &service->endpoints[i];
		char text[SR_ADDR_TEXT];

		if (set ? !(endpoint->flags & set) : endpoint->flags & SR_BACKEND_SETS)
			continue;
		world_print(world, "%s%s", between, strrchr(sr_addr_format(text, &endpoint->addr), '.') + 1);
		between = " ";
	}
	world_print(world, "}");
}

/* The last numbers of the addresses. */
static const char *sets_text(struct world *world)
{
	assert_int_equal(world->services.num, 1);
	world->text[0] = '\0';
	print_set(world, world->services.item, "cluster", SR_BACKEND_IN_CLUSTER);
	print_set(world, world->services.item, " local", SR_BACKEND_IN_LOCAL);
	print_set(world, world->services.item, " drains", 0);
	return world->text;
}

static void expect_sets_of(const char *node, const char *zone, const char *manifest, const char *expected)
{
	struct world world;

	world_begin(&world);
	world.options.node = node;
	world.options.zone = zone;
	world_read(&world, "a.yaml", manifest);
	world_resolve(&world);
	assert_string_equal(sets_text(&world), expected);
	world_end(&world);
}

#define expect_sets(endpoints, expected) expect_sets_of("n1", "a", SERVICE SLICE(endpoints), expected)

static void ready_ones(void **state)
{
	(void)state;
	expect_sets(READY("1", "n1") READY("2", "n2"), "cluster{1 2} local{1} drains{}");
	expect_sets(READY("1", "n2") READY("2", "n3"), "cluster{1 2} local{} drains{}");
	expect_sets("", "cluster{} local{} drains{}");
}

static void nil_conditions_are_ready_serving_not_terminating(void **state)
{
	(void)state;
	expect_sets(AT("1", "n1") ", conditions: {}}," AT("2", "n1") ", conditions: {terminating: true}}," AT(
			    "3", "n1") ", conditions: {ready: false}},",
		    "cluster{1 2} local{1 2} drains{3}");
	/* serving of the third is nil: with terminating it is a last resort */
	expect_sets(AT("3", "n1") ", conditions: {ready: false, terminating: true}},", "cluster{3} local{3} drains{}");
}

static void what_does_not_serve_is_gone(void **state)
{
	(void)state;
	expect_sets(READY("1", "n1") UNREADY("2", "n1") STOPPED("3", "n1"), "cluster{1} local{1} drains{}");
	expect_sets(UNREADY("2", "n1") STOPPED("3", "n1"), "cluster{} local{} drains{}");
}

static void what_serves_drains(void **state)
{
	(void)state;
	expect_sets(READY("1", "n1") SERVING("2", "n1") LEAVING("3", "n1"), "cluster{1} local{1} drains{2 3}");
	expect_sets(SERVING("2", "n1"), "cluster{} local{} drains{2}");
}

static void terminating_if_none_is_ready(void **state)
{
	(void)state;
	expect_sets(SERVING("1", "n1") LEAVING("2", "n1") LEAVING("3", "n2") STOPPED("4", "n1"),
		    "cluster{2 3} local{2} drains{1}");
}

/* Local falls back on its own, and is not bound by the Cluster set. */
static void local_falls_back_by_itself(void **state)
{
	(void)state;
	expect_sets(LEAVING("1", "n1") READY("2", "n2"), "cluster{2} local{1} drains{}");
	expect_sets(LEAVING("1", "n1") READY("2", "n1"), "cluster{2} local{2} drains{1}");
}

static void local_is_a_matter_of_names(void **state)
{
	(void)state;
	expect_sets_of(NULL, NULL, SERVICE SLICE(READY("1", "n1")), "cluster{1} local{} drains{}");
	expect_sets_of("", NULL, SERVICE SLICE("{addresses: [10.1.0.1]}, {addresses: [10.1.0.2], nodeName: ''}"),
		       "cluster{1 2} local{} drains{}");
}

static void the_same_twice(void **state)
{
	(void)state;
	expect_sets(LEAVING("1", "n1") READY("1", "n1") LEAVING("1", "n1"), "cluster{1} local{1} drains{}");
	/* the one that stays decides, though it is not ready */
	expect_sets(LEAVING("1", "n1") UNREADY("1", "n1"), "cluster{} local{} drains{}");
}

static void same_zone(void **state)
{
	(void)state;
	expect_sets(HINTED("1", "n1", FOR_ZONE("a")) HINTED("2", "n2", FOR_ZONE("a")) HINTED("3", "n3", FOR_ZONE("b")),
		    "cluster{1 2} local{1} drains{3}");
	/* the Local set knows no hints */
	expect_sets(HINTED("1", "n1", FOR_ZONE("b")) HINTED("2", "n2", FOR_ZONE("a")), "cluster{2} local{1} drains{}");
}

static void same_zone_needs_all_hints(void **state)
{
	(void)state;
	expect_sets(HINTED("1", "n1", FOR_ZONE("a")) READY("2", "n2"), "cluster{1 2} local{1} drains{}");
	expect_sets(HINTED("1", "n1", FOR_ZONE("b")) HINTED("2", "n2", FOR_ZONE("c")),
		    "cluster{1 2} local{1} drains{}");
	/* only ready ones are asked */
	expect_sets(HINTED("1", "n1", FOR_ZONE("a")) HINTED("2", "n2", FOR_ZONE("b")) LEAVING("3", "n3"),
		    "cluster{1} local{1} drains{2 3}");
	expect_sets_of("n1", NULL, SERVICE SLICE(HINTED("1", "n1", FOR_ZONE("a")) HINTED("2", "n2", FOR_ZONE("b"))),
		       "cluster{1 2} local{1} drains{}");
}

static void same_node_before_zone(void **state)
{
	(void)state;
	expect_sets(HINTED("1", "n1", FOR_ZONE("a") ", " FOR_NODE("n1"))
			    HINTED("2", "n2", FOR_ZONE("a") ", " FOR_NODE("n2")),
		    "cluster{1} local{1} drains{2}");
	/* none for this node: the zone decides */
	expect_sets(HINTED("1", "n2", FOR_ZONE("a") ", " FOR_NODE("n2"))
			    HINTED("2", "n3", FOR_ZONE("b") ", " FOR_NODE("n3")),
		    "cluster{1} local{} drains{2}");
	/* one without: as if none had any */
	expect_sets(HINTED("1", "n1", FOR_ZONE("a") ", " FOR_NODE("n1")) HINTED("2", "n2", FOR_ZONE("a")),
		    "cluster{1 2} local{1} drains{}");
}

static void last_resort_knows_no_topology(void **state)
{
	(void)state;
	expect_sets("{addresses: [10.1.0.1], conditions: {ready: false, terminating: true}, hints: {" FOR_ZONE(
			    "a") "}},"
				 "{addresses: [10.1.0.2], conditions: {ready: false, terminating: true}, "
				 "hints: {" FOR_ZONE("b") "}}",
		    "cluster{1 2} local{} drains{}");
}

static void zone_of_our_node_object(void **state)
{
	static const char nodes[] = "kind: Node\nmetadata: {name: n1, labels: {topology.kubernetes.io/zone: a}}\n---\n"
				    "kind: Node\nmetadata: {name: n2, labels: {topology.kubernetes.io/zone: b}}\n---\n";
	char manifest[2000];

	(void)state;
	snprintf(manifest, sizeof(manifest), "%s%s", nodes,
		 SERVICE SLICE(HINTED("1", "n1", FOR_ZONE("a")) HINTED("2", "n2", FOR_ZONE("b"))));
	expect_sets_of("n1", NULL, manifest, "cluster{1} local{1} drains{2}");
	expect_sets_of("n2", NULL, manifest, "cluster{2} local{2} drains{1}");
	expect_sets_of("n2", "a", manifest, "cluster{1} local{2} drains{}");
	expect_sets_of("n3", NULL, manifest, "cluster{1 2} local{} drains{}");
}

/* A weight of 0 means: no new connection, whatever the conditions. */
static void weight_zero_is_in_no_set(void **state)
{
	(void)state;
	expect_sets_of(
		"n1", "a",
		"kind: Service\nmetadata: {name: web, annotations: {svcroute.io/weights: "
		"'{\"10.1.0.1:80\": 0}'}}\n"
		"spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n---\n" SLICE(READY("1", "n1") READY("2", "n1")),
		"cluster{2} local{2} drains{1}");
}

static void endpoints_objects_tell_the_node(void **state)
{
	(void)state;
	expect_sets_of("n1", NULL,
		       SERVICE
		       "kind: Endpoints\nmetadata: {name: web}\nsubsets: [{addresses: [{ip: 10.1.0.1, nodeName: "
		       "n1}, {ip: 10.1.0.2, nodeName: n2}], notReadyAddresses: [{ip: 10.1.0.3}], ports: "
		       "[{port: 80}]}]\n",
		       "cluster{1 2} local{1} drains{}");
}

#define SELECTING(more)                                                                                                \
	"kind: Service\nmetadata: {name: web}\n"                                                                       \
	"spec: {clusterIP: 10.0.0.1, selector: {app: web}, ports: [{port: 80}]" more "}\n---\n"
#define POD(n, node, meta, ready)                                                                                      \
	"kind: Pod\nmetadata: {name: p" n ", labels: {app: web}" meta "}\nspec: {nodeName: " node "}\n"                \
	"status: {podIP: 10.1.0." n ", conditions: [{type: Ready, status: '" ready "'}]}\n---\n"
#define DYING ", deletionTimestamp: '2026-01-01T00:00:00Z'"

static void selectors(void **state)
{
	(void)state;
	expect_sets_of("n1", NULL,
		       SELECTING("") POD("1", "n1", "", "True") POD("2", "n2", "", "True") POD("3", "n1", "", "False")
			       POD("4", "n1", DYING, "True") POD("5", "n1", DYING, "False"),
		       "cluster{1 2} local{1} drains{4}");
	expect_sets_of("n1", NULL, SELECTING("") POD("4", "n1", DYING, "True") POD("5", "n2", DYING, "True"),
		       "cluster{4 5} local{4} drains{}");
}

static void selectors_with_publish(void **state)
{
	(void)state;
	expect_sets_of("n1", NULL,
		       SELECTING(", publishNotReadyAddresses: true") POD("1", "n1", "", "False")
			       POD("2", "n2", DYING, "False"),
		       "cluster{1 2} local{1} drains{}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ready_ones),
		cmocka_unit_test(nil_conditions_are_ready_serving_not_terminating),
		cmocka_unit_test(what_does_not_serve_is_gone),
		cmocka_unit_test(what_serves_drains),
		cmocka_unit_test(terminating_if_none_is_ready),
		cmocka_unit_test(local_falls_back_by_itself),
		cmocka_unit_test(local_is_a_matter_of_names),
		cmocka_unit_test(the_same_twice),
		cmocka_unit_test(same_zone),
		cmocka_unit_test(same_zone_needs_all_hints),
		cmocka_unit_test(same_node_before_zone),
		cmocka_unit_test(last_resort_knows_no_topology),
		cmocka_unit_test(zone_of_our_node_object),
		cmocka_unit_test(weight_zero_is_in_no_set),
		cmocka_unit_test(endpoints_objects_tell_the_node),
		cmocka_unit_test(selectors),
		cmocka_unit_test(selectors_with_publish),
	};

	return cmocka_run_group_tests_name("k8s_sets", tests, NULL, NULL);
}
