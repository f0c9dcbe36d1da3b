/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The consistent choice: which backend a flow is given follows from the flow
 * and the backends alone. Whoever knows the same backends chooses the same one,
 * in whatever order he came to know them, on any machine.
 *
 * A Maglev table gives each of its slots to a backend, and a flow to a slot. To
 * be even it must be larger than its backends are many; to move few flows when
 * a backend goes, far larger: filled as Maglev does it, one of 1021 slots for 10
 * backends moves a quarter of 1/10 of all flows for nothing, one of 65521 slots
 * for 100 more than a half of 1/100. So no table is kept: a flow is its own slot,
 * and the backends bid for it when it begins (rendezvous hashing). When a backend
 * goes, no other's flow moves; shares are as even as chance is, and follow weights
 * exactly.
 *
 * The key is a constant: it must be the same on all gateways. Who knows it can
 * make flows that all go to one backend; he cannot harm more than that backend,
 * which he could as well call directly where it can be reached.
 */
#ifndef SVCROUTE_MAGLEV_H
#define SVCROUTE_MAGLEV_H

#include "svcroute/abi.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SR_MAGLEV_HOST(value) __builtin_bswap64(value)
#else
#define SR_MAGLEV_HOST(value) (value)
#endif

/* A flow, and who has bidden best for it so far; but for `flow` zeros: nobody yet. */
struct sr_maglev {
	__u64 flow; /* sr_maglev_flow() or sr_maglev_client() */
	__u64 draw; /* the smaller the better */
	__u32 backend;
	__u32 weight;
};

static inline __u64 sr_maglev_mix(__u64 hash, __u64 value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

static inline __u64 sr_maglev_mix_addr(__u64 hash, const struct sr_addr *addr)
{
	hash = sr_maglev_mix(hash, SR_MAGLEV_HOST(addr->half[0]));
	return sr_maglev_mix(hash, SR_MAGLEV_HOST(addr->half[1]));
}

static inline __u64 sr_maglev_port(__be16 port)
{
	const __u8 *byte = (const __u8 *)&port;

	return byte[0] << 8 | byte[1];
}

/* A flow by its five-tuple: the client, and the frontend that it calls. */
static inline __u64 sr_maglev_flow(const struct sr_tuple *tuple)
{
	__u64 hash = sr_maglev_mix_addr(tuple->proto, &tuple->src);

	hash = sr_maglev_mix_addr(hash, &tuple->dst);
	return sr_maglev_mix(hash, sr_maglev_port(tuple->sport) << 16 | sr_maglev_port(tuple->dport));
}

/* All flows of a client, for a service with session affinity. */
static inline __u64 sr_maglev_client(const struct sr_addr *client)
{
	return sr_maglev_mix_addr(0, client);
}

/* A backend by its address and port. */
static inline __u64 sr_maglev_seed(const struct sr_addr *addr, __be16 port)
{
	return SR_MAGLEV_HOST(addr->half[0]) * 0xbf58476d1ce4e5b9ULL +
	       SR_MAGLEV_HOST(addr->half[1]) * 0x94d049bb133111ebULL + sr_maglev_port(port) * 0xd6e8feb86659fd93ULL;
}

/* What a backend draws for a flow: as good as at random, and so long that no two draw the same. */
static inline __u64 sr_maglev_draw(__u64 flow, __u64 seed)
{
	return sr_maglev_mix(sr_maglev_mix(flow, seed), 0);
}

/* log2(1 + t) is t + t * (1 - t) * (A - B * t), to 1 in 1000, in units of 1 / SR_MAGLEV_ONE. */
#define SR_MAGLEV_BITS 31
#define SR_MAGLEV_ONE  (1ULL << SR_MAGLEV_BITS)
#define SR_MAGLEV_A    ((__u64)(0.425 * SR_MAGLEV_ONE))
#define SR_MAGLEV_B    ((__u64)(0.1464 * SR_MAGLEV_ONE))

static inline __u64 sr_maglev_times(__u64 a, __u64 b)
{
	return a * b >> SR_MAGLEV_BITS;
}

/* value < 1 << (32 - bits): `bits`, else 0; without a branch, which the verifier would follow. */
static inline __u32 sr_maglev_lacks(__u64 value, __u32 bits)
{
	return ((value - (1ULL << (32 - bits))) >> 63) * bits;
}

/* -log2(1 - x), where `draw` is x in units of 1 / 2^32: exponentially distributed. */
static inline __u64 sr_maglev_time(__u32 draw)
{
	__u64 rest = SR_MAGLEV_ONE - (draw >> 1), exponent = 0, t;
	__u32 shift;

	for (__u32 bits = 16; bits; bits >>= 1) {
		shift = sr_maglev_lacks(rest, bits);
		rest <<= shift;
		exponent += shift;
	}
	t = rest - SR_MAGLEV_ONE;
	t += sr_maglev_times(sr_maglev_times(t, SR_MAGLEV_ONE - t), SR_MAGLEV_A - sr_maglev_times(SR_MAGLEV_B, t));
	return (exponent << SR_MAGLEV_BITS) - t;
}

/* Is a backend's time, divided by its weight, the shortest? In case of doubt it is who drew less, whoever was first. */
static inline bool sr_maglev_beats(const struct sr_maglev *best, __u64 draw, __u32 weight)
{
	__u64 time, best_time;

	if (!best->weight || best->weight == weight)
		return !best->weight || draw < best->draw;
	time = sr_maglev_time(draw >> 32) * best->weight;
	best_time = sr_maglev_time(best->draw >> 32) * weight;
	return time < best_time || (time == best_time && draw < best->draw);
}

/* A backend bids. It wins so often as is its share of all weights. */
static inline void sr_maglev_bid(struct sr_maglev *best, __u32 backend, const struct sr_addr *addr, __be16 port,
				 __u32 weight)
{
	__u64 draw = sr_maglev_draw(best->flow, sr_maglev_seed(addr, port));

	if (!sr_maglev_beats(best, draw, weight))
		return;
	best->draw = draw;
	best->backend = backend;
	best->weight = weight;
}

#endif
