/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A table of connections from this side: read as copies of its sets, written in
 * the memory that the programs use (svcroute/conn_set.h).
 */
#ifndef SVCROUTE_KERNEL_CONN_TABLE_H
#define SVCROUTE_KERNEL_CONN_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svcroute/conn_enter.h"

/* Connections that have room in so many sets without displacing one another; and the sets that they need. */
uint32_t sr_conn_table_capacity(uint32_t num_sets);
uint32_t sr_conn_table_sets(uint32_t connections);

struct sr_conn_table {
	int fd; /* the map's; the caller's */
	uint32_t num_sets;
	uint32_t stride; /* bytes of an entry: another version's may be longer or shorter */
	uint64_t seed[SR_CONN_SEEDS];
	void *memory; /* all of it, from the first write on */
};

/* `seed`: SR_CONN_SEEDS of them, or NULL, to walk only. To be closed on success. 0 or -errno. */
int sr_conn_table_open(struct sr_conn_table *out, int fd, const uint64_t *seed);
void sr_conn_table_close(struct sr_conn_table *table);
#define sr_autoconntable __attribute__((cleanup(sr_conn_table_close)))

/*
 * Have every page of a new table mapped. The kernel has done so, but a hypervisor that
 * keeps page tables of its own maps a page when it is touched first, and takes its time:
 * there 0.2 s for the usual size, in proportion to it; elsewhere a fifth of that.
 */
void sr_conn_table_touch(int fd);

/*
 * Call `visit` with a copy of each entry, dead ones too, as one of this version's.
 * Stops at its first negative return. 0 or -errno.
 */
int sr_conn_table_each(const struct sr_conn_table *table, int (*visit)(const struct sr_conn *entry, void *context),
		       void *context);

/* A copy of a tuple's entry; false: there is none. */
bool sr_conn_table_get(const struct sr_conn_table *table, const struct sr_tuple *tuple, struct sr_conn *out);

/* 0, -EEXIST: the tuple has an entry; -ENOSPC: there is no room, or -errno. */
int sr_conn_table_insert(struct sr_conn_table *table, const struct sr_conn *entry, const struct sr_conn_clock *clock);
/* What is there is called with `change` in place; 0, also if there is none, or -errno. */
int sr_conn_table_change(struct sr_conn_table *table, const struct sr_tuple *tuple,
			 void (*change)(struct sr_conn *entry, const void *context), const void *context);
/* 0, also if there was none, or -errno. */
int sr_conn_table_remove(struct sr_conn_table *table, const struct sr_tuple *tuple);

#endif
