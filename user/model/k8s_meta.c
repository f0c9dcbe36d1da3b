// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What objects of several kinds have in common: metadata, labels, weights.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "model/k8s_objects.h"

static int meta_out_of_memory(struct sr_error *err)
{
	return sr_fail(err, -ENOMEM, "out of memory");
}

/* The API server gives every object a uid; a manifest from git has none. */
static bool meta_is_from_cluster(const struct sr_field *metadata)
{
	struct sr_field uid = sr_field_get(metadata, "uid");
	struct sr_field version = sr_field_get(metadata, "resourceVersion");

	return sr_field_is_set(&uid) || sr_field_is_set(&version);
}

int sr_k8s_decode_meta(struct sr_k8s_meta *out, const struct sr_field *root, bool dots, struct sr_error *err)
{
	struct sr_field metadata = sr_field_get(root, "metadata");
	struct sr_field name = sr_field_get(&metadata, "name");
	struct sr_field namespace = sr_field_get(&metadata, "namespace");
	struct sr_field created = sr_field_get(&metadata, "creationTimestamp");
	const char *text = NULL, *space = "default", *time = NULL;
	int r;

	r = sr_field_object(&metadata, err);
	if (r == 0)
		r = sr_field_require(&name, err);
	if (r == 0)
		r = sr_field_name(&name, dots, &text, err);
	if (r == 0)
		r = sr_field_name(&namespace, false, &space, err);
	if (r == 0)
		r = sr_field_string(&created, &time, err);
	if (r < 0)
		return r;

	out->from_cluster = meta_is_from_cluster(&metadata);
	if (sr_string_set(&out->name, text) < 0 || sr_string_set(&out->namespace, space) < 0 ||
	    sr_string_set(&out->created, time) < 0)
		return meta_out_of_memory(err);
	return 0;
}

void sr_k8s_meta_clear(struct sr_k8s_meta *meta)
{
	free(meta->namespace);
	free(meta->name);
	free(meta->created);
}

static int map_compare(const void *a, const void *b)
{
	const struct sr_k8s_pair *x = a, *y = b;

	return strcmp(x->key, y->key);
}

int sr_k8s_decode_map(struct sr_k8s_map *out, const struct sr_field *field, struct sr_error *err)
{
	const char *key;
	json_t *value;
	int r;

	r = sr_field_object(field, err);
	if (r < 0 || !sr_field_is_set(field))
		return r;

	json_object_foreach ((json_t *)field->value, key, value) {
		struct sr_field member = sr_field_get(field, key);
		const char *text = "";
		struct sr_k8s_pair *pair;

		r = sr_field_string(&member, &text, err);
		if (r < 0)
			return r;
		pair = sr_array_add(&out->item, &out->num, sizeof(*pair));
		if (!pair || sr_string_set(&pair->key, key) < 0 || sr_string_set(&pair->value, text) < 0)
			return meta_out_of_memory(err);
	}

	if (out->num)
		qsort(out->item, out->num, sizeof(*out->item), map_compare);
	return 0;
}

const char *sr_k8s_map_get(const struct sr_k8s_map *map, const char *key)
{
	struct sr_k8s_pair wanted = {.key = (char *)key};
	const struct sr_k8s_pair *pair;

	pair = map->num ? bsearch(&wanted, map->item, map->num, sizeof(wanted), map_compare) : NULL;
	return pair ? pair->value : NULL;
}

bool sr_k8s_map_contains(const struct sr_k8s_map *map, const struct sr_k8s_map *part)
{
	for (size_t i = 0; i < part->num; i++) {
		const char *value = sr_k8s_map_get(map, part->item[i].key);

		if (!value || strcmp(value, part->item[i].value) != 0)
			return false;
	}
	return true;
}

int sr_k8s_decode_names(struct sr_k8s_names *out, const struct sr_field *list, struct sr_error *err)
{
	size_t i, num;
	int r;

	r = sr_field_list(list, &num, err);
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(list, i);
		struct sr_field name = sr_field_get(&item, "name");
		const char *text = NULL;
		char **new;

		r = sr_field_require(&name, err);
		if (r == 0)
			r = sr_field_string(&name, &text, err);
		if (r < 0)
			return r;
		new = sr_array_add(&out->item, &out->num, sizeof(*new));
		if (!new || sr_string_set(new, text) < 0)
			return meta_out_of_memory(err);
	}
	return r;
}

void sr_k8s_names_clear(struct sr_k8s_names *names)
{
	size_t i;

	for (i = 0; i < names->num; i++)
		free(names->item[i]);
	free(names->item);
}

void sr_k8s_map_clear(struct sr_k8s_map *map)
{
	size_t i;

	for (i = 0; i < map->num; i++) {
		free(map->item[i].key);
		free(map->item[i].value);
	}
	free(map->item);
}

void sr_k8s_ports_clear(struct sr_k8s_ports *ports)
{
	size_t i;

	for (i = 0; i < ports->num; i++) {
		free(ports->item[i].name);
		free(ports->item[i].target_name);
	}
	free(ports->item);
}

int sr_k8s_annotation(const struct sr_field *root, const char *key, const char **out, struct sr_error *err)
{
	struct sr_field metadata = sr_field_get(root, "metadata");
	struct sr_field annotations = sr_field_get(&metadata, "annotations");
	struct sr_field annotation = sr_field_get(&annotations, key);
	int r;

	r = sr_field_object(&annotations, err);
	return r < 0 ? r : sr_field_string(&annotation, out, err);
}

static int weights_fail(const struct sr_field *root, struct sr_error *err, const char *key, const char *fault)
{
	struct sr_field metadata = sr_field_get(root, "metadata");
	struct sr_field annotations = sr_field_get(&metadata, "annotations");
	struct sr_field annotation = sr_field_get(&annotations, SR_K8S_WEIGHTS);

	return sr_field_fail(&annotation, err, "%s%s", key, fault);
}

static int weights_add(struct sr_k8s_weights *out, const struct sr_field *root, const char *key, const json_t *value,
		       struct sr_error *err)
{
	struct sr_k8s_weight *weight;
	struct sr_hostport at;
	struct sr_error fault;

	if (sr_hostport_parse(&at, key, &fault) < 0)
		return weights_fail(root, err, "", fault.text);
	if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > UINT16_MAX)
		return weights_fail(root, err, key, ": the weight is not a number of 0..65535");

	weight = sr_array_add(&out->item, &out->num, sizeof(*weight));
	if (!weight)
		return meta_out_of_memory(err);
	weight->addr = at.addr;
	weight->port = at.port;
	weight->weight = (uint16_t)json_integer_value(value);
	return 0;
}

int sr_k8s_decode_weights(struct sr_k8s_weights *out, const struct sr_field *root, struct sr_error *err)
{
	const char *text = NULL, *key;
	json_error_t fault;
	json_t *weights, *value;
	int r;

	r = sr_k8s_annotation(root, SR_K8S_WEIGHTS, &text, err);
	if (r < 0 || !text)
		return r;

	weights = json_loads(text, JSON_REJECT_DUPLICATES, &fault);
	if (!json_is_object(weights)) {
		json_decref(weights);
		return weights_fail(root, err, "", "expected JSON of the form {\"ADDRESS:PORT\": WEIGHT}");
	}
	json_object_foreach (weights, key, value) {
		r = weights_add(out, root, key, value, err);
		if (r < 0)
			break;
	}
	json_decref(weights);
	return r;
}

int sr_k8s_decode_addrs(struct sr_k8s_addrs *out, const struct sr_field *list, struct sr_error *err)
{
	size_t i, num;
	int r;

	r = sr_field_list(list, &num, err);
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(list, i);
		struct sr_addr *addr;

		addr = sr_array_add(&out->item, &out->num, sizeof(*addr));
		if (!addr)
			return meta_out_of_memory(err);
		r = sr_field_require(&item, err);
		if (r == 0)
			r = sr_field_addr(&item, addr, err);
	}
	return r;
}
