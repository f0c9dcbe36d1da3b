// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where services are served and for whom: kinds of frontends, policies,
 * affinity, source ranges, host ports. The node is n1, with two devices.
 */
#include "support.h"

#define SERVICE(name, spec) "kind: Service\nmetadata: {name: " name "}\nspec: {" spec "}\n---\n"
#define NODE                                                                                                           \
	"kind: Node\nmetadata: {name: n1}\nstatus: {addresses: [{type: Hostname, address: n1}, "                       \
	"{type: ExternalIP, address: 203.0.113.9}, {type: ExternalIP, address: 'fd00::9'}, "                           \
	"{type: InternalIP, address: 10.240.0.4}, {type: InternalIP, address: 10.240.0.5}]}\n---\n"
#define NODE_PORT SERVICE("web", "type: NodePort, clusterIP: 10.0.0.1, ports: [{port: 80, nodePort: 30080}]")
#define PLAIN	  "default/web: 10.0.0.1:80/tcp ->\n"

/* What a node is told of itself by its devices. */
struct node {
	const char *name;
	const char *uplinks; /* addresses, blanks between */
	const char *host;
	enum sr_node_ports ports;
	const char *cidr;
};

static const struct node n1 = {.name = "n1", .uplinks = "10.240.0.4 fd00::4", .host = "10.240.0.4 fd00::4 172.17.0.1"};

static size_t parse_addrs(struct sr_addr *out, const char *list)
{
	char text[200], *word, *rest = text;
	size_t num = 0;

	snprintf(text, sizeof(text), "%s", list ? list : "");
	while ((word = strsep(&rest, " "))) {
		if (word[0])
			assert_int_equal(sr_addr_parse(&out[num++], word), 0);
	}
	return num;
}

static void print_policy(struct world *world, const struct sr_service *service)
{
	char text[SR_ADDR_TEXT];
	size_t i;

	world_print(world, "%s%s%s%s", service->flags & SR_SERVICE_INTERNAL_LOCAL ? " iTP-Local" : "",
		    service->flags & SR_SERVICE_EXTERNAL_LOCAL ? " eTP-Local" : "",
		    service->flags & SR_SERVICE_MAGLEV ? " maglev" : "",
		    service->flags & SR_SERVICE_SOURCE_RANGES ? " from" : "");
	for (i = 0; i < service->num_sources; i++)
		world_print(world, " %s/%u", sr_addr_format(text, &service->sources[i].addr), service->sources[i].bits);
	if (service->affinity)
		world_print(world, " %us", service->affinity);
}

/* "NAME iTP-Local eTP-Local maglev from CIDR... SECONDSs", a line a service. */
static const char *policies_text(struct world *world)
{
	size_t i;

	world->text[0] = '\0';
	for (i = 0; i < world->services.num; i++) {
		world_print(world, "%s/%u:", world->services.item[i].name, world->services.item[i].family);
		print_policy(world, &world->services.item[i]);
		world_print(world, "\n");
	}
	return world->text;
}

static void expect_on(const struct node *node, const char *manifest, const char *(*print)(struct world *),
		      const char *expected)
{
	struct sr_addr uplinks[4], host[8];
	struct sr_cidr cidr;
	struct world world;

	world_begin(&world);
	world.options.node = node->name;
	world.options.uplink_addrs = uplinks;
	world.options.num_uplink_addrs = parse_addrs(uplinks, node->uplinks);
	world.options.host_addrs = host;
	world.options.num_host_addrs = parse_addrs(host, node->host);
	world.options.node_ports = node->ports;
	if (node->cidr) {
		assert_int_equal(sr_cidr_parse(&cidr, node->cidr), 0);
		world.options.node_port_cidrs = &cidr;
		world.options.num_node_port_cidrs = 1;
	}
	world_read(&world, "a.yaml", manifest);
	world_resolve(&world);
	assert_string_equal(print(&world), expected);
	world_end(&world);
}

static void expect(const char *manifest, const char *expected)
{
	expect_on(&n1, manifest, world_text, expected);
}

static void expect_policies(const char *manifest, const char *expected)
{
	expect_on(&n1, manifest, policies_text, expected);
}

static void expect_notes(const char *manifest, const char *expected)
{
	expect_on(&n1, manifest, world_notes, expected);
}

static void refuse(const char *manifest, const char *complaint)
{
	const char *path = given_file("a.yaml", manifest);
	struct sr_error err = {};
	struct world world;

	world_begin(&world);
	assert_int_equal(sr_manifest_read(world.k8s, path, &err), -EINVAL);
	if (!strstr(err.text, complaint))
		fail_msg("%s", err.text);
	drop_file(path);
	world_end(&world);
}

/* --- node ports ---------------------------------------------------------------- */

static void node_ports_at_the_primary_address(void **state)
{
	(void)state;
	expect(NODE_PORT, "default/web: reserved:0.0.0.0:30080/tcp 10.0.0.1:80/tcp node:10.240.0.4:30080/tcp ->\n");
	/* Our Node object goes before the devices, InternalIP before ExternalIP. */
	expect_on(&(struct node){.name = "n1", .uplinks = "192.0.2.1 fd00::4"},
		  NODE SERVICE("web", "type: NodePort, clusterIPs: [10.0.0.1, 'fd00::1'], ports: [{port: 80, nodePort: "
				      "30080}]"),
		  world_text,
		  "default/web: reserved:0.0.0.0:30080/tcp 10.0.0.1:80/tcp node:10.240.0.4:30080/tcp ->\n"
		  "default/web: reserved:[::]:30080/tcp [fd00::1]:80/tcp node:[fd00::9]:30080/tcp ->\n");
	/* Another node's does not count. */
	expect_on(&(struct node){.name = "n2", .uplinks = "192.0.2.1 192.0.2.2"}, NODE NODE_PORT, world_text,
		  "default/web: reserved:0.0.0.0:30080/tcp 10.0.0.1:80/tcp node:192.0.2.1:30080/tcp "
		  "node:192.0.2.2:30080/tcp ->\n");
}

static void node_ports_where_one_chooses(void **state)
{
	struct node node = n1;

	(void)state;
	node.ports = SR_NODE_PORTS_ALL;
	expect_on(&node, NODE_PORT, world_text,
		  "default/web: reserved:0.0.0.0:30080/tcp 10.0.0.1:80/tcp node:10.240.0.4:30080/tcp "
		  "node:172.17.0.1:30080/tcp ->\n");
	node.ports = SR_NODE_PORTS_CIDRS;
	node.cidr = "172.16.0.0/12";
	expect_on(&node, NODE_PORT, world_text,
		  "default/web: reserved:0.0.0.0:30080/tcp 10.0.0.1:80/tcp node:172.17.0.1:30080/tcp ->\n");
	node.cidr = "192.0.2.0/24";
	expect_on(&node, NODE_PORT, world_text, PLAIN);
	expect_on(&node, NODE_PORT, world_notes,
		  "node ports are not served: no address of this machine is known for them (--uplink, "
		  "--nodeport-addresses)\n");
}

static void a_gateway_has_none_unless_told(void **state)
{
	struct node node = n1;

	(void)state;
	node.name = NULL;
	expect_on(&node, NODE_PORT, world_text, PLAIN);
	expect_on(&node, NODE_PORT, world_notes, "");
	node.ports = SR_NODE_PORTS_PRIMARY;
	expect_on(&node, NODE_PORT, world_text,
		  "default/web: reserved:0.0.0.0:30080/tcp 10.0.0.1:80/tcp node:10.240.0.4:30080/tcp ->\n");
}

static void node_ports_of_types(void **state)
{
	(void)state;
	expect(SERVICE("web", "type: ClusterIP, clusterIP: 10.0.0.1, ports: [{port: 80, nodePort: 30080}]"), PLAIN);
	expect(SERVICE("web", "type: LoadBalancer, clusterIP: 10.0.0.1, ports: [{port: 80, nodePort: 30080}]"),
	       "default/web: reserved:0.0.0.0:30080/tcp 10.0.0.1:80/tcp node:10.240.0.4:30080/tcp ->\n");
	expect(SERVICE("web", "type: LoadBalancer, allocateLoadBalancerNodePorts: false, clusterIP: 10.0.0.1, "
			      "ports: [{port: 80, nodePort: 0}]"),
	       PLAIN);
	expect(SERVICE("web", "type: NodePort, clusterIP: 10.0.0.1, ports: [{port: 80}]"), PLAIN);
	/* YAML's other ways to write a whole number. */
	expect(SERVICE("web", "type: NodePort, clusterIP: 10.0.0.1, ports: [{port: 80.0}]"), PLAIN);
	expect(SERVICE("web", "type: NodePort, clusterIP: 10.0.0.1, ports: [{port: 8e+1}]"), PLAIN);
}

static void one_number_for_all_protocols(void **state)
{
	(void)state;
	expect(SERVICE("web", "type: NodePort, clusterIP: 10.0.0.1, ports: [{name: t, port: 80, nodePort: 30080}, "
			      "{name: u, port: 80, protocol: UDP, nodePort: 30080}, "
			      "{name: s, port: 80, protocol: SCTP, nodePort: 30080}]"),
	       "default/web:s reserved:0.0.0.0:30080/sctp 10.0.0.1:80/sctp node:10.240.0.4:30080/sctp ->\n"
	       "default/web:t reserved:0.0.0.0:30080/tcp 10.0.0.1:80/tcp node:10.240.0.4:30080/tcp ->\n"
	       "default/web:u reserved:0.0.0.0:30080/udp 10.0.0.1:80/udp node:10.240.0.4:30080/udp ->\n");
}

/* One line, though it is lost at two families' addresses. */
static void a_number_that_two_claim(void **state)
{
	char expected[400];

	(void)state;
	snprintf(expected, sizeof(expected),
		 "default/b (/tmp/svcroute-unit.%d/a.yaml): goes without node port 30080/tcp, which default/a "
		 "(/tmp/svcroute-unit.%d/a.yaml) has\n",
		 (int)getpid(), (int)getpid());
	expect_notes(SERVICE("a", "type: NodePort, clusterIPs: [10.0.0.1, 'fd00::1'], ports: [{port: 80, nodePort: "
				  "30080}]")
			     SERVICE("b", "type: NodePort, clusterIPs: [10.0.0.2, 'fd00::2'], ports: [{port: 80, "
					  "nodePort: 30080}]"),
		     expected);
	expect_notes(SERVICE("a", "type: NodePort, clusterIP: 10.0.0.1, ports: [{port: 80, nodePort: 30080}]") SERVICE(
			     "b", "type: NodePort, clusterIP: 10.0.0.2, ports: [{port: 80, protocol: UDP, nodePort: "
				  "30080}]"),
		     "");
}

/* Without a ClusterIP of a family there is nothing in it. */
static void families_are_independent(void **state)
{
	(void)state;
	expect("kind: Service\nmetadata: {name: web, uid: x}\n"
	       "spec: {type: LoadBalancer, clusterIP: 'fd00::1', clusterIPs: ['fd00::1'], ipFamilies: [IPv6], "
	       "externalIPs: [198.51.100.1, 'fd00::e'], ports: [{port: 80, nodePort: 30080}]}\n"
	       "status: {loadBalancer: {ingress: [{ip: 203.0.113.1}, {ip: 'fd00::b'}]}}\n",
	       "default/web: reserved:[::]:30080/tcp [fd00::1]:80/tcp node:[fd00::4]:30080/tcp lb:[fd00::b]:80/tcp "
	       "![fd00::e]:80/tcp ->\n");
	expect(SERVICE("web", "clusterIPs: ['fd00::1', 10.0.0.1], ipFamilies: [IPv6, IPv4], ports: [{port: 80}]"),
	       PLAIN "default/web: [fd00::1]:80/tcp ->\n");
	/* A family that ipFamilies does not list */
	expect(SERVICE("web", "clusterIPs: [10.0.0.1, 'fd00::1'], ipFamilies: [IPv4], ports: [{port: 80}]"), PLAIN);
}

/* --- labels, annotations ---------------------------------------------------------- */

static void labels_act_like_add_and_delete(void **state)
{
	static const char left[] =
		"kind: Service\nmetadata: {name: web, labels: "
		"{service.kubernetes.io/service-proxy-name: x}}\n"
		"spec: {type: NodePort, clusterIP: 10.0.0.1, ports: [{port: 80, nodePort: 30080}]}\n";

	(void)state;
	expect(left, "");
	expect(NODE_PORT, "default/web: reserved:0.0.0.0:30080/tcp 10.0.0.1:80/tcp node:10.240.0.4:30080/tcp ->\n");
}

static void left_to_the_host(void **state)
{
	static const char dns[] = "kind: Service\nmetadata: {name: dns, annotations: {svcroute.io/pass: 'true'}}\n"
				  "spec: {type: NodePort, clusterIP: 10.0.0.1, externalIPs: [198.51.100.1], "
				  "ports: [{port: 53, nodePort: 30053}]}\n";

	(void)state;
	expect(dns, "default/dns: pass:10.0.0.1:53/tcp pass:10.240.0.4:30053/tcp pass:198.51.100.1:53/tcp ->\n");
	expect("kind: Service\nmetadata: {name: web, annotations: {svcroute.io/pass: 'false'}}\n"
	       "spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n",
	       PLAIN);
	refuse("kind: Service\nmetadata: {name: web, annotations: {svcroute.io/pass: 'yes'}}\n"
	       "spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n",
	       ":2: metadata.annotations[\"svcroute.io/pass\"]: \"yes\" is not known (false, true)");
}

/* --- policies ------------------------------------------------------------------------ */

static void traffic_policies(void **state)
{
	static const char both[] = SERVICE("web", "type: NodePort, clusterIP: 10.0.0.1, internalTrafficPolicy: Local, "
						  "externalTrafficPolicy: Local, ports: [{port: 80, nodePort: 30080}]");
	struct node gateway = n1;

	(void)state;
	expect_policies(NODE_PORT, "web/4:\n");
	expect_policies(both, "web/4: iTP-Local eTP-Local\n");
	expect_policies(SERVICE("web", "clusterIP: 10.0.0.1, internalTrafficPolicy: Local, ports: [{port: 80}]"),
			"web/4: iTP-Local\n");
	/* externalTrafficPolicy is for services that are external */
	expect_policies(SERVICE("web", "clusterIP: 10.0.0.1, externalTrafficPolicy: Local, ports: [{port: 80}]"),
			"web/4:\n");
	expect_policies(SERVICE("web", "clusterIP: 10.0.0.1, externalTrafficPolicy: Local, externalIPs: "
				       "[198.51.100.1], ports: [{port: 80}]"),
			"web/4: eTP-Local\n");
	/* A machine that is no node has no endpoints of its own. */
	gateway.name = NULL;
	expect_on(&gateway, both, policies_text, "web/4:\n");
}

#define MARKED(mark, spec)                                                                                             \
	"kind: Service\nmetadata: {name: web, annotations: {svcroute.io/maglev: " mark "}}\nspec: {" spec "}\n"

static void consistent_choice(void **state)
{
	static const char external[] = SERVICE("web", "clusterIP: 10.0.0.1, externalIPs: [198.51.100.1], "
						      "ports: [{port: 80}]");
	static const char balancer[] =
		"kind: Service\nmetadata: {name: web}\n"
		"spec: {type: LoadBalancer, clusterIPs: [10.0.0.1, 'fd00::1'], ports: [{port: 80}]}\n"
		"status: {loadBalancer: {ingress: [{ip: 198.51.100.1}]}}\n";
	struct node gateway = n1;

	(void)state;
	gateway.name = NULL;
	/* On a node where it is asked for, on a gateway by default for what is external. */
	expect_policies(external, "web/4:\n");
	expect_policies(balancer, "web/4:\nweb/6:\n");
	expect_on(&gateway, external, policies_text, "web/4: maglev\n");
	expect_on(&gateway, balancer, policies_text, "web/4: maglev\nweb/6: maglev\n");
	expect_on(&gateway, SERVICE("web", "clusterIP: 10.0.0.1, ports: [{port: 80}]"), policies_text, "web/4:\n");
	expect_on(&gateway, NODE_PORT, policies_text, "web/4:\n");

	expect_policies(MARKED("'true'", "clusterIP: 10.0.0.1, ports: [{port: 80}]"), "web/4: maglev\n");
	expect_policies(MARKED("'false'", "clusterIP: 10.0.0.1, ports: [{port: 80}]"), "web/4:\n");
	expect_on(&gateway, MARKED("'false'", "clusterIP: 10.0.0.1, externalIPs: [198.51.100.1], ports: [{port: 80}]"),
		  policies_text, "web/4:\n");
	refuse(MARKED("'on'", "clusterIP: 10.0.0.1, ports: [{port: 80}]"),
	       ":2: metadata.annotations[\"svcroute.io/maglev\"]: \"on\" is not known (false, true)");
	refuse(MARKED("true", "clusterIP: 10.0.0.1, ports: [{port: 80}]"), "svcroute.io/maglev");
}

static void session_affinity(void **state)
{
	(void)state;
	expect_policies(SERVICE("web", "clusterIP: 10.0.0.1, sessionAffinity: ClientIP, ports: [{port: 80}]"),
			"web/4: 10800s\n");
	expect_policies(SERVICE("web", "clusterIPs: [10.0.0.1, 'fd00::1'], sessionAffinity: ClientIP, "
				       "sessionAffinityConfig: {clientIP: {timeoutSeconds: 86400}}, ports: [{port: "
				       "80}]"),
			"web/4: 86400s\nweb/6: 86400s\n");
	expect_policies(SERVICE("web", "clusterIP: 10.0.0.1, sessionAffinity: None, sessionAffinityConfig: "
				       "{clientIP: {timeoutSeconds: 5}}, ports: [{port: 80}]"),
			"web/4:\n");
	refuse(SERVICE("web", "clusterIP: 10.0.0.1, sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: "
			      "{timeoutSeconds: 0}}, ports: [{port: 80}]"),
	       "sessionAffinityConfig.clientIP.timeoutSeconds: expected a number of seconds, 1..86400");
	refuse(SERVICE("web", "clusterIP: 10.0.0.1, sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: "
			      "{timeoutSeconds: 86401}}, ports: [{port: 80}]"),
	       "expected a number of seconds");
}

#define BALANCER(ranges)                                                                                               \
	"kind: Service\nmetadata: {name: web}\n"                                                                       \
	"spec: {type: LoadBalancer, clusterIPs: [10.0.0.1, 'fd00::1'], loadBalancerSourceRanges: [" ranges             \
	"], ports: [{port: 80}]}\n"                                                                                    \
	"status: {loadBalancer: {ingress: [{ip: 203.0.113.1}, {ip: 'fd00::b'}]}}\n---\n"

static void source_ranges(void **state)
{
	(void)state;
	expect_policies(BALANCER(""), "web/4:\nweb/6:\n");
	expect_policies(BALANCER("192.0.2.0/24, '2001:db8::/32', 198.51.100.0/24"),
			"web/4: from 192.0.2.0/24 198.51.100.0/24\nweb/6: from 2001:db8::/32\n");
	expect_policies(BALANCER("' 192.0.2.0/24\t', 198.51.100.7/24"),
			"web/4: from 192.0.2.0/24 198.51.100.0/24\nweb/6:\n");
	/* A /0 is no filter, in its family. */
	expect_policies(BALANCER("192.0.2.0/24, 0.0.0.0/0, '2001:db8::/32'"), "web/4:\nweb/6: from 2001:db8::/32\n");
	refuse(BALANCER("192.0.2.0/24, 192.0.2.0"),
	       ":3: spec.loadBalancerSourceRanges[1]: \"192.0.2.0\" is not a network (10.0.0.0/8, fd00::/64)");
}

static void source_ranges_with_the_node(void **state)
{
	(void)state;
	expect_policies(BALANCER("10.240.0.0/16"), "web/4: from 10.240.0.0/16 203.0.113.1/32\nweb/6:\n");
	expect_policies(BALANCER("'fd00::/64'"), "web/4:\nweb/6: from fd00::/64 fd00::b/128\n");
	/* Only the node's primary addresses are the node's. */
	expect_policies(BALANCER("172.17.0.0/16"), "web/4: from 172.17.0.0/16\nweb/6:\n");
}

static void source_ranges_are_for_load_balancers(void **state)
{
	(void)state;
	expect_policies(SERVICE("web", "type: NodePort, clusterIP: 10.0.0.1, loadBalancerSourceRanges: "
				       "[192.0.2.0/24], ports: [{port: 80, nodePort: 30080}]"),
			"web/4:\n");
	/* kube-proxy does not read the annotation of that name either. */
	expect_policies("kind: Service\nmetadata: {name: web, annotations: "
			"{service.beta.kubernetes.io/load-balancer-source-ranges: 192.0.2.0/24}}\n"
			"spec: {type: LoadBalancer, clusterIP: 10.0.0.1, ports: [{port: 80}]}\n"
			"status: {loadBalancer: {ingress: [{ip: 203.0.113.1}]}}\n",
			"web/4:\n");
}

/* Where an address is both, the source ranges hold. */
static void an_external_ip_that_is_the_balancers(void **state)
{
	(void)state;
	expect("kind: Service\nmetadata: {name: web}\n"
	       "spec: {type: LoadBalancer, clusterIP: 10.0.0.1, externalIPs: [203.0.113.1], ports: [{port: 80}]}\n"
	       "status: {loadBalancer: {ingress: [{ip: 203.0.113.1}]}}\n",
	       "default/web: 10.0.0.1:80/tcp lb:203.0.113.1:80/tcp ->\n");
}

/* --- host ports ------------------------------------------------------------------------ */

#define POD(name, spec, ports)                                                                                         \
	"kind: Pod\nmetadata: {name: " name "}\nspec: {" spec ", containers: [{ports: [" ports "]}]}\n"                \
	"status: {phase: Running, podIPs: [{ip: 10.1.0.7}, {ip: 'fd00:1::7'}]}\n---\n"

static void host_ports(void **state)
{
	(void)state;
	expect(POD("p", "nodeName: n1", "{containerPort: 80, hostPort: 8080}"),
	       "default/p:hostPort-8080 host:10.240.0.4:8080/tcp host:172.17.0.1:8080/tcp -> 10.1.0.7:80\n"
	       "default/p:hostPort-8080 host:[fd00::4]:8080/tcp -> [fd00:1::7]:80\n");
	expect(POD("p", "nodeName: n1", "{containerPort: 80, hostPort: 8080, protocol: UDP, hostIP: 0.0.0.0}"),
	       "default/p:hostPort-8080 host:10.240.0.4:8080/udp host:172.17.0.1:8080/udp -> 10.1.0.7:80\n"
	       "default/p:hostPort-8080 host:[fd00::4]:8080/udp -> [fd00:1::7]:80\n");
	expect(POD("p", "nodeName: n1",
		   "{containerPort: 80, hostPort: 8080, hostIP: 172.17.0.1}, "
		   "{containerPort: 81, hostPort: 8080, hostIP: 'fd00::4'}, {containerPort: 9}"),
	       "default/p:hostPort-8080-172.17.0.1 host:172.17.0.1:8080/tcp -> 10.1.0.7:80\n"
	       "default/p:hostPort-8080-fd00::4 host:[fd00::4]:8080/tcp -> [fd00:1::7]:81\n");
}

static void host_ports_of_other_pods(void **state)
{
	struct node gateway = n1;

	(void)state;
	gateway.name = NULL;
	expect(POD("p", "nodeName: n2", "{containerPort: 80, hostPort: 8080}"), "");
	expect(POD("p", "nodeName: n1, hostNetwork: true", "{containerPort: 80, hostPort: 80}"), "");
	expect("kind: Pod\nmetadata: {name: p}\nspec: {nodeName: n1, containers: [{ports: [{containerPort: 80, "
	       "hostPort: 80}]}]}\nstatus: {phase: Failed, podIP: 10.1.0.7}\n",
	       "");
	expect("kind: Pod\nmetadata: {name: p}\nspec: {nodeName: n1, containers: [{ports: [{containerPort: 80, "
	       "hostPort: 80}]}]}\n",
	       "");
	expect_on(&gateway, POD("p", "nodeName: n1", "{containerPort: 80, hostPort: 8080}"), world_text, "");
	expect_notes(POD("p", "nodeName: n1", "{containerPort: 80, hostPort: 8080, hostIP: 127.0.0.1}"),
		     "default/p: host port 8080 is not served at 127.0.0.1: a loopback address\n");
}

/* While it terminates a pod keeps its port, and it is served here alone. */
static void host_ports_of_a_terminating_pod(void **state)
{
	struct world world;

	(void)state;
	world_begin(&world);
	world.options.node = "n1";
	world_read(&world, "a.yaml",
		   "kind: Pod\nmetadata: {name: p, deletionTimestamp: '2026-01-01T00:00:00Z'}\n"
		   "spec: {nodeName: n1, containers: [{ports: [{containerPort: 80, hostPort: 8080, hostIP: "
		   "10.240.0.4}]}]}\n"
		   "status: {phase: Running, podIP: 10.1.0.7}\n");
	world_resolve(&world);
	assert_int_equal(world.services.num, 1);
	assert_int_equal(world.services.item[0].endpoints[0].flags, SR_BACKEND_SETS | SR_BACKEND_ON_NODE);
	world_end(&world);
}

/* A Service may be named as a pod, and its port "hostport-8080". */
static void host_ports_clash_with_no_service(void **state)
{
	(void)state;
	expect(SERVICE("p", "clusterIP: 10.0.0.1, ports: [{name: hostport-8080, port: 80}]")
		       POD("p", "nodeName: n1", "{containerPort: 80, hostPort: 8080, hostIP: 172.17.0.1}"),
	       "default/p:hostPort-8080-172.17.0.1 host:172.17.0.1:8080/tcp -> 10.1.0.7:80\n"
	       "default/p:hostport-8080 10.0.0.1:80/tcp ->\n");
}

#define LONG "a-very-long-name-of-a-pod-that-is-longer-than-what-the-maps-can-hold-"

static void host_ports_of_pods_with_long_names(void **state)
{
	static const char pods[] = POD(LONG "1", "nodeName: n1", "{containerPort: 80, hostPort: 8080}")
		POD(LONG "2", "nodeName: n1", "{containerPort: 80, hostPort: 8081}");
	struct world world;

	(void)state;
	world_begin(&world);
	world.options.node = "n1";
	world.options.host_addrs = (struct sr_addr[]){{.byte = {[10] = 0xff, 0xff, 10, 240, 0, 4}}};
	world.options.num_host_addrs = 1;
	world_read(&world, "a.yaml", pods);
	world_resolve(&world);
	assert_int_equal(world.services.num, 2);
	assert_int_equal(strlen(world.services.item[0].name), 63);
	assert_string_not_equal(world.services.item[0].name, world.services.item[1].name);
	world_end(&world);
}

/* --- the recorded cluster, as one of its nodes sees it ------------------------------------ */

static void recorded_on_a_node(void **state)
{
	struct world world;
	struct sr_error err;

	(void)state;
	world_begin(&world);
	world.options.node = "node-a";
	assert_int_equal(sr_manifest_read(world.k8s, DATA "objects.json", &err), 0);
	world_resolve(&world);
	assert_string_equal(
		world_text(&world),
		"default/kubernetes:https 10.96.0.1:443/tcp ->\n"
		"shop/mixed:web 10.111.255.192:80/tcp -> 10.244.1.21:8080 10.244.2.21:9090\n"
		"shop/sigtran:m3ua reserved:0.0.0.0:32423/sctp 10.96.65.100:2905/sctp node:10.240.0.11:32423/sctp -> "
		"10.244.2.22:2905\n"
		"shop/web:dns reserved:0.0.0.0:30753/udp 10.109.203.45:53/udp node:10.240.0.11:30753/udp "
		"lb:10.240.16.4:53/udp !198.51.100.7:53/udp -> 10.244.1.12:5353 ~10.244.2.11:5353\n"
		"shop/web:dns reserved:[::]:30753/udp [fd00:10:96::85b]:53/udp node:[fd00:240::11]:30753/udp -> "
		"[fd00:10:244:1::12]:5353 ~[fd00:10:244:2::11]:5353\n"
		"shop/web:http reserved:0.0.0.0:30419/tcp 10.109.203.45:90/tcp node:10.240.0.11:30419/tcp "
		"lb:10.240.16.4:90/tcp !198.51.100.7:90/tcp -> 10.244.1.12:85 ~10.244.2.11:85\n"
		"shop/web:http reserved:[::]:30419/tcp [fd00:10:96::85b]:90/tcp node:[fd00:240::11]:30419/tcp -> "
		"[fd00:10:244:1::12]:85 ~[fd00:10:244:2::11]:85\n");
	assert_string_equal(policies_text(&world), "kubernetes/4:\nmixed/4:\nsigtran/4:\n"
						   "web/4: eTP-Local from 10.240.0.0/16 10.240.16.4/32 10800s\n"
						   "web/6: eTP-Local 10800s\n"
						   "web/4: eTP-Local from 10.240.0.0/16 10.240.16.4/32 10800s\n"
						   "web/6: eTP-Local 10800s\n");
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(node_ports_at_the_primary_address),
		cmocka_unit_test(node_ports_where_one_chooses),
		cmocka_unit_test(a_gateway_has_none_unless_told),
		cmocka_unit_test(node_ports_of_types),
		cmocka_unit_test(one_number_for_all_protocols),
		cmocka_unit_test(a_number_that_two_claim),
		cmocka_unit_test(families_are_independent),
		cmocka_unit_test(labels_act_like_add_and_delete),
		cmocka_unit_test(left_to_the_host),
		cmocka_unit_test(traffic_policies),
		cmocka_unit_test(consistent_choice),
		cmocka_unit_test(session_affinity),
		cmocka_unit_test(source_ranges),
		cmocka_unit_test(source_ranges_with_the_node),
		cmocka_unit_test(source_ranges_are_for_load_balancers),
		cmocka_unit_test(an_external_ip_that_is_the_balancers),
		cmocka_unit_test(host_ports),
		cmocka_unit_test(host_ports_of_other_pods),
		cmocka_unit_test(host_ports_of_a_terminating_pod),
		cmocka_unit_test(host_ports_clash_with_no_service),
		cmocka_unit_test(host_ports_of_pods_with_long_names),
		cmocka_unit_test(recorded_on_a_node),
	};

	return cmocka_run_group_tests_name("k8s_frontends", tests, NULL, NULL);
}
