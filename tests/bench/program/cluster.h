/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A cluster of so many services with so many endpoints each, all alike: a
 * ClusterIP's port 80 leads to port 8080 of pods. Manifests and rival rules are
 * written of the same one.
 */
#ifndef TESTS_BENCH_PROGRAM_CLUSTER_H
#define TESTS_BENCH_PROGRAM_CLUSTER_H

#include <stdio.h>

#define CLUSTER_NAMESPACE   "perf"
#define CLUSTER_PODS_CIDR   "10.128.0.0/9"
#define CLUSTER_PORT	    80
#define CLUSTER_TARGET_PORT 8080
#define CLUSTER_NODES	    100 /* pods are spread over so many */

struct cluster {
	unsigned int services;
	unsigned int endpoints; /* of each */
};

/* A dotted address, in the caller's buffer. */
struct cluster_text {
	char text[20];
};

static inline struct cluster_text cluster_addr(unsigned int base, unsigned int offset)
{
	unsigned int addr = base + offset;
	struct cluster_text out;

	snprintf(out.text, sizeof(out.text), "%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255, addr & 255);
	return out;
}

/* From 10.96.1.0 on. */
static inline struct cluster_text cluster_ip(unsigned int service)
{
	return cluster_addr(0x0a600100, service);
}

/* From 10.128.0.0 on. */
static inline struct cluster_text cluster_pod(const struct cluster *cluster, unsigned int service,
					      unsigned int endpoint)
{
	return cluster_addr(0x0a800000, service * cluster->endpoints + endpoint);
}

static inline struct cluster_text cluster_name(unsigned int service)
{
	struct cluster_text out;

	snprintf(out.text, sizeof(out.text), "svc-%05u", service % 1000000);
	return out;
}

#endif
