/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path to a node, within the tunnel that leads there: routers on it complain
 * to us, for the outer packet is ours, and what they say of its length is for the
 * next sender whose packet is too long (RFC 2003, section 5.1; RFC 2473, section
 * 7.1). The stack knows nothing of such tunnels. This file owns sr_paths.
 */
#ifndef BPF_PATH_H
#define BPF_PATH_H

#include "conn.h"

/* Then the path may be another (RFC 1191, section 6.3; RFC 8201, section 5.3). */
#define PATH_SECONDS 600

/* What a router may ask for: less than this is a forger's (net.ipv4.route.min_pmtu; RFC 8200, section 5). */
#define PATH_MIN_V4 552
#define PATH_MIN_V6 1280

static __always_inline bool path_is_old(__u32 learnt)
{
	return conn_now() - learnt > (PATH_SECONDS * sr_jiffies_per_second) >> SR_TICK_SHIFT;
}

/* So many bytes may a packet to the node have; 0: as many as its route says. */
static __always_inline __u32 path_mtu(const struct sr_addr *node)
{
	struct sr_path fresh = {.self = *node};
	struct sr_path *path = bpf_map_lookup_elem(&sr_paths, &fresh.self);
	__u32 mtu, learnt;

	if (!path) {
		/* Only of what we send to does path_hear() learn. */
		bpf_map_update_elem(&sr_paths, &fresh.self, &fresh, BPF_NOEXIST);
		return 0;
	}
	learnt = READ_ONCE(path->learnt);
	mtu = READ_ONCE(path->mtu);
	/* An element is recycled without waiting for its readers. */
	barrier();
	return addr_is_equal(&path->self, &fresh.self) && !path_is_old(learnt) ? mtu : 0;
}

#endif
