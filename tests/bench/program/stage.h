/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where it all happens: namespaces of this process's own, with a device to
 * attach to, and a folder of files. Nothing of it outlives the process.
 */
#ifndef TESTS_BENCH_PROGRAM_STAGE_H
#define TESTS_BENCH_PROGRAM_STAGE_H

#include "cluster.h"

#define STAGE_INSTANCE "bench"
#define STAGE_UPLINK   "eth0"

/* 0, or -1 after saying why. */
int stage_open(void);
/* Leave this thread's network namespace for an empty one, and the former to its end. */
int stage_new_network(void);
/* A file in the folder, written by a generator; its path, until the next call. NULL: it could not be. */
const char *stage_file(const char *name, void (*generate)(FILE *, const struct cluster *),
		       const struct cluster *cluster);
/* An open file there. */
FILE *stage_create(const char *name);
const char *stage_path(const char *name);
void stage_remove(const char *name);
void stage_close(void);

#endif
