// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a manifest's writer hears of names that do not meet, and of fields that nobody knows. */
#include "support.h"

#define SERVICE(spec)                                                                                                  \
	"kind: Service\nmetadata: {name: web, namespace: shop}\nspec: {clusterIP: 10.0.0.1, " spec "}\n---\n"
#define SLICE(service, rest)                                                                                           \
	"kind: EndpointSlice\naddressType: IPv4\n"                                                                     \
	"metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: " service "}}\n" rest "\n---\n"
#define ENDPOINTS   "endpoints: [{addresses: [10.1.0.1]}]"
#define NAMED(name) "ports: [{port: 80, name: " name "}]"
#define POD(name)                                                                                                      \
	"kind: Pod\nmetadata: {name: " name ", namespace: shop, labels: {app: web}}\n"                                 \
	"spec: {containers: [{name: c, ports: [{containerPort: 8080, name: http}]}]}\n"                                \
	"status: {phase: Running, podIP: 10.1.0.1, conditions: [{type: Ready, status: 'True'}]}\n---\n"

static void expect_notes(const char *manifest, const char *expected)
{
	struct world world;

	world_begin(&world);
	world_read(&world, "a.yaml", manifest);
	world_resolve(&world);
	assert_string_equal(world_notes(&world), expected);
	world_end(&world);
}

static void a_port_that_no_slice_names(void **state)
{
	(void)state;
	expect_notes(
		SERVICE(NAMED("http")) SLICE("web", NAMED("web") "\n" ENDPOINTS),
		"shop/web: port 80 has no endpoints: in none of its EndpointSlice objects is a tcp port named http\n");
	expect_notes(
		SERVICE(NAMED("http")) SLICE("web", "ports: [{port: 80, name: http, protocol: UDP}]\n" ENDPOINTS),
		"shop/web: port 80 has no endpoints: in none of its EndpointSlice objects is a tcp port named http\n");
	expect_notes(SERVICE(NAMED("http")) SLICE("web", NAMED("http") "\n" ENDPOINTS), "");
	expect_notes(SERVICE("ports: [{port: 80}]") SLICE("web", NAMED("http") "\n" ENDPOINTS),
		     "shop/web: port 80 has no endpoints: in none of its EndpointSlice objects is a tcp port without a "
		     "name\n");
	/* Nobody is there yet: then there is no port to be named. */
	expect_notes(SERVICE(NAMED("http")) SLICE("web", "endpoints: []"), "");
}

static void a_target_that_no_pod_names(void **state)
{
	(void)state;
	expect_notes(SERVICE("selector: {app: web}, ports: [{port: 80, targetPort: web}]") POD("a"),
		     "shop/web: port 80 has no endpoints: no pod it selects has a tcp port named web\n");
	expect_notes(SERVICE("selector: {app: web}, ports: [{port: 80, targetPort: http}]") POD("a"), "");
	expect_notes(SERVICE("selector: {app: other}, ports: [{port: 80, targetPort: web}]") POD("a"), "");
	expect_notes(SERVICE("selector: {app: web}, ports: [{port: 80, targetPort: 81}]") POD("a"), "");
}

static void slices_of_services_that_are_not_there(void **state)
{
	(void)state;
	expect_notes(SERVICE("ports: [{port: 80}]") SLICE("wbe", "ports: [{port: 80}]\n" ENDPOINTS),
		     "1 EndpointSlice of services that are not there: shop/web-1 (of 'wbe')\n");
}

static void fields_that_nobody_knows(void **state)
{
	(void)state;
	expect_notes(SERVICE("selectors: {app: web}, ports: [{port: 80, target: 81}]"),
		     "shop/web: spec.selectors is not a field of Service\n"
		     "shop/web: spec.ports[].target is not a field of Service\n");
	expect_notes(SERVICE("ports: [{port: 80}]") SLICE("web", "ports: [{port: 80, proto: TCP}]\n"
								 "endpoint: []\n"
								 "endpoints: [{addresses: [10.1.0.1], node: a, "
								 "conditions: {redy: false}}]"),
		     "shop/web-1: endpoint is not a field of EndpointSlice\n"
		     "shop/web-1: endpoints[].node is not a field of EndpointSlice\n"
		     "shop/web-1: endpoints[].conditions.redy is not a field of EndpointSlice\n"
		     "shop/web-1: ports[].proto is not a field of EndpointSlice\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_that_no_slice_names),
		cmocka_unit_test(a_target_that_no_pod_names),
		cmocka_unit_test(slices_of_services_that_are_not_there),
		cmocka_unit_test(fields_that_nobody_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
