// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "network.h"

#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "world.h"

/*
 * The far end first: a device that comes up with a carrier has its routes at
 * once. It speaks no IPv6, or it would send packets of its own.
 */
static const char *const network_links[] = {
	"link add eth0 address 02:00:00:00:00:04 type veth peer name wire0",
	"link add eth1 address 02:00:00:00:00:14 type veth peer name wire1",
	"link add pod1 address 02:00:00:00:00:27 type veth peer name pod1-eth0",
	"link add pod2 address 02:00:00:00:00:29 type veth peer name pod2-eth0",
	"tuntap add tun0 mode tun",
	"link add cni0 type bridge",
	"link set lo up",
	"link set wire0 addrgenmode none up",
	"link set wire1 addrgenmode none up",
	"link set pod1-eth0 addrgenmode none up",
	"link set pod2-eth0 addrgenmode none up",
	"link set eth0 addrgenmode none up",
	"link set eth1 addrgenmode none up",
	"link set pod1 addrgenmode none up",
	"link set pod2 addrgenmode none up",
};

/* A % stands for the address, with its prefix length, as the family has it. */
struct network_line {
	const char *format;
	const char *addr;
	int bits;
};

static const struct network_line network_addresses[] = {
	{"addr add %s dev eth0", NODE, 24},
	{"addr add %s dev eth1", NODE_ETH1, 24},
	{"neigh add %s lladdr 02:00:00:00:00:01 dev eth0 nud permanent", "10.240.0.1", 32},
	{"neigh add %s lladdr 02:00:00:00:00:05 dev eth0 nud permanent", "10.240.0.5", 32},
	{"neigh add %s lladdr 02:00:00:00:00:16 dev eth1 nud permanent", "10.241.0.6", 32},
	{"route add %s dev pod1", POD1, 32},
	{"route add %s dev pod1", POD1B, 32},
	{"route add %s dev pod2", POD2, 32},
	{"neigh add %s lladdr 02:00:00:00:00:07 dev pod1 nud permanent", POD1, 32},
	{"neigh add %s lladdr 02:00:00:00:00:08 dev pod1 nud permanent", POD1B, 32},
	{"neigh add %s lladdr 02:00:00:00:00:09 dev pod2 nud permanent", POD2, 32},
	{"route add unreachable %s", "10.244.5.0", 24},
	{"route add blackhole %s", "10.244.6.0", 24},
};

/* Routes have a second address: the one they lead to. */
static const struct {
	const char *to;
	int bits;
	const char *via;
} network_routes[] = {
	{"0.0.0.0", 0, "10.240.0.1"},
	{"10.244.2.0", 24, "10.240.0.5"},
	{"10.244.3.0", 24, "10.241.0.6"},
	{"10.244.4.0", 24, "10.240.0.9"},
};

static const char *const network_device_names[NUM_DEVICES] = {
	[DEVICE_ETH0] = "eth0",
	[DEVICE_ETH1] = "eth1",
	[DEVICE_POD1] = "pod1",
	[DEVICE_POD2] = "pod2",
};

uint32_t network_ifindex(enum device device)
{
	return if_nametoindex(network_device_names[device]);
}

static int network_write(const char *path, const char *text)
{
	sr_autofclose FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fflush(f) < 0) {
		perror(path);
		return -1;
	}
	return 0;
}

/* An address as `ip` reads it; what is a whole address there needs no length. */
static const char *network_addr(char *out, size_t size, const char *addr, int bits, int family)
{
	struct sr_addr a = world_addr(addr, family);
	char text[SR_ADDR_TEXT];

	sr_addr_format(text, &a);
	if (bits == 0)
		snprintf(out, size, "default");
	else if (bits == 32)
		snprintf(out, size, "%s", text);
	else
		snprintf(out, size, "%s/%d", text, family == 4 ? bits : bits * 4);
	return out;
}

static void network_say(FILE *ip, int family)
{
	char addr[64], via[64];

	for (size_t i = 0; i < ARRAY_SIZE(network_addresses); i++) {
		const struct network_line *line = &network_addresses[i];

		fprintf(ip, line->format, network_addr(addr, sizeof(addr), line->addr, line->bits, family));
		fputs(family == 6 && line->format[0] == 'a' ? " nodad\n" : "\n", ip);
	}
	for (size_t i = 0; i < ARRAY_SIZE(network_routes); i++)
		fprintf(ip, "route add %s via %s\n",
			network_addr(addr, sizeof(addr), network_routes[i].to, network_routes[i].bits, family),
			network_addr(via, sizeof(via), network_routes[i].via, 32, family));
}

static int network_ip(const char *command, int family)
{
	FILE *ip = popen(command, "we");

	if (!ip) {
		perror(command);
		return -1;
	}
	if (family)
		network_say(ip, family);
	for (size_t i = 0; !family && i < ARRAY_SIZE(network_links); i++)
		fprintf(ip, "%s\n", network_links[i]);
	return pclose(ip) == 0 ? 0 : -1;
}

/* Mounts and devices are this process's own, and go with it. */
static int network_unshare(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL) < 0) {
		perror("cannot make namespaces");
		return -1;
	}
	return 0;
}

int network_set_icmp_ratelimit(int msec)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", msec);
	return network_write("/proc/sys/net/ipv4/icmp_ratelimit", text);
}

int network_move_other_node(int family, uint8_t mac)
{
	char addr[64], command[160];

	snprintf(command, sizeof(command), "ip neigh replace %s lladdr 02:00:00:00:00:%02x dev eth0 nud permanent",
		 network_addr(addr, sizeof(addr), "10.240.0.5", 32, family), mac);
	return system(command) == 0 ? 0 : -1;
}

int network_make(void)
{
	if (network_unshare() < 0)
		return -1;
	if (network_write("/proc/sys/net/ipv4/ip_forward", "1") < 0 ||
	    network_write("/proc/sys/net/ipv6/conf/all/forwarding", "1") < 0 || network_set_icmp_ratelimit(0) < 0)
		return -1;
	if (network_ip("ip -batch -", 0) < 0 || network_ip("ip -4 -batch -", 4) < 0 ||
	    network_ip("ip -6 -batch -", 6) < 0)
		return -1;
	return 0;
}
