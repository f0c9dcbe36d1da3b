// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Addresses for manifests from git: who gets one, which, and that it stays.
 */
#include "support.h"

#define SERVICE(name, spec) "kind: Service\nmetadata: {name: " name "}\nspec: {ports: [{port: 80}]" spec "}\n---\n"
#define BALANCER(name, more)                                                                                           \
	"kind: Service\nmetadata:\n  name: " name "\n  annotations:\n"                                                 \
	"    service.beta.kubernetes.io/azure-load-balancer-internal-subnet: services\n"                               \
	"spec: {type: LoadBalancer, clusterIP: 10.0.0.200, ports: [{port: 90}]" more "}\n---\n"

static struct sr_cidr cidrs[4];
static struct sr_subnet subnets[4];

static void with_cidr(struct world *world, const char *text)
{
	assert_int_equal(sr_cidr_parse(&cidrs[world->options.num_service_cidrs++], text), 0);
	world->options.service_cidrs = cidrs;
}

static void with_subnet(struct world *world, const char *name, const char *text)
{
	struct sr_subnet *subnet = &subnets[world->options.num_subnets++];

	subnet->name = name;
	assert_int_equal(sr_cidr_parse(&subnet->cidr, text), 0);
	world->options.subnets = subnets;
}

static void load(struct world *world, const char *manifest)
{
	world_again(world);
	world_read(world, "a.yaml", manifest);
	world_resolve(world);
}

/* The first address of a service by name, as text (static). */
static const char *address(const struct world *world, const char *name)
{
	static char text[2][SR_ADDR_TEXT];
	static int turn;
	size_t i;

	for (i = 0; i < world->services.num; i++) {
		if (strcmp(world->services.item[i].name, name) == 0)
			return sr_addr_format(text[turn++ % 2], &world->services.item[i].frontends[0].at.addr);
	}
	return "none";
}

static void a_cluster_ip_is_allocated(void **state)
{
	struct world world;
	struct sr_cidr cidr;

	(void)state;
	world_begin(&world);
	with_cidr(&world, "10.0.0.0/16");
	load(&world, SERVICE("web", "") SERVICE("none", ", clusterIP: None") SERVICE("given", ", clusterIP: 10.9.0.1")
			     SERVICE("empty", ", clusterIP: ''"));
	assert_int_equal(world.services.num, 3);
	assert_int_equal(sr_cidr_parse(&cidr, "10.0.0.0/16"), 0);
	assert_string_equal(world.services.item[2].name, "web");
	assert_true(sr_cidr_contains(&cidr, &world.services.item[2].frontends[0].at.addr));
	assert_true(world.services.item[2].frontends[0].allocated);
	assert_true(world.services.item[0].frontends[0].allocated);
	assert_false(world.services.item[1].frontends[0].allocated);
	assert_int_equal(world.leases.num, 2);
	assert_string_equal(world.leases.item[0].pool, "service-cidr");
	world_end(&world);
}

/* A cluster has decided already, or will. */
static void not_for_objects_of_a_cluster(void **state)
{
	struct world world;

	(void)state;
	world_begin(&world);
	with_cidr(&world, "10.0.0.0/16");
	load(&world, "kind: Service\nmetadata: {name: web, uid: x}\nspec: {ports: [{port: 80}]}\n");
	assert_int_equal(world.services.num, 0);
	assert_string_equal(world_notes(&world), "skipped 1 service: default/web (no ClusterIP)\n");
	load(&world, "kind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
		     "status: {loadBalancer: {ingress: [{ip: 10.1.1.1}]}}\n");
	assert_int_equal(world.services.num, 0);
	assert_int_equal(world.leases.num, 0);
	world_end(&world);
}

static void the_same_in_every_run_and_order(void **state)
{
	static const char ab[] = SERVICE("a", "") SERVICE("b", "") SERVICE("c", "");
	static const char ba[] = SERVICE("c", "") SERVICE("b", "") SERVICE("a", "");
	struct world first, second;
	char text[sizeof(first.text)];

	(void)state;
	world_begin(&first);
	world_begin(&second);
	with_cidr(&first, "10.0.0.0/29");
	second.options = first.options;
	load(&first, ab);
	load(&second, ba);
	strcpy(text, world_text(&first));
	assert_string_equal(world_text(&second), text);
	assert_int_equal(first.services.num, 3);
	world_end(&first);
	world_end(&second);
}

/* In a /29 with five usable addresses probes collide: leases must hold. */
static void a_lease_stays_whatever_comes_or_goes(void **state)
{
	char b[SR_ADDR_TEXT], c[SR_ADDR_TEXT];
	struct world world;

	(void)state;
	world_begin(&world);
	with_cidr(&world, "10.0.0.0/29");
	load(&world, SERVICE("b", "") SERVICE("c", ""));
	strcpy(b, address(&world, "b"));
	strcpy(c, address(&world, "c"));

	load(&world, SERVICE("a", "") SERVICE("b", "") SERVICE("c", "") SERVICE("d", ""));
	assert_string_equal(address(&world, "b"), b);
	assert_string_equal(address(&world, "c"), c);
	load(&world, SERVICE("a", "") SERVICE("c", ""));
	assert_string_equal(address(&world, "c"), c);
	load(&world, SERVICE("a", "") SERVICE("b", "") SERVICE("e", ""));
	assert_string_equal(address(&world, "b"), b);
	assert_int_equal(world.leases.num, 5);
	world_end(&world);
}

static void a_full_pool_reclaims_from_the_gone(void **state)
{
	char a[SR_ADDR_TEXT];
	struct world world;

	(void)state;
	world_begin(&world);
	with_cidr(&world, "10.0.0.0/30"); /* .2 only */
	load(&world, SERVICE("a", ""));
	strcpy(a, address(&world, "a"));
	assert_string_equal(a, "10.0.0.2");
	load(&world, SERVICE("a", "") SERVICE("b", ""));
	assert_string_equal(address(&world, "a"), a);
	assert_string_equal(address(&world, "b"), "none");
	assert_string_equal(world_notes(&world), "default/b: no IPv4 address is free in --service-cidr\n");
	load(&world, SERVICE("b", ""));
	assert_string_equal(address(&world, "b"), a);
	assert_int_equal(world.leases.num, 1);
	assert_string_equal(world.leases.item[0].name, "b");
	world_end(&world);
}

static void addresses_in_use_are_avoided(void **state)
{
	struct world world;

	(void)state;
	world_begin(&world);
	with_cidr(&world, "10.0.0.0/29"); /* .2 to .6 */
	load(&world,
	     SERVICE("web", "") SERVICE("given", ", clusterIP: 10.0.0.2")
		     SERVICE("external",
			     ", clusterIP: 10.9.0.1, externalIPs: [10.0.0.3]") "kind: Pod\nmetadata: {name: "
									       "a}\nstatus: {podIP: 10.0.0.4}\n---\n"
									       "kind: Node\nmetadata: {name: "
									       "a}\nstatus: {addresses: [{type: "
									       "InternalIP, address: 10.0.0.5}]}\n");
	assert_string_equal(address(&world, "web"), "10.0.0.6");

	/* What was leased is another's now. */
	load(&world, SERVICE("web", "") SERVICE("given", ", clusterIP: 10.0.0.6"));
	assert_string_not_equal(address(&world, "web"), "10.0.0.6");
	assert_int_equal(world.leases.num, 1);
	world_end(&world);
}

static void addresses_of_map_add_are_avoided(void **state)
{
	sr_autoservices struct sr_services programmed = {};
	struct sr_service *service = sr_services_add(&programmed);
	struct sr_frontend_spec spec = {};
	struct world world;

	(void)state;
	service->origin = strdup(SR_ORIGIN_MAP);
	assert_int_equal(sr_hostport_parse(&spec.at, "10.0.0.2:80", NULL), 0);
	assert_int_equal(sr_service_add_frontend(service, &spec), 0);
	world_begin(&world);
	with_cidr(&world, "10.0.0.0/30"); /* .2 only */
	world.options.programmed = &programmed;
	load(&world, SERVICE("web", ""));
	assert_string_equal(address(&world, "web"), "none");

	/* One of a manifest's own is no obstacle: it is what is being replaced. */
	assert_int_equal(service->origin[0], 'm');
	service->origin[0] = 'x';
	load(&world, SERVICE("web", ""));
	assert_string_equal(address(&world, "web"), "10.0.0.2");
	world_end(&world);
}

static void a_lease_outside_the_pool_is_renewed(void **state)
{
	struct sr_addr addr;
	struct world world;

	(void)state;
	world_begin(&world);
	with_cidr(&world, "10.0.0.0/24");
	assert_int_equal(sr_addr_parse(&addr, "10.7.0.9"), 0);
	assert_int_equal(sr_leases_add(&world.leases, "default", "web", "service-cidr", &addr), 0);
	load(&world, SERVICE("web", ""));
	assert_memory_equal(address(&world, "web"), "10.0.0.", 7);
	assert_int_equal(world.leases.num, 1);
	world_end(&world);
}

static void families(void **state)
{
	struct world world;

	(void)state;
	world_begin(&world);
	with_cidr(&world, "fd00:10::/64");
	with_cidr(&world, "10.0.0.0/16");
	load(&world, SERVICE("default", "") SERVICE("dual", ", ipFamilyPolicy: PreferDualStack")
			     SERVICE("four", ", ipFamilies: [IPv4]")
				     SERVICE("six", ", ipFamilies: [IPv6], ipFamilyPolicy: SingleStack"));
	assert_int_equal(world.services.num, 5);
	assert_int_equal(world.services.item[0].family, 6); /* the first CIDR's */
	assert_int_equal(world.services.item[1].family, 4);
	assert_int_equal(world.services.item[2].family, 6);
	assert_int_equal(world.services.item[3].family, 4);
	assert_int_equal(world.services.item[4].family, 6);

	world.options.num_service_cidrs = 1;
	load(&world, SERVICE("four", ", ipFamilies: [IPv4]") SERVICE("prefer", ", ipFamilyPolicy: PreferDualStack")
			     SERVICE("require", ", ipFamilyPolicy: RequireDualStack"));
	assert_int_equal(world.services.num, 2);
	assert_string_equal(world_notes(&world),
			    "default/four: no IPv4 ClusterIP: no --service-cidr of that family\n"
			    "default/require: no IPv4 ClusterIP: no --service-cidr of that family\n");
	world_end(&world);
}

static void a_load_balancer_from_its_subnet(void **state)
{
	struct sr_cidr kept;
	struct world world;

	(void)state;
	world_begin(&world);
	with_subnet(&world, "other", "10.9.0.0/24");
	with_subnet(&world, "services", "10.240.16.0/29"); /* .4 to .6 */
	load(&world, BALANCER("web", ""));
	assert_int_equal(world.services.item[0].num_frontends, 2);
	assert_int_equal(world.services.item[0].frontends[1].kind, SR_FRONTEND_LOAD_BALANCER);
	assert_true(world.services.item[0].frontends[1].allocated);
	assert_int_equal(sr_cidr_parse(&kept, "10.240.16.4/30"), 0);
	assert_true(sr_cidr_contains(&kept, &world.services.item[0].frontends[1].at.addr));
	assert_string_equal(world.leases.item[0].pool, "services");

	/* The cluster's own answer wins. */
	load(&world, BALANCER("web", "") "kind: Service\nmetadata: {name: web, annotations: "
					 "{service.beta.kubernetes.io/azure-load-balancer-internal-subnet: services}}\n"
					 "spec: {type: LoadBalancer, clusterIP: 10.0.0.200, ports: [{port: 90}]}\n"
					 "status: {loadBalancer: {ingress: [{ip: 10.240.16.77}]}}\n");
	assert_string_equal(world_text(&world), "default/web: 10.0.0.200:90/tcp lb:10.240.16.77:90/tcp ->\n");

	world.options.num_subnets = 1;
	load(&world, BALANCER("web", ""));
	assert_string_equal(world_text(&world), "default/web: 10.0.0.200:90/tcp ->\n");
	assert_string_equal(world_notes(&world),
			    "default/web: no load-balancer address: no --subnet services=CIDR is given\n");
	world_end(&world);
}

static void a_dual_stack_load_balancer(void **state)
{
	struct world world;

	(void)state;
	world_begin(&world);
	with_cidr(&world, "10.0.0.0/30");
	with_cidr(&world, "fd00::/126");
	with_subnet(&world, "services", "10.240.16.0/29");
	with_subnet(&world, "services", "fd00:240::/125");
	load(&world, "kind: Service\nmetadata: {name: web, annotations: "
		     "{service.beta.kubernetes.io/azure-load-balancer-internal-subnet: services}}\n"
		     "spec: {type: LoadBalancer, ipFamilyPolicy: RequireDualStack, ports: [{port: 90}]}\n");
	assert_int_equal(world.services.num, 2);
	assert_int_equal(world.services.item[0].num_frontends, 2);
	assert_int_equal(world.services.item[1].num_frontends, 2);
	assert_int_equal(world.leases.num, 4);
	world_end(&world);
}

static void a_chosen_address(void **state)
{
	struct world world;

	(void)state;
	world_begin(&world);
	with_subnet(&world, "services", "10.240.16.0/24");
	load(&world, BALANCER("web", ", loadBalancerIP: 10.240.16.42"));
	assert_string_equal(world_text(&world), "default/web: 10.0.0.200:90/tcp lb:10.240.16.42:90/tcp ->\n");
	assert_int_equal(world.leases.num, 0);

	load(&world, BALANCER("web", ", loadBalancerIP: 10.241.0.1"));
	assert_string_equal(world_text(&world), "default/web: 10.0.0.200:90/tcp ->\n");
	assert_string_equal(world_notes(&world),
			    "default/web: no load-balancer address: 10.241.0.1, as it asks for, is "
			    "not in --subnet services\n");

	load(&world, BALANCER("web", ", loadBalancerIP: 10.240.16.42") "kind: Pod\nmetadata: {name: a}\n"
								       "status: {podIP: 10.240.16.42}\n");
	assert_string_equal(world_notes(&world), "default/web: no load-balancer address: 10.240.16.42, as it asks for, "
						 "is a pod's or a node's\n");

	load(&world, "kind: Service\nmetadata: {name: web, annotations: "
		     "{service.beta.kubernetes.io/azure-load-balancer-ipv4: 10.240.16.43}}\n"
		     "spec: {type: LoadBalancer, clusterIP: 10.0.0.1, ports: [{port: 90}]}\n");
	assert_string_equal(world_text(&world), "default/web: 10.0.0.1:90/tcp lb:10.240.16.43:90/tcp ->\n");
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cluster_ip_is_allocated),
		cmocka_unit_test(not_for_objects_of_a_cluster),
		cmocka_unit_test(the_same_in_every_run_and_order),
		cmocka_unit_test(a_lease_stays_whatever_comes_or_goes),
		cmocka_unit_test(a_full_pool_reclaims_from_the_gone),
		cmocka_unit_test(addresses_in_use_are_avoided),
		cmocka_unit_test(addresses_of_map_add_are_avoided),
		cmocka_unit_test(a_lease_outside_the_pool_is_renewed),
		cmocka_unit_test(families),
		cmocka_unit_test(a_load_balancer_from_its_subnet),
		cmocka_unit_test(a_dual_stack_load_balancer),
		cmocka_unit_test(a_chosen_address),
	};

	return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
