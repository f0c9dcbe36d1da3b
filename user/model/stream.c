// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/stream.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

int sr_stream_begin(struct sr_stream *stream, const struct sr_position *at, struct sr_error *err)
{
	stream->num_documents++;
	sr_stream_clear(stream);
	stream->at = *at;
	stream->at.in_list = false;
	stream->at.item = 0;
	stream->head = json_object();
	return stream->head ? 0 : sr_fail(err, -ENOMEM, "out of memory");
}

/* Give the item of a ServiceList its kind, Service, and its apiVersion. */
static int stream_name_item(const struct sr_stream *stream, json_t *item)
{
	const char *kind = json_string_value(json_object_get(stream->head, "kind"));
	json_t *version = json_object_get(stream->head, "apiVersion");
	size_t length = kind ? strlen(kind) : 0;

	if (length <= 4 || strcmp(kind + length - 4, "List") != 0)
		return 0;
	if (version && json_object_set(item, "apiVersion", version) < 0)
		return -ENOMEM;
	return json_object_set_new(item, "kind", json_stringn(kind, length - 4)) < 0 ? -ENOMEM : 0;
}

static int stream_hand_on(struct sr_stream *stream, json_t *item, size_t index, struct sr_error *err)
{
	struct sr_position at = stream->at;

	at.in_list = true;
	at.item = index;
	if (json_is_object(item) && !json_object_get(item, "kind") && stream_name_item(stream, item) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");

	return stream->object(stream->context, item, &at, err);
}

static int stream_keep(struct sr_stream *stream, json_t *item, struct sr_error *err)
{
	if (!stream->pending) {
		stream->pending = json_array();
		stream->first_pending = stream->at.item;
	}
	stream->at.item++;
	if (json_array_append(stream->pending, item) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	return 0;
}

int sr_stream_item(struct sr_stream *stream, json_t *item, struct sr_error *err)
{
	bool nameless = json_is_object(item) && !json_object_get(item, "kind");
	int r;

	/* Once one waits, all do: the order of the items is kept. */
	stream->is_list = true;
	if (stream->pending || (nameless && !json_object_get(stream->head, "kind")))
		r = stream_keep(stream, item, err);
	else
		r = stream_hand_on(stream, item, stream->at.item++, err);

	json_decref(item);
	return r;
}

int sr_stream_end(struct sr_stream *stream, struct sr_error *err)
{
	size_t i;
	int r;

	if (!stream->at.item)
		stream->num_empty += stream->is_list || json_is_null(json_object_get(stream->head, "items"));
	/* Go writes an empty list as null. */
	if (!stream->is_list && !json_is_null(json_object_get(stream->head, "items")))
		return stream->object(stream->context, stream->head, &stream->at, err);

	for (i = 0; i < json_array_size(stream->pending); i++) {
		r = stream_hand_on(stream, json_array_get(stream->pending, i), stream->first_pending + i, err);
		if (r < 0)
			return r;
	}
	return 0;
}

void sr_stream_clear(struct sr_stream *stream)
{
	json_decref(stream->head);
	json_decref(stream->pending);
	stream->head = NULL;
	stream->pending = NULL;
	stream->is_list = false;
}
