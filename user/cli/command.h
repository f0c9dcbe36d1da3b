/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Commands, and how a command line becomes one: its words find the command,
 * the command's table reads the rest.
 */
#ifndef SVCROUTE_CLI_COMMAND_H
#define SVCROUTE_CLI_COMMAND_H

#include <stdio.h>

#include "cli/options.h"

#define SR_INSTANCE_DEFAULT "default"

enum sr_format {
	SR_FORMAT_TABLE,
	SR_FORMAT_JSON,
	SR_FORMAT_YAML,
	SR_FORMAT_HOSTS,
};

#define SR_PRINTS(format) (1u << SR_FORMAT_##format)

/* Options of every command, accepted before its word and after it. */
struct sr_globals {
	char *instance; /* never NULL once the command line is read */
	char *output;
	bool json;
	bool quiet;
	bool verbose;
	bool help;
};

struct sr_command {
	const char *name; /* "map add" */
	const char *summary;
	const char *details; /* for its own help; NULL: no more to say */
	const struct sr_option *options;
	size_t size;	      /* of the struct that the options fill */
	unsigned int formats; /* SR_PRINTS(...) | ...; 0: table only */
	/* What no single option can know. 0 or -EINVAL: a usage error. NULL: nothing. */
	int (*check)(const void *options, struct sr_error *err);
	/* 0 or -errno. */
	int (*run)(const struct sr_globals *globals, const void *options, struct sr_error *err);
};

extern const struct sr_command *const sr_commands[]; /* ends in NULL; main.c */
extern const struct sr_option sr_global_options[];

/* A command line, understood. */
struct sr_invocation {
	struct sr_globals globals;
	const struct sr_command *command; /* NULL: help for `topic` was asked for */
	const char *topic;		  /* a command, "map", or NULL: all of it */
	void *options;
};

/* 0, or -EINVAL with what is wrong with it: the user's error. */
int sr_invocation_parse(struct sr_invocation *out, int argc, char *const *argv, struct sr_error *err);
void sr_invocation_clear(struct sr_invocation *invocation);
#define sr_autoinvocation __attribute__((cleanup(sr_invocation_clear)))

enum sr_format sr_globals_format(const struct sr_globals *globals);

/* Has a global option a meaning for this command (NULL: any)? Formats have none where there are none. */
bool sr_command_takes(const struct sr_command *command, const struct sr_option *global);

/* The command of that name, or NULL. */
const struct sr_command *sr_command_find(const char *name);
/* Is it the first word of commands ("map")? */
bool sr_command_is_group(const char *word);

/* Help for a command, a group of them ("map"), or (NULL) the program. */
void sr_help_print(FILE *file, const char *topic);

#endif
