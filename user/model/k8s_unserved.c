// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The fields of a Service that are understood but not served yet. One leaves
 * this list when the datapath learns it. Defaults, and fields that have no
 * effect with the service's type, are not named.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "model/k8s_objects.h"

int sr_k8s_unserved_add(char **list, const char *name, const char *value)
{
	char *longer;

	if (asprintf(&longer, "%s%s%s%s%s", *list ? *list : "", *list ? ", " : "", name, value ? " " : "",
		     value ? value : "") < 0)
		return -ENOMEM;

	free(*list);
	*list = longer;
	return 0;
}

/* Fields of one word each, and the word that changes nothing. */
static int unserved_words(struct sr_k8s_service *out, const struct sr_field *spec, struct sr_error *err)
{
	static const char *const policies[] = {"Cluster", "Local", NULL};
	static const char *const affinities[] = {"None", "ClientIP", NULL};
	static const struct {
		const char *name;
		const char *const *words;
	} fields[] = {
		{"externalTrafficPolicy", policies},
		{"internalTrafficPolicy", policies},
		{"sessionAffinity", affinities},
	};
	size_t i;
	int r;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		struct sr_field field = sr_field_get(spec, fields[i].name);
		int word = 0;

		r = sr_field_word(&field, fields[i].words, &word, err);
		if (r == 0 && word)
			r = sr_k8s_unserved_add(&out->unserved, fields[i].name, fields[i].words[word]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int unserved_source_ranges(struct sr_k8s_service *out, const struct sr_field *root, const struct sr_field *spec,
				  struct sr_error *err)
{
	struct sr_field list = sr_field_get(spec, "loadBalancerSourceRanges");
	const char *annotation = "";
	size_t num;
	int r;

	r = sr_field_list(&list, &num, err);
	if (r == 0)
		r = sr_k8s_annotation(root, "service.beta.kubernetes.io/load-balancer-source-ranges", &annotation, err);
	if (r < 0 || !out->balancer || (!num && !annotation[0]))
		return r;
	return sr_k8s_unserved_add(&out->unserved, "loadBalancerSourceRanges", NULL);
}

static int unserved_node_ports(struct sr_k8s_service *out, const struct sr_field *spec, struct sr_error *err)
{
	struct sr_field list = sr_field_get(spec, "ports");
	struct sr_field health = sr_field_get(spec, "healthCheckNodePort");
	uint16_t number = 0, health_number = 0;
	bool used = false;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < out->ports.num; i++) {
		struct sr_field item = sr_field_item(&list, i);
		struct sr_field port = sr_field_get(&item, "nodePort");

		number = 0;
		r = sr_field_port(&port, true, &number, err);
		used = used || number;
	}
	if (r == 0)
		r = sr_field_port(&health, true, &health_number, err);
	if (r == 0 && used)
		r = sr_k8s_unserved_add(&out->unserved, "node ports", NULL);
	if (r == 0 && health_number && out->balancer)
		r = sr_k8s_unserved_add(&out->unserved, "healthCheckNodePort", NULL);
	return r;
}

static int unserved_sctp(struct sr_k8s_service *out)
{
	size_t i;

	for (i = 0; i < out->ports.num; i++) {
		if (out->ports.item[i].proto == IPPROTO_SCTP)
			return sr_k8s_unserved_add(&out->unserved, "protocol SCTP", NULL);
	}
	return 0;
}

int sr_k8s_decode_unserved(struct sr_k8s_service *out, const struct sr_field *root, struct sr_error *err)
{
	struct sr_field spec = sr_field_get(root, "spec");
	int r;

	r = unserved_words(out, &spec, err);
	if (r == 0)
		r = unserved_source_ranges(out, root, &spec, err);
	if (r == 0)
		r = unserved_node_ports(out, &spec, err);
	if (r == 0)
		r = unserved_sctp(out);
	return r == -ENOMEM ? sr_fail(err, r, "out of memory") : r;
}
