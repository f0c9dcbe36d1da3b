// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One endpoint comes or goes among so many services: from its service's
 * objects, trees in memory, to the kernel, beside what kube-proxy has nft and
 * iptables do for it. The service's objects are decoded, resolved and planned
 * alone, as a program would do it that holds all others; `load` does all anew.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../figure.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/maps.h"
#include "library.h"
#include "manifests.h"
#include "program.h"
#include "rivals.h"

#define CHANGE_RIVAL_LIMIT  10
#define CHANGE_RIVAL_ROUNDS 2
#define CHANGE_BAR_SIZE	    10000
#define CHANGE_BAR_MS	    5
#define CHANGE_KERNEL_MS    0.2

/* The endpoint is there in one, and not in the other. */
enum change_way {
	CHANGE_COMES,
	CHANGE_GOES,
	NUM_WAYS,
};

static const char *const way_names[NUM_WAYS] = {"an endpoint comes", "an endpoint goes"};

struct change {
	struct cluster cluster;
	struct sr_datapath *datapath;
	struct sr_services programmed;
	size_t place; /* of the service there */
	json_t *objects[NUM_WAYS];
	struct samples total[NUM_WAYS], kernel[NUM_WAYS];
	struct samples anew;
};

static unsigned int change_service(const struct cluster *cluster)
{
	return cluster->services / 2;
}

static double change_ms_since(double start)
{
	return (figure_clock() - start) * 1000;
}

/* --- svcroute --------------------------------------------------------------------------- */

static json_t *change_objects(const struct cluster *cluster, enum change_way way)
{
	sr_autofree char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	manifests_json_one(out, cluster, change_service(cluster), way == CHANGE_GOES);
	fclose(out);
	return json_loads(text, 0, NULL);
}

static int change_decode(struct sr_services *out, const json_t *list)
{
	sr_autok8s struct sr_k8s *k8s = NULL;
	const json_t *items = json_object_get(list, "items");
	struct sr_error err = {};

	if (sr_k8s_new(&k8s) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(items); i++)
		if (sr_k8s_add(k8s, json_array_get(items, i), "manifest.json", &err) < 0)
			return library_fail(&err);
	return library_resolve(out, k8s);
}

/* What was wanted is what is programmed then. */
static int change_apply(struct change *change, struct sr_services *desired, double *kernel_ms)
{
	const struct sr_services was = {.item = &change->programmed.item[change->place], .num = 1};
	sr_autoplan struct sr_plan plan = {};
	struct sr_error err = {};
	double start;

	if (sr_plan_make(&plan, &was, desired, NULL, &err) < 0)
		return library_fail(&err);
	start = figure_clock();
	if (sr_maps_apply(change->datapath, &plan, &err) < 0)
		return library_fail(&err);
	*kernel_ms = change_ms_since(start);
	sr_service_clear(was.item);
	*was.item = desired->item[0];
	free(TAKE_PTR(desired->item));
	desired->num = 0;
	return 0;
}

static int change_once(struct change *change, enum change_way way)
{
	sr_autoservices struct sr_services desired = {};
	double start = figure_clock(), kernel_ms;

	if (change_decode(&desired, change->objects[way]) < 0 || desired.num != 1 ||
	    change_apply(change, &desired, &kernel_ms) < 0)
		return -1;
	samples_add(&change->total[way], change_ms_since(start));
	samples_add(&change->kernel[way], kernel_ms);
	return 0;
}

/* As `load` does it, once the objects are read: all are resolved, and all that is programmed is read. */
static int change_all(struct change *change, const struct sr_k8s *k8s)
{
	sr_autoservices struct sr_services programmed = {}, desired = {};
	sr_autoplan struct sr_plan plan = {};
	struct sr_error err = {};

	if (library_resolve(&desired, k8s) < 0)
		return -1;
	if (sr_maps_read(change->datapath, &programmed, &err) < 0 ||
	    sr_plan_make(&plan, &programmed, &desired, NULL, &err) < 0 ||
	    sr_maps_apply(change->datapath, &plan, &err) < 0)
		return library_fail(&err);
	return 0;
}

/* All services, programmed; and how long it takes to find that nothing is to be changed. */
static int change_program(struct change *change, int rounds)
{
	sr_autok8s struct sr_k8s *k8s = NULL;
	struct sr_error err = {};

	if (library_read(&k8s, &change->cluster) < 0 || library_open(&change->datapath, &change->cluster) < 0 ||
	    change_all(change, k8s) < 0)
		return -1;
	for (int i = 0; i < rounds; i++) {
		double start = figure_clock();

		if (change_all(change, k8s) < 0)
			return -1;
		samples_add(&change->anew, change_ms_since(start));
	}
	return sr_maps_read(change->datapath, &change->programmed, &err) < 0 ? library_fail(&err) : 0;
}

static size_t change_place(const struct change *change)
{
	struct cluster_text name = cluster_name(change_service(&change->cluster));
	size_t i = 0;

	while (strcmp(change->programmed.item[i].name, name.text) != 0)
		i++;
	return i;
}

static int change_repeat(struct change *change, int rounds)
{
	int r = change_program(change, 3);

	if (r < 0)
		return r;
	change->place = change_place(change);
	for (enum change_way way = 0; way < NUM_WAYS; way++)
		change->objects[way] = change_objects(&change->cluster, way);
	for (int i = 0; r == 0 && i < rounds; i++) {
		r = change_once(change, CHANGE_GOES);
		if (r == 0)
			r = change_once(change, CHANGE_COMES);
	}
	return r;
}

static void change_close(struct change *change)
{
	for (enum change_way way = 0; way < NUM_WAYS; way++)
		json_decref(change->objects[way]);
	sr_services_clear(&change->programmed);
	if (change->datapath)
		library_close(change->datapath);
}

/* --- the rivals ------------------------------------------------------------------------- */

static int change_rival(const struct rival *rival, const struct cluster *cluster, struct samples *out)
{
	struct child child;
	int r = rival_load(rival, &child, cluster, CHANGE_RIVAL_LIMIT);

	for (int i = 0; r == 0 && i < 2 * CHANGE_RIVAL_ROUNDS; i++) {
		unsigned int endpoints = cluster->endpoints - (i % 2 == 0);

		r = rival_change(rival, &child, cluster, change_service(cluster), endpoints, CHANGE_RIVAL_LIMIT);
		if (r == 0)
			samples_add(out, child.ms);
	}
	if (r == -ETIME)
		note_tell(PROGRAM_SUITE, "one endpoint changed: %s had not taken in %s after %d s", rival->name,
			  program_case(cluster), CHANGE_RIVAL_LIMIT);
	if (r < 0 && r != -ETIME)
		return -1;
	return rival_clear(rival);
}

/* --- telling ---------------------------------------------------------------------------- */

static void change_tell(const struct change *change, const char *name, const struct samples *samples, double bar)
{
	bool has_bar = bar && change->cluster.services == CHANGE_BAR_SIZE;

	figure_tell(&(struct figure){PROGRAM_SUITE, name, program_case(&change->cluster), "ms", NULL, samples, NULL,
				     has_bar ? VALUE_AT_MOST : BAR_NONE, bar});
}

static void change_tell_rival(const struct change *change, const struct rival *rival, const struct samples *theirs)
{
	struct samples ratio = samples_ratio(theirs, &change->total[CHANGE_COMES]);
	char name[48];

	snprintf(name, sizeof(name), "  one endpoint, by %s", rival->name);
	figure_tell(&(struct figure){PROGRAM_SUITE, name, program_case(&change->cluster), "ms", "svcroute", theirs,
				     &ratio, BAR_NONE, 0});
}

static void change_point(const struct cluster *cluster, const char *series, const struct samples *samples)
{
	if (samples->num)
		point_tell("One endpoint changed", "services, of 10 endpoints each", "ms", series, cluster->services,
			   samples_median(samples));
}

static void change_tell_ours(const struct change *change)
{
	for (enum change_way way = 0; way < NUM_WAYS; way++) {
		change_tell(change, way_names[way], &change->total[way], CHANGE_BAR_MS);
		change_tell(change, "  kernel side alone", &change->kernel[way],
			    way == CHANGE_COMES ? CHANGE_KERNEL_MS : 0);
		change_point(&change->cluster, way_names[way], &change->total[way]);
	}
	change_tell(change, "  all anew, as load", &change->anew, 0);
	change_point(&change->cluster, "all anew, as load", &change->anew);
}

/* No rival is given more than it can bear. */
static int change_size(unsigned int services, int rounds, unsigned int most_for_rivals)
{
	struct change change = {.cluster = {services, 10}};
	int r = change_repeat(&change, rounds);

	change_close(&change);
	if (r < 0)
		return r;
	change_tell_ours(&change);
	for (size_t i = 0; r == 0 && services <= most_for_rivals && i < NUM_RIVALS; i++) {
		struct samples theirs = {};

		r = change_rival(&rivals[i], &change.cluster, &theirs);
		change_tell_rival(&change, &rivals[i], &theirs);
		change_point(&change.cluster, rivals[i].name, &theirs);
	}
	return r;
}

int program_change(enum program_time time)
{
	static const unsigned int sizes[] = {10, 1000, 10000, 100000};
	size_t num = ARRAY_SIZE(sizes) - (time != TIME_LARGE);
	int rounds = time == TIME_QUICK ? 10 : 40;
	int r = 0;

	for (size_t i = 0; r == 0 && i < num; i++)
		r = change_size(sizes[i], rounds, time == TIME_QUICK ? 1000 : 10000);
	note_tell(PROGRAM_SUITE, "what goes is freed after a grace period of the kernel's, in which packets that were "
				 "led to it pass; those that come meanwhile are led elsewhere");
	return r;
}
