// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/rodata.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define RODATA_FIRST_PORT 1024
#define RODATA_LAST_PORT  65535

/* The ports the kernel draws from for sockets that did not ask for one. */
static struct sr_ports rodata_ephemeral_ports(void)
{
	sr_autofclose FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	struct sr_ports ports;

	if (f && fscanf(f, "%hu %hu", &ports.low, &ports.high) == 2)
		return ports;
	return (struct sr_ports){.low = 32768, .high = 60999};
}

int sr_snat_ports(struct sr_ports *out, const struct sr_datapath_config *config, struct sr_error *err)
{
	struct sr_ports taken;
	int below, above;

	if (config->snat_port_low || config->snat_port_high) {
		if (config->snat_port_low == 0 || config->snat_port_low > config->snat_port_high)
			return sr_fail(err, -EINVAL, "SNAT ports %u-%u: not a range", config->snat_port_low,
				       config->snat_port_high);
		*out = (struct sr_ports){config->snat_port_low, config->snat_port_high};
		return 0;
	}

	taken = rodata_ephemeral_ports();
	below = taken.low - RODATA_FIRST_PORT;
	above = RODATA_LAST_PORT - taken.high;
	if (below < 1 && above < 1)
		return sr_fail(err, -EINVAL, "net.ipv4.ip_local_port_range leaves no port for SNAT: name a range");
	if (below >= above)
		*out = (struct sr_ports){RODATA_FIRST_PORT, taken.low - 1};
	else
		*out = (struct sr_ports){taken.high + 1, RODATA_LAST_PORT};
	return 0;
}

uint64_t sr_netns_cookie(void)
{
	sr_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) < 0)
		return 0;
	return cookie;
}
