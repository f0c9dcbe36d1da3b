// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the running kernel's verifier says of each program, as TAP: how many
 * instructions it had to process, and how deep the stack is. Later kernels are
 * faster to prune, older ones refuse earlier: so there is a bar of our own, far
 * below the kernel's.
 *
 * Twice: as they are for ever, and as they are while the tables of connections are
 * replaced (bpf/find.h).
 *
 *	verifier FILE.bpf.o
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "svcroute/abi.h"

#define MAX_PROCESSED	       100000
#define MAX_PROCESSED_REPLACED 200000 /* for a second at most */
#define MAX_PROGRAMS	       64

#define CONN_WORDS (sizeof(struct sr_conn) / 8)

#define LOG_STATS 4 /* BPF_LOG_STATS: the sums, not the steps */
#define LOG_SIZE  4096

struct verdict {
	const struct bpf_program *program;
	char log[LOG_SIZE];
};

static char last_error[512];

/* What libbpf complains of; kept for the one line that tells of it. */
static int keep_error(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN && !last_error[0])
		vsnprintf(last_error, sizeof(last_error), format, args);
	return 0;
}

/* "stack depth 224+192+120": 224 for the program itself, the others for its subprograms. */
static const char *stack_depth(const char *log)
{
	static char depth[256];
	const char *found = strstr(log, "stack depth ");

	depth[0] = 0;
	if (found)
		sscanf(found, "stack depth %255s", depth);
	return depth;
}

static bool report(int number, const struct verdict *verdict, bool replaced)
{
	unsigned int most = replaced ? MAX_PROCESSED_REPLACED : MAX_PROCESSED;
	const char *found = strstr(verdict->log, "processed ");
	unsigned int processed = 0;
	bool ok = found && sscanf(found, "processed %u", &processed) == 1 && processed <= most;

	printf("%s %d - %-16s %6u instructions processed, stack %s%s\n", ok ? "ok" : "not ok", number,
	       bpf_program__name(verdict->program), processed, stack_depth(verdict->log),
	       replaced ? ", while tables are replaced" : "");
	if (!ok)
		printf("# more than %u, or none: %s\n", most, verdict->log);
	return ok;
}

static size_t give_logs(struct bpf_object *object, struct verdict *verdicts)
{
	struct bpf_program *program;
	size_t num = 0;

	bpf_object__for_each_program (program, object) {
		if (num == MAX_PROGRAMS)
			break;
		verdicts[num].program = program;
		bpf_program__set_log_level(program, LOG_STATS);
		bpf_program__set_log_buf(program, verdicts[num].log, LOG_SIZE);
		num++;
	}
	return num;
}

/* The program that was refused is the last that has a log. */
static void report_refusal(const struct verdict *verdicts, size_t num)
{
	printf("Bail out! the programs do not load: %s\n", last_error);
	while (num && !verdicts[num - 1].log[0])
		num--;
	if (num)
		printf("%s\n", verdicts[num - 1].log);
}

/* A constant of the programs, by its name; NULL: there is none. */
static uint32_t *constant(struct bpf_object *object, const char *name)
{
	struct btf *btf = bpf_object__btf(object);
	const struct btf_type *section = btf__type_by_id(btf, btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC));
	struct bpf_map *map;
	size_t size;
	char *bytes;

	bpf_object__for_each_map (map, object) {
		if (!bpf_map__is_internal(map) || !strstr(bpf_map__name(map), ".rodata"))
			continue;
		bytes = (char *)bpf_map__initial_value(map, &size);
		for (int i = 0; section && i < btf_vlen(section); i++) {
			const struct btf_var_secinfo *variable = btf_var_secinfos(section) + i;
			const struct btf_type *type = btf__type_by_id(btf, variable->type);

			if (strcmp(btf__name_by_offset(btf, type->name_off), name) == 0)
				return (uint32_t *)(bytes + variable->offset);
		}
	}
	return NULL;
}

static int judge(struct bpf_object *object, int number, bool replaced)
{
	static struct verdict verdicts[MAX_PROGRAMS];
	size_t num = give_logs(object, verdicts);
	int failed = 0;

	if (bpf_object__load(object) < 0) {
		report_refusal(verdicts, num);
		return 1;
	}
	for (size_t i = 0; i < num; i++)
		failed += !report(number + (int)i + 1, &verdicts[i], replaced);
	return failed;
}

static size_t count_programs(struct bpf_object *object)
{
	struct bpf_program *program;
	size_t num = 0;

	bpf_object__for_each_program (program, object)
		num++;
	return num;
}

static int judge_file(const char *path, bool replaced)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	uint32_t *words = object ? constant(object, "sr_beside_words") : NULL;
	struct utsname kernel;
	size_t num;
	int failed;

	if (!words) {
		printf("Bail out! %s: %s\n", path, object ? "no sr_beside_words" : last_error);
		return 1;
	}
	*words = replaced ? CONN_WORDS : 0;
	num = count_programs(object);
	if (!replaced) {
		uname(&kernel);
		printf("1..%zu\n# Linux %s\n", 2 * num, kernel.release);
	}
	failed = judge(object, replaced ? num : 0, replaced);
	bpf_object__close(object);
	return failed;
}

int main(int argc, char **argv)
{
	int failed;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE.bpf.o\n", argv[0]);
		return 2;
	}
	libbpf_set_print(keep_error);
	failed = judge_file(argv[1], false);
	failed += judge_file(argv[1], true);
	return failed ? 1 : 0;
}
