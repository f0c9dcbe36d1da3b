// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rivals.h"

#include "kube_proxy.h"
#include "stage.h"

#define RIVAL_FILE	  "rules"
#define RIVAL_CLEAR_LIMIT 60

const struct rival rivals[NUM_RIVALS] = {
	{
		.name = "nft",
		.argv = {"nft", "-f", "-"},
		.clear_argv = {"nft", "-f", "-"},
		.clear = "add table ip kube-proxy\ndelete table ip kube-proxy\n", /* it may not be there */
		.all = kube_proxy_nft,
		.change = kube_proxy_nft_change,
	},
	{
		.name = "iptables",
		.argv = {"iptables-legacy-restore", "--noflush", "--counters"},
		.clear_argv = {"iptables-legacy-restore"},
		.clear = "*filter\nCOMMIT\n*nat\nCOMMIT\n",
		.all = kube_proxy_iptables,
		.change = kube_proxy_iptables_change,
	},
};

static int rival_run(const char *const argv[], struct child *out, FILE *rules, double limit)
{
	int r;

	if (fclose(rules) != 0) {
		perror("bench: rules");
		return -1;
	}
	r = child_run(out, stage_path(RIVAL_FILE), limit, argv);
	stage_remove(RIVAL_FILE);
	return r;
}

int rival_load(const struct rival *rival, struct child *out, const struct cluster *cluster, double limit)
{
	FILE *rules = stage_create(RIVAL_FILE);

	if (!rules)
		return -1;
	rival->all(rules, cluster);
	return rival_run(rival->argv, out, rules, limit);
}

int rival_change(const struct rival *rival, struct child *out, const struct cluster *cluster, unsigned int service,
		 unsigned int endpoints, double limit)
{
	FILE *rules = stage_create(RIVAL_FILE);

	if (!rules)
		return -1;
	rival->change(rules, cluster, service, endpoints);
	return rival_run(rival->argv, out, rules, limit);
}

int rival_clear(const struct rival *rival)
{
	FILE *rules = stage_create(RIVAL_FILE);
	struct child ignored;

	if (!rules)
		return -1;
	fputs(rival->clear, rules);
	return rival_run(rival->clear_argv, &ignored, rules, RIVAL_CLEAR_LIMIT);
}
