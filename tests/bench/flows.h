/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flows that are measured: established for real, packet by packet. */
#ifndef TESTS_BENCH_FLOWS_H
#define TESTS_BENCH_FLOWS_H

#include "run.h"

/* Which packet of which flow. */
enum sample {
	SAMPLE_TO_POD_HERE,  /* a client outside calls a pod on this node */
	SAMPLE_TO_POD_THERE, /* ... a pod on another node */
	SAMPLE_FROM_THERE,   /* and its answer */
	SAMPLE_POD_CALLS,    /* a pod calls another one by ClusterIP */
	SAMPLE_POD_ANSWERS,  /* and its answer */
	SAMPLE_NEW_HERE,     /* as the first one, but begins a connection */
	SAMPLE_NEW_OF_3,     /* ... of a service whose endpoint is chosen consistently, of 3 */
	SAMPLE_NEW_OF_10,
	SAMPLE_NEW_OF_100,
	SAMPLE_NEW_OF_1000,
	SAMPLE_NEW_FROM_POD, /* a pod begins one to a ClusterIP */
	SAMPLE_FOREIGN,	     /* a packet that is not ours */
	SAMPLE_REFUSED,	     /* a pod calls a service without endpoints */
	NUM_SAMPLES,
};

/* Program the services, and so many that no packet calls, and establish all flows, TCP's and UDP's of both families; 3
 * s. */
int flows_start(uint32_t other_services);

/* More of those that no packet calls: the `from`-th up to the `to`-th. 0 or -1. */
int flows_add_others(uint32_t from, uint32_t to);

/* How packets of a sample meet us. */
struct sr_tuple flows_tuple(enum sample sample, int family, int proto);

struct frame flows_frame(enum sample sample, int family, int proto);

#endif
