// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From argv to an invocation: one walk from left to right. Options may stand
 * before and after arguments; a command's own come after its word.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/suggest.h"

struct walk {
	struct sr_invocation *out;
	char *const *argv;
	int argc;
	int next;
	const char *group;   /* "map", while its second word is awaited */
	size_t arguments;    /* read so far */
	bool only_arguments; /* after "--" */
	const char *bare;    /* the option just before, if it may have a value and got none */
};

/* The option, and in `*fields` the struct that it fills. */
static const struct sr_option *walk_find(struct walk *walk, const char *name, size_t length, char letter, void **fields)
{
	const struct sr_option *option = sr_option_find(sr_global_options, name, length, letter);

	*fields = &walk->out->globals;
	if (option || !walk->out->command)
		return option;

	*fields = walk->out->options;
	return sr_option_find(walk->out->command->options, name, length, letter);
}

static int walk_set(const struct sr_option *option, void *fields, const char *value, struct sr_error *err)
{
	int r = option->type->parse(option, (char *)fields + option->offset, value, err);

	if (r < 0)
		return sr_fail_prefix(err, "%s%s: ", option->is_argument ? "" : "--", option->name);
	return 0;
}

/* An option and its value, which is `value` or, if it must have one, the next word. */
static int walk_option(struct walk *walk, const struct sr_option *option, void *fields, const char *value,
		       struct sr_error *err)
{
	if (value && option->type->value == SR_VALUE_NONE)
		return sr_fail(err, -EINVAL, "--%s takes no value", option->name);
	if (!value && option->type->value == SR_VALUE_REQUIRED) {
		if (walk->next == walk->argc)
			return sr_fail(err, -EINVAL, "--%s needs a value: %s", option->name, option->value);
		value = walk->argv[walk->next++];
	}
	walk->bare = !value && option->type->value == SR_VALUE_OPTIONAL ? option->name : NULL;
	return walk_set(option, fields, value, err);
}

static int walk_fail_unknown(const struct walk *walk, const char *name, size_t length, struct sr_error *err)
{
	struct sr_suggestion best = {};

	sr_suggest_options(&best, name, length, sr_global_options);
	if (walk->out->command)
		sr_suggest_options(&best, name, length, walk->out->command->options);
	if (best.name)
		return sr_fail(err, -EINVAL, "there is no option --%.*s; did you mean --%s?", (int)length, name,
			       best.name);
	if (!walk->out->command)
		return sr_fail(err, -EINVAL, "there is no option --%.*s before a command", (int)length, name);
	return sr_fail(err, -EINVAL, "there is no option --%.*s ('svcroute help %s' lists them)", (int)length, name,
		       walk->out->command->name);
}

/* --name or --name=value */
static int walk_long(struct walk *walk, const char *text, struct sr_error *err)
{
	size_t length = strcspn(text, "=");
	const struct sr_option *option;
	void *fields;

	option = walk_find(walk, text, length, '\0', &fields);
	if (!option)
		return walk_fail_unknown(walk, text, length, err);
	return walk_option(walk, option, fields, text[length] ? text + length + 1 : NULL, err);
}

/* -q, -qv, -oVALUE or -o VALUE */
static int walk_letters(struct walk *walk, const char *text, struct sr_error *err)
{
	const struct sr_option *option;
	void *fields;
	int r = 0;

	for (; r == 0 && *text; text++) {
		option = walk_find(walk, NULL, 0, *text, &fields);
		if (!option)
			return sr_fail(err, -EINVAL, "there is no option -%c", *text);
		if (option->type->value == SR_VALUE_REQUIRED)
			return walk_option(walk, option, fields, text[1] ? text + 1 : NULL, err);
		r = walk_option(walk, option, fields, NULL, err);
	}
	return r;
}

static int walk_fail_command(const char *name, struct sr_error *err)
{
	struct sr_suggestion best = {};

	sr_suggest_commands(&best, name);
	if (best.name)
		return sr_fail(err, -EINVAL, "there is no command '%s'; did you mean '%s'?", name, best.name);
	return sr_fail(err, -EINVAL, "there is no command '%s' ('svcroute help' lists them)", name);
}

/* The command's word, or one of its two. */
static int walk_command(struct walk *walk, const char *word, struct sr_error *err)
{
	const char *group = walk->group;
	char name[64];

	if (!group && sr_command_is_group(word)) {
		walk->group = word;
		walk->out->topic = word;
		return 0;
	}

	snprintf(name, sizeof(name), "%s%s%s", group ? group : "", group ? " " : "", word);
	walk->out->topic = NULL;
	walk->out->command = sr_command_find(name);
	if (!walk->out->command)
		return walk_fail_command(name, err);

	walk->out->topic = walk->out->command->name;
	walk->out->options = calloc(1, walk->out->command->size ? walk->out->command->size : 1);
	return walk->out->options ? 0 : sr_fail(err, -ENOMEM, "out of memory");
}

static int walk_argument(struct walk *walk, const char *text, struct sr_error *err)
{
	const struct sr_option *argument;

	if (!walk->out->command)
		return walk_command(walk, text, err);

	argument = sr_argument_find(walk->out->command->options, walk->arguments++);
	if (!argument && walk->bare)
		return sr_fail(err, -EINVAL, "'%s' is one argument too many; as a value it is written --%s=%s", text,
			       walk->bare, text);
	if (!argument)
		return sr_fail(err, -EINVAL, "'%s' is one argument too many", text);
	return walk_set(argument, walk->out->options, text, err);
}

/* As every program is asked for it. */
static bool walk_asks_version(const struct walk *walk, const char *text)
{
	return !walk->out->command && !walk->group && (strcmp(text, "--version") == 0 || strcmp(text, "-V") == 0);
}

static int walk_word(struct walk *walk, struct sr_error *err)
{
	const char *text = walk->argv[walk->next++];

	if (walk_asks_version(walk, text))
		return walk_command(walk, "version", err);
	if (walk->only_arguments || text[0] != '-' || !text[1])
		return walk_argument(walk, text, err);
	walk->bare = NULL;
	if (text[1] != '-')
		return walk_letters(walk, text + 1, err);
	if (text[2])
		return walk_long(walk, text + 2, err);

	walk->only_arguments = true;
	return 0;
}

static int walk_check_command(const struct walk *walk, struct sr_error *err)
{
	if (walk->out->command)
		return 0;
	if (walk->group)
		return sr_fail(err, -EINVAL, "what is to be done? 'svcroute help %s' lists it", walk->group);
	return sr_fail(err, -EINVAL, "which command? 'svcroute help' lists them");
}

static int walk_check_arguments(const struct walk *walk, struct sr_error *err)
{
	const struct sr_option *argument;
	size_t index = 0;

	for (argument = walk->out->command->options; argument && argument->name; argument++) {
		if (argument->is_argument && argument->required && index >= walk->arguments)
			return sr_fail(err, -EINVAL, "%s is missing", argument->name);
		index += argument->is_argument ? 1 : 0;
	}
	return 0;
}

static int walk_check_format(const struct walk *walk, struct sr_error *err)
{
	enum sr_format format = sr_globals_format(&walk->out->globals);

	if (format == SR_FORMAT_TABLE || walk->out->command->formats & (1u << format))
		return 0;
	return sr_fail(err, -EINVAL, "this command has no output of that format (-%s)",
		       walk->out->globals.output ? "o" : "j");
}

static int walk_check(const struct walk *walk, struct sr_error *err)
{
	const struct sr_invocation *out = walk->out;
	int r;

	r = walk_check_command(walk, err);
	if (r == 0)
		r = walk_check_arguments(walk, err);
	if (r == 0)
		r = walk_check_format(walk, err);
	if (r == 0 && out->command->check)
		r = out->command->check(out->options, err);
	return r;
}

/* Which command it was is told with what was wrong. */
static int walk_fail(const struct walk *walk, struct sr_error *err)
{
	return walk->out->topic ? sr_fail_prefix(err, "%s: ", walk->out->topic) : err->code;
}

int sr_invocation_parse(struct sr_invocation *out, int argc, char *const *argv, struct sr_error *err)
{
	struct walk walk = {.out = out, .argv = argv, .argc = argc, .next = 1};
	int r = 0;

	while (r == 0 && walk.next < argc)
		r = walk_word(&walk, err);
	if (r == 0 && !out->globals.help)
		r = walk_check(&walk, err);
	if (r == 0 && !out->globals.instance)
		r = sr_string_set(&out->globals.instance, SR_INSTANCE_DEFAULT);
	return r < 0 ? walk_fail(&walk, err) : 0;
}

void sr_invocation_clear(struct sr_invocation *invocation)
{
	if (invocation->command && invocation->options)
		sr_options_clear(invocation->command->options, invocation->options);
	free(invocation->options);
	sr_options_clear(sr_global_options, &invocation->globals);
	memset(invocation, 0, sizeof(*invocation));
}
