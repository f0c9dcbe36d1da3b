// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Decoding of a Service's fields that say who may call it, which endpoints
 * answer, and how long a client stays with one.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "model/k8s_objects.h"

#define POLICY_AFFINITY_DEFAULT 10800 /* seconds */
#define POLICY_AFFINITY_MAX	86400

static int policy_decode_local(bool *out, const struct sr_field *spec, const char *key, struct sr_error *err)
{
	static const char *const policies[] = {"Cluster", "Local", NULL};
	struct sr_field field = sr_field_get(spec, key);
	int word = 0;
	int r = sr_field_word(&field, policies, &word, err);

	*out = word == 1;
	return r;
}

static int policy_decode_timeout(uint32_t *out, const struct sr_field *spec, struct sr_error *err)
{
	struct sr_field config = sr_field_get(spec, "sessionAffinityConfig");
	struct sr_field client = sr_field_get(&config, "clientIP");
	struct sr_field seconds = sr_field_get(&client, "timeoutSeconds");
	json_int_t number;

	*out = POLICY_AFFINITY_DEFAULT;
	if (!sr_field_is_set(&seconds))
		return 0;

	number = json_integer_value(seconds.value);
	if (!json_is_integer(seconds.value) || number < 1 || number > POLICY_AFFINITY_MAX)
		return sr_field_fail(&seconds, err, "expected a number of seconds, 1..%d", POLICY_AFFINITY_MAX);
	*out = (uint32_t)number;
	return 0;
}

static int policy_decode_affinity(struct sr_k8s_service *out, const struct sr_field *spec, struct sr_error *err)
{
	static const char *const affinities[] = {"None", "ClientIP", NULL};
	struct sr_field affinity = sr_field_get(spec, "sessionAffinity");
	int word = 0;
	int r = sr_field_word(&affinity, affinities, &word, err);

	return r < 0 || word == 0 ? r : policy_decode_timeout(&out->affinity, spec, err);
}

/* The API server lets blanks around a network pass. */
static int policy_decode_range(struct sr_cidr *out, const struct sr_field *field, struct sr_error *err)
{
	const char *text = "";
	char trimmed[64];
	size_t length;
	int r;

	r = sr_field_require(field, err);
	if (r == 0)
		r = sr_field_string(field, &text, err);
	if (r < 0)
		return r;

	while (isspace((unsigned char)*text))
		text++;
	length = strlen(text);
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	snprintf(trimmed, sizeof(trimmed), "%.*s", (int)length, text);
	if (length >= sizeof(trimmed) || sr_cidr_parse_masked(out, trimmed) < 0)
		return sr_field_fail(field, err, "\"%.80s\" is not a network (10.0.0.0/8, fd00::/64)", text);
	return 0;
}

/* They hold for type LoadBalancer only. The annotation of that name is for cloud controllers. */
static int policy_decode_ranges(struct sr_k8s_service *out, const struct sr_field *spec, struct sr_error *err)
{
	struct sr_field list = sr_field_get(spec, "loadBalancerSourceRanges");
	size_t i, num;
	int r;

	r = sr_field_list(&list, &num, err);
	for (i = 0; r == 0 && i < num; i++) {
		struct sr_field item = sr_field_item(&list, i);
		struct sr_cidr *cidr = sr_array_add(&out->ranges.item, &out->ranges.num, sizeof(*cidr));

		if (!cidr)
			return sr_fail(err, -ENOMEM, "out of memory");
		r = policy_decode_range(cidr, &item, err);
	}
	return r;
}

static int policy_decode_annotations(struct sr_k8s_service *out, const struct sr_field *root, struct sr_error *err)
{
	static const char *const words[] = {"false", "true", NULL};
	struct sr_field metadata = sr_field_get(root, "metadata");
	struct sr_field annotations = sr_field_get(&metadata, "annotations");
	struct sr_field pass = sr_field_get(&annotations, SR_K8S_PASS);
	struct sr_field maglev = sr_field_get(&annotations, SR_K8S_MAGLEV);
	int word = 0;
	int r = sr_field_word(&pass, words, &word, err);

	out->pass = word == 1;
	word = 0;
	if (r == 0)
		r = sr_field_word(&maglev, words, &word, err);
	if (sr_field_is_set(&maglev))
		out->maglev = word == 1 ? SR_K8S_MAGLEV_YES : SR_K8S_MAGLEV_NO;
	return r;
}

static int policy_decode_health(struct sr_k8s_service *out, const struct sr_field *spec, struct sr_error *err)
{
	struct sr_field field = sr_field_get(spec, "healthCheckNodePort");
	uint16_t port = 0;
	int r = sr_field_port(&field, true, &port, err);

	out->health_check = port && out->balancer;
	return r;
}

int sr_k8s_decode_policy(struct sr_k8s_service *out, const struct sr_field *root, struct sr_error *err)
{
	struct sr_field spec = sr_field_get(root, "spec");
	int r;

	r = policy_decode_local(&out->internal_local, &spec, "internalTrafficPolicy", err);
	if (r == 0)
		r = policy_decode_local(&out->external_local, &spec, "externalTrafficPolicy", err);
	if (r == 0)
		r = policy_decode_affinity(out, &spec, err);
	if (r == 0)
		r = policy_decode_ranges(out, &spec, err);
	if (r == 0)
		r = policy_decode_annotations(out, root, err);
	return r < 0 ? r : policy_decode_health(out, &spec, err);
}
