// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* By the same tables that command lines are read by, so that it cannot lag behind. */
#include "cli/complete.h"

#include <dirent.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/show.h"
#include "kernel/datapath.h"
#include "kernel/maps.h"
#include "kernel/pins.h"

struct complete {
	FILE *file;
	const struct sr_command *command;
	const char *group;		/* "map", while its second word is awaited */
	const struct sr_option *option; /* whose value comes next, or NULL */
	const char *instance;
	size_t arguments;
	bool is_lost;	     /* there is no such command */
	bool only_arguments; /* after "--" */
	const char *before;  /* what stands in the same word before the part that is completed: "--xdp=" */
};

static void complete_offer(const struct complete *complete, const char *typed, const char *word, const char *help)
{
	if (strncmp(word, typed, strlen(typed)) == 0)
		fprintf(complete->file, "%s%s\t%.*s\n", complete->before, word, (int)strcspn(help, "\n"), help);
}

/* --- what there is ------------------------------------------------------------------------ */

static void complete_devices(const struct complete *complete, const char *typed)
{
	struct if_nameindex *list = if_nameindex();

	for (size_t i = 0; list && list[i].if_name; i++)
		if (strcmp(list[i].if_name, "lo") != 0)
			complete_offer(complete, typed, list[i].if_name, "");
	if_freenameindex(list);
}

static void complete_instances(const struct complete *complete, const char *typed)
{
	DIR *folder = opendir(SR_PIN_ROOT);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.')
			complete_offer(complete, typed, entry->d_name, "");
	if (folder)
		closedir(folder);
}

/* Of "map add" the first word, or, after "map", the second. */
static void complete_commands(const struct complete *complete, const char *typed)
{
	size_t length = complete->group ? strlen(complete->group) : 0;
	const char *last = "";
	char word[32];

	for (size_t i = 0; sr_commands[i]; i++) {
		const char *name = sr_commands[i]->name;

		if (complete->group && (strncmp(name, complete->group, length) != 0 || name[length] != ' '))
			continue;
		name += complete->group ? length + 1 : 0;
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(name, " "), name);
		if (strncmp(last, word, strlen(word)) != 0 || last[strlen(word)] != ' ')
			complete_offer(complete, typed, word,
				       sr_command_is_group(word) ? "..." : sr_commands[i]->summary);
		last = name;
	}
}

static void complete_service(const struct complete *complete, const char *typed, const struct sr_service *service,
			     enum sr_source source)
{
	sr_autofree char *name = sr_show_name(service);
	struct sr_hostport place = {.proto = service->proto};
	char text[SR_HOSTPORT_TEXT];

	if (name && source == SR_FROM_SERVICES)
		complete_offer(complete, typed, name, sr_proto_name(service->proto));
	for (size_t i = 0; source == SR_FROM_FRONTENDS && i < service->num_frontends; i++) {
		place.addr = service->frontends[i].at.addr;
		place.port = service->frontends[i].at.port;
		if (place.port)
			complete_offer(complete, typed, sr_hostport_format(text, &place), name ? name : "");
	}
}

static void complete_services(const struct complete *complete, const char *typed, enum sr_source source)
{
	const char *instance = complete->instance ? complete->instance : SR_INSTANCE_DEFAULT;
	sr_autodatapath struct sr_datapath *datapath = NULL;
	sr_autoservices struct sr_services services = {};
	struct sr_error err;

	if (sr_datapath_open(&datapath, instance, SR_ACCESS_READ, &err) < 0 ||
	    sr_maps_read(datapath, &services, &err) < 0)
		return;
	for (size_t i = 0; i < services.num; i++)
		complete_service(complete, typed, &services.item[i], source);
}

/* --- values and options ------------------------------------------------------------------- */

static bool complete_is_format(const struct complete *complete, const struct sr_option *option, size_t index)
{
	if (strcmp(option->name, "output") != 0 || !complete->command || index == SR_FORMAT_TABLE)
		return true;
	return complete->command->formats & 1u << index;
}

static void complete_value(const struct complete *complete, const struct sr_option *option, const char *typed)
{
	for (size_t i = 0; option->words && option->words[i]; i++)
		if (complete_is_format(complete, option, i))
			complete_offer(complete, typed, option->words[i], "");
	switch (option->type->source) {
	case SR_FROM_ANSWERS:
		complete_offer(complete, typed, "yes", "");
		complete_offer(complete, typed, "no", "");
		break;
	case SR_FROM_FILES:
		fputs(":files\n", complete->file);
		break;
	case SR_FROM_DEVICES:
		complete_devices(complete, typed);
		break;
	case SR_FROM_INSTANCES:
		complete_instances(complete, typed);
		break;
	case SR_FROM_COMMANDS:
		complete_commands(complete, typed);
		break;
	case SR_FROM_FRONTENDS:
	case SR_FROM_SERVICES:
		complete_services(complete, typed, option->type->source);
		break;
	case SR_FROM_NOWHERE:
		break;
	}
}

static void complete_options(const struct complete *complete, const char *typed, const struct sr_option *table)
{
	bool is_global = table == sr_global_options;
	char text[64];

	for (; table && table->name; table++) {
		snprintf(text, sizeof(text), "--%s", table->name);
		if (!table->is_argument && (!is_global || sr_command_takes(complete->command, table)))
			complete_offer(complete, typed, text, table->help);
	}
}

/* --- the words so far --------------------------------------------------------------------- */

static const struct sr_option *complete_find(const struct complete *complete, const char *name, size_t length,
					     char letter)
{
	const struct sr_option *option = sr_option_find(sr_global_options, name, length, letter);

	return option || !complete->command ? option : sr_option_find(complete->command->options, name, length, letter);
}

static void complete_long(struct complete *complete, const char *text)
{
	size_t length = strcspn(text, "=");
	const struct sr_option *option = complete_find(complete, text, length, '\0');

	if (option && !text[length] && option->type->value == SR_VALUE_REQUIRED)
		complete->option = option;
	if (option && text[length] && option->type->source == SR_FROM_INSTANCES)
		complete->instance = text + length + 1;
}

static void complete_letters(struct complete *complete, const char *text)
{
	const struct sr_option *option;

	for (; *text; text++) {
		option = complete_find(complete, NULL, 0, *text);
		if (!option || option->type->value != SR_VALUE_REQUIRED)
			continue;
		complete->option = text[1] ? NULL : option;
		return;
	}
}

static void complete_word(struct complete *complete, const char *word)
{
	char name[64];

	if (complete->command) {
		complete->arguments++;
		/* help's argument may be of two words. */
		if (sr_command_is_group(word))
			complete->group = word;
		return;
	}
	snprintf(name, sizeof(name), "%s%s%s", complete->group ? complete->group : "", complete->group ? " " : "",
		 word);
	complete->command = sr_command_find(name);
	complete->is_lost = !complete->command && (complete->group || !sr_command_is_group(word));
	complete->group = complete->command ? NULL : word;
}

static void complete_pass(struct complete *complete, const char *word)
{
	if (complete->option) {
		if (complete->option->type->source == SR_FROM_INSTANCES)
			complete->instance = word;
		complete->option = NULL;
	} else if (complete->only_arguments || word[0] != '-' || !word[1]) {
		complete_word(complete, word);
	} else if (word[1] != '-') {
		complete_letters(complete, word + 1);
	} else if (word[2]) {
		complete_long(complete, word + 2);
	} else {
		complete->only_arguments = true;
	}
}

/* --name=VALUE */
static void complete_assignment(struct complete *complete, const char *typed, size_t length)
{
	const struct sr_option *option = complete_find(complete, typed + 2, length - 2, '\0');
	char before[64];

	if (!option || option->type->value == SR_VALUE_NONE || length + 2 > sizeof(before))
		return;
	snprintf(before, sizeof(before), "%.*s", (int)length + 1, typed);
	complete->before = before;
	complete_value(complete, option, typed + length + 1);
	complete->before = "";
}

void sr_complete(FILE *file, char *const *words, int num)
{
	struct complete complete = {.file = file, .before = ""};
	const char *typed = num > 0 ? words[num - 1] : "";
	const struct sr_option *argument;

	for (int i = 0; i < num - 1; i++)
		complete_pass(&complete, words[i]);

	if (complete.is_lost)
		return;
	if (complete.option) {
		complete_value(&complete, complete.option, typed);
	} else if (!complete.only_arguments && strncmp(typed, "--", 2) == 0 && strchr(typed, '=')) {
		complete_assignment(&complete, typed, strcspn(typed, "="));
	} else if (!complete.only_arguments && typed[0] == '-') {
		complete_options(&complete, typed, complete.command ? complete.command->options : NULL);
		complete_options(&complete, typed, sr_global_options);
	} else if (!complete.command) {
		complete_commands(&complete, typed);
	} else {
		argument = sr_argument_find(complete.command->options, complete.arguments);
		if (argument)
			complete_value(&complete, argument, typed);
	}
}
