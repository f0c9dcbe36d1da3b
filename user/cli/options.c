// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How values are read. Those that mean something are kept as text, which is
 * what settings are made of, but refused here if they make no sense.
 */
#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/node_ports.h"
#include "cli/sizes.h"
#include "model/addr.h"
#include "model/claims.h"
#include "model/pool.h"

#define INSTANCE_MAX 63

static int flag_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	(void)option;
	(void)text;
	(void)err;
	*(bool *)field = true;
	return 0;
}

static int answer_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	enum sr_answer *answer = field;

	(void)option;
	if (text && strcmp(text, "no") == 0)
		*answer = SR_ANSWER_NO;
	else if (!text || strcmp(text, "yes") == 0)
		*answer = SR_ANSWER_YES;
	else if (!text[0])
		*answer = SR_ANSWER_FORGET;
	else
		return sr_fail(err, -EINVAL, "'%s' is neither yes nor no", text);
	return 0;
}

static int text_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	(void)option;
	return sr_string_set(field, text) < 0 ? sr_fail(err, -ENOMEM, "out of memory") : 0;
}

/* "auto, native, generic or off" */
static void word_list(const char *const *words, char *out, size_t size)
{
	size_t length = 0;

	out[0] = '\0';
	for (size_t i = 0; words[i]; i++) {
		const char *between = i == 0 ? "" : words[i + 1] ? ", " : " or ";

		if (length + strlen(between) + strlen(words[i]) >= size)
			return;
		length += strlen(strcpy(out + length, between));
		length += strlen(strcpy(out + length, words[i]));
	}
}

static int word_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	char list[256];

	if (!text[0])
		return text_parse(option, field, text, err);
	for (size_t i = 0; option->words[i]; i++) {
		if (strcmp(option->words[i], text) == 0)
			return text_parse(option, field, text, err);
	}

	word_list(option->words, list, sizeof(list));
	return sr_fail(err, -EINVAL, "'%s' is not %s", text, list);
}

static void text_clear(void *field)
{
	free(*(char **)field);
}

static int list_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	struct sr_strings *list = field;

	(void)option;
	if (!text[0])
		sr_strings_clear(list);
	else if (sr_strings_add(list, text) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	list->given = true;
	return 0;
}

/* Without a value all uplinks are meant. */
static int devices_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	return list_parse(option, field, text ? text : SR_ANNOUNCE_UPLINKS, err);
}

static int paths_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	if (!text[0])
		return sr_fail(err, -EINVAL, "a name is missing");
	return list_parse(option, field, text, err);
}

static void list_clear(void *field)
{
	sr_strings_clear(field);
}

static int instance_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	if (!text[0] || strlen(text) > INSTANCE_MAX)
		return sr_fail(err, -EINVAL, "'%s': a name has 1..%d characters", text, INSTANCE_MAX);

	for (size_t i = 0; text[i]; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr("-_", text[i]))
			return sr_fail(err, -EINVAL, "'%s': a name is made of letters, digits, '-' and '_'", text);
	}
	return text_parse(option, field, text, err);
}

static int cidr_check(const char *text, struct sr_error *err)
{
	struct sr_cidr cidr;

	if (sr_cidr_parse(&cidr, text) < 0)
		return sr_fail(err, -EINVAL,
			       "'%s' is not a network (10.0.0.0/16, fd00::/64; bits beyond the length are 0)", text);
	return 0;
}

static int cidrs_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	int r = text[0] ? cidr_check(text, err) : 0;

	return r < 0 ? r : list_parse(option, field, text, err);
}

static int subnets_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	const char *equals = strchr(text, '=');
	int r = 0;

	if (text[0] && (!equals || equals == text))
		return sr_fail(err, -EINVAL, "'%s' is not NAME=CIDR (services=10.240.16.0/24)", text);
	/* Leases go by their pool's name. */
	if (equals && strncmp(text, SR_POOL_SERVICES "=", strlen(SR_POOL_SERVICES "=")) == 0)
		return sr_fail(err, -EINVAL, "a subnet cannot be named '%s': that is the pool of ClusterIPs",
			       SR_POOL_SERVICES);
	if (text[0])
		r = cidr_check(equals + 1, err);
	return r < 0 ? r : list_parse(option, field, text, err);
}

int sr_ports_parse(unsigned int *low, unsigned int *high, const char *text)
{
	unsigned int from, to;
	char rest;

	if (!isdigit((unsigned char)text[0]) || strspn(text, "0123456789-") != strlen(text))
		return -EINVAL;
	if (sscanf(text, "%5u-%5u%c", &from, &to, &rest) != 2 || from < 1 || to > 65535 || from > to)
		return -EINVAL;

	*low = from;
	*high = to;
	return 0;
}

static int ports_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	unsigned int low, high;

	if (text[0] && sr_ports_parse(&low, &high, text) < 0)
		return sr_fail(err, -EINVAL, "'%s' is not a range of ports (LO-HI, 1..65535)", text);
	return text_parse(option, field, text, err);
}

/* Said in several pieces it is one list, in which nothing may be said twice; '' empties it. */
static int sizes_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	const char *before = *(char **)field;
	sr_autofree char *both = NULL;
	struct sr_sizes sizes;
	int r;

	if (!text[0])
		return text_parse(option, field, text, err);
	if (asprintf(&both, "%s%s%s", before ? before : "", before && before[0] ? "," : "", text) < 0) {
		both = NULL;
		return sr_fail(err, -ENOMEM, "out of memory");
	}
	r = sr_sizes_parse(&sizes, both, err);
	return r < 0 ? r : text_parse(option, field, both, err);
}

static int nodeports_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	__attribute__((cleanup(sr_node_port_addresses_clear))) struct sr_node_port_addresses addresses = {};
	int r = text[0] ? sr_node_port_addresses_parse(&addresses, text, err) : 0;

	return r < 0 ? r : text_parse(option, field, text, err);
}

static int node_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	for (size_t i = 0; text[i]; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr("-.", text[i]))
			return sr_fail(err, -EINVAL, "'%s' is not a node's name (letters, digits, '-' and '.')", text);
	}
	return text_parse(option, field, text, err);
}

/* Numbers that the kernel and routing daemons use: linux/rtnetlink.h. */
static bool protocol_is_taken(unsigned int number)
{
	return number < 19 || number == 42 || number == 99 || (number >= 186 && number <= 192);
}

static int protocol_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	bool is_number = strlen(text) <= 3 && strspn(text, "0123456789") == strlen(text);
	unsigned int number = is_number ? strtoul(text, NULL, 10) : 0;

	if (text[0] && (!is_number || number > 255 || protocol_is_taken(number)))
		return sr_fail(err, -EINVAL,
			       "'%s' is no free protocol number of routes (19..41, 43..98, 100..185, 193..255)", text);
	return text_parse(option, field, text, err);
}

#define SYN_LIMIT_MAX 100000000

static int syn_limit_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	bool is_number = text[0] && strlen(text) <= 9 && strspn(text, "0123456789") == strlen(text);
	unsigned long number = is_number ? strtoul(text, NULL, 10) : 0;

	if (text[0] && strcmp(text, option->words[0]) != 0 && (number < 1 || number > SYN_LIMIT_MAX))
		return sr_fail(err, -EINVAL, "'%s' is not a number of flows a second (1..%d), or off", text,
			       SYN_LIMIT_MAX);
	return text_parse(option, field, text, err);
}

static int seconds_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	bool is_number = text[0] && strlen(text) <= 5 && strspn(text, "0123456789") == strlen(text);
	unsigned long number = is_number ? strtoul(text, NULL, 10) : 0;

	(void)option;
	if (number < 1 || number > 86400)
		return sr_fail(err, -EINVAL, "'%s' is not a number of seconds (1..86400)", text);
	*(uint32_t *)field = number;
	return 0;
}

const struct sr_option_type sr_type_flag = {.parse = flag_parse};
const struct sr_option_type sr_type_answer = {
	.parse = answer_parse,
	.value = SR_VALUE_OPTIONAL,
	.source = SR_FROM_ANSWERS,
};
const struct sr_option_type sr_type_text = {.parse = text_parse, .clear = text_clear, .value = SR_VALUE_REQUIRED};
const struct sr_option_type sr_type_word = {.parse = word_parse, .clear = text_clear, .value = SR_VALUE_REQUIRED};
const struct sr_option_type sr_type_list = {
	.parse = list_parse,
	.clear = list_clear,
	.value = SR_VALUE_REQUIRED,
	.repeats = true,
	.source = SR_FROM_DEVICES,
};
const struct sr_option_type sr_type_devices = {
	.parse = devices_parse,
	.clear = list_clear,
	.value = SR_VALUE_OPTIONAL,
	.repeats = true,
	.source = SR_FROM_DEVICES,
};
const struct sr_option_type sr_type_paths = {
	.parse = paths_parse,
	.clear = list_clear,
	.value = SR_VALUE_REQUIRED,
	.repeats = true,
	.source = SR_FROM_FILES,
};

const struct sr_option_type sr_type_instance = {
	.parse = instance_parse,
	.clear = text_clear,
	.value = SR_VALUE_REQUIRED,
	.source = SR_FROM_INSTANCES,
};
const struct sr_option_type sr_type_cidrs = {
	.parse = cidrs_parse,
	.clear = list_clear,
	.value = SR_VALUE_REQUIRED,
	.repeats = true,
};
const struct sr_option_type sr_type_subnets = {
	.parse = subnets_parse,
	.clear = list_clear,
	.value = SR_VALUE_REQUIRED,
	.repeats = true,
};
const struct sr_option_type sr_type_ports = {
	.parse = ports_parse,
	.clear = text_clear,
	.value = SR_VALUE_REQUIRED,
};

const struct sr_option_type sr_type_syn_limit = {
	.parse = syn_limit_parse,
	.clear = text_clear,
	.value = SR_VALUE_REQUIRED,
};

const struct sr_option_type sr_type_sizes = {
	.parse = sizes_parse,
	.clear = text_clear,
	.value = SR_VALUE_REQUIRED,
	.repeats = true,
};
const struct sr_option_type sr_type_protocol = {
	.parse = protocol_parse,
	.clear = text_clear,
	.value = SR_VALUE_REQUIRED,
};
const struct sr_option_type sr_type_nodeports = {
	.parse = nodeports_parse,
	.clear = text_clear,
	.value = SR_VALUE_REQUIRED,
};
const struct sr_option_type sr_type_seconds = {.parse = seconds_parse, .value = SR_VALUE_REQUIRED};
const struct sr_option_type sr_type_node = {
	.parse = node_parse,
	.clear = text_clear,
	.value = SR_VALUE_REQUIRED,
};
