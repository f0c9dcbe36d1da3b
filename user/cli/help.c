// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Help, written from the tables that command lines are read by. */
#include <string.h>

#include "cli/command.h"

#define HELP_COLUMN 26

/* A name of several words says itself how many there are. */
static bool help_repeats(const struct sr_option *option)
{
	return option->type->repeats && !strchr(option->name, ' ');
}

static void help_synopsis(FILE *file, const struct sr_command *command)
{
	const struct sr_option *option;
	bool has_options = false;

	fprintf(file, "svcroute %s", command->name);
	for (option = command->options; option && option->name; option++) {
		has_options |= !option->is_argument;
		if (option->is_argument)
			fprintf(file, option->required ? " %s%s" : " [%s]%s", option->name,
				help_repeats(option) ? "..." : "");
	}
	fprintf(file, "%s\n", has_options ? " [OPTIONS]" : "");
}

/* "-f, --file FILE|DIR|-" */
static void help_option_name(const struct sr_option *option, char *out, size_t size)
{
	const char *value = option->value ? option->value : "";
	char letter[8] = "    ";

	if (option->is_argument) {
		snprintf(out, size, "%s", option->name);
		return;
	}
	if (option->letter)
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	snprintf(out, size, "%s--%s%s%s", letter, option->name, option->type->value == SR_VALUE_REQUIRED ? " " : "",
		 value);
}

/* The second column starts on the next line where the first is too long. */
static void help_row(FILE *file, const char *name, const char *text, const char *remark)
{
	int width = HELP_COLUMN;

	if (strlen(name) > HELP_COLUMN) {
		fprintf(file, "  %s\n  ", name);
		name = "";
	} else {
		fputs("  ", file);
	}
	fprintf(file, "%-*s  ", width, name);
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (line != text)
			fprintf(file, "\n  %-*s  ", width, "");
		fprintf(file, "%.*s", (int)strcspn(line, "\n"), line);
	}
	fprintf(file, "%s\n", remark);
}

static void help_option(FILE *file, const struct sr_option *option)
{
	bool repeats = option->type->repeats && !option->is_argument;
	char name[128];

	help_option_name(option, name, sizeof(name));
	help_row(file, name, option->help, repeats ? "; repeatable" : "");
}

static void help_options(FILE *file, const struct sr_option *table)
{
	for (; table && table->name; table++)
		help_option(file, table);
}

/* The commands that are `group`'s, or all. */
static void help_commands(FILE *file, const char *group)
{
	size_t length = group ? strlen(group) : 0;

	for (size_t i = 0; sr_commands[i]; i++) {
		const char *name = sr_commands[i]->name;

		if (!group || (strncmp(name, group, length) == 0 && name[length] == ' '))
			help_row(file, name, sr_commands[i]->summary, "");
	}
}

/* Of a command, or (NULL) of all. */
static void help_globals(FILE *file, const struct sr_command *command)
{
	fputs("\nwith any command:\n", file);
	for (const struct sr_option *option = sr_global_options; option->name; option++)
		if (sr_command_takes(command, option))
			help_option(file, option);
}

static void help_print_command(FILE *file, const struct sr_command *command)
{
	fputs("usage: ", file);
	help_synopsis(file, command);
	fprintf(file, "\n%s.\n", command->summary);
	if (command->details)
		fprintf(file, "%s\n", command->details);
	if (command->options && command->options->name) {
		fputs("\n", file);
		help_options(file, command->options);
	}
	help_globals(file, command);
}

static void help_print_group(FILE *file, const char *group)
{
	fprintf(file, "usage: svcroute %s COMMAND ...\n\n", group);
	help_commands(file, group);
	fprintf(file, "\n'svcroute %s COMMAND --help' says more.\n", group);
}

static void help_print_all(FILE *file)
{
	fputs("svcroute routes Kubernetes service traffic in the kernel, by XDP, tc and socket programs.\n\n"
	      "usage: svcroute COMMAND ...\n\n",
	      file);
	help_commands(file, NULL);
	help_globals(file, NULL);
	fputs("\nThe everyday form is 'svcroute load'. 'svcroute COMMAND --help' and svcroute(8) say more.\n", file);
}

void sr_help_print(FILE *file, const char *topic)
{
	const struct sr_command *command = topic ? sr_command_find(topic) : NULL;

	if (command)
		help_print_command(file, command);
	else if (topic)
		help_print_group(file, topic);
	else
		help_print_all(file);
}
