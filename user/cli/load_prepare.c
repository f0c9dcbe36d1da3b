// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute load: what is wanted, from what was kept and what was given now. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/announce.h"
#include "cli/load.h"
#include "cli/sizes.h"
#include "kernel/maps.h"
#include "kernel/programs.h"

/* What the instance, if there is one, was told before. */
static int load_recall(struct sr_load *load, struct sr_error *err)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	int r = sr_datapath_open(&datapath, load->globals->instance, SR_ACCESS_SETTINGS, err);

	if (r == -ENOENT)
		return 0;
	load->is_foreign =
		r == -EPROTO && load->options->recreate && !sr_datapath_is_elsewhere(load->globals->instance);
	if (load->is_foreign)
		return sr_notes_add(&load->notes, "another version's instance is removed first, with its connections");
	if (r == 0)
		r = sr_maps_read_settings(datapath, &load->kept, err);
	if (r == 0)
		r = sr_settings_parse(&load->settings, load->kept, err);
	load->was_loaded = r == 0;
	return r;
}

/* A setting's networks into an array of `max`. */
static int load_networks(struct sr_cidr *out, size_t max, const struct sr_strings *texts, const char *setting,
			 struct sr_error *err)
{
	if (texts->num > max)
		return sr_fail(err, -EINVAL, "--%s: %zu networks are given, %zu is the most", setting, texts->num, max);
	for (size_t i = 0; i < texts->num; i++)
		if (sr_cidr_parse(&out[i], texts->item[i]) < 0)
			return sr_fail(err, -EINVAL, "setting %s: '%s' is not a network", setting, texts->item[i]);
	return 0;
}

static uint32_t load_syn_limit(const char *text)
{
	if (!text)
		return SR_USUAL_SYN_LIMIT;
	return strcmp(text, SR_SYN_LIMIT_OFF) == 0 ? SR_NO_SYN_LIMIT : strtoul(text, NULL, 10);
}

static int load_config(const struct sr_settings *settings, struct sr_datapath_config *out, struct sr_error *err)
{
	unsigned int low = 0, high = 0;
	int r;

	if (settings->snat_ports)
		sr_ports_parse(&low, &high, settings->snat_ports);
	*out = (struct sr_datapath_config){
		.allow_external_clusterip = settings->allow_external_clusterip == SR_ANSWER_YES,
		.pod_sockets = strcmp(sr_settings_sockets(settings), SR_SOCKETS_ALL) == 0,
		.syn_limit = load_syn_limit(settings->syn_limit),
		.snat_port_low = (uint16_t)low,
		.snat_port_high = (uint16_t)high,
		.terminate = settings->terminate == SR_ANSWER_YES,
		.forward_direct = settings->forward && strcmp(settings->forward, SR_FORWARD_DIRECT) == 0,
		.dsr = settings->dsr && strcmp(settings->dsr, SR_DSR_IPIP) == 0,
		.num_dsr_from = settings->dsr_from.num,
		.num_cluster_cidrs = settings->cluster_cidrs.num,
		.num_service_cidrs = settings->service_cidrs.num,
	};
	r = load_networks(out->cluster_cidrs, SR_MAX_CLUSTER_CIDRS, &settings->cluster_cidrs, "cluster-cidr", err);
	if (r == 0)
		r = load_networks(out->service_cidrs, SR_MAX_SERVICE_CIDRS, &settings->service_cidrs, "service-cidr",
				  err);
	if (r == 0 && settings->max)
		r = sr_sizes_parse(&out->sizes, settings->max, err);
	if (r == 0)
		r = load_networks(out->dsr_from, SR_MAX_DSR_SOURCES, &settings->dsr_from, "dsr-from", err);
	return r;
}

/* Generic XDP would meet what tc unwraps, and not know what it is. */
static int load_check_tunnels(const struct sr_settings *settings, struct sr_error *err)
{
	if (settings->dsr_from.num && settings->xdp && strcmp(settings->xdp, "generic") == 0)
		return sr_fail(err, -EINVAL, "--dsr-from and --xdp generic contradict each other");
	return 0;
}

/* What only manifests give a meaning to is kept for the next ones. */
static int load_note_idle(struct sr_load *load)
{
	const struct sr_settings *given = &load->options->given;
	const struct {
		bool is_given;
		const char *name;
	} idle[] = {
		{given->node, "node"},
		{given->zone, "zone"},
		{given->nodeport_addresses, "nodeport-addresses"},
		{given->subnets.num, "subnet"},
		{given->dsr && strcmp(given->dsr, SR_DSR_IPIP) == 0, "dsr"},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && !load->manifests->k8s && i < ARRAY_SIZE(idle); i++)
		if (idle[i].is_given)
			r = sr_notes_add(&load->notes, "--%s is kept, and counts from the next manifests on",
					 idle[i].name);
	return r;
}

struct sr_programs_ahead *sr_load_ahead(const struct sr_globals *globals, const struct sr_load_options *options)
{
	sr_autodatapath struct sr_datapath *datapath = NULL;
	sr_autosettings struct sr_settings settings = {};
	struct sr_datapath_config config;

	if (options->dry_run || sr_datapath_open(&datapath, globals->instance, SR_ACCESS_SETTINGS, NULL) != -ENOENT ||
	    sr_settings_merge(&settings, &options->given) < 0 || load_config(&settings, &config, NULL) < 0)
		return NULL;
	return sr_programs_begin(&config);
}

int sr_load_prepare(struct sr_load *load, struct sr_error *err)
{
	int r = load_recall(load, err);

	if (r < 0)
		return r;
	if (sr_settings_merge(&load->settings, &load->options->given) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");

	r = load_config(&load->settings, &load->config, err);
	load->config.ahead = load->ahead;
	if (r == 0)
		r = load_check_tunnels(&load->settings, err);
	if (r == 0)
		r = sr_targets_choose(load, err);
	if (r == 0)
		r = sr_announce_check(load, err);
	if (r == 0)
		r = sr_desired_resolve(load, err);
	if (r == 0 && load_note_idle(load) < 0)
		r = sr_fail(err, -ENOMEM, "out of memory");
	return r;
}
