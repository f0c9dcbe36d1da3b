// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the running kernel's verifier says of each program, as TAP: how many
 * instructions it had to process, and how deep the stack is. Later kernels are
 * faster to prune, older ones refuse earlier: so there is a bar of our own, far
 * below the kernel's.
 *
 * Three times: as they usually are, with all that options add, and with that while
 * the table of connections is replaced (bpf/table.h).
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

enum mode {
	MODE_USUAL,
	MODE_OPTIONS,
	MODE_REPLACED,
	NUM_MODES,
};

static bool report(int number, const struct verdict *verdict, enum mode mode)
{
	static const char *const notes[] = {"", ", with all options", ", while tables are replaced"};
	unsigned int most = mode == MODE_REPLACED ? MAX_PROCESSED_REPLACED : MAX_PROCESSED;
	const char *found = strstr(verdict->log, "processed ");
	unsigned int processed = 0;
	bool ok = found && sscanf(found, "processed %u", &processed) == 1 && processed <= most;

	printf("%s %d - %-16s %6u instructions processed, stack %s%s\n", ok ? "ok" : "not ok", number,
	       bpf_program__name(verdict->program), processed, stack_depth(verdict->log), notes[mode]);
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

/* False: there is no such constant. */
static bool set(struct bpf_object *object, const char *name, uint32_t value, size_t size)
{
	void *at = constant(object, name);

	if (at)
		memcpy(at, &value, size);
	return at;
}

static bool set_mode(struct bpf_object *object, enum mode mode)
{
	static const char *const switches[] = {"sr_dsr", "sr_forward_direct", "sr_terminate",
					       "sr_allow_external_clusterip", "sr_pod_sockets"};
	static const char *const numbers[] = {"sr_num_dsr_from", "sr_num_cluster_cidrs", "sr_num_service_cidrs"};
	bool ok = set(object, "sr_beside_words", mode == MODE_REPLACED ? CONN_WORDS : 0, sizeof(uint32_t));

	for (size_t i = 0; mode != MODE_USUAL && i < sizeof(switches) / sizeof(*switches); i++)
		ok &= set(object, switches[i], 1, sizeof(bool));
	for (size_t i = 0; mode != MODE_USUAL && i < sizeof(numbers) / sizeof(*numbers); i++)
		ok &= set(object, numbers[i], 1, sizeof(uint32_t));
	return ok;
}

static int judge(struct bpf_object *object, int number, enum mode mode)
{
	static struct verdict verdicts[MAX_PROGRAMS];
	size_t num = give_logs(object, verdicts);
	int failed = 0;

	if (bpf_object__load(object) < 0) {
		report_refusal(verdicts, num);
		return 1;
	}
	for (size_t i = 0; i < num; i++)
		failed += !report(number + (int)i + 1, &verdicts[i], mode);
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

static int judge_file(const char *path, enum mode mode)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct utsname kernel;
	size_t num;
	int failed;

	if (!object || !set_mode(object, mode)) {
		printf("Bail out! %s: %s\n", path, object ? "a constant is missing" : last_error);
		return 1;
	}
	num = count_programs(object);
	if (mode == MODE_USUAL) {
		uname(&kernel);
		printf("1..%zu\n# Linux %s\n", NUM_MODES * num, kernel.release);
	}
	failed = judge(object, (int)(mode * num), mode);
	bpf_object__close(object);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE.bpf.o\n", argv[0]);
		return 2;
	}
	libbpf_set_print(keep_error);
	for (enum mode mode = MODE_USUAL; mode < NUM_MODES; mode++)
		failed += judge_file(argv[1], mode);
	return failed ? 1 : 0;
}
