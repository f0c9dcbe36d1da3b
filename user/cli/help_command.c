// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute help [COMMAND] */
#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "cli/commands.h"

struct help_options {
	struct sr_strings words; /* "map", "add" */
};

static void help_topic(const struct help_options *options, char *out, size_t size)
{
	const struct sr_strings *words = &options->words;

	out[0] = '\0';
	if (words->num > 0)
		snprintf(out, size, "%s%s%s", words->item[0], words->num > 1 ? " " : "",
			 words->num > 1 ? words->item[1] : "");
}

static int help_check(const void *options, struct sr_error *err)
{
	char topic[64];

	help_topic(options, topic, sizeof(topic));
	if (topic[0] && !sr_command_find(topic) && !sr_command_is_group(topic))
		return sr_fail(err, -EINVAL, "there is no command '%s'", topic);
	return 0;
}

static int help_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	char topic[64];

	(void)globals;
	(void)err;
	help_topic(options, topic, sizeof(topic));
	sr_help_print(stdout, topic[0] ? topic : NULL);
	return 0;
}

static int commands_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	return sr_type_paths.parse(option, field, text, err);
}

static void commands_clear(void *field)
{
	sr_strings_clear(field);
}

static const struct sr_option_type type_commands = {
	.parse = commands_parse,
	.clear = commands_clear,
	.value = SR_VALUE_REQUIRED,
	.repeats = true,
	.source = SR_FROM_COMMANDS,
};

static const struct sr_option help_options[] = {
	{
		.name = "COMMAND",
		.is_argument = true,
		.type = &type_commands,
		.offset = offsetof(struct help_options, words),
		.help = "explain this one",
	},
	{},
};

const struct sr_command sr_command_help = {
	.name = "help",
	.summary = "List the commands, or explain one",
	.options = help_options,
	.size = sizeof(struct help_options),
	.check = help_check,
	.run = help_run,
};
