/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The rules that kube-proxy 1.36 writes for a cluster, in either of its modes,
 * as the input that it gives to `nft -f -` and `iptables-restore --noflush`.
 */
#ifndef TESTS_BENCH_PROGRAM_KUBE_PROXY_H
#define TESTS_BENCH_PROGRAM_KUBE_PROXY_H

#include "cluster.h"

/* Everything, into an empty network namespace. */
void kube_proxy_nft(FILE *out, const struct cluster *cluster);
void kube_proxy_iptables(FILE *out, const struct cluster *cluster);

/* What it writes when one service has so many endpoints by now, of those it had or may have. */
void kube_proxy_nft_change(FILE *out, const struct cluster *cluster, unsigned int service, unsigned int endpoints);
void kube_proxy_iptables_change(FILE *out, const struct cluster *cluster, unsigned int service, unsigned int endpoints);

#endif
