// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/halves.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/bloom.h"
#include "kernel/timeouts.h"
#include "model/flow.h"

static uint64_t half_hash(const struct sr_tuple *tuple, const uint64_t *seed)
{
	uint32_t word[sizeof(*tuple) / sizeof(uint32_t)];
	uint64_t sum = 0;

	memcpy(word, tuple, sizeof(word));
	for (int i = 0; i < 5; i++)
		sum += (uint64_t)(uint32_t)(word[2 * i] + (uint32_t)seed[i]) *
		       (uint32_t)(word[2 * i + 1] + (uint32_t)(seed[i] >> 32));
	return sum;
}

struct sr_conn_key sr_half_key(const struct sr_tuple *tuple, const struct sr_state *state)
{
	uint32_t ports;

	if (!sr_addr_is_v4(&tuple->dst))
		return (struct sr_conn_key){
			{half_hash(tuple, state->key_seed), 6ULL << 56 | half_hash(tuple, state->key_seed + 5) >> 8}};
	memcpy(&ports, &tuple->sport, sizeof(ports));
	return (struct sr_conn_key){{(uint64_t)tuple->src.word[3] << 32 | tuple->dst.word[3],
				     4ULL << 56 | (uint64_t)tuple->proto << 32 | ports}};
}

struct sr_tuple sr_half_peer(const struct sr_conn *half)
{
	return (struct sr_tuple){
		.src = half->to.dst,
		.dst = half->to.src,
		.sport = half->to.dport,
		.dport = half->to.sport,
		.proto = half->from.proto,
	};
}

void sr_half_invert(struct sr_conn *out, const struct sr_conn *half)
{
	*out = *half;
	out->from = sr_half_peer(half);
	out->to.src = half->from.dst;
	out->to.dst = half->from.src;
	out->to.sport = half->from.dport;
	out->to.dport = half->from.sport;
	out->to.flags ^= SR_CONN_REPLY;
}

bool sr_half_get(const struct sr_datapath *datapath, enum sr_map map, const struct sr_conn_key *key,
		 const struct sr_tuple *from, struct sr_conn *out)
{
	return bpf_map_lookup_elem(datapath->map_fd[map], key, out) == 0 &&
	       memcmp(&out->from, from, sizeof(*from)) == 0;
}

bool sr_half_find(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_tuple *from,
		  struct sr_conn *out)
{
	struct sr_conn_key key = sr_half_key(from, state);

	return sr_half_get(datapath, SR_MAP_CONNS, &key, from, out) ||
	       sr_half_get(datapath, SR_MAP_CONNS_NEW, &key, from, out);
}

bool sr_half_find_live(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_tuple *from,
		       struct sr_conn *out)
{
	struct sr_flow_clock clock;

	sr_flow_clock_get(&clock);
	return sr_half_find(datapath, state, from, out) && sr_flow_is_live(&clock, out);
}

bool sr_half_leaves_alike(const struct sr_conn *a, const struct sr_conn *b)
{
	struct sr_tuple x = sr_half_peer(a), y = sr_half_peer(b);

	return memcmp(&x, &y, sizeof(x)) == 0;
}

bool sr_half_has_peer(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_conn *half)
{
	struct sr_tuple peer = sr_half_peer(half), back;
	struct sr_conn other;

	if (!sr_half_find(datapath, state, &peer, &other))
		return false;
	back = sr_half_peer(&other);
	return memcmp(&back, &half->from, sizeof(back)) == 0;
}

/* --- to write them ------------------------------------------------------------------------ */

/* What lies in the large table hides the small one's. */
int sr_half_put(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_conn *half)
{
	struct sr_conn_key key = sr_half_key(&half->from, state);
	bool is_proven = half->to.flags & SR_CONN_PROVEN;

	sr_bloom_add_half(datapath, half);
	if (bpf_map_update_elem(datapath->map_fd[is_proven ? SR_MAP_CONNS : SR_MAP_CONNS_NEW], &key, half, BPF_ANY) < 0)
		return -errno;
	if (!is_proven)
		bpf_map_delete_elem(datapath->map_fd[SR_MAP_CONNS], &key);
	return 0;
}

/* The answers' half first: a packet that finds the client's is answered. */
int sr_half_put_both(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_conn *half,
		     uint32_t only_there)
{
	struct sr_conn reply, there = *half;
	int r;

	sr_half_invert(&reply, half);
	there.to.flags |= only_there;
	r = sr_half_put(datapath, state, &reply);
	return r < 0 ? r : sr_half_put(datapath, state, &there);
}

/* A flag that a packet sets in the same moment may be lost: what ends a connection is said more than once. */
void sr_half_mark(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_tuple *from,
		  uint32_t set, uint32_t clear)
{
	static const enum sr_map maps[] = {SR_MAP_CONNS, SR_MAP_CONNS_NEW};
	struct sr_conn_key key = sr_half_key(from, state);
	struct sr_conn half;

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		if (!sr_half_get(datapath, maps[i], &key, from, &half))
			continue;
		half.to.flags = (half.to.flags | set) & ~clear;
		bpf_map_update_elem(datapath->map_fd[maps[i]], &key, &half, BPF_EXIST);
	}
}

int sr_half_remove(const struct sr_datapath *datapath, const struct sr_state *state, const struct sr_tuple *from)
{
	struct sr_conn_key key = sr_half_key(from, state);
	int r = 0;

	if (bpf_map_delete_elem(datapath->map_fd[SR_MAP_CONNS], &key) < 0 && errno != ENOENT)
		r = -errno;
	if (bpf_map_delete_elem(datapath->map_fd[SR_MAP_CONNS_NEW], &key) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}
