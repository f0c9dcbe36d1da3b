// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/namespaces.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/cleanup.h"

struct namespaces {
	int (*visit)(void *context);
	void *context;
	ino_t *seen;
	size_t num_seen;
	int result;
};

static void namespaces_closedir(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

static bool namespaces_have(const struct namespaces *namespaces, ino_t inode)
{
	for (size_t i = 0; i < namespaces->num_seen; i++)
		if (namespaces->seen[i] == inode)
			return true;
	return false;
}

static int namespaces_note(struct namespaces *namespaces, ino_t inode)
{
	ino_t *seen = sr_array_add(&namespaces->seen, &namespaces->num_seen, sizeof(*seen));

	if (!seen)
		return -ENOMEM;
	*seen = inode;
	return 0;
}

/* The namespace of a process; it may be gone by now, or none of our business. */
static int namespaces_enter(struct namespaces *namespaces, const char *process)
{
	char path[64];
	sr_autoclose int fd = -1;
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%.20s/ns/net", process);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || namespaces_have(namespaces, st.st_ino))
		return 0;
	if (namespaces_note(namespaces, st.st_ino) < 0)
		return -ENOMEM;
	return setns(fd, CLONE_NEWNET) < 0 ? 0 : namespaces->visit(namespaces->context);
}

static void *namespaces_walk(void *context)
{
	__attribute__((cleanup(namespaces_closedir))) DIR *folder = opendir("/proc");
	struct namespaces *namespaces = context;
	const struct dirent *entry;
	int r;

	while (folder && (entry = readdir(folder)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		r = namespaces_enter(namespaces, entry->d_name);
		if (r < 0 && namespaces->result == 0)
			namespaces->result = r;
	}
	return NULL;
}

int sr_namespaces_each(int (*visit)(void *context), void *context)
{
	struct namespaces namespaces = {.visit = visit, .context = context};
	pthread_t thread;
	struct stat own;
	int r;

	r = stat("/proc/self/ns/net", &own) < 0 ? -errno : namespaces_note(&namespaces, own.st_ino);
	if (r == 0)
		r = -pthread_create(&thread, NULL, namespaces_walk, &namespaces);
	if (r == 0)
		r = -pthread_join(thread, NULL);
	free(namespaces.seen);
	return r < 0 ? r : namespaces.result;
}
