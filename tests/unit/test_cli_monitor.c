// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which events a command line asks for. */
#include "support.h"

#include "cli/command.h"
#include "cli/monitor_options.h"

static int nothing(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	(void)globals;
	(void)options;
	(void)err;
	return 0;
}

static const struct sr_command monitor = {
	.name = "monitor",
	.options = sr_monitor_options,
	.size = sizeof(struct sr_monitor_options),
	.check = sr_monitor_check,
	.run = nothing,
};

const struct sr_command *const sr_commands[] = {&monitor, NULL};

static int parse(struct sr_invocation *out, const char *line, struct sr_error *err)
{
	char copy[256], *argv[32] = {"svcroute", "monitor"}, *rest = copy, *word;
	int argc = 2;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((word = strsep(&rest, " ")) != NULL)
		if (word[0])
			argv[argc++] = word;
	memset(out, 0, sizeof(*out));
	return sr_invocation_parse(out, argc, argv, err);
}

static uint64_t wishes(const char *line)
{
	sr_autoinvocation struct sr_invocation invocation;
	struct sr_error err = {};

	if (parse(&invocation, line, &err) < 0)
		fail_msg("%s: %s", line, err.text);
	return sr_monitor_wishes(invocation.options);
}

#define WISH(reason) (1ull << SR_##reason)
#define NEW	     WISH(WISH_NEW)
#define CLOSED	     WISH(WISH_CLOSED)

static uint64_t drops(void)
{
	uint64_t all = 0;

#define X(code, name, text, refusal) all |= WISH(DROP_INDEX_##code);
	SR_DROP_REASONS(X)
#undef X
	return all;
}

static uint64_t passes(void)
{
	uint64_t all = 0;

#define X(code, name, text) all |= WISH(PASS_INDEX_##code);
	SR_PASS_REASONS(X)
#undef X
	return all;
}

static void programs_are_asked_for_what_is_wanted(void **state)
{
	(void)state;
	assert_true(wishes("") == (NEW | CLOSED | drops() | WISH(PASS_INDEX_FRAGMENT) | WISH(PASS_INDEX_MALFORMED)));
	assert_true(wishes("--event new") == NEW);
	assert_true(wishes("--event new,closed") == (NEW | CLOSED));
	assert_true(wishes("--event dropped") == drops());
	assert_true(wishes("--event rejected --event closed") == (drops() | CLOSED));
	assert_true(wishes("--event not-translated") == passes());
	assert_true(wishes("--reason no-endpoint") == WISH(DROP_INDEX_NO_ENDPOINT));
	assert_true(wishes("--reason no-endpoint,not-a-service") ==
		    (WISH(DROP_INDEX_NO_ENDPOINT) | WISH(PASS_INDEX_NOT_A_SERVICE)));
	assert_true(wishes("--event new,dropped --reason martian") == (NEW | WISH(DROP_INDEX_MARTIAN)));
}

static bool wants(const char *line, uint8_t kind)
{
	sr_autoinvocation struct sr_invocation invocation;
	struct sr_event event = {.kind = kind};
	struct sr_error err = {};

	if (parse(&invocation, line, &err) < 0)
		fail_msg("%s: %s", line, err.text);
	return sr_monitor_wants(invocation.options, &event);
}

static void dropped_and_rejected_are_kept_apart(void **state)
{
	(void)state;
	assert_true(wants("--event dropped", SR_EVENT_DROPPED));
	assert_false(wants("--event dropped", SR_EVENT_REJECTED));
	assert_true(wants("--event rejected", SR_EVENT_REJECTED));
	assert_false(wants("--event rejected", SR_EVENT_DROPPED));
	assert_true(wants("--reason no-endpoint", SR_EVENT_DROPPED));
	assert_true(wants("--reason no-endpoint", SR_EVENT_REJECTED));
	assert_false(wants("", SR_EVENT_KINDS));
}

static void reasons_have_names(void **state)
{
	struct sr_event event = {.kind = SR_EVENT_DROPPED, .reason = SR_DROP_INDEX_NO_PORT};

	(void)state;
	assert_string_equal(sr_event_reason_name(&event), "no-source-port");
	event.reason = SR_REASON_MAX;
	assert_string_equal(sr_event_reason_name(&event), "-");
	event.kind = SR_EVENT_CLOSED;
	assert_string_equal(sr_event_reason_name(&event), "forgotten");
	event.to.flags = SR_CONN_FIN_CLIENT;
	assert_string_equal(sr_event_reason_name(&event), "forgotten");
	event.to.flags = SR_CONN_CLOSED;
	assert_string_equal(sr_event_reason_name(&event), "ended");
	event.to.flags = SR_CONN_CLOSED | SR_CONN_RESET;
	assert_string_equal(sr_event_reason_name(&event), "reset");
	assert_string_equal(sr_event_kind_name(SR_EVENT_PASSED), "not-translated");
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const char *const lines[][2] = {
		{"--event opened", "monitor: --event: 'opened' is none; 'svcroute monitor --help' has them"},
		{"--event new,", "monitor: --event: '' is none; 'svcroute monitor --help' has them"},
		{"--reason translated", "monitor: --reason: 'translated' is none; 'svcroute monitor --help' has them"},
		{"--event not-translated --reason martian", "monitor: no such event has such a reason"},
		{"--count 0", "monitor: --count: '0' is not a number of events (1..999999999)"},
		{"--count -1", "monitor: --count: '-1' is not a number of events (1..999999999)"},
		{"-4 -6", "monitor: -4 and -6 exclude each other"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		sr_autoinvocation struct sr_invocation invocation;
		struct sr_error err = {};

		assert_int_equal(parse(&invocation, lines[i][0], &err), -EINVAL);
		assert_string_equal(err.text, lines[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_are_asked_for_what_is_wanted),
		cmocka_unit_test(dropped_and_rejected_are_kept_apart),
		cmocka_unit_test(reasons_have_names),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
