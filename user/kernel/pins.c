// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpffs: folders, pins, and the lock that lets one process at a time write. */
#include "kernel/pins.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "kernel/instance.h"

#define PINS_LOCK_WAIT_MS 30000
#define PINS_LOCK_STEP_MS 20
#define PINS_HALF_MADE	  "-new"

static const char *const pins_kinds[] = {"links", "progs", "maps"};

int sr_pins_name(struct sr_datapath *datapath, const char *instance, struct sr_error *err)
{
	size_t length = strlen(instance);

	if (length == 0 || length >= sizeof(datapath->instance))
		return sr_fail(err, -EINVAL, "instance '%s': a name has 1..%zu characters", instance,
			       sizeof(datapath->instance) - 1);
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)instance[i]) && !strchr("-_", instance[i]))
			return sr_fail(err, -EINVAL, "instance '%s': a name is made of letters, digits, '-' and '_'",
				       instance);

	memcpy(datapath->instance, instance, length + 1);
	snprintf(datapath->folder, sizeof(datapath->folder), "%s/%s", SR_PIN_ROOT, instance);
	return 0;
}

/* 0: there is none, or we may not look. */
static ino_t pins_namespace(int pid)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	return stat(path, &status) == 0 ? status.st_ino : 0;
}

/* The parent of a process, 0: none, or we may not look. */
static int pins_parent(int pid)
{
	sr_autofclose FILE *file = NULL;
	char path[64], line[512];
	const char *after;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	/* "PID (NAME) STATE PARENT": a name may have parentheses, too. */
	after = file && fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	return after && sscanf(after, ") %*c %d", &parent) == 1 ? parent : 0;
}

/*
 * A mount namespace that an ancestor does not share lives as long as its
 * processes do, and so would a bpffs mounted in it.
 */
static bool pins_are_in_passing(void)
{
	ino_t own = pins_namespace(getpid()), other;

	for (int pid = getppid(); own && pid > 0; pid = pins_parent(pid)) {
		other = pins_namespace(pid);
		if (other && other != own)
			return true;
	}
	return false;
}

int sr_pins_look(bool *mounted, struct sr_error *err)
{
	struct statfs fs;

	if (statfs(SR_BPFFS, &fs) < 0)
		return sr_fail(err, -errno, "%s: %s (does this kernel have CONFIG_BPF_SYSCALL, and is /sys mounted?)",
			       SR_BPFFS, strerror(errno));
	*mounted = fs.f_type == BPF_FS_MAGIC;
	if (*mounted || !pins_are_in_passing())
		return 0;
	return sr_fail(err, -EXDEV,
		       "%s is no bpffs in this mount namespace, and what is pinned in it would vanish with it; "
		       "where 'ip netns exec' made it, use 'nsenter --net=/run/netns/NAME' instead",
		       SR_BPFFS);
}

int sr_pins_mount(bool *mounted, struct sr_error *err)
{
	bool was_mounted = false;
	int r = sr_pins_look(&was_mounted, err);

	if (mounted)
		*mounted = false;
	if (r < 0 || was_mounted)
		return r;
	if (mount("bpf", SR_BPFFS, "bpf", 0, "mode=0700") < 0)
		return sr_fail(err, -errno, "cannot mount bpffs at %s: %s", SR_BPFFS, strerror(errno));
	if (mounted)
		*mounted = true;
	return 0;
}

static int pins_mkdir(const char *path, struct sr_error *err)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return sr_fail(err, -errno, "cannot make the folder %s: %s", path, strerror(errno));
	return 0;
}

static int pins_make_folders(const struct sr_datapath *datapath, struct sr_error *err)
{
	char path[SR_PIN_PATH_SIZE + 16];
	int r;

	r = pins_mkdir(SR_PIN_ROOT, err);
	if (r == 0)
		r = pins_mkdir(datapath->folder, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(pins_kinds); i++) {
		snprintf(path, sizeof(path), "%s/%s", datapath->folder, pins_kinds[i]);
		r = pins_mkdir(path, err);
	}
	return r;
}

static int pins_wait_for_lock(int fd)
{
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += PINS_LOCK_STEP_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (waited >= PINS_LOCK_WAIT_MS)
			return -EBUSY;
		usleep(PINS_LOCK_STEP_MS * 1000);
	}
	return 0;
}

/* While we waited, the one before us may have removed the folder we hold. */
static bool pins_is_same_folder(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino;
}

int sr_pins_lock(struct sr_datapath *datapath, bool create, struct sr_error *err)
{
	for (;;) {
		sr_autoclose int fd = -1;
		int r;

		if (create && (r = pins_make_folders(datapath, err)) < 0 && r != -ENOENT)
			return r;

		fd = open(datapath->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT && create)
			continue;
		if (fd < 0)
			return sr_fail(err, -errno, "instance '%s': %s", datapath->instance,
				       errno == ENOENT ? "it is not loaded" : strerror(errno));

		r = pins_wait_for_lock(fd);
		if (r == -EBUSY)
			return sr_fail(err, r, "instance '%s' is being changed by another svcroute, for %d s now",
				       datapath->instance, PINS_LOCK_WAIT_MS / 1000);
		if (r < 0)
			return sr_fail(err, r, "cannot lock %s: %s", datapath->folder, strerror(-r));
		if (!pins_is_same_folder(fd, datapath->folder))
			continue;

		datapath->lock_fd = TAKE_FD(fd);
		return create ? pins_make_folders(datapath, err) : 0;
	}
}

char *sr_pin_path(char out[SR_PIN_PATH_SIZE], const struct sr_datapath *datapath, const char *kind, const char *name)
{
	snprintf(out, SR_PIN_PATH_SIZE, "%s/%s/%s/%s", SR_PIN_ROOT, datapath->instance, kind, name);
	return out;
}

int sr_pin_get(const struct sr_datapath *datapath, const char *kind, const char *name)
{
	char path[SR_PIN_PATH_SIZE];
	int fd = bpf_obj_get(sr_pin_path(path, datapath, kind, name));

	return fd < 0 ? -errno : fd;
}

int sr_pin_set(const struct sr_datapath *datapath, const char *kind, const char *name, int fd)
{
	char half_made[SR_PIN_PATH_SIZE + sizeof(PINS_HALF_MADE)];
	char path[SR_PIN_PATH_SIZE];

	sr_pin_path(path, datapath, kind, name);
	snprintf(half_made, sizeof(half_made), "%s%s", path, PINS_HALF_MADE);
	unlink(half_made);
	if (bpf_obj_pin(fd, half_made) < 0)
		return -errno;
	if (rename(half_made, path) < 0) {
		int r = -errno;

		unlink(half_made);
		return r;
	}
	return 0;
}

int sr_pin_remove(const struct sr_datapath *datapath, const char *kind, const char *name)
{
	char path[SR_PIN_PATH_SIZE];

	return unlink(sr_pin_path(path, datapath, kind, name)) < 0 ? -errno : 0;
}

int sr_pins_each(struct sr_datapath *datapath, const char *kind,
		 int (*visit)(struct sr_datapath *datapath, const char *name, void *context), void *context)
{
	struct dirent **entries;
	char path[SR_PIN_PATH_SIZE];
	int num, r = 0;

	snprintf(path, sizeof(path), "%s/%s/%s", SR_PIN_ROOT, datapath->instance, kind);
	num = scandir(path, &entries, NULL, alphasort);
	if (num < 0)
		return errno == ENOENT ? 0 : -errno;

	for (int i = 0; i < num; i++) {
		if (r >= 0 && entries[i]->d_name[0] != '.')
			r = visit(datapath, entries[i]->d_name, context);
		free(entries[i]);
	}
	free(entries);
	return r < 0 ? r : 0;
}

static int pins_mend_one(struct sr_datapath *datapath, const char *name, void *context)
{
	size_t length = strlen(name), tail = strlen(PINS_HALF_MADE);

	if (length > tail && strcmp(name + length - tail, PINS_HALF_MADE) == 0)
		sr_pin_remove(datapath, context, name);
	return 0;
}

void sr_pins_mend(struct sr_datapath *datapath)
{
	for (size_t i = 0; i < ARRAY_SIZE(pins_kinds); i++)
		sr_pins_each(datapath, pins_kinds[i], pins_mend_one, (void *)pins_kinds[i]);
}

/*
 * A link that is only unpinned is detached some time later, by a worker of the
 * kernel's: detach it now. Not every type can be; closing our fd does the rest.
 */
static int pins_remove_one(struct sr_datapath *datapath, const char *name, void *context)
{
	const char *kind = context;
	sr_autoclose int fd = -1;

	if (strcmp(kind, "links") == 0) {
		fd = sr_pin_get(datapath, kind, name);
		if (fd >= 0)
			bpf_link_detach(fd);
	}
	return sr_pin_remove(datapath, kind, name);
}

int sr_pins_remove_all(struct sr_datapath *datapath, struct sr_error *err)
{
	char path[SR_PIN_PATH_SIZE + 16];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(pins_kinds); i++) {
		r = sr_pins_each(datapath, pins_kinds[i], pins_remove_one, (void *)pins_kinds[i]);
		if (r < 0)
			return sr_fail(err, r, "cannot empty %s/%s: %s", datapath->folder, pins_kinds[i], strerror(-r));
		snprintf(path, sizeof(path), "%s/%s", datapath->folder, pins_kinds[i]);
		rmdir(path);
	}
	if (rmdir(datapath->folder) < 0)
		return sr_fail(err, -errno, "cannot remove %s: %s", datapath->folder, strerror(errno));
	/* Fails, rightly, while there are other instances. */
	rmdir(SR_PIN_ROOT);
	return 0;
}
