// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/k8s_objects.h"

static int view_compare_metas(const struct sr_k8s_meta *a, const struct sr_k8s_meta *b)
{
	int diff = strcmp(a->namespace, b->namespace);

	if (!diff)
		diff = strcmp(a->name, b->name);
	return diff ? diff : strcmp(a->kind, b->kind);
}

/* By name; the same object read twice in the order of reading. */
static int view_compare(const void *a, const void *b)
{
	const struct sr_k8s_meta *x = *(const struct sr_k8s_meta *const *)a;
	const struct sr_k8s_meta *y = *(const struct sr_k8s_meta *const *)b;
	int diff = view_compare_metas(x, y);

	return diff ? diff : (x > y) - (x < y);
}

/* Keep the last of equals; a note for each that is dropped. */
static int view_unique(const struct sr_k8s_meta **list, size_t *num, struct sr_notes *notes)
{
	size_t i, kept = 0;

	for (i = 0; i < *num; i++) {
		if (!kept || view_compare_metas(list[kept - 1], list[i]) != 0) {
			list[kept++] = list[i];
			continue;
		}
		if (sr_notes_add(notes, "%s/%s: %s given twice, in %s and %s: the latter counts", list[i]->namespace,
				 list[i]->name, list[i]->kind, list[kept - 1]->origin, list[i]->origin) < 0)
			return -ENOMEM;
		list[kept - 1] = list[i];
	}
	*num = kept;
	return 0;
}

/*
 * Pointers to `num` objects of `size` bytes, which all begin with their
 * sr_k8s_meta, sorted and unique. `out` is an array of pointers to them.
 */
static int view_list(void *out, size_t *out_num, const void *objects, size_t num, size_t size, struct sr_notes *notes)
{
	const struct sr_k8s_meta **list = calloc(num + 1, sizeof(*list));
	size_t i;

	if (!list)
		return -ENOMEM;

	for (i = 0; i < num; i++)
		list[i] = (const struct sr_k8s_meta *)((const char *)objects + i * size);
	if (num)
		qsort(list, num, sizeof(*list), view_compare);

	memcpy(out, &list, sizeof(list));
	*out_num = num;
	return view_unique(list, out_num, notes);
}

/* By namespace and service, then by name; those of no service at the end of their namespace's. */
static int view_compare_backings(const void *a, const void *b)
{
	const struct sr_k8s_backing *x = *(const struct sr_k8s_backing *const *)a;
	const struct sr_k8s_backing *y = *(const struct sr_k8s_backing *const *)b;
	int diff = strcmp(x->meta.namespace, y->meta.namespace);

	if (!diff)
		diff = strcmp(x->service ? x->service : "~", y->service ? y->service : "~");
	return diff ? diff : view_compare(a, b);
}

int sr_k8s_view_make(struct sr_k8s_view *out, const struct sr_k8s *k8s, struct sr_notes *notes)
{
	int r;

	memset(out, 0, sizeof(*out));
	out->k8s = k8s;
	r = view_list(&out->services, &out->num_services, k8s->services, k8s->num_services, sizeof(*k8s->services),
		      notes);
	if (r == 0)
		r = view_list(&out->backings, &out->num_backings, k8s->backings, k8s->num_backings,
			      sizeof(*k8s->backings), notes);
	if (r == 0)
		r = view_list(&out->pods, &out->num_pods, k8s->pods, k8s->num_pods, sizeof(*k8s->pods), notes);
	if (r == 0 && out->num_backings)
		qsort(out->backings, out->num_backings, sizeof(*out->backings), view_compare_backings);
	return r;
}

void sr_k8s_view_clear(struct sr_k8s_view *view)
{
	free(view->services);
	free(view->backings);
	free(view->pods);
	memset(view, 0, sizeof(*view));
}

static int view_backing_against(const void *item, const void *key)
{
	const struct sr_k8s_backing *backing = *(const struct sr_k8s_backing *const *)item;
	const struct sr_k8s_meta *service = key;
	int diff = strcmp(backing->meta.namespace, service->namespace);

	return diff ? diff : strcmp(backing->service ? backing->service : "~", service->name);
}

const struct sr_k8s_backing **sr_k8s_view_backings(const struct sr_k8s_view *view, const struct sr_k8s_service *service,
						   size_t *num)
{
	size_t place = sr_array_place(view->backings, view->num_backings, sizeof(*view->backings), &service->meta,
				      view_backing_against);
	size_t end = place;

	while (end < view->num_backings && view_backing_against(&view->backings[end], &service->meta) == 0)
		end++;
	*num = end - place;
	return view->backings + place;
}

static int view_pod_against(const void *item, const void *namespace)
{
	return strcmp((*(const struct sr_k8s_pod *const *)item)->meta.namespace, namespace);
}

const struct sr_k8s_pod **sr_k8s_view_pods(const struct sr_k8s_view *view, const char *namespace, size_t *num)
{
	size_t place = sr_array_place(view->pods, view->num_pods, sizeof(*view->pods), namespace, view_pod_against);
	size_t end = place;

	while (end < view->num_pods && view_pod_against(&view->pods[end], namespace) == 0)
		end++;
	*num = end - place;
	return view->pods + place;
}

static int view_service_against(const void *item, const void *key)
{
	return view_compare_metas(&(*(const struct sr_k8s_service *const *)item)->meta, key);
}

const struct sr_k8s_service *sr_k8s_view_service(const struct sr_k8s_view *view, const char *namespace,
						 const char *name)
{
	const struct sr_k8s_meta wanted = {.kind = "Service", .namespace = (char *)namespace, .name = (char *)name};
	size_t place = sr_array_place(view->services, view->num_services, sizeof(*view->services), &wanted,
				      view_service_against);

	if (place == view->num_services || view_service_against(&view->services[place], &wanted) != 0)
		return NULL;
	return view->services[place];
}
