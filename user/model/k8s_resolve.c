// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From objects to services: one for each port and family that has an address.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "model/alloc.h"
#include "model/k8s_claims.h"
#include "model/k8s_objects.h"

struct resolve {
	struct sr_k8s_view view;
	struct sr_k8s_self self;
	struct sr_alloc *alloc; /* one for each of the view's services */
	struct sr_k8s_owners owners;
	struct sr_services out;
	struct sr_notes *notes;
};

static const char *resolve_skip_reason(const struct sr_k8s_service *service, const struct sr_alloc *alloc)
{
	if (service->external_name)
		return "ExternalName";
	if (service->headless)
		return "headless";
	if (service->other_proxy)
		return "left to another proxy by its label service-proxy-name";
	if (service->meta.from_cluster && sr_addr_is_zero(&alloc->cluster[0]) && sr_addr_is_zero(&alloc->cluster[1]))
		return "no ClusterIP";
	return NULL;
}

/* Without a ClusterIP of a family there is nothing in it, but for what we exported. */
static bool resolve_has_family(const struct sr_k8s_service *service, const struct sr_alloc *alloc, unsigned int family)
{
	return service->exported || !sr_addr_is_zero(&alloc->cluster[family]);
}

/* Where a service's frontends of one port are added. */
struct resolve_frontends {
	struct sr_service *out;
	unsigned int family;
	struct sr_frontend_spec spec; /* all but the address */
};

static int resolve_add_frontend(struct resolve_frontends *to, const struct sr_addr *addr, enum sr_frontend_kind scope,
				bool allocated)
{
	if (sr_addr_is_zero(addr) || sr_k8s_family(addr) != to->family)
		return 0;

	to->spec.at.addr = *addr;
	to->spec.kind = (uint8_t)scope;
	to->spec.allocated = allocated;
	return sr_service_add_frontend(to->out, &to->spec);
}

static int resolve_add_frontends(const struct sr_k8s_service *service, const struct sr_alloc *alloc,
				 struct resolve_frontends *to)
{
	unsigned int family = to->family;
	size_t i;
	int r;

	r = resolve_add_frontend(to, &alloc->cluster[family], SR_FRONTEND_CLUSTER_IP,
				 sr_addr_is_zero(&service->cluster[family]));
	for (i = 0; r == 0 && i < service->external.num; i++)
		r = resolve_add_frontend(to, &service->external.item[i], SR_FRONTEND_EXTERNAL_IP, false);
	for (i = 0; r == 0 && i < service->ingress.num; i++)
		r = resolve_add_frontend(to, &service->ingress.item[i], SR_FRONTEND_EXTERNAL_IP, false);
	if (r == 0)
		r = resolve_add_frontend(to, &alloc->balancer[family], SR_FRONTEND_EXTERNAL_IP,
					 !alloc->balancer_chosen[family]);
	return r;
}

static int resolve_name_service(struct sr_service *out, const struct sr_k8s_service *service,
				const struct sr_k8s_port *port)
{
	const struct sr_k8s_meta *meta = &service->meta;
	const char *origin = service->exported ? service->restored_origin : meta->origin;

	if (sr_string_set(&out->namespace, service->from_map ? "" : meta->namespace) < 0 ||
	    sr_string_set(&out->name, service->alias ? service->alias : meta->name) < 0 ||
	    sr_string_set(&out->port_name, port->name) < 0 || sr_string_set(&out->origin, origin) < 0)
		return -ENOMEM;
	return 0;
}

static int resolve_add_port(struct resolve *resolve, const struct sr_k8s_service *service, const struct sr_alloc *alloc,
			    const struct sr_k8s_port *port, unsigned int family)
{
	struct sr_service *out = sr_services_add(&resolve->out);
	struct resolve_frontends to = {
		.out = out,
		.family = family,
		.spec = {.at = {.port = htons(port->port), .proto = port->proto}},
	};

	if (!out)
		return -ENOMEM;

	out->family = family ? 6 : 4;
	out->proto = port->proto;
	if (resolve_name_service(out, service, port) < 0 || resolve_add_frontends(service, alloc, &to) < 0 ||
	    sr_k8s_select_endpoints(&resolve->view, &resolve->self, service, port, out) < 0)
		return -ENOMEM;
	return sr_k8s_owners_add(&resolve->owners, service);
}

/* External addresses of a family that the service is not in. */
static int resolve_note_families(struct resolve *resolve, const struct sr_k8s_service *service,
				 const struct sr_alloc *alloc)
{
	const struct sr_k8s_addrs *lists[] = {&service->external, &service->ingress};
	char text[SR_ADDR_TEXT];
	size_t i, j;
	int r = 0;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		for (j = 0; r == 0 && j < lists[i]->num; j++) {
			const struct sr_addr *addr = &lists[i]->item[j];

			if (!resolve_has_family(service, alloc, sr_k8s_family(addr)))
				r = sr_notes_add(resolve->notes, "%s/%s: %s is not served: no ClusterIP of its family",
						 service->meta.namespace, service->meta.name,
						 sr_addr_format(text, addr));
		}
	}
	return r;
}

/* The one line about what this service asks for in vain. */
static int resolve_note_unserved(struct resolve *resolve, const struct sr_k8s_service *service)
{
	if (!service->unserved)
		return 0;
	return sr_notes_add(resolve->notes, "%s/%s: not served yet: %s", service->meta.namespace, service->meta.name,
			    service->unserved);
}

static int resolve_service(struct resolve *resolve, const struct sr_k8s_service *service, const struct sr_alloc *alloc)
{
	unsigned int family;
	size_t i;
	int r = 0;

	for (i = 0; i < service->ports.num; i++) {
		for (family = 0; r == 0 && family < SR_K8S_FAMILIES; family++) {
			if (resolve_has_family(service, alloc, family))
				r = resolve_add_port(resolve, service, alloc, &service->ports.item[i], family);
		}
	}
	if (r == 0)
		r = resolve_note_families(resolve, service, alloc);
	return r < 0 ? r : resolve_note_unserved(resolve, service);
}

/* "NAMESPACE/NAME (reason)" added to a line. */
static int resolve_list_skipped(char **list, const struct sr_k8s_meta *meta, const char *reason)
{
	sr_autofree char *name = NULL;

	if (asprintf(&name, "%s/%s (%s)", meta->namespace, meta->name, reason) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	return sr_k8s_unserved_add(list, name, NULL);
}

static int resolve_services(struct resolve *resolve)
{
	sr_autofree char *skipped = NULL;
	size_t i, num_skipped = 0;
	int r = 0;

	for (i = 0; r == 0 && i < resolve->view.num_services; i++) {
		const struct sr_k8s_service *service = resolve->view.services[i];
		const char *reason = resolve_skip_reason(service, &resolve->alloc[i]);

		if (!reason) {
			r = resolve_service(resolve, service, &resolve->alloc[i]);
			continue;
		}
		num_skipped++;
		r = resolve_list_skipped(&skipped, &service->meta, reason);
	}
	if (r == 0 && num_skipped)
		r = sr_notes_add(resolve->notes, "skipped %zu service%s: %s", num_skipped, num_skipped == 1 ? "" : "s",
				 skipped);
	return r;
}

static int resolve_note_kinds(struct resolve *resolve)
{
	const struct sr_k8s *k8s = resolve->view.k8s;
	sr_autofree char *list = NULL;
	size_t i, num = 0;

	for (i = 0; i < k8s->num_skipped; i++) {
		sr_autofree char *kind = NULL;

		if (asprintf(&kind, "%s (%zu)", k8s->skipped[i].kind, k8s->skipped[i].num) < 0) {
			kind = NULL;
			return -ENOMEM;
		}
		if (sr_k8s_unserved_add(&list, kind, NULL) < 0)
			return -ENOMEM;
		num += k8s->skipped[i].num;
	}
	if (!num)
		return 0;
	return sr_notes_add(resolve->notes, "skipped %zu object%s of other kinds: %s", num, num == 1 ? "" : "s", list);
}

static int resolve_note_host_ports(struct resolve *resolve)
{
	const struct sr_k8s_meta *first = NULL;
	size_t i, num = 0;

	for (i = 0; i < resolve->view.num_pods; i++) {
		if (!resolve->view.pods[i]->host_ports)
			continue;
		num++;
		first = first ? first : &resolve->view.pods[i]->meta;
	}
	if (!num)
		return 0;
	if (num == 1)
		return sr_notes_add(resolve->notes, "%s/%s: not served yet: host ports", first->namespace, first->name);
	return sr_notes_add(resolve->notes, "%s/%s and %zu more pods: not served yet: host ports", first->namespace,
			    first->name, num - 1);
}

static int resolve_note_reading(struct resolve *resolve)
{
	const struct sr_notes *notes = &resolve->view.k8s->notes;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < notes->num; i++)
		r = sr_notes_add(resolve->notes, "%s", notes->line[i]);
	return r;
}

static int resolve_run(struct resolve *resolve, const struct sr_k8s *k8s, const struct sr_k8s_options *options,
		       struct sr_leases *leases)
{
	int r;

	r = sr_k8s_view_make(&resolve->view, k8s, resolve->notes);
	if (r < 0)
		return r;
	resolve->alloc = calloc(resolve->view.num_services + 1, sizeof(*resolve->alloc));
	if (!resolve->alloc)
		return -ENOMEM;

	sr_k8s_self_make(&resolve->self, &resolve->view, options);
	r = resolve_note_reading(resolve);
	if (r == 0)
		r = sr_alloc_make(resolve->alloc, &resolve->view, options, leases, resolve->notes);
	if (r == 0)
		r = resolve_services(resolve);
	if (r == 0)
		r = sr_k8s_settle_claims(&resolve->out, &resolve->owners, resolve->notes);
	if (r == 0)
		r = resolve_note_host_ports(resolve);
	if (r == 0)
		r = resolve_note_kinds(resolve);
	return r;
}

int sr_k8s_resolve(const struct sr_k8s *k8s, const struct sr_k8s_options *options, struct sr_leases *leases,
		   struct sr_services *out, struct sr_notes *notes, struct sr_error *err)
{
	struct resolve resolve = {.notes = notes};
	int r;

	r = resolve_run(&resolve, k8s, options, leases);
	sr_k8s_view_clear(&resolve.view);
	free(resolve.alloc);
	free(resolve.owners.item);
	if (r < 0) {
		sr_services_clear(&resolve.out);
		return sr_fail(err, r, "out of memory");
	}

	sr_services_sort(&resolve.out);
	*out = resolve.out;
	return 0;
}
