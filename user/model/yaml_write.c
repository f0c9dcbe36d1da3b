// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Writing: a tree becomes libyaml's events; strings that would be read back as
 * something else are quoted.
 */
#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "model/yaml.h"

static int yaml_write_node(yaml_emitter_t *emitter, const json_t *node);

/* Events that cannot be made, and output that fails, are one fault here. */
static int yaml_emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
	return made && yaml_emitter_emit(emitter, event) ? 0 : -EIO;
}

static int yaml_write_scalar(yaml_emitter_t *emitter, const char *text, size_t length, yaml_scalar_style_t style)
{
	yaml_event_t event;

	return yaml_emit(
		emitter, &event,
		yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)length, 1, 1, style));
}

static int yaml_write_string(yaml_emitter_t *emitter, const char *text, size_t length)
{
	json_t *meaning = sr_yaml_scalar(text, length);
	bool plain = json_is_string(meaning) && strcmp(text, "<<") != 0;

	json_decref(meaning);
	return yaml_write_scalar(emitter, text, length,
				 plain ? YAML_ANY_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

/* Numbers, true, false and null are spelled as in JSON. */
static int yaml_write_plain(yaml_emitter_t *emitter, const json_t *node)
{
	char *text = json_dumps(node, JSON_ENCODE_ANY);
	int r;

	if (!text)
		return -ENOMEM;

	r = yaml_write_scalar(emitter, text, strlen(text), YAML_PLAIN_SCALAR_STYLE);
	free(text);
	return r;
}

static int yaml_write_list(yaml_emitter_t *emitter, const json_t *list)
{
	yaml_sequence_style_t style = json_array_size(list) ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE;
	yaml_event_t event;
	size_t i;
	int r;

	r = yaml_emit(emitter, &event, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style));
	for (i = 0; r == 0 && i < json_array_size(list); i++)
		r = yaml_write_node(emitter, json_array_get(list, i));
	if (r < 0)
		return r;
	return yaml_emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
}

static int yaml_write_object(yaml_emitter_t *emitter, const json_t *object)
{
	yaml_mapping_style_t style = json_object_size(object) ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE;
	yaml_event_t event;
	const char *key;
	json_t *value;
	int r;

	r = yaml_emit(emitter, &event, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, style));
	if (r < 0)
		return r;
	json_object_foreach ((json_t *)object, key, value) {
		r = yaml_write_string(emitter, key, strlen(key));
		if (r == 0)
			r = yaml_write_node(emitter, value);
		if (r < 0)
			return r;
	}
	return yaml_emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

static int yaml_write_node(yaml_emitter_t *emitter, const json_t *node)
{
	if (json_is_object(node))
		return yaml_write_object(emitter, node);
	if (json_is_array(node))
		return yaml_write_list(emitter, node);
	if (json_is_string(node))
		return yaml_write_string(emitter, json_string_value(node), json_string_length(node));
	return yaml_write_plain(emitter, node);
}

static int yaml_write_document(yaml_emitter_t *emitter, const json_t *tree)
{
	yaml_event_t event;
	int r;

	r = yaml_emit(emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	if (r == 0)
		r = yaml_emit(emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	if (r == 0)
		r = yaml_write_node(emitter, tree);
	if (r == 0)
		r = yaml_emit(emitter, &event, yaml_document_end_event_initialize(&event, 1));
	if (r == 0)
		r = yaml_emit(emitter, &event, yaml_stream_end_event_initialize(&event));
	return r;
}

int sr_yaml_write(FILE *file, const json_t *tree)
{
	yaml_emitter_t emitter;
	int r;

	if (!yaml_emitter_initialize(&emitter))
		return -ENOMEM;

	yaml_emitter_set_output_file(&emitter, file);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	r = yaml_write_document(&emitter, tree);
	yaml_emitter_delete(&emitter);
	return r == 0 && ferror(file) ? -EIO : r;
}
