// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/privileges.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

/* PERFMON: the verifier lets programs compare pointers only with it. */
static const struct {
	int bit;
	const char *name;
	bool in_sys_admin; /* CAP_SYS_ADMIN includes it (kernels before 5.8 know no other) */
} privileges_needed[] = {
	{CAP_BPF, "CAP_BPF", true},
	{CAP_NET_ADMIN, "CAP_NET_ADMIN", false},
	{CAP_PERFMON, "CAP_PERFMON", true},
};

static uint64_t privileges_effective(void)
{
	sr_autofclose FILE *f = fopen("/proc/self/status", "re");
	uint64_t caps = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %" SCNx64, &caps) == 1)
			return caps;
	/* Without /proc we cannot tell: let the kernel say. */
	return UINT64_MAX;
}

int sr_privileges_check(struct sr_error *err)
{
	uint64_t caps = privileges_effective();
	bool admin = caps >> CAP_SYS_ADMIN & 1;
	char missing[64] = "";

	for (size_t i = 0; i < ARRAY_SIZE(privileges_needed); i++) {
		if (caps >> privileges_needed[i].bit & 1 || (admin && privileges_needed[i].in_sys_admin))
			continue;
		snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing), "%s%s", missing[0] ? ", " : "",
			 privileges_needed[i].name);
	}
	if (!missing[0])
		return 0;
	return sr_fail(err, -EPERM, "run as root: this needs capabilities that the process lacks (%s)", missing);
}
