// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Bad manifests: each is told in one line with file, line and field. The same
 * faults in YAML, in JSON, and inside a list.
 */
#include "support.h"

/* The error without the folder that the file lies in. */
static void expect_error(const char *name, const char *text, const char *expected)
{
	const char *path = given_file(name, text);
	sr_autok8s struct sr_k8s *k8s = NULL;
	struct sr_error err = {};
	size_t folder = strrchr(path, '/') + 1 - path;

	assert_int_equal(sr_k8s_new(&k8s), 0);
	assert_int_equal(sr_manifest_read(k8s, path, &err), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_memory_equal(err.text, path, folder);
	assert_string_equal(err.text + folder, expected);
	drop_file(path);
}

/* The fault is in the 8th line, in the second document. */
static void expect_service_error(const char *line, const char *expected)
{
	char text[1000], wanted[400];

	snprintf(text, sizeof(text),
		 "# a comment\n"
		 "apiVersion: v1\n"
		 "kind: Secret\n"
		 "---\n"
		 "{kind: Service,\n"
		 " metadata: {name: x}, spec: {\n"
		 " clusterIP: 10.0.0.1,\n"
		 " %s }}\n",
		 line);
	snprintf(wanted, sizeof(wanted), "web.yaml:8: %s", expected);
	expect_error("web.yaml", text, wanted);
}

static void bad_services(void **state)
{
	static const char *const faults[][2] = {
		{"ports: [{port: 70000}]", "spec.ports[0].port: 70000 is not a port (1..65535)"},
		{"ports: [{port: 0}]", "spec.ports[0].port: 0 is not a port (1..65535)"},
		{"ports: [{port: 80.5}]", "spec.ports[0].port: expected a whole number, 1..65535, not the number 80.5"},
		{"ports: [{port: '80'}]",
		 "spec.ports[0].port: expected a whole number, 1..65535, not the string \"80\""},
		{"ports: [{name: http}]", "spec.ports[0].port: missing"},
		{"ports: {port: 80}", "spec.ports: expected a list, not an object"},
		{"ports: [80]", "spec.ports[0]: expected an object, not the number 80"},
		{"ports: [{port: 80, protocol: ICMP}]",
		 "spec.ports[0].protocol: \"ICMP\" is not known (TCP, UDP, SCTP)"},
		{"ports: [{port: 80, name: Web_1}]",
		 "spec.ports[0].name: \"Web_1\" is not a name (a-z, 0-9 and '-', at most 63 characters)"},
		{"ports: [{port: 80, targetPort: '80'}]",
		 "spec.ports[0].targetPort: \"80\" is a string, not the name of a port nor a number"},
		{"ports: [{port: 80, nodePort: 65536}]", "spec.ports[0].nodePort: 65536 is not a port (1..65535)"},
		{"ports: [{port: 80, name: a}, {port: 81}]",
		 "spec.ports[1].name: with several ports each one needs a name"},
		{"ports: [{port: 80, name: a}, {port: 81, name: a}]",
		 "spec.ports[1].name: \"a\" is the name of two ports"},
		{"ports: [{port: 80, name: a}, {port: 80, name: b}]", "spec.ports[1]: 80/tcp is given twice"},
		{"externalIPs: [10.0.0.300], ports: [{port: 80}]",
		 "spec.externalIPs[0]: \"10.0.0.300\" is not an IP address"},
		{"externalIPs: [127.0.0.1], ports: [{port: 80}]",
		 "spec.externalIPs[0]: 127.0.0.1 is a loopback address, which cannot be served"},
		{"clusterIPs: [10.0.0.1, 10.0.0.2], ports: [{port: 80}]",
		 "spec.clusterIPs[1]: a second address of IPv4 (one a family)"},
		{"ipFamilies: [IPv6], ports: [{port: 80}]",
		 "spec.ipFamilies[0]: its ClusterIP, 10.0.0.1, is of the other family"},
		{"ipFamilyPolicy: Both, ports: [{port: 80}]",
		 "spec.ipFamilyPolicy: \"Both\" is not known (SingleStack, PreferDualStack, RequireDualStack)"},
		{"type: Balancer, ports: [{port: 80}]",
		 "spec.type: \"Balancer\" is not known (ClusterIP, NodePort, LoadBalancer, ExternalName)"},
		{"selector: {app: 1}, ports: [{port: 80}]", "spec.selector.app: expected a string, not the number 1"},
		{"selector: web, ports: [{port: 80}]", "spec.selector: expected an object, not the string \"web\""},
		{"sessionAffinity: Cookie, ports: [{port: 80}]",
		 "spec.sessionAffinity: \"Cookie\" is not known (None, ClientIP)"},
		{"publishNotReadyAddresses: 'yes', ports: [{port: 80}]",
		 "spec.publishNotReadyAddresses: expected true or false, not the string \"yes\""},
		{"loadBalancerIP: x, ports: [{port: 80}]", "spec.loadBalancerIP: \"x\" is not an IP address"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(faults); i++)
		expect_service_error(faults[i][0], faults[i][1]);
}

static void block_style_lines(void **state)
{
	(void)state;
	expect_error("web.yaml",
		     "apiVersion: v1\n"
		     "kind: Service\n"
		     "metadata:\n"
		     "  name: web\n"
		     "spec:\n"
		     "  clusterIP: 10.0.0.1\n"
		     "  ports:\n"
		     "  - name: a\n"
		     "    port: 80\n"
		     "    targetPort:\n"
		     "      web\n"
		     "  - name: b\n"
		     "    protocol: TCP\n"
		     "    port: 70000\n",
		     "web.yaml:14: spec.ports[1].port: 70000 is not a port (1..65535)");
	expect_error("web.yml", "kind: Service\nmetadata:\n  labels: {}\n  namespace: shop\n",
		     "web.yml:2: metadata.name: missing");
	expect_error("web.yaml", "metadata:\n  name: x\n", "web.yaml:1: kind: missing");
}

static void list_items(void **state)
{
	(void)state;
	expect_error("dump.yaml",
		     "apiVersion: v1\n"
		     "items:\n"
		     "- kind: Pod\n"
		     "  metadata: {name: a}\n"
		     "- kind: Pod\n"
		     "  metadata:\n"
		     "    name: b\n"
		     "  spec:\n"
		     "    containers:\n"
		     "    - name: x\n"
		     "      ports:\n"
		     "      - containerPort: many\n"
		     "kind: List\n",
		     "dump.yaml:12: spec.containers[0].ports[0].containerPort: expected a whole number, 1..65535, not "
		     "the string \"many\"");
	expect_error("dump.yaml", "kind: List\nitems:\n- kind: Pod\n  metadata: {name: a}\n-\n  5\n",
		     "dump.yaml:6: expected an object (apiVersion, kind, metadata, ...)");
	expect_error("dump.yaml", "items:\n- metadata: {name: A}\nkind: PodList\n",
		     "dump.yaml:2: metadata.name: \"A\" is not a name (a-z, 0-9, '-' and '.', at most 253 characters)");
}

static void json_lines(void **state)
{
	(void)state;
	expect_error("web.json",
		     "{\n"
		     "  \"kind\": \"Service\",\n"
		     "  \"metadata\": {\"name\": \"web\"},\n"
		     "  \"spec\": {\n"
		     "    \"clusterIP\": \"10.0.0.1\",\n"
		     "    \"ports\": [\n"
		     "      {\n"
		     "        \"port\": 70000\n"
		     "      }]}}\n",
		     "web.json:8: spec.ports[0].port: 70000 is not a port (1..65535)");
	expect_error("two.json",
		     "{\"kind\": \"Secret\"}\n"
		     "{\"kind\": \"List\", \"items\": [\n"
		     "  {\"kind\": \"Secret\"},\n"
		     "  {\"kind\": \"EndpointSlice\", \"metadata\": {\"name\": \"a\"},\n"
		     "   \"addressType\": \"IPv4\", \"endpoints\": [\n"
		     "   {\"addresses\":\n"
		     "     [\"fd00::1\"]}]}]}\n",
		     "two.json:7: endpoints[0].addresses[0]: fd00::1 is not an IPv4 address, as addressType says");
	expect_error("list.json", "[{\"kind\": \"Secret\"},\n{\"kind\": 5}]",
		     "list.json:2: kind: expected a string, not the number 5");
}

static void bad_others(void **state)
{
	(void)state;
	expect_error("a.yaml", "kind: EndpointSlice\nmetadata: {name: a}\n", "a.yaml:1: addressType: missing");
	expect_error("a.yaml", "kind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv5\n",
		     "a.yaml:3: addressType: \"IPv5\" is not known (IPv4, IPv6, FQDN)");
	expect_error("a.yaml",
		     "kind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints:\n- addresses: []\n",
		     "a.yaml:5: endpoints[0].addresses[0]: missing");
	expect_error("a.yaml",
		     "kind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints:\n"
		     "- addresses: [10.1.0.1]\n  conditions:\n    ready: 'True'\n",
		     "a.yaml:7: endpoints[0].conditions.ready: expected true or false, not the string \"True\"");
	expect_error("a.yaml", "kind: Endpoints\nmetadata: {name: a}\nsubsets:\n- addresses:\n  - {hostname: x}\n",
		     "a.yaml:5: subsets[0].addresses[0].ip: missing");
	expect_error("a.yaml", "kind: Pod\nmetadata: {name: a}\nstatus:\n  podIPs:\n  - ip: here\n",
		     "a.yaml:5: status.podIPs[0].ip: \"here\" is not an IP address");
	expect_error("a.yaml",
		     "kind: Node\nmetadata: {name: a}\nstatus:\n  addresses:\n  - {type: InternalIP, address: x}\n",
		     "a.yaml:5: status.addresses[0].address: \"x\" is not an IP address");
	expect_error(
		"a.yaml",
		"kind: Service\nmetadata:\n  name: a\n  annotations:\n    svcroute.io/weights: '{\"10.0.0.1\": 1}'\n"
		"spec: {ports: [{port: 80}]}\n",
		"a.yaml:5: metadata.annotations[\"svcroute.io/weights\"]: '10.0.0.1': expected "
		"ADDRESS:PORT[/tcp|/udp|/sctp], with an IPv6 address in brackets");
	expect_error("a.yaml",
		     "kind: Service\nmetadata:\n  name: a\n  annotations:\n    svcroute.io/origin: map add\n"
		     "spec: {ports: [{port: 80}]}\n",
		     "a.yaml:4: metadata.annotations[\"svcroute.io/name\"]: missing");
	expect_error(
		"a.yaml",
		"kind: Service\nmetadata:\n  name: a\n  annotations:\n    svcroute.io/origin: map add\n"
		"    svcroute.io/name: 10.0.0.7:81\nspec: {clusterIP: 10.0.0.7, ports: [{port: 80}]}\n",
		"a.yaml:6: metadata.annotations[\"svcroute.io/name\"]: 10.0.0.7:81/tcp is not the address and port "
		"in spec");
	expect_error(
		"a.yaml",
		"kind: Service\nmetadata:\n  name: a\n  annotations:\n    svcroute.io/origin: x\n"
		"    svcroute.io/name: A\nspec: {clusterIP: 10.0.0.7, ports: [{port: 80}]}\n",
		"a.yaml:6: metadata.annotations[\"svcroute.io/name\"]: \"A\" is not a name (a-z, 0-9 and '-', at most "
		"63 characters)");
}

static void syntax(void **state)
{
	(void)state;
	expect_error("a.yaml", "kind: Service\nmetadata: {name: a\n",
		     "a.yaml:3: not YAML: while parsing a flow mapping, "
		     "did not find expected ',' or '}'");
	expect_error("a.json", "{\"kind\": \"Service\",\n\"metadata\": }",
		     "a.json:2: not JSON: unexpected token near '}'");
	expect_error("a.yaml", "kind: A\n---\nkind: B\nkind: C\n", "a.yaml:4: a key that is given twice: kind");
	expect_error("a.yaml", "kind: A\nname: \xff\n", "a.yaml:2: not YAML: invalid leading UTF-8 octet");
	/* A byte order mark is no character of the first line. */
	expect_error("a.yaml", "\xef\xbb\xbfkind: Service\nmetadata: {name: A}\n",
		     "a.yaml:2: metadata.name: \"A\" is not a name (a-z, 0-9 and '-', at most 63 characters)");
	/* Without an ending of a known format the first character tells. */
	expect_error("a.txt", "\n {\"kind\": Service}", "a.txt:2: not JSON: invalid token near 'Service'");
	expect_error("b.txt", "kind: [\n",
		     "b.txt:2: not YAML: while parsing a flow node, did not find expected node content");
}

/* What is quoted cannot break the line, nor steer a terminal. */
static void one_line(void **state)
{
	struct world world;

	(void)state;
	expect_error("a.yaml", "kind: Service\nmetadata:\n  name: \"a\\nb\\e[2Jc\"\n",
		     "a.yaml:3: metadata.name: \"a?b?[2Jc\" is not a name (a-z, 0-9 and '-', at most 63 characters)");
	world_begin(&world);
	world_read(&world, "a.yaml", "kind: \"a\\nb\"\n");
	world_resolve(&world);
	assert_string_equal(world_notes(&world), "skipped 1 object of other kinds: a?b (1)\n");
	world_end(&world);
}

/* Nobody means by a slip that all services are to go. */
static void what_says_nothing(void **state)
{
	static const char *const nothing[] = {"---\n", "null\n", "~\n", "# Source: a\n---\n# Source: b\n---\n",
					      "# x\n"};
	struct world world;
	struct sr_error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++) {
		const char *path = given_file("a.yaml", nothing[i]);

		world_begin(&world);
		assert_int_equal(sr_manifest_read(world.k8s, path, &err), -ENODATA);
		world_end(&world);
		drop_file(path);
	}
	expect_error("a.yaml", "kind: List\n", "a.yaml:1: items: missing");
	expect_error("a.yaml", "kind: List\nitems: {}\n", "a.yaml:2: items: expected a list");
	expect_error("a.json", "{\"kind\": \"List\", \"items\": 5}", "a.json:1: items: expected a list");
}

static void expect_sense(const char *text, int code)
{
	struct world world;
	struct sr_error err = {};

	world_begin(&world);
	world_read(&world, "a.yaml", text);
	assert_int_equal(sr_k8s_check(world.k8s, &err), code);
	if (code < 0)
		assert_non_null(strstr(err.text, "(Service, EndpointSlice, Endpoints, Pod, Node)"));
	world_end(&world);
}

static void what_is_of_no_kind_of_ours(void **state)
{
	(void)state;
	expect_sense("kind: Servce\nmetadata: {name: x}\n", -ENODATA);
	expect_sense("kind: ConfigMap\n---\nkind: Secret\n", -ENODATA);
	expect_sense("kind: ServiceList\n", -ENODATA);
	expect_sense("kind: ConfigMap\n---\nkind: Node\nmetadata: {name: n1}\n", 0);
	expect_sense("kind: List\nitems: []\n", 0);
	expect_sense("kind: ServiceList\nitems:\n", 0);
}

static void versions_that_are_not_known(void **state)
{
	(void)state;
	expect_error("a.yaml", "kind: Service\napiVersion: v9\n",
		     "a.yaml:2: apiVersion: \"v9\" of Service is not known (v1 is)");
	expect_error("a.yaml", "apiVersion: discovery.k8s.io/v1beta1\nkind: EndpointSlice\n",
		     "a.yaml:1: apiVersion: \"discovery.k8s.io/v1beta1\" of EndpointSlice is not known "
		     "(discovery.k8s.io/v1 is)");
}

static void no_such_file(void **state)
{
	sr_autok8s struct sr_k8s *k8s = NULL;
	struct sr_error err;

	(void)state;
	assert_int_equal(sr_k8s_new(&k8s), 0);
	assert_int_equal(sr_manifest_read(k8s, "/nowhere/web.yaml", &err), -ENOENT);
	assert_string_equal(err.text, "/nowhere/web.yaml: No such file or directory");
}

/* Sorted, by ending, and not hidden files. */
static void folders(void **state)
{
	static const char service[] =
		"kind: Service\nmetadata: {name: %s}\nspec: {clusterIP: 10.0.0.%d, ports: [{port: 80}]}\n";
	static const char *const names[] = {"b.yaml", "a.yml", "c.json", "d.txt", ".e.yaml"};
	char folder[200], text[200];
	struct world world;
	struct sr_error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(text, sizeof(text), service, "x", (int)i + 1);
		if (strstr(names[i], "json"))
			snprintf(text, sizeof(text), "{\"kind\": \"Secret\"}");
		snprintf(folder, sizeof(folder), "%s", given_file(names[i], text));
	}
	*strrchr(folder, '/') = '\0';

	world_begin(&world);
	assert_int_equal(sr_manifest_read(world.k8s, folder, &err), 0);
	world_resolve(&world);
	/* a.yml is read before b.yaml: b's counts, and the origin says so. */
	assert_string_equal(world_text(&world), "default/x: 10.0.0.1:80/tcp ->\n");
	assert_string_equal(strrchr(world.services.item[0].origin, '/'), "/b.yaml");
	assert_int_equal(world.notes.num, 2);
	world_end(&world);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		drop_file(given_file(names[i], ""));
}

static void byte_order_mark(void **state)
{
	struct world world;

	(void)state;
	world_begin(&world);
	world_read(&world, "a.json", "\xef\xbb\xbf{\"kind\": \"Secret\"}");
	world_read(&world, "a.yaml", "\xef\xbb\xbfkind: Secret\nmetadata: {}\n");
	world_resolve(&world);
	assert_string_equal(world_notes(&world), "skipped 2 objects of other kinds: Secret (2)\n");
	world_end(&world);
}

static void from_stdin(void **state)
{
	static const char text[] = "{\"kind\": \"Service\",\n \"metadata\": {}}";
	const char *path = given_file("x", text);
	sr_autok8s struct sr_k8s *k8s = NULL;
	struct sr_error err;

	(void)state;
	assert_int_equal(sr_k8s_new(&k8s), 0);
	assert_non_null(freopen(path, "r", stdin));
	assert_int_equal(sr_manifest_read(k8s, "-", &err), -EINVAL);
	assert_string_equal(err.text, "stdin:2: metadata.name: missing");
	drop_file(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_services),
		cmocka_unit_test(block_style_lines),
		cmocka_unit_test(list_items),
		cmocka_unit_test(json_lines),
		cmocka_unit_test(bad_others),
		cmocka_unit_test(syntax),
		cmocka_unit_test(one_line),
		cmocka_unit_test(what_says_nothing),
		cmocka_unit_test(what_is_of_no_kind_of_ours),
		cmocka_unit_test(versions_that_are_not_known),
		cmocka_unit_test(no_such_file),
		cmocka_unit_test(folders),
		cmocka_unit_test(byte_order_mark),
		cmocka_unit_test(from_stdin),
	};

	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
