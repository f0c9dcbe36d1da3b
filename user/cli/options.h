/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Options as tables: what a command line is read by is what its help is
 * written from, so that the help cannot lie.
 */
#ifndef SVCROUTE_CLI_OPTIONS_H
#define SVCROUTE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/strings.h"

struct sr_error;
struct sr_option;

enum sr_option_value {
	SR_VALUE_NONE,
	SR_VALUE_REQUIRED,
	SR_VALUE_OPTIONAL, /* --name or --name=value */
};

/* What there is of a kind, for a shell to complete. */
enum sr_source {
	SR_FROM_NOWHERE,
	SR_FROM_ANSWERS, /* yes, no */
	SR_FROM_FILES,
	SR_FROM_DEVICES,
	SR_FROM_INSTANCES,
	SR_FROM_COMMANDS,
	SR_FROM_FRONTENDS,
	SR_FROM_SERVICES,
};

/* How a value gets into its field, and what the field owns out of it. */
struct sr_option_type {
	/*
	 * `text` is NULL where no value was given. 0, or -EINVAL with what was
	 * expected; the caller says of which option.
	 */
	int (*parse)(const struct sr_option *option, void *field, const char *text, struct sr_error *err);
	void (*clear)(void *field); /* NULL: it owns nothing */
	enum sr_option_value value;
	bool repeats;
	enum sr_source source;
};

/* An option, or an argument without a name of its own. Tables end in {}. */
struct sr_option {
	const char *name; /* "uplink"; of an argument what help calls it */
	char letter;	  /* 'f' for -f; 0: none */
	bool is_argument;
	bool required;
	const struct sr_option_type *type;
	size_t offset;		  /* of the field in the command's options */
	const char *value;	  /* what help calls the value: "DEV" */
	const char *const *words; /* what a value may be, or among others; ends in NULL */
	const char *help;
};

enum sr_answer {
	SR_ANSWER_UNSET,
	SR_ANSWER_NO,
	SR_ANSWER_YES,
	SR_ANSWER_FORGET, /* '': what was kept is unset again */
};

/* Types that know no more than text; the field's type is in brackets. */
extern const struct sr_option_type sr_type_flag;    /* (bool) */
extern const struct sr_option_type sr_type_answer;  /* (enum sr_answer) --name, --name=yes, --name=no, --name= */
extern const struct sr_option_type sr_type_text;    /* (char *) */
extern const struct sr_option_type sr_type_word;    /* (char *) one of option->words, or '' */
extern const struct sr_option_type sr_type_list;    /* (struct sr_strings) '' empties it */
extern const struct sr_option_type sr_type_devices; /* (struct sr_strings) --name: "uplinks"; --name=DEV */
extern const struct sr_option_type sr_type_paths;   /* (struct sr_strings) '' is refused */

/* Types of values that mean something. '' empties these, too. */
extern const struct sr_option_type sr_type_instance;  /* (char *) a name a folder can have */
extern const struct sr_option_type sr_type_cidrs;     /* (struct sr_strings) networks */
extern const struct sr_option_type sr_type_subnets;   /* (struct sr_strings) NAME=CIDR */
extern const struct sr_option_type sr_type_ports;     /* (char *) LO-HI */
extern const struct sr_option_type sr_type_syn_limit; /* (char *) flows a second, or off */
extern const struct sr_option_type sr_type_sizes;     /* (char *) services=N,backends=N,connections=N */
extern const struct sr_option_type sr_type_nodeports; /* (char *) primary, all or CIDR[,CIDR...] */
extern const struct sr_option_type sr_type_protocol;  /* (char *) of routes: a number that is nobody's */
extern const struct sr_option_type sr_type_seconds;   /* (uint32_t) 1..86400 */
extern const struct sr_option_type sr_type_node;      /* (char *) a node's name, or none */

/* By its name, or by its letter if that is not 0; NULL: it is not there. */
const struct sr_option *sr_option_find(const struct sr_option *table, const char *name, size_t length, char letter);
/* The table's argument of that index; the last one may take all the rest. */
const struct sr_option *sr_argument_find(const struct sr_option *table, size_t index);

/* Of the fields that `options` holds, give back what they own. */
void sr_options_clear(const struct sr_option *table, void *options);

/* LO-HI, or -EINVAL. */
int sr_ports_parse(unsigned int *low, unsigned int *high, const char *text);

#endif
