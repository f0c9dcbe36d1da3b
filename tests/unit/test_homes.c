// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* On which other node, by its address, a backend lives. This node is n1. */
#include "support.h"

#include "model/homes.h"

#define NODE(name, addresses)                                                                                          \
	"kind: Node\nmetadata: {name: " name "}\n"                                                                     \
	"status: {addresses: [" addresses "]}\n---\n"
#define INTERNAL(address) "{type: InternalIP, address: '" address "'},"
#define EXTERNAL(address) "{type: ExternalIP, address: '" address "'},"

#define NODES                                                                                                          \
	NODE("n1", INTERNAL("10.2.0.1"))                                                                               \
	NODE("n2", EXTERNAL("192.0.2.2") INTERNAL("10.2.0.2") INTERNAL("10.2.9.2") INTERNAL("fd00:2::2"))              \
	NODE("n3", EXTERNAL("192.0.2.3"))

#define SERVICE                                                                                                        \
	"kind: Service\nmetadata: {name: web}\n"                                                                       \
	"spec: {clusterIP: 10.0.0.1, externalIPs: [198.51.100.7], ports: [{port: 80}]}\n---\n"
#define SLICE(name, family, endpoints)                                                                                 \
	"kind: EndpointSlice\naddressType: " family "\n"                                                               \
	"metadata: {name: " name ", labels: {kubernetes.io/service-name: web}}\n"                                      \
	"ports: [{port: 80}]\nendpoints: [" endpoints "]\n---\n"
#define AT(address, node) "{addresses: ['" address "'], nodeName: " node "},"
#define POD(address, node, phase)                                                                                      \
	"kind: Pod\nmetadata: {name: p}\nspec: {nodeName: " node "}\n"                                                 \
	"status: {phase: " phase ", podIP: " address ", podIPs: [{ip: " address "}]}\n---\n"

struct homes {
	struct world world;
	struct sr_homes homes;
};

static struct homes given(const char *self, const char *manifest)
{
	struct homes homes = {};

	world_begin(&homes.world);
	homes.world.options.node = self;
	world_read(&homes.world, "x.yaml", manifest);
	world_resolve(&homes.world);
	assert_int_equal(sr_homes_make(&homes.homes, homes.world.k8s, self), 0);
	return homes;
}

static void drop(struct homes *homes)
{
	sr_homes_clear(&homes->homes);
	world_end(&homes->world);
}

/* NULL: it has no home that is known. */
static void expect_home(const struct homes *homes, const char *address, const char *node)
{
	struct sr_addr addr, want = {};
	const struct sr_home *home;

	assert_int_equal(sr_addr_parse(&addr, address), 0);
	home = sr_homes_find(&homes->homes, &addr);
	if (!node) {
		assert_null(home);
		return;
	}
	assert_non_null(home);
	assert_int_equal(sr_addr_parse(&want, node), 0);
	assert_memory_equal(&home->node, &want, sizeof(want));
}

static void endpoints_live_where_their_node_has_its_first_internal_address(void **state)
{
	struct homes homes = given("n1", NODES SERVICE SLICE("a", "IPv4", AT("10.1.2.1", "n2") AT("10.1.2.2", "n2"))
						 SLICE("b", "IPv6", AT("fd00:1::1", "n2")));

	(void)state;
	expect_home(&homes, "10.1.2.1", "10.2.0.2");
	expect_home(&homes, "10.1.2.2", "10.2.0.2");
	expect_home(&homes, "fd00:1::1", "fd00:2::2");
	assert_int_equal(homes.homes.num, 3);
	drop(&homes);
}

static void this_node_and_unknown_ones_are_nobodys_home(void **state)
{
	struct homes homes = given(
		"n1", NODES SERVICE SLICE("a", "IPv4", AT("10.1.1.1", "n1") AT("10.1.3.1", "n3") AT("10.1.4.1", "n4")));

	(void)state;
	expect_home(&homes, "10.1.1.1", NULL);
	expect_home(&homes, "10.1.3.1", NULL);
	expect_home(&homes, "10.1.4.1", NULL);
	drop(&homes);
	homes = given(NULL, NODES SERVICE SLICE("a", "IPv4", AT("10.1.1.1", "n1")));
	expect_home(&homes, "10.1.1.1", "10.2.0.1");
	drop(&homes);
}

/* They stand behind host ports. */
static void pods_have_homes_while_they_run(void **state)
{
	struct homes homes = given("n1", NODES POD("10.1.2.7", "n2", "Running"));

	(void)state;
	expect_home(&homes, "10.1.2.7", "10.2.0.2");
	drop(&homes);
	homes = given("n1", NODES POD("10.1.2.7", "n2", "Succeeded"));
	expect_home(&homes, "10.1.2.7", NULL);
	drop(&homes);
}

static void endpoints_without_a_home_are_counted(void **state)
{
	struct homes homes = given("n1", NODES SERVICE SLICE("a", "IPv4",
							     AT("10.1.1.1", "n1") AT("10.1.2.1", "n2")
								     AT("10.1.3.1", "n3") AT("10.1.4.1", "n4")));

	(void)state;
	assert_int_equal(sr_homes_missing(&homes.homes, &homes.world.services), 2);
	drop(&homes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints_live_where_their_node_has_its_first_internal_address),
		cmocka_unit_test(this_node_and_unknown_ones_are_nobodys_home),
		cmocka_unit_test(pods_have_homes_while_they_run),
		cmocka_unit_test(endpoints_without_a_home_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
