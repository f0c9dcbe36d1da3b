// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * jansson reads values; only a document's own braces, and the brackets of its
 * `items`, are walked here, so that the whole is never a tree.
 */
#include "model/json.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

struct json_reader {
	const char *text;
	size_t length;
	size_t offset;
	size_t line; /* at `offset`, from 1 */
	struct sr_stream *stream;
	struct sr_error *err;
};

static int json_fail(struct json_reader *reader, const char *text)
{
	return sr_fail(reader->err, -EINVAL, "%zu: not JSON: %s", reader->line, text);
}

static void json_advance(struct json_reader *reader, size_t bytes)
{
	size_t end = reader->offset + bytes;

	for (; reader->offset < end; reader->offset++)
		reader->line += reader->text[reader->offset] == '\n';
}

/* The next character that is not white space, 0 at the end; not consumed. */
static char json_peek(struct json_reader *reader)
{
	while (reader->offset < reader->length && strchr(" \t\r\n", reader->text[reader->offset]) &&
	       reader->text[reader->offset])
		json_advance(reader, 1);
	return reader->offset < reader->length ? reader->text[reader->offset] : '\0';
}

static int json_expect(struct json_reader *reader, char wanted)
{
	char text[] = "expected '?'";

	text[10] = wanted;
	if (json_peek(reader) != wanted)
		return json_fail(reader, text);
	json_advance(reader, 1);
	return 0;
}

static int json_value(struct json_reader *reader, json_t **out)
{
	const size_t flags = JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES;
	json_error_t fault;

	json_peek(reader);
	*out = json_loadb(reader->text + reader->offset, reader->length - reader->offset, flags, &fault);
	if (!*out)
		return sr_fail(reader->err, -EINVAL, "%zu: not JSON: %s",
			       reader->line + (fault.line > 0 ? (size_t)fault.line - 1 : 0), fault.text);

	json_advance(reader, (size_t)fault.position);
	return 0;
}

/*
 * After an element of a list or object that ends in `end`: 1 if another one
 * follows, 0 if that was the last.
 */
static int json_more(struct json_reader *reader, char end)
{
	if (json_peek(reader) == end) {
		json_advance(reader, 1);
		return 0;
	}
	return json_expect(reader, ',') < 0 ? -EINVAL : 1;
}

static int json_read_items(struct json_reader *reader)
{
	int r;

	json_advance(reader, 1);
	reader->stream->is_list = true;
	if (json_peek(reader) == ']')
		return json_more(reader, ']');

	do {
		json_t *item;

		r = json_value(reader, &item);
		if (r == 0)
			r = sr_stream_item(reader->stream, item, reader->err);
		if (r == 0)
			r = json_more(reader, ']');
	} while (r > 0);
	return r;
}

static int json_read_member(struct json_reader *reader, const char *key)
{
	json_t *value;
	int r;

	r = json_expect(reader, ':');
	if (r < 0)
		return r;
	if (strcmp(key, "items") == 0 && json_peek(reader) == '[')
		return json_read_items(reader);

	r = json_value(reader, &value);
	if (r < 0)
		return r;
	if (json_object_get(reader->stream->head, key)) {
		json_decref(value);
		return json_fail(reader, "a key that is given twice");
	}
	if (json_object_set_new(reader->stream->head, key, value) < 0)
		return sr_fail(reader->err, -ENOMEM, "out of memory");
	return 0;
}

static int json_read_object(struct json_reader *reader)
{
	struct sr_position at = {.offset = reader->offset, .line = reader->line};
	json_t *key;
	int r;

	r = sr_stream_begin(reader->stream, &at, reader->err);
	if (r < 0)
		return r;

	r = json_expect(reader, '{');
	if (r == 0)
		r = json_peek(reader) == '}' ? json_more(reader, '}') : 1;
	while (r > 0) {
		if (json_peek(reader) != '"')
			return json_fail(reader, "expected a key");
		r = json_value(reader, &key);
		if (r < 0)
			return r;
		r = json_read_member(reader, json_string_value(key));
		json_decref(key);
		if (r == 0)
			r = json_more(reader, '}');
	}
	return r < 0 ? r : sr_stream_end(reader->stream, reader->err);
}

/* [{...}, {...}] is as good as the objects one after the other. */
static int json_read_array(struct json_reader *reader)
{
	int r;

	json_advance(reader, 1);
	if (json_peek(reader) == ']')
		return json_more(reader, ']');

	do {
		r = json_read_object(reader);
		if (r == 0)
			r = json_more(reader, ']');
	} while (r > 0);
	return r;
}

int sr_json_read(const char *text, size_t length, struct sr_stream *stream, struct sr_error *err)
{
	struct json_reader reader = {.text = text, .length = length, .line = 1, .stream = stream, .err = err};
	int r = 0;

	while (r == 0 && (json_peek(&reader) || reader.offset < length))
		r = json_peek(&reader) == '[' ? json_read_array(&reader) : json_read_object(&reader);
	return r;
}
