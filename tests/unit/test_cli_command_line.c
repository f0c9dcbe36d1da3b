// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Command lines: what they mean, what is wrong with them, and the help. */
#include "support.h"

#include "cli/command.h"

struct fruit_options {
	struct sr_strings colours;
	struct sr_strings stones;
	char *ports;
	char *size;
	char *room;
	enum sr_answer ripe;
	bool peeled;
};

static int fruit_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	(void)globals;
	(void)options;
	(void)err;
	return 0;
}

static const char *const sizes[] = {"small", "large", NULL};

static const struct sr_option fruit_options[] = {
	{
		.name = "COLOUR",
		.is_argument = true,
		.required = true,
		.type = &sr_type_paths,
		.offset = offsetof(struct fruit_options, colours),
		.help = "its colours",
	},
	{
		.name = "stone",
		.letter = 's',
		.type = &sr_type_cidrs,
		.offset = offsetof(struct fruit_options, stones),
		.value = "CIDR",
		.help = "a network of stones",
	},
	{
		.name = "ports",
		.type = &sr_type_ports,
		.offset = offsetof(struct fruit_options, ports),
		.value = "LO-HI",
		.help = "a range\nof ports",
	},
	{
		.name = "size",
		.type = &sr_type_word,
		.offset = offsetof(struct fruit_options, size),
		.value = "small|large",
		.words = sizes,
		.help = "its size",
	},
	{
		.name = "room",
		.type = &sr_type_sizes,
		.offset = offsetof(struct fruit_options, room),
		.value = "services=N",
		.help = "room for it",
	},
	{
		.name = "ripe",
		.type = &sr_type_answer,
		.offset = offsetof(struct fruit_options, ripe),
		.value = "[=yes|no]",
		.help = "is it ripe?",
	},
	{
		.name = "peeled",
		.letter = 'p',
		.type = &sr_type_flag,
		.offset = offsetof(struct fruit_options, peeled),
		.help = "without its skin",
	},
	{},
};

static const struct sr_command apple = {
	.name = "apple",
	.summary = "Eat an apple",
	.run = fruit_run,
};

static const struct sr_command pear_cut = {
	.name = "pear cut",
	.summary = "Cut a pear",
	.details = "It is cut in two.",
	.options = fruit_options,
	.size = sizeof(struct fruit_options),
	.formats = SR_PRINTS(JSON),
	.run = fruit_run,
};

static const struct sr_command version = {
	.name = "version",
	.summary = "Show versions",
	.formats = SR_PRINTS(JSON),
};

const struct sr_command *const sr_commands[] = {&apple, &pear_cut, &version, NULL};

/* Read "svcroute ..." by the words of one string; '' is an empty word. */
static int parse(struct sr_invocation *out, const char *line, struct sr_error *err)
{
	char copy[256], *argv[32] = {"svcroute"}, *rest = copy, *word;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((word = strsep(&rest, " ")) != NULL) {
		if (word[0])
			argv[argc++] = strcmp(word, "''") == 0 ? "" : word;
	}
	memset(out, 0, sizeof(*out));
	return sr_invocation_parse(out, argc, argv, err);
}

static void refuse(const char *line, const char *text)
{
	sr_autoinvocation struct sr_invocation invocation;
	struct sr_error err = {};

	assert_int_equal(parse(&invocation, line, &err), -EINVAL);
	assert_string_equal(err.text, text);
}

static void globals_before_and_after(void **state)
{
	static const char *const lines[] = {"--instance blue -qv -o json pear cut red",
					    "pear --instance=blue cut -q -v -ojson red",
					    "pear cut red --instance blue --quiet --verbose --output json",
					    "-j --instance blue -q pear cut -v red"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		sr_autoinvocation struct sr_invocation invocation;
		struct sr_error err = {};

		assert_int_equal(parse(&invocation, lines[i], &err), 0);
		assert_ptr_equal(invocation.command, &pear_cut);
		assert_string_equal(invocation.globals.instance, "blue");
		assert_true(invocation.globals.quiet && invocation.globals.verbose);
		assert_int_equal(sr_globals_format(&invocation.globals), SR_FORMAT_JSON);
	}
}

static void options_and_arguments(void **state)
{
	sr_autoinvocation struct sr_invocation invocation;
	const struct fruit_options *fruit;
	struct sr_error err = {};

	(void)state;
	assert_int_equal(parse(&invocation,
			       "pear cut red -s 10.0.0.0/8 --stone=fd00::/64 -p --ripe=no green --ports 5-9 "
			       "--size large --stone 10.0.0.0/8 -- --blue -",
			       &err),
			 0);
	fruit = invocation.options;
	assert_int_equal(fruit->colours.num, 4);
	assert_string_equal(fruit->colours.item[2], "--blue");
	assert_string_equal(fruit->colours.item[3], "-");
	assert_int_equal(fruit->stones.num, 2);
	assert_string_equal(fruit->stones.item[1], "fd00::/64");
	assert_string_equal(fruit->ports, "5-9");
	assert_string_equal(fruit->size, "large");
	assert_int_equal(fruit->ripe, SR_ANSWER_NO);
	assert_true(fruit->peeled);
	assert_string_equal(invocation.globals.instance, SR_INSTANCE_DEFAULT);
}

static void empty_values(void **state)
{
	sr_autoinvocation struct sr_invocation invocation;
	const struct fruit_options *fruit;
	struct sr_error err = {};

	(void)state;
	assert_int_equal(parse(&invocation, "pear cut red --stone 10.0.0.0/8 --stone '' --ports= --size ''", &err), 0);
	fruit = invocation.options;
	assert_true(fruit->stones.given);
	assert_int_equal(fruit->stones.num, 0);
	assert_string_equal(fruit->ports, "");
	assert_string_equal(fruit->size, "");
}

static void expect_room(const char *line, const char *room)
{
	sr_autoinvocation struct sr_invocation invocation;
	struct sr_error err = {};

	assert_int_equal(parse(&invocation, line, &err), 0);
	assert_string_equal(((const struct fruit_options *)invocation.options)->room, room);
}

static void sizes_in_pieces(void **state)
{
	(void)state;
	expect_room("pear cut red --room services=5 --room backends=6,connections=7",
		    "services=5,backends=6,connections=7");
	expect_room("pear cut red --room services=5 --room '' --room services=6", "services=6");
	expect_room("pear cut red --room services=5 --room ''", "");
	refuse("pear cut red --room services=5 --room services=6", "pear cut: --room: 'services' is said twice");
}

static void wrong_command_lines(void **state)
{
	(void)state;
	refuse("", "which command? 'svcroute help' lists them");
	refuse("plum", "there is no command 'plum' ('svcroute help' lists them)");
	refuse("aple", "there is no command 'aple'; did you mean 'apple'?");
	refuse("pear", "pear: what is to be done? 'svcroute help pear' lists it");
	refuse("pear cutt red", "there is no command 'pear cutt'; did you mean 'pear cut'?");
	refuse("apple green", "apple: 'green' is one argument too many");
	refuse("pear cut", "pear cut: COLOUR is missing");
	refuse("pear cut ''", "pear cut: COLOUR: a name is missing");
	refuse("pear cut red --stoned x", "pear cut: there is no option --stoned; did you mean --stone?");
	refuse("pear cut red --nonsense",
	       "pear cut: there is no option --nonsense ('svcroute help pear cut' lists them)");
	refuse("--size small pear cut red", "there is no option --size before a command");
	refuse("pear cut red -x", "pear cut: there is no option -x");
	refuse("pear cut red --size", "pear cut: --size needs a value: small|large");
	refuse("pear cut red --size middling", "pear cut: --size: 'middling' is not small or large");
	refuse("pear cut red --peeled=yes", "pear cut: --peeled takes no value");
	refuse("pear cut red --ripe=maybe", "pear cut: --ripe: 'maybe' is neither yes nor no");
	refuse("pear cut red -o hosts", "pear cut: this command has no output of that format (-o)");
	refuse("apple -j", "apple: this command has no output of that format (-j)");
	refuse("apple --instance ../x", "apple: --instance: '../x': a name is made of letters, digits, '-' and '_'");
}

static void wrong_values(void **state)
{
	static const char *const stones[] = {"10.0.0.0", "10.0.0.0/33", "10.0.0.1/8", "banana", "fd00::/129", "/8"};
	static const char *const ports[] = {"5",    "9-5",  "0-5", "5-65536", "5-9x",
					    "-5-9", "5--9", "a-b", "5-9-11",  "+5-9"};
	char line[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stones) + ARRAY_SIZE(ports); i++) {
		bool stone = i < ARRAY_SIZE(stones);
		sr_autoinvocation struct sr_invocation invocation;
		struct sr_error err = {};

		snprintf(line, sizeof(line), "pear cut red --%s %s", stone ? "stone" : "ports",
			 stone ? stones[i] : ports[i - ARRAY_SIZE(stones)]);
		assert_int_equal(parse(&invocation, line, &err), -EINVAL);
	}
}

static void help_needs_nothing_else(void **state)
{
	sr_autoinvocation struct sr_invocation invocation;
	struct sr_error err = {};

	(void)state;
	assert_int_equal(parse(&invocation, "pear cut --help", &err), 0);
	assert_true(invocation.globals.help);
	assert_string_equal(invocation.topic, "pear cut");
}

static void version_as_every_program_is_asked(void **state)
{
	static const char *const lines[] = {"--version", "-V", "-j -V", "version"};
	struct sr_error err = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		sr_autoinvocation struct sr_invocation invocation;

		assert_int_equal(parse(&invocation, lines[i], &err), 0);
		assert_string_equal(invocation.command->name, "version");
	}
	{
		sr_autoinvocation struct sr_invocation invocation;

		assert_int_equal(parse(&invocation, "pear cut red -V", &err), -EINVAL);
	}
}

static void expect_help(const char *topic, const char *text)
{
	char out[4096] = "";
	FILE *file = fmemopen(out, sizeof(out), "w");

	assert_non_null(file);
	sr_help_print(file, topic);
	fclose(file);
	assert_non_null(strstr(out, text));
}

static void help_is_the_tables(void **state)
{
	(void)state;
	expect_help(NULL, "  pear cut                    Cut a pear\n");
	expect_help("pear", "usage: svcroute pear COMMAND ...\n\n  pear cut ");
	expect_help("apple", "usage: svcroute apple\n\nEat an apple.\n\nwith any command:\n");
	expect_help("pear cut", "usage: svcroute pear cut COLOUR... [OPTIONS]\n\nCut a pear.\nIt is cut in two.\n");
	expect_help("pear cut", "  -s, --stone CIDR            a network of stones; repeatable\n");
	expect_help("pear cut", "      --ports LO-HI           a range\n                              of ports\n");
	expect_help("pear cut", "      --ripe[=yes|no]         is it ripe?\n");
	expect_help("pear cut", "  COLOUR                      its colours\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globals_before_and_after),
		cmocka_unit_test(options_and_arguments),
		cmocka_unit_test(empty_values),
		cmocka_unit_test(sizes_in_pieces),
		cmocka_unit_test(wrong_command_lines),
		cmocka_unit_test(wrong_values),
		cmocka_unit_test(help_needs_nothing_else),
		cmocka_unit_test(version_as_every_program_is_asked),
		cmocka_unit_test(help_is_the_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
