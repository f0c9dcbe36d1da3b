/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs in the kernel, and how long they take over a frame. */
#ifndef TESTS_BENCH_RUN_H
#define TESTS_BENCH_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "../packet/frame.h"
#include "../packet/network.h"

enum hook {
	HOOK_XDP,
	HOOK_TC,
};

/* What an instance has room for, and when it takes SYNs for a flood; 0: the usual. */
struct run_config {
	uint32_t services, backends, connections;
	uint32_t syn_limit;
	bool scatters; /* program "scatter" has a table as large as that of connections */
};

/* Load everything, in namespaces of this process's own; 0, or -1 after saying why. */
int run_start(const struct run_config *config);
void run_stop(void);

struct sr_datapath *run_datapath(void);

/* A program by name: svcroute's ("sr_from_pod"), or "empty", "floor" and (XDP) "scatter". */
int run_program(enum hook hook, const char *name);

/* One frame through a program; the frame becomes what came out. -1: it did not run. */
int run_once(enum hook hook, int program, enum device device, struct frame *frame);

/* Nanoseconds a packet of a program that leaves the frame as it is. */
double run_time(enum hook hook, int program, enum device device, const struct frame *frame);

/* The same for one that does not: what it adds to an empty program, and that. */
double run_time_restored(enum hook hook, int program, enum device device, const struct frame *frame);

/* The same where each frame begins a flow: its source port is another one each time. */
double run_time_new(enum hook hook, int program, enum device device, const struct frame *frame);

/* The same, with a table of connections as full as it happens to be, and many frames at once. */
double run_time_flood(enum hook hook, int program, enum device device, const struct frame *frame);

/* The same where frames are of so many connections, a power of two, in no order: run_crowd_end() tells of which. */
double run_time_crowd(enum hook hook, int program, enum device device, const struct frame *frame, uint32_t num);

/* The i-th client of a crowd, by the first one's IPv4 address or last word of it, and its port: network byte order. */
void run_crowd_end(uint32_t i, uint32_t *addr, uint16_t *port);

/* The floor program knows one flow: that of the frame, which it sends elsewhere. */
void run_teach_floor(const struct frame *frame);

/*
 * Empty programs at a device's tc, on either way, or, where a path is given, at what calls of a cgroup's sockets pass
 * over IPv4. 0, or -1 with errno. They stay for as long as this process.
 */
int run_attach_empty(const char *where);

#endif
