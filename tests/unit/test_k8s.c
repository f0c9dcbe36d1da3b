// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Objects in, services out: what SEMANTICS calls inputs, and the Cluster set.
 */
#include "support.h"

#define SERVICE(name, spec)                                                                                            \
	"apiVersion: v1\nkind: Service\nmetadata: {name: " name ", namespace: shop}\nspec: {" spec "}\n---\n"
#define SLICE(name, service, ports, endpoints)                                                                         \
	"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\n"                                    \
	"metadata: {name: " name ", namespace: shop, labels: {kubernetes.io/service-name: " service "}}\n"             \
	"ports: [" ports "]\nendpoints: [" endpoints "]\n---\n"
#define WEB SERVICE("web", "clusterIP: 10.0.0.1, ports: [{port: 80}]")

static void expect_services(const char *manifest, const char *expected)
{
	struct world world;

	world_begin(&world);
	world_read(&world, "a.yaml", manifest);
	world_resolve(&world);
	assert_string_equal(world_text(&world), expected);
	world_end(&world);
}

static void expect_notes(const char *manifest, const char *expected)
{
	struct world world;

	world_begin(&world);
	world_read(&world, "a.yaml", manifest);
	world_resolve(&world);
	assert_string_equal(world_notes(&world), expected);
	world_end(&world);
}

static const char recorded[] =
	"default/kubernetes:https 10.96.0.1:443/tcp ->\n"
	"shop/mixed:web 10.111.255.192:80/tcp -> 10.244.1.21:8080 10.244.2.21:9090\n"
	"shop/sigtran:m3ua 10.96.65.100:2905/sctp -> 10.244.2.22:2905\n"
	"shop/web:dns 10.109.203.45:53/udp lb:10.240.16.4:53/udp !198.51.100.7:53/udp -> "
	"10.244.1.12:5353 10.244.2.11:5353\n"
	"shop/web:dns [fd00:10:96::85b]:53/udp -> [fd00:10:244:1::12]:5353 [fd00:10:244:2::11]:5353\n"
	"shop/web:http 10.109.203.45:90/tcp lb:10.240.16.4:90/tcp !198.51.100.7:90/tcp -> "
	"10.244.1.12:85 10.244.2.11:85\n"
	"shop/web:http [fd00:10:96::85b]:90/tcp -> [fd00:10:244:1::12]:85 [fd00:10:244:2::11]:85\n";

static void expect_recorded(const char *path)
{
	struct world world;
	struct sr_error err;

	world_begin(&world);
	assert_int_equal(sr_manifest_read(world.k8s, path, &err), 0);
	world_resolve(&world);
	assert_string_equal(world_text(&world), recorded);
	assert_string_equal(world_notes(&world),
			    "shop/web: not served yet: healthCheckNodePort\n"
			    "skipped 2 services: shop/billing (ExternalName), shop/db (headless)\n");
	world_end(&world);
}

static void recorded_yaml(void **state)
{
	(void)state;
	expect_recorded(DATA "objects.yaml");
}

static void recorded_json(void **state)
{
	(void)state;
	expect_recorded(DATA "objects.json");
}

/* The items of a ServiceList have no kind of their own. */
static void recorded_api_list(void **state)
{
	struct world world;
	struct sr_error err;

	(void)state;
	world_begin(&world);
	assert_int_equal(sr_manifest_read(world.k8s, DATA "services-list.json", &err), 0);
	world_resolve(&world);
	assert_int_equal(world.services.num, 7);
	assert_string_equal(world.services.item[6].name, "web");
	assert_string_equal(world.services.item[6].origin, DATA "services-list.json");
	world_end(&world);
}

static void without_endpoints(void **state)
{
	(void)state;
	expect_services(WEB, "shop/web: 10.0.0.1:80/tcp ->\n");
}

static void slice_conditions(void **state)
{
	(void)state;
	expect_services(WEB SLICE("a", "web", "{port: 8080}",
				  "{addresses: [10.1.0.1]},"
				  "{addresses: [10.1.0.2], conditions: {ready: false}},"
				  "{addresses: [10.1.0.3, 10.1.0.4], conditions: {ready: true}}"),
			"shop/web: 10.0.0.1:80/tcp -> 10.1.0.1:8080 ~10.1.0.2:8080 10.1.0.3:8080\n");
}

static void terminating_if_none_is_ready(void **state)
{
	(void)state;
	expect_services(
		WEB SLICE("a", "web", "{port: 8080}",
			  "{addresses: [10.1.0.1], conditions: {ready: false, serving: true, terminating: true}},"
			  "{addresses: [10.1.0.2], conditions: {ready: false, serving: true}},"
			  "{addresses: [10.1.0.3], conditions: {ready: false, serving: false, terminating: true}}"),
		"shop/web: 10.0.0.1:80/tcp -> 10.1.0.1:8080 ~10.1.0.2:8080\n");
}

static void same_endpoint_twice(void **state)
{
	(void)state;
	expect_services(
		WEB SLICE("a", "web", "{port: 8080}",
			  "{addresses: [10.1.0.1], conditions: {ready: false, serving: true, terminating: true}},"
			  "{addresses: [10.1.0.1], conditions: {ready: true}},"
			  "{addresses: [10.1.0.1], conditions: {ready: true}}"),
		"shop/web: 10.0.0.1:80/tcp -> 10.1.0.1:8080\n");
}

static void named_port_differs_per_slice(void **state)
{
	(void)state;
	expect_services(SERVICE("web", "clusterIP: 10.0.0.1, ports: [{name: a, port: 80}, {name: b, port: 81}]") SLICE(
				"s1", "web", "{name: a, port: 8080}, {name: b, port: 9090}", "{addresses: [10.1.0.1]}")
				SLICE("s2", "web", "{name: a, port: 8081}, {name: b, port: 0}, {name: c, port: 7}",
				      "{addresses: [10.1.0.2]}"),
			"shop/web:a 10.0.0.1:80/tcp -> 10.1.0.1:8080 10.1.0.2:8081\n"
			"shop/web:b 10.0.0.1:81/tcp -> 10.1.0.1:9090\n");
}

static void slices_that_are_ignored(void **state)
{
	(void)state;
	expect_services(
		WEB SLICE("a", "other", "{port: 8080}", "{addresses: [10.1.0.1]}") SLICE(
			"b", "web", "{port: 8080, protocol: UDP}",
			"{addresses: [10.1.0.2]}") "kind: EndpointSlice\n"
						   "metadata: {name: c, namespace: shop, labels: "
						   "{kubernetes.io/service-name: web}}\n"
						   "addressType: FQDN\nports: [{port: 8080}]\nendpoints: [{addresses: "
						   "[a.example]}]\n---\n"
						   "kind: EndpointSlice\naddressType: IPv4\n"
						   "metadata: {name: d, namespace: shop, labels: "
						   "{kubernetes.io/service-name: web, "
						   "service.kubernetes.io/headless: ''}}\n"
						   "ports: [{port: 8080}]\nendpoints: [{addresses: [10.1.0.3]}]\n---\n"
						   "kind: EndpointSlice\naddressType: IPv4\n"
						   "metadata: {name: e, namespace: elsewhere, labels: "
						   "{kubernetes.io/service-name: web}}\n"
						   "ports: [{port: 8080}]\nendpoints: [{addresses: [10.1.0.4]}]\n",
		"shop/web: 10.0.0.1:80/tcp ->\n");
}

#define ENDPOINTS                                                                                                      \
	"kind: Endpoints\napiVersion: v1\nmetadata: {name: web, namespace: shop}\n"                                    \
	"subsets: [{addresses: [{ip: 10.1.0.9}, {ip: 'fd00::9'}], notReadyAddresses: [{ip: 10.1.0.8}], "               \
	"ports: [{port: 85}]}]\n---\n"
#define POD(name, rest)                                                                                                \
	"kind: Pod\napiVersion: v1\nmetadata: {name: " name ", namespace: shop, labels: {app: web, tier: x}}\n" rest   \
	"\n---\n"
#define RUNNING(ip)	"status: {phase: Running, podIP: " ip ", conditions: [{type: Ready, status: 'True'}]}"
#define SELECTING(spec) SERVICE("web", "clusterIP: 10.0.0.1, selector: {app: web}, " spec)

static void endpoints_without_slices(void **state)
{
	(void)state;
	expect_services(WEB ENDPOINTS, "shop/web: 10.0.0.1:80/tcp -> 10.1.0.9:85\n");
}

static void slices_win_over_endpoints(void **state)
{
	(void)state;
	expect_services(WEB ENDPOINTS SLICE("a", "web", "{port: 8080}", "{addresses: [10.1.0.1]}"),
			"shop/web: 10.0.0.1:80/tcp -> 10.1.0.1:8080\n");
}

static void endpoints_win_over_selector(void **state)
{
	(void)state;
	expect_services(SELECTING("ports: [{port: 80}]") ENDPOINTS POD("a", RUNNING("10.1.0.1")),
			"shop/web: 10.0.0.1:80/tcp -> 10.1.0.9:85\n");
}

static void selector_finds_pods(void **state)
{
	(void)state;
	expect_services(
		SELECTING("ports: [{port: 80, targetPort: 8080}]") POD("a", RUNNING("10.1.0.1")) POD(
			"not-ready", "status: {podIP: 10.1.0.2, conditions: [{type: Ready, status: "
				     "'False'}]}") POD("finished", "status: {phase: Succeeded, podIP: 10.1.0.3, "
								   "conditions: [{type: Ready, status: 'True'}]}")
			POD("no-status",
			    "spec: {containers: []}") "kind: Pod\n"
						      "metadata: {name: other-label, namespace: shop, labels: {app: "
						      "db}}\n" RUNNING(
							      "10.1.0.4") "\n---\n"
									  "kind: Pod\nmetadata: {name: other-space, "
									  "labels: {app: web}}\n" RUNNING(
										  "10.1.0.5") "\n---\n"
											      "kind: Pod\nmetadata: "
											      "{name: dying, "
											      "namespace: shop, "
											      "labels: {app: web}, "
											      "deletionTimestamp: "
											      "'2026-01-01T00:00:00Z'}"
											      "\n" RUNNING(
												      "10.1.0.6") "\n",
		"shop/web: 10.0.0.1:80/tcp -> 10.1.0.1:8080 ~10.1.0.6:8080\n");
}

static void selector_with_publish(void **state)
{
	(void)state;
	expect_services(SELECTING("publishNotReadyAddresses: true, ports: [{port: 80}]")
				POD("a", "status: {podIP: 10.1.0.2, conditions: [{type: Ready, status: 'False'}]}"),
			"shop/web: 10.0.0.1:80/tcp -> 10.1.0.2:80\n");
}

static void selector_dual_stack_named_port(void **state)
{
	(void)state;
	expect_services("kind: Service\nmetadata: {name: web, namespace: shop}\n"
			"spec: {clusterIPs: [10.0.0.1, 'fd00::1'], selector: {app: web}, "
			"ports: [{name: dns, port: 53, protocol: UDP, targetPort: dns}]}\n---\n" POD(
				"a", "spec: {containers: [{ports: [{name: dns, containerPort: 1}, "
				     "{name: dns, protocol: UDP, containerPort: 5353}]}]}\n"
				     "status: {podIPs: [{ip: 10.1.0.1}, {ip: 'fd00::1:1'}], conditions: [{type: Ready, "
				     "status: 'True'}]}")
				POD("sidecar", "spec: {initContainers: [{restartPolicy: Always, ports: [{name: dns, "
					       "protocol: UDP, containerPort: 5454}]}]}\n" RUNNING("10.1.0.2"))
					POD("none", RUNNING("10.1.0.3")),
			"shop/web:dns 10.0.0.1:53/udp -> 10.1.0.1:5353 10.1.0.2:5454\n"
			"shop/web:dns [fd00::1]:53/udp -> [fd00::1:1]:5353\n");
}

static void external_addresses_by_family(void **state)
{
	static const char manifest[] =
		"kind: Service\nmetadata: {name: web}\n"
		"spec: {clusterIP: 10.0.0.1, externalIPs: [198.51.100.7, 'fd00::7'], ports: [{port: 80}]}\n"
		"status: {loadBalancer: {ingress: [{ip: 203.0.113.1, ipMode: Proxy}, {ip: 203.0.113.2, ipMode: VIP}, "
		"{ip: 203.0.113.3}, {hostname: a.example}]}}\n";

	(void)state;
	expect_services(manifest, "default/web: 10.0.0.1:80/tcp !198.51.100.7:80/tcp lb:203.0.113.2:80/tcp "
				  "lb:203.0.113.3:80/tcp ->\n");
	expect_notes(manifest, "default/web: fd00::7 is not served: no ClusterIP of its family\n");
}

static void skipped_services(void **state)
{
	(void)state;
	expect_notes(
		SERVICE("a", "clusterIP: None") SERVICE("b", "type: ExternalName, externalName: x.example") SERVICE(
			"d",
			"ports: [{port: 80}]") "kind: Service\n"
					       "metadata: {name: c, labels: {service.kubernetes.io/service-proxy-name: "
					       "x}}\n"
					       "spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n---\n"
					       "kind: ConfigMap\n---\nkind: Deployment\n---\nkind: Deployment\n---\n"
					       "apiVersion: serving.knative.dev/v1\nkind: Service\nspec: 5\n",
		"shop/d: skipped: no ClusterIP, and no --service-cidr to take one from\n"
		"skipped 3 services: default/c (left to another proxy by its label service-proxy-name), "
		"shop/a (headless), shop/b (ExternalName)\n"
		"skipped 4 objects of other kinds: ConfigMap (1), Deployment (2), Service (1)\n");
}

static void what_is_asked_for_in_vain(void **state)
{
	(void)state;
	expect_notes(SERVICE("checked", "type: LoadBalancer, clusterIP: 10.0.0.1, healthCheckNodePort: 30001, "
					"loadBalancerIP: 192.0.2.1, ports: [{port: 80, nodePort: 30000}]")
			     SERVICE("numberless", "type: NodePort, clusterIP: 10.0.0.2, ports: [{port: 80}]")
				     SERVICE("none", "type: LoadBalancer, clusterIP: 10.0.0.3, ports: [{port: 80}]")
					     SERVICE("plain", "clusterIP: 10.0.0.4, ports: [{port: 80}]"),
		     "shop/none: no load-balancer address: it names neither one nor a subnet\n"
		     "shop/checked: not served yet: healthCheckNodePort\n"
		     "shop/numberless: no node port: spec.ports[].nodePort gives no number\n");
	expect_notes("kind: Service\nmetadata: {name: web, uid: x}\n"
		     "spec: {type: LoadBalancer, clusterIP: 10.0.0.3, ports: [{port: 80}]}\n",
		     "default/web: no load-balancer address: status.loadBalancer.ingress is empty\n");
}

static void object_given_twice(void **state)
{
	static const char manifest[] = WEB SERVICE("web", "clusterIP: 10.0.0.2, ports: [{port: 81}]");
	struct world world;

	(void)state;
	expect_services(manifest, "shop/web: 10.0.0.2:81/tcp ->\n");
	world_begin(&world);
	world_read(&world, "a.yaml", manifest);
	world_resolve(&world);
	assert_int_equal(world.notes.num, 1);
	assert_non_null(strstr(world.notes.line[0], "shop/web: Service given twice, in /tmp/"));
	world_end(&world);
}

/* One note, which names both and where each was read. */
static void expect_loss(const char *manifest, const char *loser, const char *what, const char *winner)
{
	char expected[400], path[100];
	struct world world;

	snprintf(path, sizeof(path), "/tmp/svcroute-unit.%d/a.yaml", (int)getpid());
	snprintf(expected, sizeof(expected), "%s (%s): goes without %s, which %s (%s) has\n", loser, path, what, winner,
		 path);
	world_begin(&world);
	world_read(&world, "a.yaml", manifest);
	world_resolve(&world);
	assert_string_equal(world_notes(&world), expected);
	world_end(&world);
}

static void frontend_claimed_twice(void **state)
{
	static const char by_name[] = SERVICE("b", "clusterIP: 10.0.0.1, ports: [{port: 80}]")
		SERVICE("a", "clusterIP: 10.0.0.2, externalIPs: [10.0.0.1], ports: [{port: 80}]");
	static const char by_age[] = "kind: Service\nmetadata: {name: a, creationTimestamp: '2026-02-01T00:00:00Z'}\n"
				     "spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n---\n"
				     "kind: Service\nmetadata: {name: b, creationTimestamp: '2026-01-01T00:00:00Z'}\n"
				     "spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n";

	(void)state;
	expect_services(by_name, "shop/a: !10.0.0.1:80/tcp 10.0.0.2:80/tcp ->\n");
	expect_loss(by_name, "shop/b", "10.0.0.1:80/tcp", "shop/a");
	expect_services(by_age, "default/b: 10.0.0.1:80/tcp ->\n");
	expect_loss(by_age, "default/a", "10.0.0.1:80/tcp", "default/b");
}

static void weights(void **state)
{
	(void)state;
	expect_services("kind: Service\nmetadata: {name: web, annotations: {svcroute.io/weights: '{\"10.1.0.1:80\": 7, "
			"\"10.1.0.2:80\": 3}'}}\n"
			"spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n---\n"
			"kind: EndpointSlice\naddressType: IPv4\nmetadata: {name: a, labels: "
			"{kubernetes.io/service-name: web}, "
			"annotations: {svcroute.io/weights: '{\"10.1.0.1:80\": 0}'}}\n"
			"ports: [{port: 80}]\nendpoints: [{addresses: [10.1.0.1]}, {addresses: [10.1.0.2]}, "
			"{addresses: [10.1.0.3]}]\n",
			"default/web: 10.0.0.1:80/tcp -> 10.1.0.1:80*0 10.1.0.2:80*3 10.1.0.3:80\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_yaml),
		cmocka_unit_test(recorded_json),
		cmocka_unit_test(recorded_api_list),
		cmocka_unit_test(without_endpoints),
		cmocka_unit_test(slice_conditions),
		cmocka_unit_test(terminating_if_none_is_ready),
		cmocka_unit_test(same_endpoint_twice),
		cmocka_unit_test(named_port_differs_per_slice),
		cmocka_unit_test(slices_that_are_ignored),
		cmocka_unit_test(endpoints_without_slices),
		cmocka_unit_test(slices_win_over_endpoints),
		cmocka_unit_test(endpoints_win_over_selector),
		cmocka_unit_test(selector_finds_pods),
		cmocka_unit_test(selector_with_publish),
		cmocka_unit_test(selector_dual_stack_named_port),
		cmocka_unit_test(external_addresses_by_family),
		cmocka_unit_test(skipped_services),
		cmocka_unit_test(what_is_asked_for_in_vain),
		cmocka_unit_test(object_given_twice),
		cmocka_unit_test(frontend_claimed_twice),
		cmocka_unit_test(weights),
	};

	return cmocka_run_group_tests_name("k8s", tests, NULL, NULL);
}
