/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* svcroute's library, used as `load` uses it, on an instance of our own. 0, or -1 after saying why. */
#ifndef TESTS_BENCH_PROGRAM_LIBRARY_H
#define TESTS_BENCH_PROGRAM_LIBRARY_H

#include "cluster.h"
#include "kernel/datapath.h"
#include "model/k8s.h"

/* An instance without services, its lock held. */
int library_open(struct sr_datapath **out, const struct cluster *cluster);
void library_close(struct sr_datapath *datapath);

/* A cluster's objects, decoded. */
int library_read(struct sr_k8s **out, const struct cluster *cluster);
/* The services that follow from them. */
int library_resolve(struct sr_services *out, const struct sr_k8s *k8s);

/* Say what went wrong; -1. */
int library_fail(const struct sr_error *err);

#endif
