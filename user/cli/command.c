// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/command.h"

#include <string.h>

static const char *const formats[] = {"table", "json", "yaml", "hosts", NULL};

const struct sr_option sr_global_options[] = {
	{
		.name = "instance",
		.type = &sr_type_instance,
		.offset = offsetof(struct sr_globals, instance),
		.value = "NAME",
		.help = "of several on one machine, which ('" SR_INSTANCE_DEFAULT "')",
	},
	{
		.name = "output",
		.letter = 'o',
		.type = &sr_type_word,
		.offset = offsetof(struct sr_globals, output),
		.value = "FORMAT",
		.words = formats,
		.help = "table, json, yaml or hosts, where the command has it",
	},
	{
		.name = "json",
		.letter = 'j',
		.type = &sr_type_flag,
		.offset = offsetof(struct sr_globals, json),
		.help = "the same as -o json",
	},
	{
		.name = "quiet",
		.letter = 'q',
		.type = &sr_type_flag,
		.offset = offsetof(struct sr_globals, quiet),
		.help = "tell warnings and errors only",
	},
	{
		.name = "verbose",
		.letter = 'v',
		.type = &sr_type_flag,
		.offset = offsetof(struct sr_globals, verbose),
		.help = "leave nothing out",
	},
	{
		.name = "help",
		.letter = 'h',
		.type = &sr_type_flag,
		.offset = offsetof(struct sr_globals, help),
		.help = "explain the command",
	},
	{},
};

enum sr_format sr_globals_format(const struct sr_globals *globals)
{
	if (!globals->output)
		return globals->json ? SR_FORMAT_JSON : SR_FORMAT_TABLE;

	for (unsigned int i = 0; formats[i]; i++) {
		if (strcmp(formats[i], globals->output) == 0)
			return i;
	}
	return SR_FORMAT_TABLE;
}

bool sr_command_takes(const struct sr_command *command, const struct sr_option *global)
{
	return !command || command->formats ||
	       (global->offset != offsetof(struct sr_globals, output) &&
		global->offset != offsetof(struct sr_globals, json));
}

const struct sr_command *sr_command_find(const char *name)
{
	for (size_t i = 0; sr_commands[i]; i++) {
		if (strcmp(sr_commands[i]->name, name) == 0)
			return sr_commands[i];
	}
	return NULL;
}

bool sr_command_is_group(const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; length && sr_commands[i]; i++) {
		if (strncmp(sr_commands[i]->name, word, length) == 0 && sr_commands[i]->name[length] == ' ')
			return true;
	}
	return false;
}
