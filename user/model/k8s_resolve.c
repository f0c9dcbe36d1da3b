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
#include "model/k8s_host_ports.h"
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

/* Without a ClusterIP of a family there is nothing in it; what we exported lists its families. */
static bool resolve_has_family(const struct sr_k8s_service *service, const struct sr_alloc *alloc, unsigned int family)
{
	if (service->exported)
		return service->families[family] || !(service->families[0] || service->families[1]);
	return !sr_addr_is_zero(&alloc->cluster[family]);
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

	if (!out)
		return -ENOMEM;

	out->family = family ? 6 : 4;
	out->proto = port->proto;
	if (resolve_name_service(out, service, port) < 0 ||
	    sr_k8s_add_frontends(out, service, port, alloc, &resolve->self) < 0 ||
	    sr_k8s_select_endpoints(&resolve->view, &resolve->self, service, port, out) < 0)
		return -ENOMEM;
	return sr_k8s_owners_add(&resolve->owners, &service->meta);
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
	return r < 0 ? r : sr_k8s_note_service(&resolve->view, service, resolve->notes);
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
		r = sr_k8s_list_add(&skipped, "%s/%s (%s)", service->meta.namespace, service->meta.name, reason);
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
		if (sr_k8s_list_add(&list, "%s (%zu)", k8s->skipped[i].kind, k8s->skipped[i].num) < 0)
			return -ENOMEM;
		num += k8s->skipped[i].num;
	}
	if (!num)
		return 0;
	return sr_notes_add(resolve->notes, "skipped %zu object%s of other kinds: %s", num, num == 1 ? "" : "s", list);
}

/* Node ports are wanted, and there is nowhere to serve them. */
static int resolve_note_node_ports(struct resolve *resolve)
{
	size_t i, j;

	if (!resolve->self.name || resolve->self.node_ports.num)
		return 0;
	for (i = 0; i < resolve->view.num_services; i++) {
		const struct sr_k8s_service *service = resolve->view.services[i];

		for (j = 0; service->node_ports && j < service->ports.num; j++) {
			if (service->ports.item[j].node)
				return sr_notes_add(resolve->notes, "node ports are not served: no address of this "
								    "machine is known for them (--uplink, "
								    "--nodeport-addresses)");
		}
	}
	return 0;
}

static int resolve_host_ports(struct resolve *resolve)
{
	struct sr_k8s_host_ports to = {
		.out = &resolve->out,
		.owners = &resolve->owners,
		.self = &resolve->self,
		.notes = resolve->notes,
	};

	return sr_k8s_add_host_ports(&to, &resolve->view);
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

	r = sr_k8s_self_make(&resolve->self, &resolve->view, options);
	if (r == 0)
		r = sr_k8s_self_note(&resolve->self, k8s, resolve->notes);
	if (r == 0)
		r = resolve_note_reading(resolve);
	if (r == 0)
		r = sr_alloc_make(resolve->alloc, &resolve->view, options, leases, resolve->notes);
	if (r == 0)
		r = resolve_services(resolve);
	if (r == 0)
		r = resolve_host_ports(resolve);
	if (r == 0)
		r = sr_k8s_settle_claims(&resolve->out, &resolve->owners, resolve->notes);
	if (r == 0)
		r = resolve_note_node_ports(resolve);
	if (r == 0)
		r = sr_k8s_note_orphans(&resolve->view, resolve->notes);
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
	sr_k8s_self_clear(&resolve.self);
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
