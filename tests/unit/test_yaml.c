// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Trees from YAML and JSON, streamed; trees to YAML.
 */
#include "support.h"

#include "model/json.h"
#include "model/yaml.h"

/* What the stream handed on, as JSON, one object a line. */
static char seen[4096];

static int see(void *context, const json_t *object, const struct sr_position *at, struct sr_error *err)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY);
	size_t length = strlen(seen);

	(void)context;
	(void)at;
	(void)err;
	snprintf(seen + length, sizeof(seen) - length, "%s\n", text);
	free(text);
	return 0;
}

static int read_text(const char *text, bool json, struct sr_error *err)
{
	static const char *const unread[] = {"other", "unread", NULL};
	struct sr_stream stream = {.object = see, .unread = unread};
	int r;

	seen[0] = '\0';
	r = json ? sr_json_read(text, strlen(text), &stream, err) : sr_yaml_read(text, strlen(text), &stream, err);
	sr_stream_clear(&stream);
	return r;
}

static void expect_yaml(const char *text, const char *expected)
{
	struct sr_error err = {};

	if (read_text(text, false, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(seen, expected);
}

static void expect_json(const char *text, const char *expected)
{
	struct sr_error err = {};

	if (read_text(text, true, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(seen, expected);
}

static void expect_fault(const char *text, bool json, const char *expected)
{
	struct sr_error err = {};

	assert_int_equal(read_text(text, json, &err), -EINVAL);
	assert_string_equal(err.text, expected);
}

static void plain_scalars(void **state)
{
	(void)state;
	expect_yaml("{a: 80, b: -1, c: +1, d: 0x1F, e: 017, f: 0o17, g: 0b101, h: 1_000, i: 0}",
		    "{\"a\":80,\"b\":-1,\"c\":1,\"d\":31,\"e\":15,\"f\":15,\"g\":5,\"h\":1000,\"i\":0}\n");
	expect_yaml("{a: 1.5, b: .5, c: 1e3, d: -2.5E-1, e: 99999999999999999999}",
		    "{\"a\":1.5,\"b\":0.5,\"c\":1000.0,\"d\":-0.25,\"e\":1e20}\n");
	expect_yaml("{a: 1e999, b: -1e999, c: .inf}", "{\"a\":\"1e999\",\"b\":\"-1e999\",\"c\":\".inf\"}\n");
	expect_yaml("{a: 1000000000000000000000000000000000000000000000000000000000000000000000}",
		    "{\"a\":1.0000000000000001e69}\n");
	expect_yaml("{a: yes, b: Off, c: TRUE, d: n, e: on}",
		    "{\"a\":true,\"b\":false,\"c\":true,\"d\":false,\"e\":true}\n");
	expect_yaml("a:\nb: ~\nc: null\n", "{\"a\":null,\"b\":null,\"c\":null}\n");
	expect_yaml(
		"{a: 10.96.0.1, b: 1.2.3, c: -, d: 12abc, e: 0x, f: '::1', g: yEs, h: 2026-11-22T20:10:17Z, i: 1:30}",
		"{\"a\":\"10.96.0.1\",\"b\":\"1.2.3\",\"c\":\"-\",\"d\":\"12abc\",\"e\":\"0x\",\"f\":\"::1\","
		"\"g\":\"yEs\",\"h\":\"2026-11-22T20:10:17Z\",\"i\":\"1:30\"}\n");
}

static void quoted_and_tagged_scalars(void **state)
{
	(void)state;
	expect_yaml("{a: '80', b: \"true\", c: !!str 80, d: !!int '80', f: ''}",
		    "{\"a\":\"80\",\"b\":\"true\",\"c\":\"80\",\"d\":80,\"f\":\"\"}\n");
	expect_yaml("a: |\n  80\nb: >-\n  x\n  y\n", "{\"a\":\"80\\n\",\"b\":\"x y\"}\n");
}

static void anchors_and_merge_keys(void **state)
{
	(void)state;
	expect_yaml("a: &x {p: 1, q: 2}\nb: *x\nc: {<<: *x, q: 3}\nd: {q: 4, <<: [{r: 5}, *x, {r: 6}]}\n",
		    "{\"a\":{\"p\":1,\"q\":2},\"b\":{\"p\":1,\"q\":2},\"c\":{\"q\":3,\"p\":1},"
		    "\"d\":{\"q\":4,\"r\":5,\"p\":1}}\n");
	expect_yaml("x: &x {p: 1}\nitems:\n- &i {<<: *x, kind: A}\n- *i\n",
		    "{\"kind\":\"A\",\"p\":1}\n{\"kind\":\"A\",\"p\":1}\n");
	expect_fault("a: &x [*x]\n", false, "1: no finished anchor before this alias: *x");
	expect_fault("a: &x 1\n---\nb: *x\n", false, "3: no finished anchor before this alias: *x");
	expect_fault("a: {<<: 5}\n", false, "1: what << merges is not an object");
}

/* They are null, but for what others may refer to, or may be a label. */
static void members_that_nobody_reads(void **state)
{
	(void)state;
	expect_yaml("unread: {a: [1, {b: 2}], c: d}\ne: {unread: {}, f: 6}\nother: []\n",
		    "{\"unread\":null,\"e\":{\"unread\":null,\"f\":6},\"other\":null}\n");
	expect_yaml("labels: {unread: blue, other: 5}\n", "{\"labels\":{\"unread\":\"blue\",\"other\":5}}\n");
	expect_fault("unread: *x\n", false, "1: no finished anchor before this alias: *x");
	expect_yaml("unread: {a: [&x 1, &y {b: 2}], c: [*x]}\nd: *x\ne: *y\nother: &z {f: 3}\ng: *z\n",
		    "{\"unread\":null,\"d\":1,\"e\":{\"b\":2},\"other\":{\"f\":3},\"g\":{\"f\":3}}\n");
	expect_yaml("items:\n- unread: {a: 1}\n  kind: A\n", "{\"unread\":null,\"kind\":\"A\"}\n");
	expect_fault("unread: [1\n", false,
		     "2: not YAML: while parsing a flow sequence, did not find expected ',' or ']'");
	expect_fault("unread: 1\nunread: 2\n", false, "2: a key that is given twice: unread");
}

/* Aliases are shared, not copied: a "billion laughs" takes no memory. */
static void many_aliases(void **state)
{
	char text[2000] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
	struct sr_error err;
	int i;

	(void)state;
	for (i = 1; i < 20; i++) {
		size_t length = strlen(text);

		snprintf(text + length, sizeof(text) - length, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
			 i - 1, i - 1, i - 1);
	}
	strcat(text, "items: [{kind: A}]\n");
	assert_int_equal(read_text(text, false, &err), 0);
	assert_string_equal(seen, "{\"kind\":\"A\"}\n");
}

static void many_documents(void **state)
{
	(void)state;
	expect_yaml("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n", "{\"a\":1}\n{\"b\":2}\n");
	expect_yaml("", "");
	expect_yaml("# nothing\n", "");
	expect_json("{\"a\":1} {\"b\":2}\n\n{}", "{\"a\":1}\n{\"b\":2}\n{}\n");
	expect_json("[{\"a\":1},\n{\"b\":2}]", "{\"a\":1}\n{\"b\":2}\n");
	expect_json(" \n", "");
	expect_json("[]", "");
}

static void lists(void **state)
{
	static const char before[] =
		"{\"kind\": \"ServiceList\", \"apiVersion\": \"v1\", \"items\": [{\"a\": 1}, {\"kind\": \"Own\"}]}";
	static const char after[] =
		"{\"items\": [{\"a\": 1}, {\"kind\": \"Own\"}], \"apiVersion\": \"v1\", \"kind\": \"ServiceList\"}";
	static const char items[] = "{\"a\":1,\"apiVersion\":\"v1\",\"kind\":\"Service\"}\n{\"kind\":\"Own\"}\n";

	(void)state;
	expect_json(before, items);
	expect_json(after, items);
	expect_yaml(before, items);
	expect_yaml(after, items);
	expect_json("{\"kind\": \"List\", \"items\": [{\"a\": 1}]}", "{\"a\":1}\n");
	expect_json("{\"kind\": \"List\", \"items\": []}", "");
	expect_yaml("kind: List\nitems: []\n", "");
	expect_yaml("kind: ServiceList\nitems:\n", "");
	expect_json("{\"kind\": \"ServiceList\", \"items\": null}", "");
}

static void yaml_faults(void **state)
{
	(void)state;
	expect_fault("a: 1\nb: [1\nc: 2\n", false,
		     "3: not YAML: while parsing a flow sequence, did not find expected ',' or ']'");
	expect_fault("a: 1\n\tb: 2\n", false,
		     "2: not YAML: while scanning a plain scalar, found a tab character that violates indentation");
	expect_fault("a: 1\nb: 2\na: 3\n", false, "3: a key that is given twice: a");
	expect_fault("a:\n  b: 2\n  b: 3\n", false, "3: a key that is given twice: b");
	expect_fault("a: 1\n---\n- 1\n", false, "3: expected an object (apiVersion, kind, metadata, ...)");
	expect_fault("a: 1\n---\nword\n", false, "3: expected an object (apiVersion, kind, metadata, ...)");
	expect_fault("a: \"x\\0y\"\n", false, "1: a character 0 in a string");
	expect_fault("a: 1\nb: \xff\n", false, "2: not YAML: invalid leading UTF-8 octet");
	expect_fault("a: 1\n[x, y]: 2\n", false, "2: a key must be a plain word or a string");
}

static void json_faults(void **state)
{
	(void)state;
	expect_fault("{\"a\": 1,\n\"b\": }", true, "2: not JSON: unexpected token near '}'");
	expect_fault("{\"a\": {\"b\":\n1,\n\"b\": 2}}", true, "3: not JSON: duplicate object key near '\"b\"'");
	expect_fault("{\"a\": 1,\n\"a\": 2}", true, "2: not JSON: a key that is given twice");
	expect_fault("{\"items\": [{},\n{}\n{}]}", true, "3: not JSON: expected ','");
	expect_fault("{\"a\": 1\n", true, "2: not JSON: expected ','");
	expect_fault("{\"a\": 1}\nx", true, "2: not JSON: expected '{'");
	expect_fault("{1: 2}", true, "1: not JSON: expected a key");
	expect_fault("[1]", true, "1: not JSON: expected '{'");
	expect_fault("{\"a\" 1}", true, "1: not JSON: expected ':'");
}

static void nested_too_deeply(void **state)
{
	char text[4000] = "a: ";
	struct sr_error err;

	(void)state;
	memset(text + 3, '[', 3000);
	assert_int_equal(read_text(text, false, &err), -EINVAL);
	assert_string_equal(err.text, "1: nested too deeply");
}

static void written_yaml_reads_the_same(void **state)
{
	static const char text[] =
		"{\"a\":\"80\",\"b\":80,\"c\":\"true\",\"d\":true,\"e\":null,\"f\":\"~\",\"g\":\"\",\"h\":[],\"i\":{},"
		"\"j\":[\"x\",[1,2],{\"k\":\"10.0.0.1\"}],\"on\":\"- x\",\"l\":\"a: b\",\"m\":\"{\\\"a:80\\\": 1}\","
		"\"n\":\"line\\nline\\n\",\"o\":\"\xc3\xa4\",\"p\":\"<<\",\"q\":1.5,\"r\":\" x \",\"s\":\"fd00::7\"}\n";
	sr_autofree char *out = NULL;
	struct sr_error err;
	json_t *tree;
	size_t size;
	FILE *file;

	(void)state;
	tree = json_loads(text, 0, NULL);
	assert_non_null(tree);
	file = open_memstream(&out, &size);
	assert_int_equal(sr_yaml_write(file, tree), 0);
	fclose(file);
	json_decref(tree);
	assert_int_equal(read_text(out, false, &err), 0);
	assert_string_equal(seen, text);
	assert_non_null(strstr(out, "k: 10.0.0.1\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_scalars),
		cmocka_unit_test(quoted_and_tagged_scalars),
		cmocka_unit_test(anchors_and_merge_keys),
		cmocka_unit_test(members_that_nobody_reads),
		cmocka_unit_test(many_aliases),
		cmocka_unit_test(many_documents),
		cmocka_unit_test(lists),
		cmocka_unit_test(yaml_faults),
		cmocka_unit_test(json_faults),
		cmocka_unit_test(nested_too_deeply),
		cmocka_unit_test(written_yaml_reads_the_same),
	};

	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
