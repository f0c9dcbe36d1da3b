// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From a manifest to forwarding: the whole life of `svcroute load`, beside a
 * process that parses the same file by the same library and does no more.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "../figure.h"
#include "child.h"
#include "manifests.h"
#include "parse.h"
#include "program.h"
#include "stage.h"

#define LOAD_LIMIT    60
#define LOAD_TIMES    2	  /* so many times the bare parse, */
#define LOAD_EXTRA_MS 150 /* and so much more */
#define LOAD_MIB      100

static const char load_max[] = "services=131072,backends=1048576";

struct load_case {
	struct cluster cluster;
	const char *format;
	void (*generate)(FILE *, const struct cluster *);
	int (*parse)(const char *path);
	const char *baseline;
	bool needs_max;
	bool has_bar;
	int rounds[NUM_TIMES];
};

static const char yaml_baseline[] = "libyaml's events alone", json_baseline[] = "jansson's tree alone";

static const struct load_case cases[] = {
	{{10, 10}, "yaml", manifests_yaml, parse_yaml, yaml_baseline, false, false, {3, 5, 9}},
	{{1000, 10}, "yaml", manifests_yaml, parse_yaml, yaml_baseline, false, false, {1, 5, 9}},
	{{10000, 10}, "yaml", manifests_yaml, parse_yaml, yaml_baseline, false, true, {1, 3, 7}},
	{{10000, 10}, "json", manifests_json, parse_json, json_baseline, false, true, {0, 2, 5}},
	{{100000, 10}, "yaml", manifests_yaml, parse_yaml, yaml_baseline, true, false, {0, 0, 1}},
};

static const char *load_svcroute(void)
{
	const char *path = getenv("SVCROUTE");

	return path ? path : "build/svcroute";
}

static int load_file(struct child *out, const struct load_case *load, const char *path)
{
	const char *argv[] = {
		load_svcroute(), "--instance", STAGE_INSTANCE,
		"load",		 "-f",	       path,
		"--uplink",	 STAGE_UPLINK, "--pods",
		"none",		 "--node",     "node-00",
		"--sockets",	 "off",	       load->needs_max ? "--max" : NULL,
		load_max,	 NULL,
	};

	return child_run(out, NULL, LOAD_LIMIT, argv);
}

static int load_unload(void)
{
	const char *const argv[] = {load_svcroute(), "--instance", STAGE_INSTANCE, "unload", NULL};
	struct child ignored;

	return child_run(&ignored, NULL, LOAD_LIMIT, argv);
}

struct load_samples {
	struct samples bare, first, again, mib;
};

/* Into a kernel that has nothing of it, and once more, where nothing is to be changed. */
static int load_round(struct load_samples *samples, const struct load_case *load, const char *path)
{
	struct child bare, first, again;

	if (child_call(&bare, load->parse, path) < 0 || load_file(&first, load, path) < 0 ||
	    load_file(&again, load, path) < 0 || load_unload() < 0)
		return -1;
	samples_add(&samples->bare, bare.ms);
	samples_add(&samples->first, first.ms);
	samples_add(&samples->mib, first.mib);
	samples_add(&samples->again, again.ms);
	return 0;
}

static void load_tell(const struct load_case *load, const struct load_samples *samples)
{
	struct samples ratio = samples_ratio(&samples->first, &samples->bare);
	struct samples ratio_again = samples_ratio(&samples->again, &samples->bare);
	double bar = LOAD_TIMES * samples_median(&samples->bare) + LOAD_EXTRA_MS;
	char of[64];

	snprintf(of, sizeof(of), "%s, %s", program_case(&load->cluster), load->format);
	figure_tell(&(struct figure){PROGRAM_SUITE, "manifest to forwarding", of, "ms", load->baseline, &samples->first,
				     &ratio, load->has_bar ? VALUE_AT_MOST : BAR_NONE, bar});
	figure_tell(&(struct figure){PROGRAM_SUITE, "the same again", of, "ms", load->baseline, &samples->again,
				     &ratio_again, BAR_NONE, 0});
	figure_tell(&(struct figure){PROGRAM_SUITE, "peak memory of load", of, "MiB", NULL, &samples->mib, NULL,
				     load->has_bar ? VALUE_AT_MOST : BAR_NONE, LOAD_MIB});
}

static void load_plot(const struct load_case *load, const struct load_samples *samples)
{
	const char *plot = "From a manifest to forwarding";

	if (load->parse != parse_yaml)
		return;
	point_tell(plot, "services, of 10 endpoints each", "ms", "svcroute load", load->cluster.services,
		   samples_median(&samples->first));
	point_tell(plot, "services, of 10 endpoints each", "ms", load->baseline, load->cluster.services,
		   samples_median(&samples->bare));
}

static int load_case(const struct load_case *load, int rounds)
{
	const char *name = "manifest.yaml";
	struct load_samples samples = {};
	const char *path;
	int r = 0;

	if (load->parse == parse_json)
		name = "manifest.json";
	if (!stage_file(name, load->generate, &load->cluster))
		return -1;
	for (int i = 0; r == 0 && i < rounds; i++) {
		path = stage_path(name);
		r = load_round(&samples, load, path);
	}
	stage_remove(name);
	if (r < 0)
		return -1;
	load_tell(load, &samples);
	load_plot(load, &samples);
	return 0;
}

int program_load(enum program_time time)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].rounds[time])
			r = load_case(&cases[i], cases[i].rounds[time]);
	}
	note_tell(PROGRAM_SUITE,
		  "manifest to forwarding: the bar is %d x the bare parse of the same file in the same run + %d ms",
		  LOAD_TIMES, LOAD_EXTRA_MS);
	return r;
}
