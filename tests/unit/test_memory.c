// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A cluster's dump is never held as a tree: jansson's memory is counted while
 * one of 10,000 services is read.
 */
#include "support.h"

#define NUM_SERVICES 10000

static size_t live, peak;

/* jansson's allocations, with their size before them. */
static void *count_malloc(size_t size)
{
	size_t *block = malloc(size + 16);

	if (!block)
		return NULL;
	*block = size;
	live += size;
	peak = live > peak ? live : peak;
	return (char *)block + 16;
}

static void count_free(void *pointer)
{
	size_t *block;

	if (!pointer)
		return;
	block = (void *)((char *)pointer - 16);
	live -= *block;
	free(block);
}

static void write_service(FILE *file, const char *end, int i, bool kind)
{
	fprintf(file,
		"{%s\"apiVersion\": \"v1\", \"metadata\": {\"name\": \"s%d\", \"labels\": {\"app\": \"x\"}, "
		"\"uid\": \"5377170f-bec2-4944-a2ce-55bcb6892532\"},\n"
		" \"spec\": {\"clusterIP\": \"10.%d.%d.%d\", \"type\": \"ClusterIP\", \"ports\": "
		"[{\"name\": \"http\", \"port\": 80, \"protocol\": \"TCP\", \"targetPort\": 8080}]}}%s\n",
		kind ? "\"kind\": \"Service\", " : "", i, i >> 16, i >> 8 & 255, i & 255, end);
}

static const char *dump(const char *name, const char *list_kind)
{
	const char *path = given_file(name, "");
	FILE *file = fopen(path, "w");
	int i;

	assert_non_null(file);
	fprintf(file, "{\"kind\": \"%s\", \"apiVersion\": \"v1\", \"items\": [\n", list_kind);
	for (i = 1; i <= NUM_SERVICES; i++)
		write_service(file, i < NUM_SERVICES ? "," : "", i, strcmp(list_kind, "List") == 0);
	fprintf(file, "]}\n");
	assert_int_equal(fclose(file), 0);
	return path;
}

static void expect_small(const char *name, const char *list_kind)
{
	const char *path = dump(name, list_kind);
	struct world world;
	struct sr_error err;

	json_set_alloc_funcs(count_malloc, count_free);
	live = peak = 0;
	world_begin(&world);
	assert_int_equal(sr_manifest_read(world.k8s, path, &err), 0);
	assert_int_equal(live, 0);
	/* One object's tree takes some 3 kB, the whole list's would take 30 MB. */
	assert_true(peak > 500);
	assert_true(peak < 16384);
	json_set_alloc_funcs(malloc, free);

	world_resolve(&world);
	assert_int_equal(world.services.num, NUM_SERVICES);
	world_end(&world);
	drop_file(path);
}

static void json_list(void **state)
{
	(void)state;
	expect_small("dump.json", "List");
}

static void json_service_list(void **state)
{
	(void)state;
	expect_small("dump.json", "ServiceList");
}

static void yaml_list(void **state)
{
	(void)state;
	expect_small("dump.yaml", "List");
}

/* That the count would tell: the same text as one tree. */
static void a_whole_tree_is_large(void **state)
{
	const char *path = dump("dump.json", "List");
	json_t *tree;

	(void)state;
	json_set_alloc_funcs(count_malloc, count_free);
	live = peak = 0;
	tree = json_load_file(path, 0, NULL);
	assert_non_null(tree);
	assert_true(peak > 1000 * 16384);
	json_decref(tree);
	json_set_alloc_funcs(malloc, free);
	drop_file(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_list),
		cmocka_unit_test(json_service_list),
		cmocka_unit_test(yaml_list),
		cmocka_unit_test(a_whole_tree_is_large),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
