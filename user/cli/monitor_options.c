// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/monitor_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

static const char *const event_kinds[SR_EVENT_KINDS + 1] = {
	[SR_EVENT_NEW] = "new",		  [SR_EVENT_CLOSED] = "closed",		[SR_EVENT_DROPPED] = "dropped",
	[SR_EVENT_REJECTED] = "rejected", [SR_EVENT_PASSED] = "not-translated",
};

/* As `status` names them, for a shell to complete. */
static const char *const reason_words[] = {
#define X(code, name, text) name,
	SR_PASS_REASONS(X)
#undef X
#define X(code, name, text, refusal) name,
		SR_DROP_REASONS(X)
#undef X
			NULL,
};

static const char *const event_reasons[SR_REASON_MAX] = {
#define X(code, name, text) [SR_PASS_INDEX_##code] = name,
	SR_PASS_REASONS(X)
#undef X
#define X(code, name, text, refusal) [SR_DROP_INDEX_##code] = name,
		SR_DROP_REASONS(X)
#undef X
};

const char *sr_event_kind_name(uint8_t kind)
{
	return kind < SR_EVENT_KINDS ? event_kinds[kind] : "?";
}

const char *sr_event_reason_name(const struct sr_event *event)
{
	if (event->kind == SR_EVENT_CLOSED)
		return event->to.flags & SR_CONN_RESET			      ? "reset"
		       : (event->to.flags & SR_CONN_CLOSED) == SR_CONN_CLOSED ? "ended"
									      : "forgotten";
	if (event->reason >= SR_REASON_MAX || !event_reasons[event->reason])
		return "-";
	return event_reasons[event->reason];
}

/* The bits of the names that `text` lists. -EINVAL: `*unknown` is in none of them; -ENOMEM. */
static int names_parse(uint64_t *bits, const char *text, const char *const *names, size_t num, struct sr_error *err)
{
	sr_autofree char *copy = strdup(text);
	char *rest = copy, *name;

	if (!copy)
		return sr_fail(err, -ENOMEM, "out of memory");
	while ((name = strsep(&rest, ",")) != NULL) {
		size_t i = 0;

		while (i < num && (!names[i] || strcmp(names[i], name) != 0))
			i++;
		if (i == num)
			return sr_fail(err, -EINVAL, "'%s' is none; 'svcroute monitor --help' has them", name);
		*bits |= 1ull << i;
	}
	return 0;
}

static int kinds_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	uint64_t bits = 0;
	int r = names_parse(&bits, text, event_kinds, SR_EVENT_KINDS, err);

	(void)option;
	*(uint32_t *)field |= bits;
	return r;
}

static int reasons_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	(void)option;
	return names_parse(field, text, event_reasons, ARRAY_SIZE(event_reasons), err);
}

static int count_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	unsigned long number = strtoul(text, NULL, 10);

	(void)option;
	if (!number || strlen(text) > 9 || strspn(text, "0123456789") != strlen(text))
		return sr_fail(err, -EINVAL, "'%s' is not a number of events (1..999999999)", text);
	*(uint32_t *)field = number;
	return 0;
}

static const struct sr_option_type type_kinds = {.parse = kinds_parse, .value = SR_VALUE_REQUIRED, .repeats = true};
static const struct sr_option_type type_reasons = {.parse = reasons_parse, .value = SR_VALUE_REQUIRED, .repeats = true};
static const struct sr_option_type type_count = {.parse = count_parse, .value = SR_VALUE_REQUIRED};

const struct sr_option sr_monitor_options[] = {
	{
		.name = "event",
		.type = &type_kinds,
		.offset = offsetof(struct sr_monitor_options, kinds),
		.value = "EVENT[,EVENT...]",
		.words = event_kinds + SR_EVENT_NEW,
		.help = "new, closed, dropped, rejected, not-translated",
	},
	{
		.name = "reason",
		.type = &type_reasons,
		.offset = offsetof(struct sr_monitor_options, reasons),
		.value = "REASON[,REASON...]",
		.words = reason_words,
		.help = "packets with this end, by the names of 'status -v'",
	},
	{
		.name = "count",
		.letter = 'c',
		.type = &type_count,
		.offset = offsetof(struct sr_monitor_options, count),
		.value = "N",
		.help = "stop after so many",
	},
	SR_FLOW_OPTIONS(offsetof(struct sr_monitor_options, flows)),
	{},
};

/* --- which events ------------------------------------------------------------------------- */

#define PASSES	((1ull << SR_PASS_END) - 2) /* reasons are counted from 1 */
#define DROPS	((1ull << SR_DROP_END) - (1ull << SR_PASS_END))
#define REFUSED (1u << SR_EVENT_DROPPED | 1u << SR_EVENT_REJECTED)

/* What nobody asked for by name: of packets that pass, only those that should not. */
#define USUAL_PASSES (1ull << SR_PASS_INDEX_FRAGMENT | 1ull << SR_PASS_INDEX_MALFORMED)
#define ALL_KINDS    ((1u << SR_EVENT_KINDS) - 1)

/* A reason is asked of packets: who names one means those, unless they say otherwise. */
static uint32_t monitor_kinds(const struct sr_monitor_options *options)
{
	if (options->kinds)
		return options->kinds;
	return options->reasons ? REFUSED | 1u << SR_EVENT_PASSED : ALL_KINDS;
}

static uint64_t monitor_reasons(const struct sr_monitor_options *options)
{
	if (options->reasons)
		return options->reasons;
	return DROPS | (options->kinds ? PASSES : USUAL_PASSES);
}

uint64_t sr_monitor_wishes(const struct sr_monitor_options *options)
{
	uint32_t kinds = monitor_kinds(options);
	uint64_t wishes = 0, reasons = monitor_reasons(options);

	if (kinds & 1u << SR_EVENT_NEW)
		wishes |= 1ull << SR_WISH_NEW;
	if (kinds & 1u << SR_EVENT_CLOSED)
		wishes |= 1ull << SR_WISH_CLOSED;
	if (kinds & REFUSED)
		wishes |= reasons & DROPS;
	if (kinds & 1u << SR_EVENT_PASSED)
		wishes |= reasons & PASSES;
	return wishes;
}

bool sr_monitor_wants(const struct sr_monitor_options *options, const struct sr_event *event)
{
	return event->kind < SR_EVENT_KINDS && monitor_kinds(options) & 1u << event->kind;
}

int sr_monitor_check(const void *options, struct sr_error *err)
{
	const struct sr_monitor_options *opts = options;

	if (!sr_monitor_wishes(opts))
		return sr_fail(err, -EINVAL, "no such event has such a reason");
	return sr_flow_options_check(&opts->flows, err);
}
