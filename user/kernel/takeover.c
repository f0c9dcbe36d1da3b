// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/takeover.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/instance.h"
#include "kernel/tables.h"
#include "kernel/timeouts.h"

static int takeover_write(const struct sr_datapath *datapath, enum sr_takeover_level level)
{
	struct sr_takeover takeover = {.level = level};
	struct sr_timeouts timeouts;
	uint32_t zero = 0;

	sr_timeouts_get(&timeouts);
	takeover.until = sr_ticks_now() + timeouts.closing;
	return bpf_map_update_elem(datapath->map_fd[SR_MAP_TAKEOVER], &zero, &takeover, BPF_ANY) < 0 ? -errno : 0;
}

int sr_takeover_begin(const struct sr_datapath *datapath, enum sr_takeover_level level, struct sr_error *err)
{
	int r = takeover_write(datapath, level);

	if (r < 0)
		return sr_fail(err, r, "cannot write map sr_takeover: %s", strerror(-r));
	sr_tables_wait_for_packets();
	return 0;
}

void sr_takeover_end(const struct sr_datapath *datapath)
{
	takeover_write(datapath, SR_TAKEOVER_NONE);
}
