/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The insides of an instance, for the files of kernel/ only: its folder on
 * bpffs, its maps, and the few facts it must remember.
 */
#ifndef SVCROUTE_KERNEL_INSTANCE_H
#define SVCROUTE_KERNEL_INSTANCE_H

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/datapath.h"
#include "kernel/pins.h"

/*
 * The maps of bpf/maps.h, each pinned as maps/NAME; and who writes to them once they
 * are loaded: svcroute alone, or the programs too. `trace` takes the programs at our
 * word: it lends them the former.
 */
#define SR_MAPS(X)                                                                                                     \
	X(ADDRESSES, "sr_addresses", SVCROUTE)                                                                         \
	X(ANNOUNCED, "sr_announced", SVCROUTE)                                                                         \
	X(SOURCES, "sr_sources", SVCROUTE)                                                                             \
	X(NODES, "sr_nodes", SVCROUTE)                                                                                 \
	X(AFFINITY, "sr_affinity", PROGRAMS)                                                                           \
	X(REFUSALS, "sr_refusals", PROGRAMS)                                                                           \
	X(FRONTENDS, "sr_frontends", SVCROUTE)                                                                         \
	X(SERVICES, "sr_services", SVCROUTE)                                                                           \
	X(SLOTS, "sr_slots", SVCROUTE)                                                                                 \
	X(BACKENDS, "sr_backends", SVCROUTE)                                                                           \
	X(CONNS, "sr_conns", PROGRAMS)                                                                                 \
	X(CONNS_NEW, "sr_conns_new", PROGRAMS)                                                                         \
	X(DEVICES, "sr_devices", SVCROUTE)                                                                             \
	X(FRAGMENTS, "sr_fragments", PROGRAMS)                                                                         \
	X(SOCKETS, "sr_sockets", PROGRAMS)                                                                             \
	X(TAKEOVER, "sr_takeover", SVCROUTE)                                                                           \
	X(COUNTERS, "sr_counters", PROGRAMS)                                                                           \
	X(MONITOR, "sr_monitor", PROGRAMS)                                                                             \
	X(EVENTS, "sr_events", PROGRAMS)                                                                               \
	X(INFO, "sr_info", SVCROUTE)                                                                                   \
	X(SETTINGS, "sr_settings", SVCROUTE)

enum sr_map {
#define X(code, name, writer) SR_MAP_##code,
	SR_MAPS(X)
#undef X
		SR_MAP_MAX,
};

enum sr_map_writer {
	SR_WRITER_SVCROUTE,
	SR_WRITER_PROGRAMS,
};

extern const char *const sr_map_names[SR_MAP_MAX];
extern const enum sr_map_writer sr_map_writers[SR_MAP_MAX];

#define SR_KEY_SEEDS 10

/*
 * What an instance must remember and no program reads: map `sr_instance`, an
 * array of one that only kernel/ knows. It is made before all else, so that
 * another layout is seen before anything is touched.
 */
struct sr_state {
	uint32_t layout; /* SR_LAYOUT_VERSION of who made the instance */
	/* Indexes from here up were never used: taking one needs no grace. */
	uint32_t fresh_service;
	uint32_t fresh_backend;
	uint32_t fresh_slot;
	/* Of the programs in progs/; 0 while they are being replaced. */
	uint64_t fingerprint;
	/* Keys of connections are hashed with these: they outlive programs. */
	uint64_t key_seed[SR_KEY_SEEDS];
	/* Cookie of the network namespace whose devices it serves. */
	uint64_t netns;
	/* What the programs were told: connections over TCP end with their endpoint. */
	uint64_t terminate;
};

struct sr_datapath {
	char instance[SR_INSTANCE_NAME_SIZE];
	char folder[SR_PIN_PATH_SIZE];
	enum sr_access access;
	bool is_new; /* this process made it */
	int lock_fd; /* the folder, locked; -1 when only read */
	int state_fd;
	int map_fd[SR_MAP_MAX];
};

/* Does an instance of our layout serve another network namespace than this process's? */
bool sr_state_is_elsewhere(const struct sr_datapath *datapath);

/* Read or write the one element of map `sr_instance`. */
int sr_state_read(const struct sr_datapath *datapath, struct sr_state *out, struct sr_error *err);
int sr_state_write(const struct sr_datapath *datapath, const struct sr_state *state, struct sr_error *err);

/*
 * Open the instance's `sr_instance`, or make it with fresh seeds. -ENOENT:
 * there is none and `create` is false; -EPROTO: another layout,
 * or devices of another network namespace.
 */
int sr_state_open(struct sr_datapath *datapath, bool create, struct sr_error *err);

#endif
