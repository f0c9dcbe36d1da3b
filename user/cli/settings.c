// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/output.h"

enum setting_kind {
	SETTING_TEXT,	/* char * */
	SETTING_LIST,	/* struct sr_strings */
	SETTING_ANSWER, /* enum sr_answer */
};

struct setting {
	const char *key;
	enum setting_kind kind;
	size_t offset;
};

static const struct setting settings_table[] = {
	{"uplink", SETTING_LIST, offsetof(struct sr_settings, uplinks)},
	{"pods", SETTING_LIST, offsetof(struct sr_settings, pods)},
	{"node", SETTING_TEXT, offsetof(struct sr_settings, node)},
	{"zone", SETTING_TEXT, offsetof(struct sr_settings, zone)},
	{"nodeport-addresses", SETTING_TEXT, offsetof(struct sr_settings, nodeport_addresses)},
	{"cluster-cidr", SETTING_LIST, offsetof(struct sr_settings, cluster_cidrs)},
	{"service-cidr", SETTING_LIST, offsetof(struct sr_settings, service_cidrs)},
	{"subnet", SETTING_LIST, offsetof(struct sr_settings, subnets)},
	{"announce", SETTING_LIST, offsetof(struct sr_settings, announce)},
	{"route-proto", SETTING_TEXT, offsetof(struct sr_settings, route_proto)},
	{"dsr", SETTING_TEXT, offsetof(struct sr_settings, dsr)},
	{"forward", SETTING_TEXT, offsetof(struct sr_settings, forward)},
	{"dsr-from", SETTING_LIST, offsetof(struct sr_settings, dsr_from)},
	{"xdp", SETTING_TEXT, offsetof(struct sr_settings, xdp)},
	{"sockets", SETTING_TEXT, offsetof(struct sr_settings, sockets)},
	{"cgroup", SETTING_TEXT, offsetof(struct sr_settings, cgroup)},
	{"allow-external-clusterip", SETTING_ANSWER, offsetof(struct sr_settings, allow_external_clusterip)},
	{"terminate", SETTING_ANSWER, offsetof(struct sr_settings, terminate)},
	{"snat-ports", SETTING_TEXT, offsetof(struct sr_settings, snat_ports)},
	{"syn-limit", SETTING_TEXT, offsetof(struct sr_settings, syn_limit)},
	{"max", SETTING_TEXT, offsetof(struct sr_settings, max)},
};

static void *setting_field(const struct setting *setting, struct sr_settings *settings)
{
	return (char *)settings + setting->offset;
}

static const void *setting_look(const struct setting *setting, const struct sr_settings *settings)
{
	return (const char *)settings + setting->offset;
}

static int list_from_json(struct sr_strings *out, const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		if (json_is_string(item) && sr_strings_add(out, json_string_value(item)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int setting_from_json(const struct setting *setting, struct sr_settings *out, const json_t *value)
{
	void *field = setting_field(setting, out);

	switch (setting->kind) {
	case SETTING_TEXT:
		return sr_string_set(field, json_string_value(value));
	case SETTING_LIST:
		return list_from_json(field, value);
	case SETTING_ANSWER:
		*(enum sr_answer *)field = json_is_true(value) ? SR_ANSWER_YES : SR_ANSWER_NO;
		return 0;
	}
	return 0;
}

int sr_settings_parse(struct sr_settings *out, const char *json, struct sr_error *err)
{
	sr_autojson json_t *root = NULL;
	json_error_t fault;

	root = json_loads(json, 0, &fault);
	if (!json_is_object(root))
		return sr_fail(err, -EINVAL, "the settings kept with the instance cannot be read: %s",
			       root ? "no object" : fault.text);

	for (size_t i = 0; i < ARRAY_SIZE(settings_table); i++) {
		const json_t *value = json_object_get(root, settings_table[i].key);

		if (value && setting_from_json(&settings_table[i], out, value) < 0)
			return sr_fail(err, -ENOMEM, "out of memory");
	}
	return 0;
}

static json_t *list_to_json(const struct sr_strings *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->num; i++) {
		if (json_array_append_new(array, sr_json_text(list->item[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static bool setting_is_set(const struct setting *setting, const struct sr_settings *settings)
{
	const void *field = setting_look(setting, settings);

	switch (setting->kind) {
	case SETTING_TEXT:
		return *(char *const *)field != NULL;
	case SETTING_LIST:
		return ((const struct sr_strings *)field)->num > 0;
	case SETTING_ANSWER:
		return *(const enum sr_answer *)field != SR_ANSWER_UNSET;
	}
	return false;
}

static json_t *setting_to_json(const struct setting *setting, const struct sr_settings *settings)
{
	const void *field = setting_look(setting, settings);

	switch (setting->kind) {
	case SETTING_TEXT:
		return sr_json_text(*(char *const *)field);
	case SETTING_LIST:
		return list_to_json(field);
	case SETTING_ANSWER:
		return json_boolean(*(const enum sr_answer *)field == SR_ANSWER_YES);
	}
	return NULL;
}

json_t *sr_settings_json(const struct sr_settings *settings)
{
	sr_autojson json_t *root = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(settings_table); i++) {
		const struct setting *setting = &settings_table[i];

		if (!setting_is_set(setting, settings))
			continue;
		if (json_object_set_new(root, setting->key, setting_to_json(setting, settings)) < 0)
			return NULL;
	}
	return TAKE_PTR(root);
}

static int merge_text(char **kept, const char *given)
{
	if (!given)
		return 0;
	return sr_string_set(kept, given[0] ? given : NULL);
}

static int merge_list(struct sr_strings *kept, const struct sr_strings *given)
{
	if (!given->given)
		return 0;
	sr_strings_clear(kept);
	return sr_strings_copy(kept, given);
}

static void merge_answer(enum sr_answer *kept, enum sr_answer given)
{
	if (given != SR_ANSWER_UNSET)
		*kept = given == SR_ANSWER_FORGET ? SR_ANSWER_UNSET : given;
}

static int setting_merge(const struct setting *setting, struct sr_settings *kept, const struct sr_settings *given)
{
	void *to = setting_field(setting, kept);
	const void *from = setting_look(setting, given);

	switch (setting->kind) {
	case SETTING_TEXT:
		return merge_text(to, *(char *const *)from);
	case SETTING_LIST:
		return merge_list(to, from);
	case SETTING_ANSWER:
		merge_answer(to, *(const enum sr_answer *)from);
		return 0;
	}
	return 0;
}

static bool cgroup_is_none(const struct sr_settings *settings)
{
	return settings->cgroup && strcmp(settings->cgroup, SR_SETTING_NONE) == 0;
}

const char *sr_settings_sockets(const struct sr_settings *settings)
{
	if (cgroup_is_none(settings))
		return SR_SOCKETS_OFF;
	return settings->sockets ? settings->sockets : SR_SOCKETS_HOST;
}

int sr_settings_merge(struct sr_settings *kept, const struct sr_settings *given)
{
	bool sockets_on = given->sockets && given->sockets[0] && strcmp(given->sockets, SR_SOCKETS_OFF) != 0;
	int r = 0;

	if (sockets_on && cgroup_is_none(kept))
		r = sr_string_set(&kept->cgroup, NULL);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(settings_table); i++)
		r = setting_merge(&settings_table[i], kept, given);
	return r;
}

/* The values with a blank between, malloc'd; NULL: no memory. */
static char *list_words(const struct sr_strings *list)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	for (size_t i = 0; i < list->num; i++)
		fprintf(file, "%s%s", i ? " " : "", list->item[i]);
	if (fclose(file) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static char *setting_words(const struct setting *setting, const struct sr_settings *settings)
{
	const void *field = setting_look(setting, settings);

	switch (setting->kind) {
	case SETTING_TEXT:
		return strdup(*(char *const *)field);
	case SETTING_LIST:
		return list_words(field);
	case SETTING_ANSWER:
		return strdup(*(const enum sr_answer *)field == SR_ANSWER_YES ? "yes" : "no");
	}
	return NULL;
}

int sr_settings_each(const struct sr_settings *settings,
		     int (*visit)(const char *key, const char *value, void *context), void *context)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(settings_table); i++) {
		const struct setting *setting = &settings_table[i];
		bool is_set = setting_is_set(setting, settings);
		sr_autofree char *words = is_set ? setting_words(setting, settings) : NULL;

		r = is_set && !words ? -ENOMEM : visit(setting->key, words, context);
	}
	return r;
}

void sr_settings_clear(struct sr_settings *settings)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings_table); i++) {
		void *field = setting_field(&settings_table[i], settings);

		if (settings_table[i].kind == SETTING_TEXT)
			free(*(char **)field);
		else if (settings_table[i].kind == SETTING_LIST)
			sr_strings_clear(field);
	}
	memset(settings, 0, sizeof(*settings));
}
