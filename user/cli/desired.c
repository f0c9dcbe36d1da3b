// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What manifests and settings say should be served. */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "cli/identity.h"
#include "cli/leases.h"
#include "cli/load.h"
#include "model/manifest.h"

#define DESIRED_FOLDER "/etc/svcroute/services.d"

/* An empty folder means that nothing was said, not that nothing is wanted. */
static bool folder_has_manifests(void)
{
	glob_t found;
	bool any = glob(DESIRED_FOLDER "/{*.yaml,*.yml,*.json}", GLOB_BRACE, NULL, &found) == 0;

	if (any)
		globfree(&found);
	return any;
}

static int desired_read_files(struct sr_k8s *k8s, const struct sr_strings *files, struct sr_error *err)
{
	int r = 0;

	if (files->num == 0)
		return sr_manifest_read(k8s, DESIRED_FOLDER, err);
	for (size_t i = 0; r == 0 && i < files->num; i++)
		r = sr_manifest_read(k8s, files->item[i], err);
	return r;
}

int sr_desired_read(struct sr_k8s **out, const struct sr_strings *files, struct sr_error *err)
{
	struct sr_k8s *k8s;
	int r;

	*out = NULL;
	if (files->num == 0 && !folder_has_manifests())
		return 0;
	if (sr_k8s_new(&k8s) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");

	r = desired_read_files(k8s, files, err);
	if (r < 0) {
		sr_k8s_free(k8s);
		return r;
	}
	*out = k8s;
	return 0;
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

int sr_desired_resolve(struct sr_load *load, struct sr_error *err)
{
	__attribute__((cleanup(pools_clear))) struct pools pools = {};
	__attribute__((cleanup(sr_identity_clear))) struct sr_identity identity = {};
	struct sr_k8s_options options;
	int r;

	if (!load->k8s)
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
	return sr_k8s_resolve(load->k8s, &options, &load->leases, &load->desired, &load->notes, err);
}
