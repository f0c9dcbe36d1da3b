// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is written as manifests is read back as the same services.
 */
#include "support.h"

#include "model/export.h"
#include "model/plan.h"
#include "model/yaml.h"

/* The services' manifest as text; the caller frees it. */
static char *exported(const struct sr_services *services, bool json)
{
	char *text = NULL;
	json_t *list;
	size_t size;
	FILE *file;

	assert_int_equal(sr_services_export(services, &list), 0);
	file = open_memstream(&text, &size);
	assert_non_null(file);
	assert_int_equal(json ? json_dumpf(list, file, JSON_INDENT(2)) : sr_yaml_write(file, list), 0);
	assert_int_equal(fclose(file), 0);
	json_decref(list);
	return text;
}

static void expect_same_services(struct world *a, struct world *b)
{
	sr_autoplan struct sr_plan plan = {};
	char text[sizeof(a->text)];
	struct sr_error err;
	size_t i;

	/* `allocated` is not exported: the address is the service's now. */
	for (i = 0; i < a->services.num; i++) {
		size_t j;

		for (j = 0; j < a->services.item[i].num_frontends; j++)
			a->services.item[i].frontends[j].allocated = false;
	}
	strcpy(text, world_text(a));
	assert_string_equal(world_text(b), text);
	assert_int_equal(sr_plan_make(&plan, &a->services, &b->services, NULL, &err), 0);
	assert_true(sr_plan_is_empty(&plan));
	assert_int_equal(plan.num, a->services.num);
}

/* Written, read, and read again with other objects around. */
static void expect_round_trip(struct world *world, const char *notes)
{
	sr_autofree char *yaml = exported(&world->services, false);
	sr_autofree char *json = exported(&world->services, true);
	struct world again;

	world_begin(&again);
	world_read(&again, "a.yaml", yaml);
	world_resolve(&again);
	assert_string_equal(world_notes(&again), notes);
	expect_same_services(world, &again);

	world_again(&again);
	world_read(&again, "a.json", json);
	world_resolve(&again);
	expect_same_services(world, &again);
	assert_int_equal(again.leases.num, 0);
	world_end(&again);
}

static void recorded(void **state)
{
	struct world world;
	struct sr_error err;

	(void)state;
	world_begin(&world);
	assert_int_equal(sr_manifest_read(world.k8s, DATA "objects.yaml", &err), 0);
	world_resolve(&world);
	assert_int_equal(world.services.num, 7);
	expect_round_trip(&world, "");
	world_end(&world);
}

static void given_map(struct world *world, const char *frontend, enum sr_frontend_kind scope,
		      const char *const *backends)
{
	struct sr_service *service = sr_services_add(&world->services);
	struct sr_frontend_spec spec = {.kind = (uint8_t)scope};
	char text[SR_HOSTPORT_TEXT];
	uint16_t weight = 0;

	assert_int_equal(sr_hostport_parse(&spec.at, frontend, NULL), 0);
	service->namespace = strdup("");
	service->name = strdup(sr_hostport_format(text, &spec.at));
	service->port_name = strdup("");
	service->origin = strdup(SR_ORIGIN_MAP);
	service->family = sr_addr_family(&spec.at.addr);
	service->proto = spec.at.proto;
	assert_int_equal(sr_service_add_frontend(service, &spec), 0);
	for (; *backends; backends++, weight++) {
		struct sr_endpoint endpoint = {
			.weight = weight,
			.flags = weight ? SR_BACKEND_SETS : 0,
			.id = SR_NO_ID,
		};

		assert_int_equal(sr_hostport_parse(&spec.at, *backends, NULL), 0);
		endpoint.addr = spec.at.addr;
		endpoint.port = spec.at.port;
		assert_int_equal(sr_service_add_endpoint(service, &endpoint), 0);
	}
}

static void made_by_map_add(void **state)
{
	static const char *const v4[] = {"10.1.0.1:80", "10.1.0.1:81", "10.1.0.2:80", "10.1.0.3:80", NULL};
	static const char *const v6[] = {"[fd00::1:1]:80", "[fd00::1:2]:80", NULL};
	static const char *const none[] = {NULL};
	struct world world;

	(void)state;
	world_begin(&world);
	given_map(&world, "10.0.0.7:90", SR_FRONTEND_CLUSTER_IP, v4);
	given_map(&world, "10.0.0.7:90/udp", SR_FRONTEND_EXTERNAL_IP, v4);
	given_map(&world, "[fd00::7]:90", SR_FRONTEND_CLUSTER_IP, v6);
	given_map(&world, "[::7]:90", SR_FRONTEND_EXTERNAL_IP, v6);
	given_map(&world, "10.0.0.8:90", SR_FRONTEND_EXTERNAL_IP, none);
	given_map(&world, "10.0.0.9:53/udp", SR_FRONTEND_PASS, none);
	given_map(&world, "[fd00::9]:53/udp", SR_FRONTEND_PASS, none);
	sr_services_sort(&world.services);
	expect_round_trip(&world, "");
	world_end(&world);
}

/* Where frontends were lost to others, one object cannot tell the whole. */
static void what_does_not_fit_in_one_object(void **state)
{
	struct world world;

	(void)state;
	world_begin(&world);
	world_read(
		&world, "a.yaml",
		"kind: Service\nmetadata: {name: a}\nspec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n---\n"
		"kind: Service\nmetadata: {name: b}\n"
		"spec: {clusterIPs: [10.0.0.1, 'fd00::1'], externalIPs: [10.9.0.1], ports: [{name: p, port: 80}, "
		"{name: q, port: 81}]}\n---\n"
		"kind: Service\nmetadata: {name: c}\nspec: {clusterIP: 10.0.0.1, externalIPs: [10.9.0.2], "
		"ports: [{port: 80}]}\n---\n"
		"kind: EndpointSlice\nmetadata: {name: b, labels: {kubernetes.io/service-name: b}}\naddressType: IPv4\n"
		"ports: [{name: p, port: 8080}, {name: q, port: 8081}]\nendpoints: [{addresses: [10.1.0.1]}]\n");
	world_resolve(&world);
	assert_string_equal(world_text(&world), "default/a: 10.0.0.1:80/tcp ->\n"
						"default/b:p !10.9.0.1:80/tcp -> 10.1.0.1:8080\n"
						"default/b:p [fd00::1]:80/tcp ->\n"
						"default/b:q 10.0.0.1:81/tcp !10.9.0.1:81/tcp -> 10.1.0.1:8081\n"
						"default/b:q [fd00::1]:81/tcp ->\n"
						"default/c: !10.9.0.2:80/tcp ->\n");
	expect_round_trip(&world, "");
	world_end(&world);
}

/* As a person, or kubectl, sees it. */
static void readable(void **state)
{
	static const char *const backends[] = {"10.1.0.1:80", "10.1.0.2:80", NULL};
	sr_autofree char *text = NULL;
	struct world world;

	(void)state;
	world_begin(&world);
	given_map(&world, "10.0.0.7:90", SR_FRONTEND_CLUSTER_IP, backends);
	text = exported(&world.services, false);
	assert_string_equal(text, "apiVersion: v1\n"
				  "kind: List\n"
				  "items:\n"
				  "- apiVersion: v1\n"
				  "  kind: Service\n"
				  "  metadata:\n"
				  "    name: map-10-0-0-7-90-tcp\n"
				  "    namespace: default\n"
				  "    annotations:\n"
				  "      svcroute.io/origin: map add\n"
				  "      svcroute.io/name: 10.0.0.7:90/tcp\n"
				  "  spec:\n"
				  "    type: ClusterIP\n"
				  "    clusterIP: 10.0.0.7\n"
				  "    clusterIPs:\n"
				  "    - 10.0.0.7\n"
				  "    ipFamilies:\n"
				  "    - IPv4\n"
				  "    ports:\n"
				  "    - port: 90\n"
				  "      protocol: TCP\n"
				  "      targetPort: 90\n"
				  "- apiVersion: discovery.k8s.io/v1\n"
				  "  kind: EndpointSlice\n"
				  "  metadata:\n"
				  "    name: map-10-0-0-7-90-tcp-ipv4-80\n"
				  "    namespace: default\n"
				  "    labels:\n"
				  "      kubernetes.io/service-name: map-10-0-0-7-90-tcp\n"
				  "    annotations:\n"
				  "      svcroute.io/weights: '{\"10.1.0.1:80\":0}'\n"
				  "  addressType: IPv4\n"
				  "  endpoints:\n"
				  "  - addresses:\n"
				  "    - 10.1.0.1\n"
				  "    conditions:\n"
				  "      ready: true\n"
				  "  - addresses:\n"
				  "    - 10.1.0.2\n"
				  "    conditions:\n"
				  "      ready: true\n"
				  "  ports:\n"
				  "  - name: \"\"\n"
				  "    port: 80\n"
				  "    protocol: TCP\n");
	world_end(&world);
}

static void nothing(void **state)
{
	struct sr_services none = {};
	sr_autofree char *text = exported(&none, false);

	(void)state;
	assert_string_equal(text, "apiVersion: v1\nkind: List\nitems: []\n");
}

static void hosts(void **state)
{
	static const char *const none[] = {NULL};
	sr_autofree char *text = NULL;
	struct world world;
	struct sr_error err;
	size_t size;
	FILE *file;

	(void)state;
	world_begin(&world);
	assert_int_equal(sr_manifest_read(world.k8s, DATA "objects.yaml", &err), 0);
	world_resolve(&world);
	given_map(&world, "10.0.0.7:90", SR_FRONTEND_CLUSTER_IP, none);
	sr_services_sort(&world.services);
	file = open_memstream(&text, &size);
	assert_int_equal(sr_services_write_hosts(file, &world.services), 0);
	fclose(file);
	assert_string_equal(text,
			    "10.96.0.1 kubernetes.default.svc.cluster.local kubernetes.default.svc kubernetes.default\n"
			    "10.111.255.192 mixed.shop.svc.cluster.local mixed.shop.svc mixed.shop\n"
			    "10.96.65.100 sigtran.shop.svc.cluster.local sigtran.shop.svc sigtran.shop\n"
			    "10.109.203.45 web.shop.svc.cluster.local web.shop.svc web.shop\n"
			    "fd00:10:96::85b web.shop.svc.cluster.local web.shop.svc web.shop\n"
			    "10.240.16.4 web.shop.svc.cluster.local web.shop.svc web.shop\n"
			    "198.51.100.7 web.shop.svc.cluster.local web.shop.svc web.shop\n");
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded),
		cmocka_unit_test(made_by_map_add),
		cmocka_unit_test(what_does_not_fit_in_one_object),
		cmocka_unit_test(readable),
		cmocka_unit_test(nothing),
		cmocka_unit_test(hosts),
	};

	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
