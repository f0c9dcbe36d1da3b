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
	NUM_SAMPLES,
};

/* Program the services and establish all flows, TCP's and UDP's of both families; takes 3 s. */
int flows_start(void);

struct frame flows_frame(enum sample sample, int family, int proto);

#endif
