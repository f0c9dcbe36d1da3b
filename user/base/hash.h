/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* FNV-1a, 64 bits: it tells versions of a thing apart and keeps no secret. */
#ifndef SVCROUTE_BASE_HASH_H
#define SVCROUTE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define SR_HASH_START 0xcbf29ce484222325ull

/* `hash`, which begins as SR_HASH_START, with so many bytes more. */
uint64_t sr_hash(uint64_t hash, const void *data, size_t size);

#endif
