// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "stage.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* A folder on a file system in memory, which goes with our mount namespace. */
#define STAGE_FOLDER "/run/svcroute-bench"

int stage_new_network(void)
{
	if (unshare(CLONE_NEWNET) < 0) {
		perror("bench: cannot make a network namespace");
		return -1;
	}
	if (system("ip link add " STAGE_UPLINK " type veth peer name wire0 && ip link set lo up && "
		   "ip link set wire0 up && ip link set " STAGE_UPLINK " up && "
		   "ip addr add 10.240.0.4/24 dev " STAGE_UPLINK) != 0)
		return -1;
	return 0;
}

int stage_open(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL) < 0 ||
	    (mkdir(STAGE_FOLDER, 0755) < 0 && access(STAGE_FOLDER, F_OK) < 0) ||
	    mount("tmpfs", STAGE_FOLDER, "tmpfs", 0, NULL) < 0) {
		perror("bench: cannot make namespaces");
		return -1;
	}
	setenv("SVCROUTE_STATE_DIR", STAGE_FOLDER "/state", 1);
	setenv("SVCROUTE_CONFIG_DIR", STAGE_FOLDER "/config", 1);
	return stage_new_network();
}

void stage_close(void)
{
	umount2(STAGE_FOLDER, MNT_DETACH);
	rmdir(STAGE_FOLDER);
}

const char *stage_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), STAGE_FOLDER "/%s", name);
	return path;
}

FILE *stage_create(const char *name)
{
	FILE *file = fopen(stage_path(name), "we");

	if (!file)
		perror(stage_path(name));
	return file;
}

const char *stage_file(const char *name, void (*generate)(FILE *, const struct cluster *),
		       const struct cluster *cluster)
{
	sr_autofclose FILE *file = stage_create(name);

	if (!file)
		return NULL;
	generate(file, cluster);
	return fflush(file) == 0 ? stage_path(name) : NULL;
}

void stage_remove(const char *name)
{
	unlink(stage_path(name));
}
