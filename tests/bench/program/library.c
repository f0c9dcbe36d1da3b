// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "library.h"

#include "base/error.h"
#include "manifests.h"
#include "model/manifest.h"
#include "stage.h"

/* Beyond which the sizes that maps are compiled with do not suffice. */
#define LIBRARY_SERVICES  30000
#define LIBRARY_ENDPOINTS 120000

int library_fail(const struct sr_error *err)
{
	fprintf(stderr, "bench: %s\n", err->text);
	return -1;
}

int library_open(struct sr_datapath **out, const struct cluster *cluster)
{
	struct sr_datapath_config config = {.snat_port_low = 20000, .snat_port_high = 29999};
	unsigned int endpoints = cluster->services * cluster->endpoints;
	struct sr_error err = {};

	/* Endpoints that come beside those that go want room, too. */
	if (cluster->services > LIBRARY_SERVICES)
		config.sizes.services = cluster->services + cluster->services / 4;
	if (endpoints > LIBRARY_ENDPOINTS)
		config.sizes.backends = endpoints + endpoints / 4;
	return sr_datapath_load(out, STAGE_INSTANCE, &config, NULL, &err) < 0 ? library_fail(&err) : 0;
}

void library_close(struct sr_datapath *datapath)
{
	sr_datapath_close(datapath);
	sr_datapath_unload(STAGE_INSTANCE, NULL);
}

int library_read(struct sr_k8s **out, const struct cluster *cluster)
{
	const char *path = stage_file("manifest.json", manifests_json, cluster);
	struct sr_error err = {};
	int r;

	if (!path || sr_k8s_new(out) < 0)
		return -1;
	r = sr_manifest_read(*out, path, &err);
	stage_remove("manifest.json");
	return r < 0 ? library_fail(&err) : 0;
}

int library_resolve(struct sr_services *out, const struct sr_k8s *k8s)
{
	const struct sr_k8s_options options = {.node = "node-00"};
	struct sr_leases leases = {};
	struct sr_notes notes = {};
	struct sr_error err = {};
	int r = sr_k8s_resolve(k8s, &options, &leases, out, &notes, &err);

	sr_leases_clear(&leases);
	sr_notes_clear(&notes);
	return r < 0 ? library_fail(&err) : 0;
}
