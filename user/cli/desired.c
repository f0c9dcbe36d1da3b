// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What manifests and settings say should be served. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/identity.h"
#include "cli/leases.h"
#include "cli/load.h"
#include "cli/saved.h"
#include "model/manifest.h"

/* An empty folder means that nothing was said, not that nothing is wanted. */
static bool folder_has_manifests(const char *folder)
{
	sr_autofree char *pattern = NULL;
	glob_t found;
	bool any;

	if (asprintf(&pattern, "%s/{*.yaml,*.yml,*.json}", folder) < 0) {
		pattern = NULL;
		return false;
	}
	any = glob(pattern, GLOB_BRACE, NULL, &found) == 0;
	if (any)
		globfree(&found);
	return any;
}

/* *has_any: there was something in it. */
static int desired_read_folder(struct sr_k8s *k8s, const char *folder, bool *has_any, struct sr_error *err)
{
	if (!folder)
		return sr_fail(err, -ENOMEM, "out of memory");
	*has_any = folder_has_manifests(folder);
	return *has_any ? sr_manifest_read(k8s, folder, err) : 0;
}

/* /etc/svcroute: manifests, and what `map add --save` put beside them. */
static int desired_read_config(struct sr_manifests *out, const char *instance, struct sr_error *err)
{
	sr_autofree char *services = sr_config_path("services.d"), *saved = sr_saved_folder(instance);
	bool has_services = false, has_saved = false;
	int r;

	r = desired_read_folder(out->k8s, services, &has_services, err);
	if (r == 0)
		r = desired_read_folder(out->k8s, saved, &has_saved, err);
	if (r == 0 && !has_services && !has_saved)
		sr_manifests_clear(out);
	out->is_all = has_services;
	return r;
}

static int desired_read_files(struct sr_manifests *out, const struct sr_strings *files, struct sr_error *err)
{
	int r = 0;

	out->is_all = true;
	for (size_t i = 0; r == 0 && i < files->num; i++)
		r = sr_manifest_read(out->k8s, files->item[i], err);
	return r;
}

int sr_manifests_read(struct sr_manifests *out, const struct sr_strings *files, const char *instance,
		      struct sr_error *err)
{
	int r;

	*out = (struct sr_manifests){};
	if (sr_k8s_new(&out->k8s) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	r = files->num ? desired_read_files(out, files, err) : desired_read_config(out, instance, err);
	if (r == 0 && out->k8s)
		r = sr_k8s_check(out->k8s, err);
	if (r < 0)
		sr_manifests_clear(out);
	return r;
}

void sr_manifests_clear(struct sr_manifests *manifests)
{
	sr_k8s_free(manifests->k8s);
	*manifests = (struct sr_manifests){};
}

/* The networks that addresses are given from. */
struct pools {
	struct sr_cidr *cidr;
	size_t num_cidrs;
	struct sr_subnet *subnet;
	size_t num_subnets;
};

static void pools_clear(struct pools *pools)
{
	for (size_t i = 0; i < pools->num_subnets; i++)
		free((char *)pools->subnet[i].name);
	free(pools->subnet);
	free(pools->cidr);
}

static int pools_add_cidr(struct pools *pools, const char *text, struct sr_error *err)
{
	struct sr_cidr *cidr = sr_array_add(&pools->cidr, &pools->num_cidrs, sizeof(*cidr));

	if (!cidr)
		return sr_fail(err, -ENOMEM, "out of memory");
	if (sr_cidr_parse(cidr, text) < 0)
		return sr_fail(err, -EINVAL, "setting service-cidr: '%s' is not a network", text);
	return 0;
}

/* NAME=CIDR */
static int pools_add_subnet(struct pools *pools, const char *text, struct sr_error *err)
{
	struct sr_subnet *subnet = sr_array_add(&pools->subnet, &pools->num_subnets, sizeof(*subnet));
	const char *equals = strchr(text, '=');

	if (!subnet)
		return sr_fail(err, -ENOMEM, "out of memory");
	if (!equals || sr_cidr_parse(&subnet->cidr, equals + 1) < 0)
		return sr_fail(err, -EINVAL, "setting subnet: '%s' is not NAME=CIDR", text);
	subnet->name = strndup(text, (size_t)(equals - text));
	return subnet->name ? 0 : sr_fail(err, -ENOMEM, "out of memory");
}

static int pools_make(struct pools *pools, const struct sr_settings *settings, struct sr_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < settings->service_cidrs.num; i++)
		r = pools_add_cidr(pools, settings->service_cidrs.item[i], err);
	for (size_t i = 0; r == 0 && i < settings->subnets.num; i++)
		r = pools_add_subnet(pools, settings->subnets.item[i], err);
	return r;
}

static int desired_read_leases(struct sr_load *load, struct sr_error *err)
{
	load->leases_path = sr_leases_path(load->globals->instance);
	if (!load->leases_path)
		return sr_fail(err, -ENOMEM, "out of memory");
	return sr_leases_read(load->leases_path, &load->leases, &load->leases_text, err);
}

/* Where other nodes' endpoints live, which --dsr wants to know; and for how many it does not. */
static int desired_find_homes(struct sr_load *load, const char *self, struct sr_error *err)
{
	size_t missing;
	int r = sr_homes_make(&load->homes, load->manifests->k8s, self);

	if (r == 0 && load->config.dsr) {
		missing = sr_homes_missing(&load->homes, &load->desired);
		if (missing)
			r = sr_notes_add(&load->notes,
					 "--dsr: %zu endpoints name no Node whose address is known: they keep SNAT",
					 missing);
	}
	return r < 0 ? sr_fail(err, -ENOMEM, "out of memory") : 0;
}

int sr_desired_resolve(struct sr_load *load, struct sr_error *err)
{
	__attribute__((cleanup(pools_clear))) struct pools pools = {};
	__attribute__((cleanup(sr_identity_clear))) struct sr_identity identity = {};
	struct sr_k8s_options options;
	int r;

	if (!load->manifests->k8s)
		return 0;
	r = pools_make(&pools, &load->settings, err);
	if (r == 0)
		r = sr_identity_make(&identity, load, err);
	if (r == 0)
		r = desired_read_leases(load, err);
	if (r < 0)
		return r;

	options = (struct sr_k8s_options){
		.service_cidrs = pools.cidr,
		.num_service_cidrs = pools.num_cidrs,
		.subnets = pools.subnet,
		.num_subnets = pools.num_subnets,
	};
	sr_identity_tell(&identity, load, &options);
	r = sr_k8s_resolve(load->manifests->k8s, &options, &load->leases, &load->desired, &load->notes, err);
	return r < 0 ? r : desired_find_homes(load, options.node, err);
}
