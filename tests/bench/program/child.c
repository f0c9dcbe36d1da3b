// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../figure.h"
#include "base/cleanup.h"

#define CHILD_CALL_LIMIT 60

/* What it says is for nobody, but for its complaints. */
static void child_redirect(const char *input)
{
	int in = open(input ? input : "/dev/null", O_RDONLY), out = open("/dev/null", O_WRONLY);

	if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0) {
		perror(input);
		_exit(127);
	}
	close(in);
	close(out);
}

static void child_wait(pid_t child, double limit)
{
	sr_autoclose int fd = (int)syscall(SYS_pidfd_open, child, 0);
	struct pollfd end = {.fd = fd, .events = POLLIN};

	if (fd >= 0 && poll(&end, 1, (int)(limit * 1000)) == 0)
		kill(child, SIGKILL);
}

static int child_reap(struct child *out, pid_t child, double limit, double start)
{
	struct rusage used;
	int status;

	child_wait(child, limit);
	if (wait4(child, &status, 0, &used) < 0)
		return -1;
	out->ms = (figure_clock() - start) * 1000;
	out->mib = used.ru_maxrss / 1024.0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return -ETIME;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int child_run(struct child *out, const char *input, double limit, const char *const argv[])
{
	double start = figure_clock();
	pid_t child = fork();
	int r;

	if (child == 0) {
		child_redirect(input);
		execvp(argv[0], (char *const *)argv);
		perror(argv[0]);
		_exit(127);
	}
	r = child < 0 ? -1 : child_reap(out, child, limit, start);
	if (r < 0 && r != -ETIME)
		fprintf(stderr, "bench: %s failed\n", argv[0]);
	return r;
}

int child_call(struct child *out, int (*function)(const char *input), const char *input)
{
	double start = figure_clock();
	pid_t child = fork();

	if (child == 0)
		_exit(function(input) < 0);
	return child < 0 ? -1 : child_reap(out, child, CHILD_CALL_LIMIT, start);
}
