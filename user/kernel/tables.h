/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The three mmapped arrays, and which of their entries mean something.
 *
 * There is no allocator that could be wrong after a crash: what is in use is
 * found anew each time, from what is referred to. A service lives while it has
 * an info entry; a slot while a living service's run holds it; a backend while
 * such a slot names it or, where it is in no set, its living service owns it.
 */
#ifndef SVCROUTE_KERNEL_TABLES_H
#define SVCROUTE_KERNEL_TABLES_H

#include "kernel/datapath.h"

/* The kernel rounds an array's elements up to 8 bytes. */
struct sr_slot {
	__u32 backend;
	__u32 unused;
};

struct sr_tables {
	struct sr_service_entry *service;
	struct sr_slot *slot;
	struct sr_backend *backend;
	uint32_t max_services;
	uint32_t max_slots;
	uint32_t max_backends;
	uint8_t *service_live; /* by index: 1 if it lives */
	uint8_t *slot_live;
	uint8_t *backend_live;
};

/* Map the arrays (to be written, if the datapath is) and mark what lives. */
int sr_tables_open(struct sr_tables *out, const struct sr_datapath *datapath, struct sr_error *err);
void sr_tables_close(struct sr_tables *tables);
#define sr_autotables __attribute__((cleanup(sr_tables_close)))

/*
 * The same for a writer, who alone may change them as long as it holds the lock:
 * they stay open until the datapath is closed, so that a second plan does not
 * look through all of them again. Who writes keeps the marks true, or drops them.
 */
int sr_tables_keep(struct sr_tables **out, struct sr_datapath *datapath, struct sr_error *err);
void sr_tables_drop(struct sr_datapath *datapath);
/* The slots of a run are no longer in use. */
void sr_tables_unmark_run(struct sr_tables *tables, uint64_t run);

/* The run of one of a service's sets, or 0 (no slots) if it leads out of the array. */
uint64_t sr_tables_run(const struct sr_tables *tables, uint32_t service, enum sr_set set);

/* Give a backend back: from now on its generation is even. */
void sr_tables_free_backend(struct sr_tables *tables, uint32_t backend);

/* No packet that is under way now is so any longer when this returns. */
void sr_tables_wait_for_packets(void);

/* Free what a killed process wrote but did not come to refer to. */
int sr_tables_mend(struct sr_datapath *datapath, struct sr_error *err);

#endif
