// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the running kernel's verifier says of each program, as TAP: how many
 * instructions it had to process, and how deep the stack is. Later kernels are
 * faster to prune, older ones refuse earlier: so there is a bar of our own, far
 * below the kernel's.
 *
 *	verifier FILE.bpf.o
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <bpf/libbpf.h>

#define MAX_PROCESSED 100000
#define MAX_PROGRAMS  64

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

static bool report(int number, const struct verdict *verdict)
{
	const char *found = strstr(verdict->log, "processed ");
	unsigned int processed = 0;
	bool ok = found && sscanf(found, "processed %u", &processed) == 1 && processed <= MAX_PROCESSED;

	printf("%s %d - %-16s %6u instructions processed, stack %s\n", ok ? "ok" : "not ok", number,
	       bpf_program__name(verdict->program), processed, stack_depth(verdict->log));
	if (!ok)
		printf("# more than %d, or none: %s\n", MAX_PROCESSED, verdict->log);
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

static int judge(struct bpf_object *object)
{
	static struct verdict verdicts[MAX_PROGRAMS];
	size_t num = give_logs(object, verdicts);
	struct utsname kernel;
	int failed = 0;

	if (bpf_object__load(object) < 0) {
		report_refusal(verdicts, num);
		return 1;
	}
	uname(&kernel);
	printf("1..%zu\n# Linux %s\n", num, kernel.release);
	for (size_t i = 0; i < num; i++)
		failed += !report((int)i + 1, &verdicts[i]);
	return failed;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	int failed;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE.bpf.o\n", argv[0]);
		return 2;
	}
	libbpf_set_print(keep_error);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object) {
		printf("Bail out! %s: %s\n", argv[1], last_error);
		return 1;
	}
	failed = judge(object);
	bpf_object__close(object);
	return failed ? 1 : 0;
}
