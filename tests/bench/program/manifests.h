/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A cluster's Services and EndpointSlices, as `kubectl get svc,endpointslices -A` prints them. */
#ifndef TESTS_BENCH_PROGRAM_MANIFESTS_H
#define TESTS_BENCH_PROGRAM_MANIFESTS_H

#include <stdbool.h>

#include "cluster.h"

void manifests_yaml(FILE *out, const struct cluster *cluster);
void manifests_json(FILE *out, const struct cluster *cluster);

/* One service's Service and EndpointSlice as a list in JSON, without its last endpoint if `is_short`. */
void manifests_json_one(FILE *out, const struct cluster *cluster, unsigned int service, bool is_short);

#endif
