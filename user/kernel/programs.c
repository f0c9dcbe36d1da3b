// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which programs there are, and those that are pinned. */
#include "kernel/programs.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/hash.h"
#include "kernel/instance.h"

const struct sr_program sr_programs[SR_NUM_PROGRAMS] = {
	{"sr_xdp_uplink", "xdp", SR_PLACE_UPLINK_XDP, BPF_XDP},
	{"sr_from_wire", "tc ingress", SR_PLACE_UPLINK, SR_BPF_TCX_INGRESS},
	{"sr_to_wire", "tc egress", SR_PLACE_UPLINK, SR_BPF_TCX_EGRESS},
	{"sr_from_wire_l3", "tc ingress", SR_PLACE_UPLINK_BARE, SR_BPF_TCX_INGRESS},
	{"sr_to_wire_l3", "tc egress", SR_PLACE_UPLINK_BARE, SR_BPF_TCX_EGRESS},
	{"sr_from_pod", "tc ingress", SR_PLACE_POD, SR_BPF_TCX_INGRESS},
	{"sr_to_pod", "tc egress", SR_PLACE_POD, SR_BPF_TCX_EGRESS},
	{"sr_connect4", "cgroup connect4", SR_PLACE_CGROUP, BPF_CGROUP_INET4_CONNECT},
	{"sr_connect6", "cgroup connect6", SR_PLACE_CGROUP, BPF_CGROUP_INET6_CONNECT},
	{"sr_sendmsg4", "cgroup sendmsg4", SR_PLACE_CGROUP, BPF_CGROUP_UDP4_SENDMSG},
	{"sr_sendmsg6", "cgroup sendmsg6", SR_PLACE_CGROUP, BPF_CGROUP_UDP6_SENDMSG},
	{"sr_recvmsg4", "cgroup recvmsg4", SR_PLACE_CGROUP, BPF_CGROUP_UDP4_RECVMSG},
	{"sr_recvmsg6", "cgroup recvmsg6", SR_PLACE_CGROUP, BPF_CGROUP_UDP6_RECVMSG},
	{"sr_getpeer4", "cgroup getpeername4", SR_PLACE_CGROUP, BPF_CGROUP_INET4_GETPEERNAME},
	{"sr_getpeer6", "cgroup getpeername6", SR_PLACE_CGROUP, BPF_CGROUP_INET6_GETPEERNAME},
	{"sr_bind4", "cgroup bind4", SR_PLACE_CGROUP, BPF_CGROUP_INET4_BIND},
	{"sr_bind6", "cgroup bind6", SR_PLACE_CGROUP, BPF_CGROUP_INET6_BIND},
	{"sr_release", "cgroup sock_release", SR_PLACE_CGROUP, BPF_CGROUP_INET_SOCK_RELEASE},
};

const struct sr_program *sr_program_find(const char *name)
{
	for (size_t i = 0; i < SR_NUM_PROGRAMS; i++)
		if (strcmp(sr_programs[i].name, name) == 0)
			return &sr_programs[i];
	return NULL;
}

int sr_program_open(const struct sr_datapath *datapath, const char *name, struct sr_error *err)
{
	int fd = sr_pin_get(datapath, "progs", name);

	if (fd < 0)
		return sr_fail(err, fd, "cannot open program %s of instance '%s': %s; 'svcroute load' mends it", name,
			       datapath->instance, strerror(-fd));
	return fd;
}

uint32_t sr_program_id(int fd)
{
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &length) < 0 ? 0 : info.id;
}

uint64_t sr_programs_hash(void)
{
	const void *data;
	uint64_t hash;
	size_t size;

	data = sr_programs_elf(&size);
	hash = sr_hash(SR_HASH_START, data, size);
	return hash ? hash : 1;
}
