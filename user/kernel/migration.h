/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Maps of another shape, that is of another version whose values are longer or
 * shorter, or of another size: a new one is made, and what the old one holds is
 * carried over while packets flow.
 *
 *  1. What svcroute writes is copied, and of what packets write, too, all but
 *     connections. Nothing of the instance has been touched yet.
 *  2. The old map is pinned as NAME_beside, the new one as NAME. Programs are
 *     loaded that look for connections in the new tables, then in the old, and
 *     write new ones to both (bpf/table.h).
 *  3. The hooks change to these one by one: sr_attach_apply().
 *  4. When no packet is left in the former programs: the last copy, of what the
 *     new maps do not have. The old ones are unpinned, and programs that know of
 *     no others are loaded: sr_datapath_settle(). Hooks change once more.
 *
 * Who is killed in between leaves NAME_beside, and the next load goes on from
 * there, in whichever direction: where the old map is what is wanted after all,
 * the two change places.
 */
#ifndef SVCROUTE_KERNEL_MIGRATION_H
#define SVCROUTE_KERNEL_MIGRATION_H

#include "kernel/instance.h"

struct bpf_object;

struct sr_migration {
	int use[SR_MAP_MAX];	/* fd: what is pinned, or beside, and is right; -1: it has to be made */
	int beside[SR_MAP_MAX]; /* fd: what is there in another shape; -1: nothing */
	bool is_pinned;		/* every map of `use` bears its name */
	bool has_notes;		/* what is noted may be all there is: sr_state.keeps_notes */
	/* Of the former table of connections: sets, bytes of an entry, 64-bit words that these have in common with
	 * ours. */
	uint32_t sets, stride, words; /* 0: it is not replaced */
};

/* Where nothing is replaced, there are no maps beside. 0 or -errno. */
int sr_migration_leave_out(struct bpf_object *object);

/* Where there were no maps. */
void sr_migration_of_nothing(struct sr_migration *out);

/*
 * Find out what of the object's maps, whose sizes are set, can be used as it is
 * pinned, and have the object use it. -EPROTO: what is there cannot be carried over.
 * To be cleared in any case.
 */
int sr_migration_begin(struct sr_migration *out, const struct sr_datapath *datapath, struct bpf_object *object,
		       struct sr_error *err);
void sr_migration_clear(struct sr_migration *migration);
#define sr_automigration __attribute__((cleanup(sr_migration_clear)))

/* The object is loaded: step 1. -ENOSPC: more is in use than the new size. */
int sr_migration_copy(const struct sr_migration *migration, const struct bpf_object *object,
		      const struct sr_state *state, struct sr_error *err);

/* Pin the object's maps, and the others beside them. */
int sr_migration_pin(const struct sr_migration *migration, const struct sr_datapath *datapath,
		     const struct bpf_object *object, struct sr_error *err);

/* Step 4, but for the programs. Returns how many maps there were beside, or -errno. */
int sr_migration_finish(struct sr_datapath *datapath, struct sr_error *err);

/* Is step 4 still to come? */
bool sr_migration_is_open(const struct sr_datapath *datapath);

#endif
