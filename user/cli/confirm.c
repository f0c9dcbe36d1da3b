// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * svcroute confirm, and who waits for it. The file that the watcher has locked
 * says "PID DEADLINE", the latter by CLOCK_BOOTTIME, and at last how it ended:
 * who waits for the lock reads that.
 */
#include "cli/confirm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/draft.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/leases.h"
#include "cli/load.h"

#define CONFIRM_DONE	  SIGUSR1
#define CONFIRM_DROP	  SIGTERM
#define CONFIRM_CONFIRMED "confirmed\n"
#define CONFIRM_UNDONE	  "undone\n"

/* --- the file ----------------------------------------------------------------------------- */

struct pending {
	int fd;	   /* of the file */
	pid_t pid; /* 0: its time is over */
	long long deadline;
};

static long long confirm_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

static void confirm_write(int fd, const char *text)
{
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0)
		syslog(LOG_ERR, "cannot note '%.9s': %m", text);
}

/* -ENOENT: nothing waits; -ESRCH: a load does, and nobody with it any more. */
static int confirm_open(struct pending *out, const char *instance)
{
	sr_autofree char *path = sr_state_path(instance, "confirm");
	sr_autoclose int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	char text[64] = "";

	if (fd < 0)
		return path ? -errno : -ENOMEM;
	/* Who had it went: with the file if all is well, else without a word. */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return access(path, F_OK) == 0 ? -ESRCH : -ENOENT;
	if (pread(fd, text, sizeof(text) - 1, 0) < 0)
		return -errno;
	/* Else it is being undone this moment. */
	if (sscanf(text, "%d %lld", &out->pid, &out->deadline) != 2)
		*out = (struct pending){};
	out->fd = TAKE_FD(fd);
	return 0;
}

bool sr_confirm_is_pending(const char *instance, unsigned int *left)
{
	struct pending pending;
	long long now = confirm_now();

	if (confirm_open(&pending, instance) < 0)
		return false;
	close(pending.fd);
	*left = pending.deadline > now ? pending.deadline - now : 0;
	return true;
}

bool sr_confirm_is_lost(const char *instance)
{
	struct pending pending;
	int r = confirm_open(&pending, instance);

	if (r == 0)
		close(pending.fd);
	return r == -ESRCH;
}

void sr_confirm_forget_lost(const char *instance)
{
	sr_autofree char *path = sr_state_path(instance, "confirm");

	if (path && sr_confirm_is_lost(instance))
		unlink(path);
}

/* Tell the watcher and see him off. How it ended, in `text`. */
static int confirm_tell(const char *instance, int signal, char *text, size_t size)
{
	struct pending pending;
	int r = confirm_open(&pending, instance);
	ssize_t length;

	if (r < 0)
		return r;
	if (pending.pid > 0)
		kill(pending.pid, signal);
	flock(pending.fd, LOCK_EX);
	length = pread(pending.fd, text, size - 1, 0);
	text[length < 0 ? 0 : length] = '\0';
	close(pending.fd);
	return 0;
}

bool sr_confirm_drop(const char *instance)
{
	char text[64];
	int r = confirm_tell(instance, CONFIRM_DROP, text, sizeof(text));

	if (r == -ESRCH)
		sr_confirm_forget_lost(instance);
	return r == 0;
}

/* --- the watcher -------------------------------------------------------------------------- */

/* One terminal, and the session that it carries, may be lost by what was loaded. */
static void watcher_detach(int kept)
{
	int null;

	setsid();
	/* What the caller gave us, a lock or a pipe perhaps, is not ours to hold. */
	close_range(STDERR_FILENO + 1, kept - 1, 0);
	close_range(kept + 1, ~0U, 0);
	null = open("/dev/null", O_RDWR);
	if (chdir("/") < 0 || null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

/* The signal that came, or 0: none in all that time. */
static int watcher_wait(const sigset_t *signals, uint32_t seconds)
{
	const struct timespec second = {.tv_sec = 1};
	long long deadline = confirm_now() + seconds;
	int signal;

	while (confirm_now() < deadline) {
		signal = sigtimedwait(signals, NULL, &second);
		if (signal > 0)
			return signal;
	}
	return 0;
}

static int watcher_undo(struct sr_load *load, int fd)
{
	struct sr_error err = {};
	int r;

	/* Somebody went back by hand, and our programs would be the bad ones again. */
	if (sr_datapath_is_foreign(load->globals->instance)) {
		syslog(LOG_NOTICE, "instance '%s': another version of svcroute was loaded meanwhile: that stays",
		       load->globals->instance);
		return 0;
	}
	confirm_write(fd, CONFIRM_UNDONE);
	r = sr_load_restore(load, &err);
	if (r < 0)
		syslog(LOG_ERR, "instance '%s': not confirmed, and not rolled back: %s", load->globals->instance,
		       err.text);
	else
		syslog(LOG_WARNING, "instance '%s': not confirmed within %u s: rolled back", load->globals->instance,
		       load->options->confirm);
	return r;
}

/* A file that is left behind says that it did not work out. */
static _Noreturn void watcher_run(struct sr_load *load, int fd, const sigset_t *signals)
{
	sr_autofree char *path = sr_state_path(load->globals->instance, "confirm");
	int signal, r = 0;

	/* The lock of the instance is the loader's, who is not done. */
	sr_datapath_close(TAKE_PTR(load->datapath));
	watcher_detach(fd);
	openlog("svcroute", LOG_PID, LOG_DAEMON);
	signal = watcher_wait(signals, load->options->confirm);
	if (signal == CONFIRM_DONE)
		confirm_write(fd, CONFIRM_CONFIRMED);
	else if (!signal)
		r = watcher_undo(load, fd);
	if (path && r == 0)
		unlink(path);
	_exit(EXIT_SUCCESS);
}

static int confirm_create(const char *instance, struct sr_error *err)
{
	sr_autofree char *path = sr_state_path(instance, "confirm");
	sr_autoclose int folder = path ? sr_draft_folder(path, err) : sr_fail(err, -ENOMEM, "out of memory");
	sr_autoclose int fd = -1;

	if (folder < 0)
		return folder;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return sr_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return sr_fail(err, -EBUSY,
			       "a load waits to be confirmed already: 'svcroute confirm' or 'svcroute unload' first");
	return TAKE_FD(fd);
}

static int confirm_note(struct sr_load *load)
{
	return sr_notes_add(&load->notes, "this is rolled back in %u s, unless 'svcroute confirm' comes before",
			    load->options->confirm);
}

int sr_confirm_begin(struct sr_load *load, struct sr_error *err)
{
	sr_autoclose int fd = confirm_create(load->globals->instance, err);
	sigset_t signals, former;
	char text[64];

	if (fd < 0)
		return fd;
	if (confirm_note(load) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");

	sigemptyset(&signals);
	sigaddset(&signals, CONFIRM_DONE);
	sigaddset(&signals, CONFIRM_DROP);
	sigprocmask(SIG_BLOCK, &signals, &former);
	load->watcher = fork();
	if (load->watcher == 0) {
		signal(SIGHUP, SIG_IGN);
		signal(SIGINT, SIG_IGN);
		watcher_run(load, fd, &signals);
	}
	sigprocmask(SIG_SETMASK, &former, NULL);
	if (load->watcher < 0) {
		sr_fail(err, -errno, "fork: %s", strerror(errno));
		sr_cleanup_close(&fd);
		sr_confirm_forget_lost(load->globals->instance);
		return err->code;
	}
	snprintf(text, sizeof(text), "%d %lld\n", load->watcher, confirm_now() + load->options->confirm);
	confirm_write(fd, text);
	return 0;
}

void sr_confirm_cancel(struct sr_load *load)
{
	if (load->watcher <= 0)
		return;
	kill(load->watcher, CONFIRM_DROP);
	waitpid(load->watcher, NULL, 0);
	load->watcher = 0;
}

/* --- the command -------------------------------------------------------------------------- */

static int confirm_run(const struct sr_globals *globals, const void *options, struct sr_error *err)
{
	char text[64];
	int r = confirm_tell(globals->instance, CONFIRM_DONE, text, sizeof(text));

	(void)options;
	if (r == -ESRCH) {
		sr_confirm_forget_lost(globals->instance);
		snprintf(text, sizeof(text), CONFIRM_CONFIRMED);
		r = 0;
	}
	if (r == -ENOENT)
		return sr_fail(err, r, "no load of instance '%s' waits to be confirmed", globals->instance);
	if (r < 0)
		return sr_fail(err, r, "%s", strerror(-r));
	if (strcmp(text, CONFIRM_CONFIRMED) != 0)
		return sr_fail(err, -ETIME, "too late: the load of instance '%s' was rolled back", globals->instance);
	if (!globals->quiet)
		printf("the load of instance '%s' stays\n", globals->instance);
	return 0;
}

const struct sr_command sr_command_confirm = {
	.name = "confirm",
	.summary = "Keep what 'load --confirm' loaded",
	.details = "Until then, 'status' says how long it waits. Where it waits in vain, what was loaded before\n"
		   "is put back: services, addresses, options; or all is unloaded, if nothing was.",
	.run = confirm_run,
};
