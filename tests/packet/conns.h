/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of connections, looked at and meddled with: entries by the tuple of
 * the packets that meet them ("10.244.0.2:1234" → "10.96.0.10:80").
 */
#ifndef TESTS_PACKET_CONNS_H
#define TESTS_PACKET_CONNS_H

#include <stdbool.h>
#include <stddef.h>

#include "svcroute/abi.h"

enum standing {
	ANY_CONN,
	PROVEN_CONN, /* and not over: no new flow displaces it */
};

/* Is there such an entry? `out` (may be NULL) gets a copy. */
bool conn_read(enum standing standing, const char *from, const char *to, struct sr_conn *out);

/* Is it known to its set as one that gives way to no new flow? */
bool conn_is_kept(const char *from, const char *to);

/* As if others had displaced it. */
void conn_evict(const char *from, const char *to);

/* As if the entry's last packet, or its first one, had come so much earlier. */
void conn_age(const char *from, const char *to, int seconds);
void conn_begin_earlier(const char *from, const char *to, int seconds);

size_t conns_count(enum standing standing);

/* All such entries, malloc'd. */
struct sr_conn *conns_all(enum standing standing, size_t *num);

/* As if the datagrams of which fragments are known had begun so much earlier. */
void fragments_age(int seconds);

/* Forget whom clients are given, and who is trusted. */
void clients_forget(void);

/* Empty the table, that of fragments, and that of announced addresses. */
void conns_forget(void);

#endif
