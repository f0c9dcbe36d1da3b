// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/locate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct locate {
	yaml_parser_t parser;
	const char *path; /* what is still to be walked */
	size_t line;	  /* of the nearest node so far, from 0 */
};

/* Take a list's index, "[3]", off the path. */
static bool locate_take_index(struct locate *locate, size_t *index)
{
	char *end;

	if (locate->path[0] != '[' || locate->path[1] < '0' || locate->path[1] > '9')
		return false;

	*index = strtoul(locate->path + 1, &end, 10);
	if (*end != ']')
		return false;
	locate->path = end + 1;
	return true;
}

/* Is `key` what the path goes on with? If so, take it off: `.key`, `key`, `["key"]`. */
static bool locate_take_key(struct locate *locate, const char *key)
{
	const char *path = locate->path;
	size_t length = strlen(key);

	if (strncmp(path, "[\"", 2) == 0) {
		if (strncmp(path + 2, key, length) != 0 || strncmp(path + 2 + length, "\"]", 2) != 0)
			return false;
		locate->path = path + length + 4;
		return true;
	}

	path += path[0] == '.';
	if (strncmp(path, key, length) != 0 || !strchr(".[:", path[length]))
		return false;
	locate->path = path + length;
	return true;
}

static bool locate_is_done(const struct locate *locate)
{
	return !locate->path[0] || locate->path[0] == ':';
}

static bool locate_next(struct locate *locate, yaml_event_t *event)
{
	return yaml_parser_parse(&locate->parser, event);
}

/* Read to the end of the node that began with an event of `type`. */
static bool locate_skip(struct locate *locate, yaml_event_type_t type)
{
	size_t depth = 0;

	for (;;) {
		yaml_event_t event;

		if (type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT)
			depth++;
		if (type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT)
			depth--;
		if (depth == 0)
			return true;
		if (!locate_next(locate, &event))
			return false;
		type = event.type;
		yaml_event_delete(&event);
	}
}

/* Step to the member that the path names; false: it is not there. */
static bool locate_member(struct locate *locate, yaml_event_type_t *type)
{
	for (;;) {
		yaml_event_t key, value;
		bool found;

		if (!locate_next(locate, &key))
			return false;
		found = key.type == YAML_SCALAR_EVENT && locate_take_key(locate, (char *)key.data.scalar.value);
		if (found)
			locate->line = key.start_mark.line;
		*type = key.type;
		yaml_event_delete(&key);
		if (*type != YAML_SCALAR_EVENT || !locate_next(locate, &value))
			return false;

		*type = value.type;
		yaml_event_delete(&value);
		if (found)
			return true;
		if (!locate_skip(locate, *type))
			return false;
	}
}

static bool locate_element(struct locate *locate, yaml_event_type_t *type)
{
	size_t i, index;

	if (!locate_take_index(locate, &index))
		return false;

	for (i = 0;; i++) {
		yaml_event_t event;

		if (!locate_next(locate, &event))
			return false;
		*type = event.type;
		if (i == index && *type != YAML_SEQUENCE_END_EVENT)
			locate->line = event.start_mark.line;
		yaml_event_delete(&event);
		if (*type == YAML_SEQUENCE_END_EVENT)
			return false;
		if (i == index)
			return true;
		if (!locate_skip(locate, *type))
			return false;
	}
}

/* Step to the first node of the document `number`. */
static bool locate_document(struct locate *locate, size_t number, yaml_event_type_t *type)
{
	bool begun = false;

	for (;;) {
		yaml_event_t event;

		if (!locate_next(locate, &event))
			return false;
		*type = event.type;
		if (begun)
			locate->line = event.start_mark.line;
		yaml_event_delete(&event);
		if (begun)
			return true;
		if (*type == YAML_STREAM_END_EVENT)
			return false;
		begun = *type == YAML_DOCUMENT_START_EVENT && number-- == 0;
	}
}

static void locate_walk(struct locate *locate, size_t document)
{
	yaml_event_type_t type;
	bool found = locate_document(locate, document, &type);

	while (found && !locate_is_done(locate)) {
		if (type == YAML_MAPPING_START_EVENT)
			found = locate_member(locate, &type);
		else if (type == YAML_SEQUENCE_START_EVENT)
			found = locate_element(locate, &type);
		else
			found = false;
	}
}

size_t sr_locate(const char *text, size_t length, const struct sr_position *at, const char *message)
{
	struct locate locate = {};
	char path[1024];

	if (!yaml_parser_initialize(&locate.parser))
		return at->line;

	if (at->in_list)
		snprintf(path, sizeof(path), "items[%zu].%s", at->item, message);
	else
		snprintf(path, sizeof(path), "%s", message);
	locate.path = path;
	yaml_parser_set_input_string(&locate.parser, (const unsigned char *)text + at->offset, length - at->offset);
	locate_walk(&locate, at->document);
	yaml_parser_delete(&locate.parser);
	return at->line + locate.line;
}
