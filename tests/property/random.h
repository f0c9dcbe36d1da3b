/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random numbers that a seed brings back. */
#ifndef TESTS_PROPERTY_RANDOM_H
#define TESTS_PROPERTY_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

/* SplitMix64: every state is a good one, so that seeds may be 1, 2, 3. */
static inline uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static inline struct random random_of(uint64_t seed, uint64_t part)
{
	struct random random = {.state = seed * 0x2545f4914f6cdd1d + part};

	random_next(&random);
	return random;
}

/* 0 .. below - 1 */
static inline unsigned int random_below(struct random *random, unsigned int below)
{
	return (random_next(random) >> 32) * below >> 32;
}

/* True so many times of a hundred. */
static inline bool random_percent(struct random *random, unsigned int percent)
{
	return random_below(random, 100) < percent;
}

#endif
