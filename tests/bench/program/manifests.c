// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Field for field what an API server of 1.36 has of such objects, without what
 * kubectl leaves out (managedFields). The same cluster gives the same text.
 */
#include "manifests.h"

/* A number of its own for each object: in its first part, so that uids are spread. */
static unsigned int manifests_uid(unsigned int service, unsigned int part)
{
	return service * 2654435761u + part * 40503u;
}

/* --- YAML ------------------------------------------------------------------------------- */

static void yaml_service(FILE *out, unsigned int service)
{
	struct cluster_text name = cluster_name(service), addr = cluster_ip(service);

	fprintf(out, "- apiVersion: v1\n  kind: Service\n  metadata:\n");
	fprintf(out, "    creationTimestamp: \"2026-11-22T20:10:23Z\"\n    labels:\n      app: %s\n    name: %s\n",
		name.text, name.text);
	fprintf(out, "    namespace: " CLUSTER_NAMESPACE "\n    resourceVersion: \"%u\"\n", 1000 + 2 * service);
	fprintf(out, "    uid: %08x-bec2-4944-a2ce-55bcb6892532\n", manifests_uid(service, 0));
	fprintf(out, "  spec:\n    clusterIP: %s\n    clusterIPs:\n    - %s\n", addr.text, addr.text);
	fprintf(out,
		"    internalTrafficPolicy: Cluster\n    ipFamilies:\n    - IPv4\n    ipFamilyPolicy: SingleStack\n");
	fprintf(out, "    ports:\n    - name: http\n      port: %d\n      protocol: TCP\n      targetPort: %d\n",
		CLUSTER_PORT, CLUSTER_TARGET_PORT);
	fprintf(out, "    selector:\n      app: %s\n    sessionAffinity: None\n    type: ClusterIP\n", name.text);
	fprintf(out, "  status:\n    loadBalancer: {}\n");
}

static void yaml_endpoint(FILE *out, const struct cluster *cluster, unsigned int service, unsigned int endpoint)
{
	unsigned int node = (service * cluster->endpoints + endpoint) % CLUSTER_NODES;

	fprintf(out, "  - addresses:\n    - %s\n", cluster_pod(cluster, service, endpoint).text);
	fprintf(out, "    conditions:\n      ready: true\n      serving: true\n      terminating: false\n");
	fprintf(out, "    nodeName: node-%02u\n    targetRef:\n      kind: Pod\n      name: %s-%u\n", node,
		cluster_name(service).text, endpoint);
	fprintf(out, "      namespace: " CLUSTER_NAMESPACE "\n      uid: %08x-0a82-4326-90e9-7ebf11520b97\n",
		manifests_uid(service, 2 + endpoint));
	fprintf(out, "    zone: zone-%c\n", 'a' + node % 3);
}

static void yaml_slice_metadata(FILE *out, unsigned int service)
{
	struct cluster_text name = cluster_name(service);

	fprintf(out, "  kind: EndpointSlice\n  metadata:\n    annotations:\n");
	fprintf(out, "      endpoints.kubernetes.io/last-change-trigger-time: \"2026-11-22T20:10:23Z\"\n");
	fprintf(out, "    creationTimestamp: \"2026-11-22T20:10:23Z\"\n    generateName: %s-\n    generation: 2\n",
		name.text);
	fprintf(out, "    labels:\n      app: %s\n", name.text);
	fprintf(out, "      endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io\n");
	fprintf(out, "      kubernetes.io/service-name: %s\n    name: %s-ndsvt\n", name.text, name.text);
	fprintf(out, "    namespace: " CLUSTER_NAMESPACE "\n    ownerReferences:\n    - apiVersion: v1\n");
	fprintf(out, "      blockOwnerDeletion: true\n      controller: true\n      kind: Service\n      name: %s\n",
		name.text);
	fprintf(out, "      uid: %08x-bec2-4944-a2ce-55bcb6892532\n    resourceVersion: \"%u\"\n",
		manifests_uid(service, 0), 1001 + 2 * service);
	fprintf(out, "    uid: %08x-8594-4df7-88d0-2b673d437acb\n", manifests_uid(service, 1));
}

static void yaml_slice(FILE *out, const struct cluster *cluster, unsigned int service)
{
	fprintf(out, "- addressType: IPv4\n  apiVersion: discovery.k8s.io/v1\n  endpoints:\n");
	for (unsigned int i = 0; i < cluster->endpoints; i++)
		yaml_endpoint(out, cluster, service, i);
	yaml_slice_metadata(out, service);
	fprintf(out, "  ports:\n  - name: http\n    port: %d\n    protocol: TCP\n", CLUSTER_TARGET_PORT);
}

void manifests_yaml(FILE *out, const struct cluster *cluster)
{
	fprintf(out, "apiVersion: v1\nitems:\n");
	for (unsigned int i = 0; i < cluster->services; i++)
		yaml_service(out, i);
	for (unsigned int i = 0; i < cluster->services; i++)
		yaml_slice(out, cluster, i);
	fprintf(out, "kind: List\nmetadata:\n  resourceVersion: \"\"\n");
}

/* --- JSON ------------------------------------------------------------------------------- */

static void json_service(FILE *out, unsigned int service)
{
	struct cluster_text name = cluster_name(service), addr = cluster_ip(service);

	fprintf(out, "{\n\"apiVersion\": \"v1\",\n\"kind\": \"Service\",\n\"metadata\": {\n");
	fprintf(out, "\"creationTimestamp\": \"2026-11-22T20:10:23Z\",\n\"labels\": {\n\"app\": \"%s\"\n},\n",
		name.text);
	fprintf(out, "\"name\": \"%s\",\n\"namespace\": \"" CLUSTER_NAMESPACE "\",\n\"resourceVersion\": \"%u\",\n",
		name.text, 1000 + 2 * service);
	fprintf(out, "\"uid\": \"%08x-bec2-4944-a2ce-55bcb6892532\"\n},\n\"spec\": {\n", manifests_uid(service, 0));
	fprintf(out, "\"clusterIP\": \"%s\",\n\"clusterIPs\": [\n\"%s\"\n],\n", addr.text, addr.text);
	fprintf(out, "\"internalTrafficPolicy\": \"Cluster\",\n\"ipFamilies\": [\n\"IPv4\"\n],\n");
	fprintf(out, "\"ipFamilyPolicy\": \"SingleStack\",\n\"ports\": [\n{\n\"name\": \"http\",\n\"port\": %d,\n",
		CLUSTER_PORT);
	fprintf(out, "\"protocol\": \"TCP\",\n\"targetPort\": %d\n}\n],\n", CLUSTER_TARGET_PORT);
	fprintf(out, "\"selector\": {\n\"app\": \"%s\"\n},\n\"sessionAffinity\": \"None\",\n", name.text);
	fprintf(out, "\"type\": \"ClusterIP\"\n},\n\"status\": {\n\"loadBalancer\": {}\n}\n}");
}

static void json_endpoint(FILE *out, const struct cluster *cluster, unsigned int service, unsigned int endpoint)
{
	unsigned int node = (service * cluster->endpoints + endpoint) % CLUSTER_NODES;

	fprintf(out, "{\n\"addresses\": [\n\"%s\"\n],\n", cluster_pod(cluster, service, endpoint).text);
	fprintf(out, "\"conditions\": {\n\"ready\": true,\n\"serving\": true,\n\"terminating\": false\n},\n");
	fprintf(out, "\"nodeName\": \"node-%02u\",\n\"targetRef\": {\n\"kind\": \"Pod\",\n\"name\": \"%s-%u\",\n", node,
		cluster_name(service).text, endpoint);
	fprintf(out, "\"namespace\": \"" CLUSTER_NAMESPACE "\",\n");
	fprintf(out, "\"uid\": \"%08x-0a82-4326-90e9-7ebf11520b97\"\n},\n", manifests_uid(service, 2 + endpoint));
	fprintf(out, "\"zone\": \"zone-%c\"\n}", 'a' + node % 3);
}

static void json_slice_metadata(FILE *out, unsigned int service)
{
	struct cluster_text name = cluster_name(service);

	fprintf(out, "\"kind\": \"EndpointSlice\",\n\"metadata\": {\n\"annotations\": {\n");
	fprintf(out, "\"endpoints.kubernetes.io/last-change-trigger-time\": \"2026-11-22T20:10:23Z\"\n},\n");
	fprintf(out, "\"creationTimestamp\": \"2026-11-22T20:10:23Z\",\n\"generateName\": \"%s-\",\n", name.text);
	fprintf(out, "\"generation\": 2,\n\"labels\": {\n\"app\": \"%s\",\n", name.text);
	fprintf(out, "\"endpointslice.kubernetes.io/managed-by\": \"endpointslice-controller.k8s.io\",\n");
	fprintf(out, "\"kubernetes.io/service-name\": \"%s\"\n},\n\"name\": \"%s-ndsvt\",\n", name.text, name.text);
	fprintf(out, "\"namespace\": \"" CLUSTER_NAMESPACE "\",\n\"ownerReferences\": [\n{\n\"apiVersion\": \"v1\",\n");
	fprintf(out, "\"blockOwnerDeletion\": true,\n\"controller\": true,\n\"kind\": \"Service\",\n");
	fprintf(out, "\"name\": \"%s\",\n\"uid\": \"%08x-bec2-4944-a2ce-55bcb6892532\"\n}\n],\n", name.text,
		manifests_uid(service, 0));
	fprintf(out, "\"resourceVersion\": \"%u\",\n\"uid\": \"%08x-8594-4df7-88d0-2b673d437acb\"\n},\n",
		1001 + 2 * service, manifests_uid(service, 1));
}

static void json_slice(FILE *out, const struct cluster *cluster, unsigned int service, bool is_short)
{
	unsigned int num = cluster->endpoints - is_short;

	fprintf(out, "{\n\"addressType\": \"IPv4\",\n\"apiVersion\": \"discovery.k8s.io/v1\",\n\"endpoints\": [\n");
	for (unsigned int i = 0; i < num; i++) {
		json_endpoint(out, cluster, service, i);
		fprintf(out, i + 1 < num ? ",\n" : "\n");
	}
	fprintf(out, "],\n");
	json_slice_metadata(out, service);
	fprintf(out, "\"ports\": [\n{\n\"name\": \"http\",\n\"port\": %d,\n\"protocol\": \"TCP\"\n}\n]\n}",
		CLUSTER_TARGET_PORT);
}

static void json_begin(FILE *out)
{
	fprintf(out, "{\n\"apiVersion\": \"v1\",\n\"items\": [\n");
}

static void json_end(FILE *out)
{
	fprintf(out, "],\n\"kind\": \"List\",\n\"metadata\": {\n\"resourceVersion\": \"\"\n}\n}\n");
}

void manifests_json(FILE *out, const struct cluster *cluster)
{
	json_begin(out);
	for (unsigned int i = 0; i < cluster->services; i++) {
		json_service(out, i);
		fprintf(out, ",\n");
	}
	for (unsigned int i = 0; i < cluster->services; i++) {
		json_slice(out, cluster, i, false);
		fprintf(out, i + 1 < cluster->services ? ",\n" : "\n");
	}
	json_end(out);
}

void manifests_json_one(FILE *out, const struct cluster *cluster, unsigned int service, bool is_short)
{
	json_begin(out);
	json_service(out, service);
	fprintf(out, ",\n");
	json_slice(out, cluster, service, is_short);
	json_end(out);
}
