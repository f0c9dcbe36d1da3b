// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/identity.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/error.h"

/* As kube-proxy has it: the name in lower case, by default the host's. */
int sr_identity_node(char **out, const char *setting, struct sr_error *err)
{
	char host[HOST_NAME_MAX + 1] = "";
	char *letter;

	if (setting && strcmp(setting, SR_SETTING_NONE) == 0)
		return 0;
	if (!setting && gethostname(host, sizeof(host) - 1) < 0)
		return sr_fail(err, -errno, "the host's name cannot be had: %s; give --node", strerror(errno));
	if (sr_string_set(out, setting ? setting : host) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");

	for (letter = *out; *letter; letter++)
		*letter = (char)tolower((unsigned char)*letter);
	return 0;
}

static int addrs_add(struct sr_addr **list, size_t *num, const struct sr_addr *addr)
{
	struct sr_addr *new;

	if (!addr->half[0] && !addr->half[1])
		return 0;
	new = sr_array_add(list, num, sizeof(*new));
	if (!new)
		return -ENOMEM;
	*new = *addr;
	return 0;
}

static int identity_add_uplinks(struct sr_identity *out, const struct sr_targets *targets)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < targets->uplinks.num; i++) {
		const struct sr_netdev *netdev = sr_netdevs_find(&targets->netdevs, targets->uplinks.item[i]);

		if (netdev)
			r = addrs_add(&out->uplink, &out->num_uplinks, &netdev->addr4);
		if (netdev && r == 0)
			r = addrs_add(&out->uplink, &out->num_uplinks, &netdev->addr6);
	}
	return r;
}

static bool is_pods_device(const struct sr_targets *targets, uint32_t index)
{
	for (size_t i = 0; i < targets->netdevs.num; i++) {
		const struct sr_netdev *netdev = &targets->netdevs.item[i];

		if (netdev->index == index)
			return sr_strings_has(&targets->pods, netdev->name);
	}
	return false;
}

static int identity_add_hosts(struct sr_identity *out, const struct sr_targets *targets)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < targets->netdevs.num_addrs; i++) {
		const struct sr_netaddr *addr = &targets->netdevs.addr[i];

		if (!is_pods_device(targets, addr->index))
			r = addrs_add(&out->host, &out->num_hosts, &addr->addr);
	}
	return r;
}

int sr_identity_make(struct sr_identity *out, const struct sr_load *load, struct sr_error *err)
{
	const struct sr_settings *settings = &load->settings;
	int r;

	memset(out, 0, sizeof(*out));
	r = sr_node_port_addresses_parse(&out->node_ports, settings->nodeport_addresses, err);
	if (r < 0)
		return sr_fail_prefix(err, "setting nodeport-addresses: ");
	r = sr_identity_node(&out->node, settings->node, err);
	if (r < 0)
		return r;
	if (identity_add_uplinks(out, &load->targets) < 0 || identity_add_hosts(out, &load->targets) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	return 0;
}

void sr_identity_tell(const struct sr_identity *identity, const struct sr_load *load, struct sr_k8s_options *out)
{
	out->node = identity->node;
	out->zone = load->settings.zone;
	out->uplink_addrs = identity->uplink;
	out->num_uplink_addrs = identity->num_uplinks;
	out->host_addrs = identity->host;
	out->num_host_addrs = identity->num_hosts;
	out->node_ports = identity->node_ports.which;
	out->node_port_cidrs = identity->node_ports.cidr;
	out->num_node_port_cidrs = identity->node_ports.num_cidrs;
}

void sr_identity_clear(struct sr_identity *identity)
{
	sr_node_port_addresses_clear(&identity->node_ports);
	free(identity->node);
	free(identity->uplink);
	free(identity->host);
}
