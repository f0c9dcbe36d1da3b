// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is written as manifests is read back as the same services.
 */
#include "support.h"

#include "model/export.h"
#include "model/plan.h"
#include "model/yaml.h"

/* The services' manifest as text, written on a node of that name; the caller frees it. */
static char *exported_on(const char *node, const struct sr_services *services, bool json)
{
	struct sr_export_self self = {.node = node, .primary = true};
	struct sr_notes notes = {};
	char *text = NULL;
	json_t *list;
	size_t size;
	FILE *file;

	assert_int_equal(sr_services_export(services, &self, &list, &notes), 0);
	file = open_memstream(&text, &size);
	assert_non_null(file);
	assert_int_equal(json ? json_dumpf(list, file, JSON_INDENT(2)) : sr_yaml_write(file, list), 0);
	assert_int_equal(fclose(file), 0);
	json_decref(list);
	assert_int_equal(notes.num, 0);
	return text;
}

static char *exported(const struct sr_services *services, bool json)
{
	return exported_on(NULL, services, json);
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
	sr_autofree char *yaml = exported_on(world->options.node, &world->services, false);
	sr_autofree char *json = exported_on(world->options.node, &world->services, true);
	struct world again;

	world_begin(&again);
	again.options = world->options;
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

static void given_maglev(struct world *world, const char *name)
{
	for (size_t i = 0; i < world->services.num; i++)
		if (strcmp(world->services.item[i].name, name) == 0)
			world->services.item[i].flags |= SR_SERVICE_MAGLEV;
}

/* On a gateway, where it is the default for what is external, and on a node, where it is not. */
static void consistent_choice(void **state)
{
	static const char *const backends[] = {"10.1.0.1:80", "10.1.0.1:81", NULL};
	static const char *const nodes[] = {NULL, "n1"};
	struct world world;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		world_begin(&world);
		world.options.node = nodes[i];
		given_map(&world, "10.0.0.7:90", SR_FRONTEND_CLUSTER_IP, backends);
		given_map(&world, "10.0.0.7:91", SR_FRONTEND_CLUSTER_IP, backends);
		given_map(&world, "10.0.0.7:92", SR_FRONTEND_EXTERNAL_IP, backends);
		given_map(&world, "10.0.0.7:93", SR_FRONTEND_EXTERNAL_IP, backends);
		sr_services_sort(&world.services);
		given_maglev(&world, "10.0.0.7:91/tcp");
		given_maglev(&world, "10.0.0.7:93/tcp");
		expect_round_trip(&world, "");
		world_end(&world);
	}
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

/* --- what depends on the node --------------------------------------------------------- */

#define SERVICE(spec)                                                                                                  \
	"kind: Service\nmetadata: {name: web}\nspec: {clusterIP: 10.0.0.1, ports: [{port: 80, nodePort: "              \
	"30080}], " spec "}\n---\n"
#define SLICE(endpoints)                                                                                               \
	"kind: EndpointSlice\naddressType: IPv4\nmetadata: {name: x, labels: {kubernetes.io/service-name: web}}\n"     \
	"ports: [{port: 80}]\nendpoints: [" endpoints "]\n---\n"
#define AT(n, node)	   "{addresses: [10.1.0." n "], nodeName: " node
#define READY(n, node)	   AT(n, node) "},"
#define SERVING(n, node)   AT(n, node) ", conditions: {ready: false, serving: true}},"
#define LEAVING(n, node)   AT(n, node) ", conditions: {ready: false, serving: true, terminating: true}},"
#define HINTED(n, node, h) AT(n, node) ", hints: {" h "}},"
#define FOR_NODE(node)	   "forNodes: [{name: " node "}]"
#define FOR_ZONE(zone)	   "forZones: [{name: " zone "}]"

static void given_node(struct world *world)
{
	static struct sr_addr addrs[2];

	world_begin(world);
	assert_int_equal(sr_addr_parse(&addrs[0], "192.0.2.1"), 0);
	assert_int_equal(sr_addr_parse(&addrs[1], "2001:db8::1"), 0);
	world->options.node = "n1";
	world->options.zone = "a";
	world->options.uplink_addrs = addrs;
	world->options.num_uplink_addrs = 2;
	world->options.host_addrs = addrs;
	world->options.num_host_addrs = 2;
}

/* `flags` are the endpoints', in order: they are to be what the test is about. */
static void expect_node_round_trip(const char *manifest, const char *flags)
{
	struct world world;
	char text[64] = "";
	size_t i, j;

	given_node(&world);
	world_read(&world, "a.yaml", manifest);
	world_resolve(&world);
	for (i = 0; i < world.services.num; i++) {
		for (j = 0; j < world.services.item[i].num_endpoints; j++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u",
				 world.services.item[i].endpoints[j].flags);
	}
	assert_string_equal(text, flags);
	expect_round_trip(&world, "");
	world_end(&world);
}

/* Flags: 1 in the Cluster set, 2 in the Local set, 4 on this node. */
static void sets(void **state)
{
	(void)state;
	expect_node_round_trip(SERVICE() SLICE(READY("1", "n1") READY("2", "n2")), "71");
	expect_node_round_trip(SERVICE() SLICE(READY("1", "n1") LEAVING("2", "n1") LEAVING("3", "n2")), "740");
	expect_node_round_trip(SERVICE() SLICE(LEAVING("1", "n1") LEAVING("2", "n2")), "71");
	expect_node_round_trip(SERVICE() SLICE(LEAVING("1", "n1") READY("2", "n2") LEAVING("3", "n2")), "610");
	expect_node_round_trip(SERVICE() SLICE(SERVING("1", "n1") SERVING("2", "n2")), "40");
	expect_node_round_trip(SERVICE() SLICE(SERVING("1", "n1") LEAVING("2", "n2")), "41");
}

static void sets_by_hints(void **state)
{
	(void)state;
	expect_node_round_trip(SERVICE() SLICE(HINTED("1", "n2", FOR_NODE("n1")) HINTED("2", "n1", FOR_NODE("n2"))
						       HINTED("3", "n1", FOR_NODE("n1"))
							       HINTED("4", "n2", FOR_NODE("n2"))),
			       "1670");
	expect_node_round_trip(SERVICE() SLICE(HINTED("1", "n2", FOR_ZONE("a")) HINTED("2", "n1", FOR_ZONE("b"))),
			       "16");
	expect_node_round_trip(
		SERVICE() SLICE(HINTED("1", "n1", FOR_ZONE("a")) HINTED("2", "n1", FOR_ZONE("b")) LEAVING("3", "n1")),
		"764");
}

/* Whose frontends, on this machine, do not say what type it is. */
static void types(void **state)
{
	(void)state;
	expect_node_round_trip(SERVICE("type: NodePort, externalTrafficPolicy: Local, internalTrafficPolicy: Local"),
			       "");
	expect_node_round_trip(SERVICE("type: LoadBalancer, loadBalancerSourceRanges: [10.9.0.0/16]"), "");
	expect_node_round_trip("kind: Service\nmetadata: {name: web}\n"
			       "spec: {type: NodePort, externalTrafficPolicy: Local, clusterIP: 10.0.0.1, "
			       "ports: [{port: 80}], sessionAffinity: ClientIP}\n",
			       "");
	expect_node_round_trip("kind: Service\nmetadata: {name: web}\n"
			       "spec: {type: LoadBalancer, clusterIPs: [10.0.0.1, 'fd00::1'], "
			       "ports: [{port: 80}], loadBalancerSourceRanges: ['fd00:9::/32']}\n"
			       "status: {loadBalancer: {ingress: [{ip: 'fd00:3::1'}]}}\n",
			       "");
}

static void left_to_the_host(void **state)
{
	(void)state;
	expect_node_round_trip("kind: Service\nmetadata: {name: web, annotations: {svcroute.io/pass: 'true'}}\n"
			       "spec: {type: NodePort, clusterIP: 10.0.0.1, ports: [{port: 80, nodePort: 30080}]}\n",
			       "");
}

static void host_ports(void **state)
{
	struct world world;

	(void)state;
	given_node(&world);
	world_read(&world, "a.yaml",
		   SERVICE() "kind: Pod\nmetadata: {name: web}\nspec:\n  nodeName: n1\n  containers:\n"
			     "  - ports: [{containerPort: 80, hostPort: 8080}, {containerPort: 53, hostPort: 53, "
			     "protocol: UDP, hostIP: 192.0.2.1}]\n"
			     "status: {podIPs: [{ip: 10.1.0.1}, {ip: 'fd00::1'}]}\n---\n"
			     "kind: Pod\nmetadata: {name: x}\nspec: {nodeName: n1, containers: [{ports: "
			     "[{containerPort: 81, hostPort: 8081}]}]}\nstatus: {podIPs: [{ip: 10.1.0.2}]}\n");
	world_resolve(&world);
	assert_string_equal(world_text(&world),
			    "default/web: 10.0.0.1:80/tcp ->\n"
			    "default/web:hostPort-53-192.0.2.1 host:192.0.2.1:53/udp -> 10.1.0.1:53\n"
			    "default/web:hostPort-8080 host:192.0.2.1:8080/tcp -> 10.1.0.1:80\n"
			    "default/web:hostPort-8080 host:[2001:db8::1]:8080/tcp -> [fd00::1]:80\n"
			    "default/x:hostPort-8081 host:192.0.2.1:8081/tcp -> 10.1.0.2:81\n");
	expect_round_trip(&world, "");
	world_end(&world);
}

/* Where its Node, and no device, says that node ports are served. */
static void node_addresses(void **state)
{
	(void)state;
	expect_node_round_trip("kind: Node\nmetadata: {name: n1}\n"
			       "status: {addresses: [{type: InternalIP, address: 192.0.2.9}]}\n---\n" SERVICE(
				       "type: NodePort") SLICE(READY("1", "n1")),
			       "7");
}

/* One line for each service that loses something. */
static void what_cannot_be_told(void **state)
{
	struct sr_export_self self = {};
	struct sr_notes notes = {};
	struct world world;
	json_t *list;

	(void)state;
	given_node(&world);
	world_read(&world, "a.yaml", SERVICE("internalTrafficPolicy: Local") SLICE(READY("1", "n1")));
	world_resolve(&world);
	assert_int_equal(sr_services_export(&world.services, &self, &list, &notes), 0);
	json_decref(list);
	assert_int_equal(notes.num, 1);
	assert_string_equal(notes.line[0], "default/web: what is of this machine only, such as policy Local, is not "
					   "told: it has no name in the cluster now (--node none)");
	sr_notes_clear(&notes);
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
				  "      serving: true\n"
				  "      terminating: false\n"
				  "  - addresses:\n"
				  "    - 10.1.0.2\n"
				  "    conditions:\n"
				  "      ready: true\n"
				  "      serving: true\n"
				  "      terminating: false\n"
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

/* A load balancer's own address, but not that of a proxy in front of it. */
static void hosts_of_load_balancers(void **state)
{
	sr_autofree char *text = NULL;
	struct world world;
	size_t size;
	FILE *file;

	(void)state;
	world_begin(&world);
	world_read(&world, "a.yaml",
		   "kind: Service\nmetadata: {name: web}\n"
		   "spec: {type: LoadBalancer, clusterIP: 10.0.0.1, ports: [{port: 80}]}\n"
		   "status: {loadBalancer: {ingress: [{ip: 198.51.100.1}, {ip: 198.51.100.2, ipMode: Proxy}, "
		   "{ip: 198.51.100.3, ipMode: VIP}, {hostname: lb.example.org}]}}\n");
	world_resolve(&world);
	file = open_memstream(&text, &size);
	assert_int_equal(sr_services_write_hosts(file, &world.services), 0);
	fclose(file);
	assert_string_equal(text, "10.0.0.1 web.default.svc.cluster.local web.default.svc web.default\n"
				  "198.51.100.1 web.default.svc.cluster.local web.default.svc web.default\n"
				  "198.51.100.3 web.default.svc.cluster.local web.default.svc web.default\n");
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded),
		cmocka_unit_test(made_by_map_add),
		cmocka_unit_test(consistent_choice),
		cmocka_unit_test(what_does_not_fit_in_one_object),
		cmocka_unit_test(sets),
		cmocka_unit_test(sets_by_hints),
		cmocka_unit_test(types),
		cmocka_unit_test(left_to_the_host),
		cmocka_unit_test(host_ports),
		cmocka_unit_test(node_addresses),
		cmocka_unit_test(what_cannot_be_told),
		cmocka_unit_test(readable),
		cmocka_unit_test(nothing),
		cmocka_unit_test(hosts),
		cmocka_unit_test(hosts_of_load_balancers),
	};

	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
