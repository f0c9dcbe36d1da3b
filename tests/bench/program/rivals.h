/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* nft and iptables, given kube-proxy's rules for a cluster. */
#ifndef TESTS_BENCH_PROGRAM_RIVALS_H
#define TESTS_BENCH_PROGRAM_RIVALS_H

#include "child.h"
#include "cluster.h"

struct rival {
	const char *name;
	const char *argv[5];	   /* reads rules from stdin */
	const char *clear_argv[4]; /* ... and `clear`, which removes all of them */
	const char *clear;
	void (*all)(FILE *out, const struct cluster *cluster);
	void (*change)(FILE *out, const struct cluster *cluster, unsigned int service, unsigned int endpoints);
};

#define NUM_RIVALS 2
extern const struct rival rivals[NUM_RIVALS];

/* All rules, where there are none. 0; -ETIME after `limit` seconds; -1 after saying why. */
int rival_load(const struct rival *rival, struct child *out, const struct cluster *cluster, double limit);
/* The rules of one service that has so many endpoints now. The same results. */
int rival_change(const struct rival *rival, struct child *out, const struct cluster *cluster, unsigned int service,
		 unsigned int endpoints, double limit);
/* No rules, as before. */
int rival_clear(const struct rival *rival);

#endif
