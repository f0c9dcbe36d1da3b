// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The store of objects: which kinds are taken, and what becomes of the others.
 */
#include "model/k8s.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "model/k8s_objects.h"

int sr_k8s_new(struct sr_k8s **out)
{
	struct sr_k8s *k8s = calloc(1, sizeof(*k8s));

	if (!k8s)
		return -ENOMEM;
	*out = k8s;
	return 0;
}

static void k8s_free_objects(struct sr_k8s *k8s)
{
	size_t i;

	for (i = 0; i < k8s->num_services; i++)
		sr_k8s_service_clear(&k8s->services[i]);
	for (i = 0; i < k8s->num_backings; i++)
		sr_k8s_backing_clear(&k8s->backings[i]);
	for (i = 0; i < k8s->num_pods; i++)
		sr_k8s_pod_clear(&k8s->pods[i]);
	for (i = 0; i < k8s->num_nodes; i++)
		sr_k8s_node_clear(&k8s->nodes[i]);
	free(k8s->services);
	free(k8s->backings);
	free(k8s->pods);
	free(k8s->nodes);
}

void sr_k8s_free(struct sr_k8s *k8s)
{
	size_t i;

	if (!k8s)
		return;

	k8s_free_objects(k8s);
	for (i = 0; i < k8s->num_skipped; i++)
		free(k8s->skipped[i].kind);
	for (i = 0; i < k8s->num_origins; i++)
		free(k8s->origins[i]);
	free(k8s->skipped);
	free(k8s->origins);
	sr_notes_clear(&k8s->notes);
	free(k8s);
}

/* Objects of one manifest come one after the other: look at the last only. */
static const char *k8s_origin(struct sr_k8s *k8s, const char *origin)
{
	char **new;

	if (k8s->num_origins && strcmp(k8s->origins[k8s->num_origins - 1], origin) == 0)
		return k8s->origins[k8s->num_origins - 1];

	new = sr_array_add(&k8s->origins, &k8s->num_origins, sizeof(*new));
	if (!new || sr_string_set(new, origin) < 0)
		return NULL;
	return *new;
}

static int k8s_skip(struct sr_k8s *k8s, const char *kind, struct sr_error *err)
{
	struct sr_k8s_skipped *skipped;
	size_t i;

	for (i = 0; i < k8s->num_skipped; i++) {
		if (strcmp(k8s->skipped[i].kind, kind) == 0) {
			k8s->skipped[i].num++;
			return 0;
		}
	}

	skipped = sr_array_add(&k8s->skipped, &k8s->num_skipped, sizeof(*skipped));
	if (!skipped || sr_string_set(&skipped->kind, kind) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	skipped->num = 1;
	return 0;
}

static int k8s_add_service(struct sr_k8s *k8s, const struct sr_field *root, const char *origin, struct sr_error *err)
{
	struct sr_k8s_service *new = sr_array_add(&k8s->services, &k8s->num_services, sizeof(*new));
	int r;

	if (!new)
		return sr_fail(err, -ENOMEM, "out of memory");
	new->meta.kind = "Service";
	new->meta.origin = origin;
	r = sr_k8s_decode_service(new, root, err);
	if (r == 0 && sr_k8s_note_service_fields(&new->meta, root, &k8s->notes) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	return r;
}

static int k8s_add_backing(struct sr_k8s *k8s, const struct sr_field *root, const char *origin,
			   int (*decode)(struct sr_k8s_backing *, const struct sr_field *, struct sr_error *),
			   struct sr_error *err)
{
	struct sr_k8s_backing *new = sr_array_add(&k8s->backings, &k8s->num_backings, sizeof(*new));
	int r;

	if (!new)
		return sr_fail(err, -ENOMEM, "out of memory");

	new->meta.origin = origin;
	r = decode(new, root, err);
	new->meta.kind = new->is_slice ? "EndpointSlice" : "Endpoints";
	if (r == 0 && !new->service &&
	    sr_notes_add(&k8s->notes, "%s/%s: an EndpointSlice of no service (no label kubernetes.io/service-name)",
			 new->meta.namespace, new->meta.name) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	if (r == 0 && new->is_slice && sr_k8s_note_slice_fields(&new->meta, root, &k8s->notes) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	return r;
}

static int k8s_add_slice(struct sr_k8s *k8s, const struct sr_field *root, const char *origin, struct sr_error *err)
{
	return k8s_add_backing(k8s, root, origin, sr_k8s_decode_slice, err);
}

static int k8s_add_endpoints(struct sr_k8s *k8s, const struct sr_field *root, const char *origin, struct sr_error *err)
{
	return k8s_add_backing(k8s, root, origin, sr_k8s_decode_endpoints, err);
}

static int k8s_add_pod(struct sr_k8s *k8s, const struct sr_field *root, const char *origin, struct sr_error *err)
{
	struct sr_k8s_pod *new = sr_array_add(&k8s->pods, &k8s->num_pods, sizeof(*new));
	int r;

	if (!new)
		return sr_fail(err, -ENOMEM, "out of memory");
	new->meta.kind = "Pod";
	r = sr_k8s_annotation(root, SR_K8S_ORIGIN, &origin, err);
	if (r < 0)
		return r;
	new->meta.origin = k8s_origin(k8s, origin);
	if (!new->meta.origin)
		return sr_fail(err, -ENOMEM, "out of memory");
	return sr_k8s_decode_pod(new, root, err);
}

static int k8s_add_node(struct sr_k8s *k8s, const struct sr_field *root, const char *origin, struct sr_error *err)
{
	struct sr_k8s_node *new = sr_array_add(&k8s->nodes, &k8s->num_nodes, sizeof(*new));

	if (!new)
		return sr_fail(err, -ENOMEM, "out of memory");
	new->meta.kind = "Node";
	new->meta.origin = origin;
	return sr_k8s_decode_node(new, root, err);
}

/* A Service of another group (Knative has one) is another kind. */
static const struct {
	const char *kind;
	const char *version;
	int (*add)(struct sr_k8s *k8s, const struct sr_field *root, const char *origin, struct sr_error *err);
} k8s_kinds[] = {
	{"Service", "v1", k8s_add_service},	{"EndpointSlice", "discovery.k8s.io/v1", k8s_add_slice},
	{"Endpoints", "v1", k8s_add_endpoints}, {"Pod", "v1", k8s_add_pod},
	{"Node", "v1", k8s_add_node},
};

/* Of the same group in another version: it must not be passed over. */
static bool k8s_is_near(const char *version, const char *known)
{
	const char *slash = strchr(version, '/'), *known_slash = strchr(known, '/');
	size_t group = slash ? (size_t)(slash - version) : 0,
	       known_group = known_slash ? (size_t)(known_slash - known) : 0;

	return group == known_group && strncmp(version, known, group) == 0;
}

/* What is a list, and has items, comes here item by item. */
static int k8s_check_list(const struct sr_field *root, const char *kind, struct sr_error *err)
{
	struct sr_field items = sr_field_get(root, "items");
	int r;

	if (strcmp(kind, "List") != 0)
		return 0;
	r = sr_field_require(&items, err);
	return r < 0 ? r : sr_field_fail(&items, err, "expected a list");
}

int sr_k8s_add(struct sr_k8s *k8s, const json_t *object, const char *origin, struct sr_error *err)
{
	struct sr_field root = sr_field_root(object);
	struct sr_field kind = sr_field_get(&root, "kind");
	struct sr_field version = sr_field_get(&root, "apiVersion");
	const char *kind_text = "", *version_text = NULL, *own;
	size_t i;
	int r;

	if (!json_is_object(object))
		return sr_fail(err, -EINVAL, "expected an object (apiVersion, kind, metadata, ...)");
	r = sr_field_require(&kind, err);
	if (r == 0)
		r = sr_field_string(&kind, &kind_text, err);
	if (r == 0)
		r = sr_field_string(&version, &version_text, err);
	if (r == 0)
		r = k8s_check_list(&root, kind_text, err);
	if (r < 0)
		return r;

	own = k8s_origin(k8s, origin);
	if (!own)
		return sr_fail(err, -ENOMEM, "out of memory");
	for (i = 0; i < ARRAY_SIZE(k8s_kinds); i++) {
		const char *known = k8s_kinds[i].version;

		if (strcmp(kind_text, k8s_kinds[i].kind) != 0)
			continue;
		if (!version_text || strcmp(version_text, known) == 0)
			return k8s_kinds[i].add(k8s, &root, own, err);
		if (k8s_is_near(version_text, known))
			return sr_field_fail(&version, err, "\"%s\" of %s is not known (%s is)", version_text,
					     kind_text, known);
	}
	return k8s_skip(k8s, kind_text, err);
}

void sr_k8s_add_empty_list(struct sr_k8s *k8s)
{
	k8s->has_empty_list = true;
}

int sr_k8s_check(const struct sr_k8s *k8s, struct sr_error *err)
{
	if (k8s->has_empty_list || k8s->num_services || k8s->num_backings || k8s->num_pods || k8s->num_nodes)
		return 0;
	return sr_fail(err, -ENODATA,
		       "no object is of a kind that is read (Service, EndpointSlice, Endpoints, Pod, Node): %s%s",
		       k8s->num_skipped ? k8s->skipped[0].kind : "none", k8s->num_skipped > 1 ? ", ..." : "");
}

static void lease_clear(struct sr_lease *lease)
{
	free(lease->namespace);
	free(lease->name);
	free(lease->pool);
}

int sr_leases_add(struct sr_leases *leases, const char *namespace, const char *name, const char *pool,
		  const struct sr_addr *addr)
{
	struct sr_lease *items = reallocarray(leases->item, leases->num + 1, sizeof(*items));
	struct sr_lease new = {.addr = *addr};

	if (!items)
		return -ENOMEM;
	leases->item = items;
	if (sr_string_set(&new.namespace, namespace) < 0 || sr_string_set(&new.name, name) < 0 ||
	    sr_string_set(&new.pool, pool) < 0) {
		lease_clear(&new);
		return -ENOMEM;
	}
	leases->item[leases->num++] = new;
	return 0;
}

void sr_leases_remove(struct sr_leases *leases, size_t index)
{
	lease_clear(&leases->item[index]);
	leases->num--;
	memmove(&leases->item[index], &leases->item[index + 1], (leases->num - index) * sizeof(*leases->item));
}

void sr_leases_clear(struct sr_leases *leases)
{
	size_t i;

	for (i = 0; i < leases->num; i++)
		lease_clear(&leases->item[i]);
	free(leases->item);
	memset(leases, 0, sizeof(*leases));
}
