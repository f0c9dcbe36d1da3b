// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Chains that drop, chains of kube-proxy; never a listing of rules. */
#include "kernel/firewall.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static void firewall_pclose(FILE **f)
{
	if (*f)
		pclose(*f);
}
#define firewall_autopclose __attribute__((cleanup(firewall_pclose)))

static void firewall_decref(json_t **json)
{
	json_decref(*json);
}

static const char *firewall_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool firewall_is_kube_proxy(const json_t *chain)
{
	return strcmp(firewall_text(chain, "table"), "kube-proxy") == 0 ||
	       strcmp(firewall_text(chain, "name"), "KUBE-SERVICES") == 0;
}

static bool firewall_drops(const json_t *chain)
{
	return strcmp(firewall_text(chain, "hook"), "forward") == 0 &&
	       strcmp(firewall_text(chain, "policy"), "drop") == 0 &&
	       strcmp(firewall_text(chain, "family"), "bridge") != 0;
}

static int firewall_add_policy(struct sr_lines *lines, const char *family, const char *table, const char *chain)
{
	return sr_lines_add(
		lines,
		"chain '%s %s %s' drops forwarded packets that no rule accepts: accept those to and from pods"
		"%s",
		family, table, chain, strcmp(chain, "FORWARD") == 0 ? ", or 'iptables -P FORWARD ACCEPT'" : "");
}

static int firewall_add_kube_proxy(struct sr_lines *lines, bool *told)
{
	if (*told)
		return 0;
	*told = true;
	return sr_lines_add(lines, "kube-proxy's rules are present and translate what we do not: stop kube-proxy, then "
				   "'kube-proxy --cleanup'");
}

/* Without their rules: short even where there are 100,000. NULL: nobody can tell. */
static json_t *firewall_chains(void)
{
	firewall_autopclose FILE *f = popen("nft -j list chains 2>/dev/null", "re");

	return f ? json_loadf(f, 0, NULL) : NULL;
}

static int firewall_look_nft(struct sr_lines *lines, bool *told)
{
	__attribute__((cleanup(firewall_decref))) json_t *root = firewall_chains();
	size_t index;
	json_t *item;
	int r = 0;

	json_array_foreach (json_object_get(root, "nftables"), index, item) {
		const json_t *chain = json_object_get(item, "chain");

		if (r == 0 && firewall_drops(chain))
			r = firewall_add_policy(lines, firewall_text(chain, "family"), firewall_text(chain, "table"),
						firewall_text(chain, "name"));
		if (r == 0 && firewall_is_kube_proxy(chain))
			r = firewall_add_kube_proxy(lines, told);
	}
	return r;
}

/* To ask iptables-legacy for a table makes it: ask only for those there are. */
static bool firewall_legacy_has(const char *names, const char *table)
{
	sr_autofclose FILE *f = fopen(names, "re");
	char name[64];

	while (f && fscanf(f, "%63s", name) == 1)
		if (strcmp(name, table) == 0)
			return true;
	return false;
}

/* Does the command's first line begin like this? */
static bool firewall_says(const char *command, const char *beginning)
{
	firewall_autopclose FILE *f = popen(command, "re");
	char line[256];

	return f && fgets(line, sizeof(line), f) && strncmp(line, beginning, strlen(beginning)) == 0;
}

static int firewall_look_legacy(struct sr_lines *lines, bool *told)
{
	static const struct {
		const char *names, *family, *policy, *kube_proxy;
	} tools[] = {
		{"/proc/net/ip_tables_names", "ip", "iptables-legacy -S FORWARD 2>/dev/null",
		 "iptables-legacy -t nat -S KUBE-SERVICES 1 2>/dev/null"},
		{"/proc/net/ip6_tables_names", "ip6", "ip6tables-legacy -S FORWARD 2>/dev/null",
		 "ip6tables-legacy -t nat -S KUBE-SERVICES 1 2>/dev/null"},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(tools); i++) {
		if (firewall_legacy_has(tools[i].names, "filter") && firewall_says(tools[i].policy, "-P FORWARD DROP"))
			r = firewall_add_policy(lines, tools[i].family, "filter", "FORWARD");
		if (r == 0 && firewall_legacy_has(tools[i].names, "nat") &&
		    firewall_says(tools[i].kube_proxy, "-A KUBE-SERVICES"))
			r = firewall_add_kube_proxy(lines, told);
	}
	return r;
}

int sr_firewall_look(struct sr_lines *lines)
{
	bool told = false;
	int r = firewall_look_nft(lines, &told);

	return r < 0 ? r : firewall_look_legacy(lines, &told);
}

bool sr_firewall_has_nat(void)
{
	__attribute__((cleanup(firewall_decref))) json_t *root = firewall_chains();
	size_t index;
	json_t *item;

	json_array_foreach (json_object_get(root, "nftables"), index, item)
		if (strcmp(firewall_text(json_object_get(item, "chain"), "type"), "nat") == 0)
			return true;
	return !root || firewall_legacy_has("/proc/net/ip_tables_names", "nat") ||
	       firewall_legacy_has("/proc/net/ip6_tables_names", "nat");
}
