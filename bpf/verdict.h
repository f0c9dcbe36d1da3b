/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every packet ends here: counted by its reason. */
#ifndef BPF_VERDICT_H
#define BPF_VERDICT_H

#include "maps.h"

static __always_inline void verdict_count(int reason, __u64 bytes)
{
	__u32 index = sr_reason_index(reason);
	struct sr_counter *counter = bpf_map_lookup_elem(&sr_counters, &index);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += bytes;
}

#endif
