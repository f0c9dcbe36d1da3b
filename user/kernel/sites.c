// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/sites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/instance.h"
#include "kernel/netdev.h"
#include "kernel/rtnl.h"

/* Clients and endpoints are few beside connections: the last answers are kept, by a hash of the address. */
#define SITES_KEPT 4096

struct sr_sites {
	struct mnl_socket *socket;
	uint32_t sequence;
	uint32_t *device; /* indexes of ours */
	size_t num_devices;
	struct {
		struct sr_addr addr;
		enum sr_site site;
		bool is_known;
	} kept[SITES_KEPT];
};

void sr_sites_close(struct sr_sites *sites)
{
	if (!sites)
		return;
	if (sites->socket)
		mnl_socket_close(sites->socket);
	free(sites->device);
	free(sites);
}

/* A bridge is ours if a port of it is: what comes from there comes by the port. */
static int sites_add(struct sr_sites *sites, const struct sr_netdev *netdev)
{
	for (int i = 0; i < (netdev->master ? 2 : 1); i++) {
		uint32_t *index = sr_array_add(&sites->device, &sites->num_devices, sizeof(*index));

		if (!index)
			return -ENOMEM;
		*index = i ? netdev->master : netdev->index;
	}
	return 0;
}

/* `config`, or else what is attached, as map sr_devices has it. */
static bool sites_has_role(const struct sr_datapath *datapath, const struct sr_attach_config *config,
			   const struct sr_netdev *netdev)
{
	struct sr_device device;

	if (!config)
		return bpf_map_lookup_elem(datapath->map_fd[SR_MAP_DEVICES], &netdev->index, &device) == 0;
	for (size_t i = 0; i < config->num_uplinks; i++)
		if (strcmp(config->uplinks[i], netdev->name) == 0)
			return true;
	for (size_t i = 0; i < config->num_pods; i++)
		if (strcmp(config->pods[i], netdev->name) == 0)
			return true;
	return false;
}

static int sites_read_devices(struct sr_sites *sites, const struct sr_datapath *datapath,
			      const struct sr_attach_config *config, struct sr_error *err)
{
	__attribute__((cleanup(sr_netdevs_clear))) struct sr_netdevs netdevs = {};
	int r = sr_netdevs_read(&netdevs, err);

	for (size_t i = 0; r == 0 && i < netdevs.num; i++)
		if (sites_has_role(datapath, config, &netdevs.item[i]) && sites_add(sites, &netdevs.item[i]) < 0)
			r = sr_fail(err, -ENOMEM, "no memory");
	return r;
}

int sr_sites_open(struct sr_sites **out, const struct sr_datapath *datapath, const struct sr_attach_config *config,
		  struct sr_error *err)
{
	sr_autosites struct sr_sites *sites = calloc(1, sizeof(*sites));
	int r;

	if (!sites)
		return sr_fail(err, -ENOMEM, "no memory");
	sites->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!sites->socket || mnl_socket_bind(sites->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return sr_fail(err, -errno, "cannot ask for routes: %s", strerror(errno));
	r = sites_read_devices(sites, datapath, config, err);
	if (r < 0)
		return r;
	*out = TAKE_PTR(sites);
	return 0;
}

struct sites_answer {
	const struct sr_sites *sites;
	enum sr_site site;
};

static int sites_take(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct sites_answer *answer = context;
	const struct nlattr *tb[RTA_MAX + 1];

	sr_rtnl_attributes(message, sizeof(*header), tb, RTA_MAX);
	if (header->rtm_type == RTN_LOCAL)
		answer->site = SR_SITE_HOST;
	for (size_t i = 0; header->rtm_type == RTN_UNICAST && tb[RTA_OIF] && i < answer->sites->num_devices; i++)
		if (answer->sites->device[i] == mnl_attr_get_u32(tb[RTA_OIF]))
			answer->site = SR_SITE_OURS;
	return MNL_CB_STOP;
}

static enum sr_site sites_ask(struct sr_sites *sites, const struct sr_addr *addr)
{
	struct sites_answer answer = {.sites = sites, .site = SR_SITE_ELSEWHERE};
	bool v6 = !sr_addr_is_v4(addr);
	char buffer[4096];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtmsg *header;
	ssize_t length;

	message->nlmsg_type = RTM_GETROUTE;
	message->nlmsg_flags = NLM_F_REQUEST;
	message->nlmsg_seq = ++sites->sequence;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->rtm_family = v6 ? AF_INET6 : AF_INET;
	header->rtm_dst_len = v6 ? 128 : 32;
	mnl_attr_put(message, RTA_DST, v6 ? 16 : 4, addr->byte + (v6 ? 0 : 12));
	if (mnl_socket_sendto(sites->socket, message, message->nlmsg_len) < 0)
		return SR_SITE_ELSEWHERE;
	length = mnl_socket_recvfrom(sites->socket, buffer, sizeof(buffer));
	if (length > 0)
		mnl_cb_run(buffer, length, sites->sequence, mnl_socket_get_portid(sites->socket), sites_take, &answer);
	return answer.site;
}

static size_t sites_hash(const struct sr_addr *addr)
{
	uint64_t mixed = (addr->half[0] ^ addr->half[1] * 31) * 0x9e3779b97f4a7c15ull;

	return mixed >> 52;
}

enum sr_site sr_sites_find(struct sr_sites *sites, const struct sr_addr *addr)
{
	size_t slot = sites_hash(addr);

	_Static_assert(SITES_KEPT == 1 << (64 - 52), "sites_hash()");
	if (!sites->kept[slot].is_known || sr_addr_compare(&sites->kept[slot].addr, addr) != 0) {
		sites->kept[slot].site = sites_ask(sites, addr);
		sites->kept[slot].addr = *addr;
		sites->kept[slot].is_known = true;
	}
	return sites->kept[slot].site;
}
