// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel's side alone: from a plan to the last entry written, beside nft
 * and iptables reading the rules that kube-proxy would write for the same.
 */
#include <errno.h>
#include <stdbool.h>

#include "../figure.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/maps.h"
#include "library.h"
#include "program.h"
#include "rivals.h"

#define APPLY_RIVAL_LIMIT 20

/* How many times faster than each rival. */
static const double apply_bars[NUM_RIVALS] = {30, 10};

static int apply_services(struct sr_datapath *datapath, const struct sr_services *services, double *ms)
{
	const struct sr_services none = {};
	sr_autoplan struct sr_plan plan = {};
	struct sr_error err = {};
	double start;

	if (sr_plan_make(&plan, &none, services, NULL, &err) < 0)
		return library_fail(&err);
	start = figure_clock();
	if (sr_maps_apply(datapath, &plan, &err) < 0)
		return library_fail(&err);
	*ms = (figure_clock() - start) * 1000;
	return 0;
}

/* Each time into new maps. */
static int apply_once(const struct cluster *cluster, const struct sr_services *services, double *ms)
{
	struct sr_datapath *datapath;
	int r;

	if (library_open(&datapath, cluster) < 0)
		return -1;
	r = apply_services(datapath, services, ms);
	library_close(datapath);
	return r;
}

static int apply_repeat(const struct cluster *cluster, int rounds, struct samples *out)
{
	sr_autok8s struct sr_k8s *k8s = NULL;
	sr_autoservices struct sr_services services = {};
	double ms = 0;

	if (library_read(&k8s, cluster) < 0 || library_resolve(&services, k8s) < 0)
		return -1;
	for (int i = 0; i < rounds; i++) {
		if (apply_once(cluster, &services, &ms) < 0)
			return -1;
		samples_add(out, ms);
	}
	return 0;
}

static int apply_rival(const struct rival *rival, const struct cluster *cluster, int rounds, struct samples *out)
{
	struct child child;

	for (int i = 0; i < rounds; i++) {
		int r = rival_load(rival, &child, cluster, APPLY_RIVAL_LIMIT);

		if (r == -ETIME)
			note_tell(PROGRAM_SUITE, "%s had not taken in %s after %d s", rival->name,
				  program_case(cluster), APPLY_RIVAL_LIMIT);
		if (r < 0)
			return r == -ETIME ? 0 : -1;
		samples_add(out, child.ms);
		if (rival_clear(rival) < 0)
			return -1;
	}
	return 0;
}

static void apply_tell(const struct cluster *cluster, const struct samples *ours, const struct samples *theirs)
{
	for (size_t i = 0; i < NUM_RIVALS; i++) {
		struct samples ratio = samples_ratio(&theirs[i], ours);
		char name[64];

		snprintf(name, sizeof(name), "kernel side, times faster than %s", rivals[i].name);
		figure_tell(&(struct figure){PROGRAM_SUITE, name, program_case(cluster), "ms", rivals[i].name, ours,
					     &ratio, RATIO_AT_LEAST, apply_bars[i]});
	}
	for (size_t i = 0; i < NUM_RIVALS; i++)
		figure_tell(&(struct figure){PROGRAM_SUITE, rivals[i].name, program_case(cluster), "ms", NULL,
					     &theirs[i], NULL, BAR_NONE, 0});
}

int program_apply(enum program_time time)
{
	const struct cluster cluster = {5000, 4};
	bool quick = time == TIME_QUICK;
	struct samples ours = {}, theirs[NUM_RIVALS] = {};

	if (apply_repeat(&cluster, quick ? 3 : 7, &ours) < 0)
		return -1;
	for (size_t i = 0; i < NUM_RIVALS; i++)
		if (apply_rival(&rivals[i], &cluster, quick ? 1 : 3, &theirs[i]) < 0)
			return -1;
	apply_tell(&cluster, &ours, theirs);
	return 0;
}
