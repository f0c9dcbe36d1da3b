// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reading: libyaml's events become a tree by recursive descent.
 */
#include "model/yaml.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "base/error.h"

#define YAML_MAX_DEPTH 200 /* deeper than any object of Kubernetes */

struct yaml_reader {
	yaml_parser_t parser;
	const char *text; /* what is read: this, */
	FILE *file;	  /* or this */
	struct sr_stream *stream;
	json_t *anchors; /* the current document's finished anchors, by name */
	unsigned int depth;
	struct sr_error *err;
};

static void json_cleanup(json_t **value)
{
	json_decref(*value);
}

#define yaml_autoevent __attribute__((cleanup(yaml_event_delete))) yaml_event_t
#define yaml_autojson  __attribute__((cleanup(json_cleanup))) json_t

static json_t *take_json(json_t **value)
{
	json_t *taken = *value;

	*value = NULL;
	return taken;
}

static int yaml_fail_at(struct yaml_reader *reader, const yaml_mark_t *mark, const char *text, const char *name)
{
	return sr_fail(reader->err, -EINVAL, "%zu: %s%s", mark->line + 1, text, name);
}

static int yaml_fail_memory(struct yaml_reader *reader)
{
	return sr_fail(reader->err, -ENOMEM, "out of memory");
}

/* The line of a byte, from 1. */
static size_t yaml_line_of(struct yaml_reader *reader, size_t offset)
{
	size_t i, line = 1;

	if (reader->file)
		rewind(reader->file);
	for (i = 0; i < offset; i++)
		line += (reader->file ? fgetc(reader->file) : reader->text[i]) == '\n';
	return line;
}

/* libyaml gives marks for all faults but those of the encoding. */
static int yaml_fail_syntax(struct yaml_reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	size_t line = parser->problem_mark.line + 1;

	if (parser->error == YAML_MEMORY_ERROR)
		return yaml_fail_memory(reader);
	if (reader->file && ferror(reader->file))
		return sr_fail(reader->err, -EIO, " cannot be read");
	if (parser->error == YAML_READER_ERROR)
		line = yaml_line_of(reader, parser->problem_offset);
	return sr_fail(reader->err, -EINVAL, "%zu: not YAML: %s%s%s", line, parser->context ? parser->context : "",
		       parser->context ? ", " : "", parser->problem);
}

static int yaml_next(struct yaml_reader *reader, yaml_event_t *event)
{
	if (!yaml_parser_parse(&reader->parser, event))
		return yaml_fail_syntax(reader);
	return 0;
}

static int yaml_build(struct yaml_reader *reader, const yaml_event_t *event, json_t **out);

static int yaml_build_scalar(struct yaml_reader *reader, const yaml_event_t *event, json_t **out)
{
	const char *text = (const char *)event->data.scalar.value;
	const char *tag = (const char *)event->data.scalar.tag;
	size_t length = event->data.scalar.length;
	bool plain = event->data.scalar.plain_implicit;

	if (strlen(text) != length)
		return yaml_fail_at(reader, &event->start_mark, "a character 0 in a string", "");

	/* !!int "80" is a number although it is quoted. */
	if (tag && strcmp(tag, "!") != 0 && strcmp(tag, YAML_STR_TAG) != 0)
		plain = true;
	*out = plain ? sr_yaml_scalar(text, length) : json_stringn_nocheck(text, length);
	return *out ? 0 : yaml_fail_memory(reader);
}

static int yaml_build_alias(struct yaml_reader *reader, const yaml_event_t *event, json_t **out)
{
	const char *name = (const char *)event->data.alias.anchor;
	json_t *value = json_object_get(reader->anchors, name);

	if (!value)
		return yaml_fail_at(reader, &event->start_mark, "no finished anchor before this alias: *", name);

	*out = json_incref(value);
	return 0;
}

static int yaml_build_sequence(struct yaml_reader *reader, json_t **out)
{
	yaml_autojson *list = json_array();
	int r;

	if (!list)
		return yaml_fail_memory(reader);

	for (;;) {
		yaml_autoevent event = {};
		json_t *item = NULL;

		r = yaml_next(reader, &event);
		if (r < 0)
			return r;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			break;
		r = yaml_build(reader, &event, &item);
		if (r < 0)
			return r;
		if (json_array_append_new(list, item) < 0)
			return yaml_fail_memory(reader);
	}

	*out = take_json(&list);
	return 0;
}

/* `<<: *base` or `<<: [*first, *second]`: explicit keys and earlier ones win. */
static int yaml_merge(struct yaml_reader *reader, const yaml_mark_t *mark, json_t *object, const json_t *merges)
{
	size_t i;

	for (i = 0; i < json_array_size(merges); i++) {
		json_t *base = json_array_get(merges, i);

		if (json_is_array(base)) {
			if (yaml_merge(reader, mark, object, base) < 0)
				return -EINVAL;
			continue;
		}
		if (!json_is_object(base))
			return yaml_fail_at(reader, mark, "what << merges is not an object", "");
		if (json_object_update_missing(object, base) < 0)
			return yaml_fail_memory(reader);
	}
	return 0;
}

static int yaml_check_key(struct yaml_reader *reader, const yaml_event_t *event)
{
	const char *key = (const char *)event->data.scalar.value;

	if (event->type != YAML_SCALAR_EVENT)
		return yaml_fail_at(reader, &event->start_mark, "a key must be a plain word or a string", "");
	if (strlen(key) != event->data.scalar.length)
		return yaml_fail_at(reader, &event->start_mark, "a character 0 in a key", "");
	return 0;
}

/* Takes `value` over. */
static int yaml_set(struct yaml_reader *reader, json_t *object, const yaml_event_t *event, json_t *value)
{
	const char *key = (const char *)event->data.scalar.value;
	size_t num = json_object_size(object);

	if (json_object_set_new_nocheck(object, key, value) < 0)
		return yaml_fail_memory(reader);
	if (json_object_size(object) == num)
		return yaml_fail_at(reader, &event->start_mark, "a key that is given twice: ", key);
	return 0;
}

static bool yaml_is_merge_key(const yaml_event_t *key)
{
	return key->data.scalar.plain_implicit && strcmp((const char *)key->data.scalar.value, "<<") == 0;
}

/* Few objects have any: `merges` is made with the first. */
static int yaml_keep_merge(json_t **merges, json_t *base)
{
	if (!*merges)
		*merges = json_array();
	return json_array_append(*merges, base);
}

static int yaml_read_items(struct yaml_reader *reader)
{
	int r;

	reader->stream->is_list = true;
	for (;;) {
		yaml_autoevent event = {};
		json_t *item = NULL;

		r = yaml_next(reader, &event);
		if (r < 0)
			return r;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		r = yaml_build(reader, &event, &item);
		if (r < 0)
			return r;
		r = sr_stream_item(reader->stream, item, reader->err);
		if (r < 0)
			return r;
	}
}

static const char *yaml_anchor(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return (const char *)event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return (const char *)event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return (const char *)event->data.mapping_start.anchor;
	default:
		return NULL;
	}
}

static bool yaml_is_unread(const struct yaml_reader *reader, const yaml_event_t *key)
{
	const char *const *unread = reader->stream->unread;

	while (unread && *unread && strcmp((const char *)key->data.scalar.value, *unread) != 0)
		unread++;
	return unread && *unread;
}

static int yaml_nesting(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return 1;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return -1;
	default:
		return 0;
	}
}

/*
 * Past the list or mapping that begins with `first`. A scalar is read all the same:
 * it may be a label of that name. So is what bears an anchor, for aliases.
 */
static int yaml_skip(struct yaml_reader *reader, const yaml_event_t *first, json_t **out)
{
	int depth = yaml_nesting(first), r = 0;

	if (!depth || yaml_anchor(first))
		return yaml_build(reader, first, out);
	while (depth > 0) {
		yaml_autoevent event = {};
		yaml_autojson *node = NULL;

		r = yaml_next(reader, &event);
		if (r == 0 && yaml_anchor(&event))
			r = yaml_build(reader, &event, &node);
		else if (r == 0)
			depth += yaml_nesting(&event);
		if (r < 0)
			return r;
	}
	*out = json_null();
	return 0;
}

/*
 * The members of a mapping, up to its end. Of a document's own mapping (`top`)
 * the items go to the stream one at a time.
 */
static int yaml_read_members(struct yaml_reader *reader, json_t *object, bool top)
{
	yaml_autojson *merges = NULL;
	int r;

	for (;;) {
		yaml_autoevent key = {};
		yaml_autoevent value = {};
		yaml_autojson *node = NULL;

		r = yaml_next(reader, &key);
		if (r < 0)
			return r;
		if (key.type == YAML_MAPPING_END_EVENT)
			return yaml_merge(reader, &key.start_mark, object, merges);
		r = yaml_check_key(reader, &key);
		if (r == 0)
			r = yaml_next(reader, &value);
		if (r < 0)
			return r;

		if (top && value.type == YAML_SEQUENCE_START_EVENT &&
		    strcmp((const char *)key.data.scalar.value, "items") == 0) {
			r = yaml_read_items(reader);
			if (r < 0)
				return r;
			continue;
		}
		r = yaml_is_unread(reader, &key) ? yaml_skip(reader, &value, &node) : yaml_build(reader, &value, &node);
		if (r < 0)
			return r;
		if (!yaml_is_merge_key(&key))
			r = yaml_set(reader, object, &key, take_json(&node));
		else if (yaml_keep_merge(&merges, node) < 0)
			r = yaml_fail_memory(reader);
		if (r < 0)
			return r;
	}
}

static int yaml_build_mapping(struct yaml_reader *reader, json_t **out)
{
	yaml_autojson *object = json_object();
	int r;

	if (!object)
		return yaml_fail_memory(reader);

	r = yaml_read_members(reader, object, false);
	if (r < 0)
		return r;

	*out = take_json(&object);
	return 0;
}

/* The tree of the node that begins with `event`, read to its end. */
static int yaml_build(struct yaml_reader *reader, const yaml_event_t *event, json_t **out)
{
	const char *anchor = yaml_anchor(event);
	int r;

	if (++reader->depth > YAML_MAX_DEPTH)
		return yaml_fail_at(reader, &event->start_mark, "nested too deeply", "");

	if (event->type == YAML_SCALAR_EVENT)
		r = yaml_build_scalar(reader, event, out);
	else if (event->type == YAML_ALIAS_EVENT)
		r = yaml_build_alias(reader, event, out);
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		r = yaml_build_sequence(reader, out);
	else
		r = yaml_build_mapping(reader, out);

	reader->depth--;
	if (r == 0 && anchor && json_object_set(reader->anchors, anchor, *out) < 0)
		r = yaml_fail_memory(reader);
	return r;
}

static int yaml_read_object(struct yaml_reader *reader)
{
	int r = yaml_read_members(reader, reader->stream->head, true);

	return r < 0 ? r : sr_stream_end(reader->stream, reader->err);
}

static int yaml_read_document(struct yaml_reader *reader, const struct sr_position *at)
{
	yaml_autoevent event = {};
	yaml_autojson *node = NULL;
	int r;

	json_object_clear(reader->anchors);
	r = sr_stream_begin(reader->stream, at, reader->err);
	if (r == 0)
		r = yaml_next(reader, &event);
	if (r < 0)
		return r;

	if (event.type == YAML_MAPPING_START_EVENT)
		return yaml_read_object(reader);

	/* `---` with nothing after it is no fault. */
	r = yaml_build(reader, &event, &node);
	if (r < 0)
		return r;
	if (json_is_null(node)) {
		reader->stream->num_documents--;
		return 0;
	}
	return yaml_fail_at(reader, &event.start_mark, "expected an object (apiVersion, kind, metadata, ...)", "");
}

static int yaml_read_documents(struct yaml_reader *reader)
{
	struct sr_position at = {.line = 1};
	int r;

	for (;;) {
		yaml_autoevent event = {};

		r = yaml_next(reader, &event);
		if (r < 0 || event.type == YAML_STREAM_END_EVENT)
			return r;
		if (event.type != YAML_DOCUMENT_START_EVENT)
			continue;
		r = yaml_read_document(reader, &at);
		if (r < 0)
			return r;
		at.document++;
	}
}

static int yaml_read(struct yaml_reader *reader, size_t length)
{
	yaml_autojson *anchors = json_object();
	int r;

	if (!anchors || !yaml_parser_initialize(&reader->parser))
		return yaml_fail_memory(reader);

	reader->anchors = anchors;
	if (reader->file)
		yaml_parser_set_input_file(&reader->parser, reader->file);
	else
		yaml_parser_set_input_string(&reader->parser, (const unsigned char *)reader->text, length);
	r = yaml_read_documents(reader);
	yaml_parser_delete(&reader->parser);
	return r;
}

int sr_yaml_read(const char *text, size_t length, struct sr_stream *stream, struct sr_error *err)
{
	struct yaml_reader reader = {.text = text, .stream = stream, .err = err};

	return yaml_read(&reader, length);
}

int sr_yaml_read_file(FILE *file, struct sr_stream *stream, struct sr_error *err)
{
	struct yaml_reader reader = {.file = file, .stream = stream, .err = err};

	return yaml_read(&reader, 0);
}
