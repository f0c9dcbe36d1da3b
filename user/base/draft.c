// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

/* `path` and all that it is in. */
static int draft_make_folders(char *path, struct sr_error *err)
{
	for (char *end = path + 1; end; end++) {
		end = strchr(end, '/');
		if (end)
			*end = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return sr_fail(err, -errno, "cannot make the folder %s: %s", path, strerror(errno));
		if (!end)
			return 0;
		*end = '/';
	}
	return 0;
}

int sr_draft_folder(const char *path, struct sr_error *err)
{
	sr_autofree char *folder = strdup(path);
	int fd, r;

	if (!folder)
		return sr_fail(err, -ENOMEM, "out of memory");
	*strrchr(folder, '/') = '\0';
	r = draft_make_folders(folder, err);
	if (r < 0)
		return r;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? sr_fail(err, -errno, "%s: %s", folder, strerror(errno)) : fd;
}

/* Write and sync; -errno. */
static int draft_fill(int folder, const char *name, const char *text)
{
	sr_autoclose int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t length = strlen(text);

	if (fd < 0)
		return -errno;
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0)
			return -errno;
		text += written;
		length -= (size_t)written;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int draft_fail(const char *path, int r, struct sr_error *err)
{
	return sr_fail(err, r, "%s: cannot be written: %s", path, strerror(-r));
}

int sr_draft_write(struct sr_draft *draft, const char *path, const char *text, struct sr_error *err)
{
	int r;

	r = sr_draft_folder(path, err);
	if (r < 0)
		return r;
	draft->folder = r;
	draft->path = strdup(path);
	if (draft->path && text && asprintf(&draft->name, "%s.new", strrchr(path, '/') + 1) < 0)
		draft->name = NULL;
	if (!draft->path || (text && !draft->name)) {
		if (!draft->path)
			close(draft->folder);
		return sr_fail(err, -ENOMEM, "out of memory");
	}
	r = text ? draft_fill(draft->folder, draft->name, text) : 0;
	return r < 0 ? draft_fail(path, r, err) : 0;
}

static int draft_apply(const struct sr_draft *draft)
{
	const char *name = strrchr(draft->path, '/') + 1;

	if (draft->name && renameat(draft->folder, draft->name, draft->folder, name) < 0)
		return -errno;
	if (!draft->name && unlinkat(draft->folder, name, 0) < 0 && errno != ENOENT)
		return -errno;
	return fsync(draft->folder) < 0 ? -errno : 0;
}

int sr_draft_keep(struct sr_draft *draft, struct sr_error *err)
{
	int r = draft->path ? draft_apply(draft) : 0;

	if (r < 0)
		draft_fail(draft->path, r, err);
	sr_draft_clear(draft);
	return r;
}

/* (After sr_draft_keep() there is no such file.) */
void sr_draft_clear(struct sr_draft *draft)
{
	if (!draft->path)
		return;
	if (draft->name)
		unlinkat(draft->folder, draft->name, 0);
	close(draft->folder);
	free(draft->name);
	free(draft->path);
	memset(draft, 0, sizeof(*draft));
}
