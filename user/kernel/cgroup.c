// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* cgroup2: where it is mounted, and which folder an id means. */
#include "kernel/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/netdev.h"

/* Linux's FILEID_KERNFS: the handle is the folder's 64-bit id. */
#define CGROUP_HANDLE_KERNFS 0xfe

static void cgroup_endmntent(FILE **mounts)
{
	if (*mounts)
		endmntent(*mounts);
}

int sr_cgroup2_root(char **out, struct sr_error *err)
{
	__attribute__((cleanup(cgroup_endmntent))) FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;

	while (mounts && (mount = getmntent(mounts)) != NULL) {
		if (strcmp(mount->mnt_type, "cgroup2") != 0)
			continue;
		char *root = strdup(mount->mnt_dir);

		if (!root)
			return sr_fail(err, -ENOMEM, "no memory");
		*out = root;
		return 0;
	}
	return sr_fail(err, -ENOENT,
		       "no cgroup2 is mounted: local sockets cannot be served "
		       "('mount -t cgroup2 none /sys/fs/cgroup/unified')");
}

int sr_cgroup_id(uint64_t *out, int fd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return -EINVAL;
	*out = st.st_ino;
	return 0;
}

int sr_cgroup_path(char *out, size_t size, uint64_t id)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} kernfs = {.handle = {.handle_bytes = sizeof(id), .handle_type = CGROUP_HANDLE_KERNFS}};
	sr_autoclose int root_fd = -1, fd = -1;
	sr_autofree char *root = NULL;
	char link[64];
	ssize_t length;
	int r;

	r = sr_cgroup2_root(&root, NULL);
	if (r < 0)
		return r;
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	memcpy(kernfs.room + sizeof(struct file_handle), &id, sizeof(id));
	fd = open_by_handle_at(root_fd, &kernfs.handle, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, out, size - 1);
	if (length < 0)
		return -errno;
	out[length] = '\0';
	return 0;
}
