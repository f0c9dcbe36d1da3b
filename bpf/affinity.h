/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Session affinity: a client's new connections go to the backend that its last
 * one was given. This file owns sr_affinity; its clock is jiffies.
 */
#ifndef BPF_AFFINITY_H
#define BPF_AFFINITY_H

#include "config.h"
#include "lookup.h"

/* The backend and its generation that a client was given last; false: none, or too long ago. */
static __always_inline bool affinity_recall(const struct sr_affinity_key *key, __u32 seconds, __u32 *backend,
					    __u32 *generation)
{
	struct sr_affinity *known = bpf_map_lookup_elem(&sr_affinity, key);
	__u64 age;

	if (!known)
		return false;
	*backend = READ_ONCE(known->backend);
	*generation = READ_ONCE(known->generation);
	age = bpf_jiffies64() - READ_ONCE(known->seen);
	/* The element may be another client's by now: the key is read last. */
	barrier();
	return known->self.client.half[0] == key->client.half[0] && known->self.client.half[1] == key->client.half[1] &&
	       known->self.service == key->service && age < (__u64)seconds * sr_jiffies_per_second;
}

/* The client has opened a connection to this backend just now. */
static __always_inline void affinity_record(const struct sr_affinity_key *key, __u32 backend, __u32 generation)
{
	struct sr_affinity entry = {
		.self = *key,
		.backend = backend,
		.generation = generation,
		.seen = bpf_jiffies64(),
	};

	bpf_map_update_elem(&sr_affinity, key, &entry, BPF_ANY);
}

#endif
