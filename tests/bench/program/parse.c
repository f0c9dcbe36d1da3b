// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "parse.h"

#include <stdbool.h>

#include <jansson.h>
#include <yaml.h>

#include "base/cleanup.h"

static int parse_events(yaml_parser_t *parser)
{
	bool ended = false;

	while (!ended) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return -1;
		ended = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	return 0;
}

int parse_yaml(const char *path)
{
	sr_autofclose FILE *file = fopen(path, "re");
	yaml_parser_t parser;
	int r;

	if (!file || !yaml_parser_initialize(&parser))
		return -1;
	yaml_parser_set_input_file(&parser, file);
	r = parse_events(&parser);
	yaml_parser_delete(&parser);
	return r;
}

int parse_json(const char *path)
{
	json_t *tree = json_load_file(path, 0, NULL);

	json_decref(tree);
	return tree ? 0 : -1;
}
