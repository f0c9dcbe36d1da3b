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

struct sr_tables;

/* What a map holds, and so what becomes of it where it is replaced (migration.h). */
enum sr_content {
	SR_CONTENT_GIVEN,	/* svcroute's: the programs only read it */
	SR_CONTENT_LEARNT,	/* the programs' */
	SR_CONTENT_CONNECTIONS, /* theirs, and missed at once */
	SR_CONTENT_NOTES,	/* all's: of what there is, and where none were kept it may be anything */
	SR_CONTENT_REASONS,	/* theirs, and told by numbers of reasons, which are a version's own */
};

/*
 * The maps of bpf/maps.h, each pinned as maps/NAME: X(code, name, size of a key, of
 * a value, content). `trace` takes the programs at our word, and lends them what is
 * given.
 */
#define SR_MAPS(X)                                                                                                     \
	X(ADDRESSES, "sr_addresses", sizeof(struct sr_addr), sizeof(struct sr_address), GIVEN)                         \
	X(ANNOUNCED, "sr_announced", sizeof(struct sr_announced_key), sizeof(struct sr_announced), GIVEN)              \
	X(SOURCES, "sr_sources", sizeof(struct sr_source_key), sizeof(__u32), GIVEN)                                   \
	X(NODES, "sr_nodes", sizeof(struct sr_addr), sizeof(struct sr_node), GIVEN)                                    \
	X(AFFINITY, "sr_affinity", sizeof(struct sr_affinity_key), sizeof(struct sr_affinity), LEARNT)                 \
	X(FLOOD, "sr_flood", sizeof(__u32), sizeof(struct sr_flood), REASONS)                                          \
	X(TRUSTED, "sr_trusted", sizeof(struct sr_addr), sizeof(__u32), LEARNT)                                        \
	X(REFUSALS, "sr_refusals", sizeof(struct sr_addr), sizeof(struct sr_refusal_budget), LEARNT)                   \
	X(FRONTENDS, "sr_frontends", sizeof(struct sr_frontend_key), sizeof(struct sr_frontend), GIVEN)                \
	X(SERVICES, "sr_services", sizeof(__u32), sizeof(struct sr_service_entry), GIVEN)                              \
	X(SLOTS, "sr_slots", sizeof(__u32), sizeof(__u32), GIVEN)                                                      \
	X(BACKENDS, "sr_backends", sizeof(__u32), sizeof(struct sr_backend), GIVEN)                                    \
	X(CONNS, "sr_conns", sizeof(__u32), sizeof(struct sr_conn_set), CONNECTIONS)                                   \
	X(BLOOM, "sr_bloom", sizeof(__u32), sizeof(struct sr_bloom), NOTES)                                            \
	X(DEVICES, "sr_devices", sizeof(__u32), sizeof(struct sr_device), GIVEN)                                       \
	X(FRAGMENTS, "sr_fragments", sizeof(struct sr_fragment_key), sizeof(struct sr_fragment), LEARNT)               \
	X(PATHS, "sr_paths", sizeof(struct sr_addr), sizeof(struct sr_path), LEARNT)                                   \
	X(SOCKETS, "sr_sockets", sizeof(struct sr_socket_key), sizeof(struct sr_socket), LEARNT)                       \
	X(TAKEOVER, "sr_takeover", sizeof(__u32), sizeof(struct sr_takeover), GIVEN)                                   \
	X(COUNTERS, "sr_counters", sizeof(__u32), sizeof(struct sr_counter), REASONS)                                  \
	X(MONITOR, "sr_monitor", sizeof(__u32), sizeof(struct sr_monitor), REASONS)                                    \
	X(EVENTS, "sr_events", 0, 0, REASONS)                                                                          \
	X(INFO, "sr_info", sizeof(__u32), sizeof(struct sr_service_info), GIVEN)                                       \
	X(SETTINGS, "sr_settings", sizeof(__u32), sizeof(struct sr_settings_blob), GIVEN)

enum sr_map {
#define X(code, name, key_size, value_size, content) SR_MAP_##code,
	SR_MAPS(X)
#undef X
		SR_MAP_MAX,
};

struct sr_map_shape {
	uint32_t key_size;
	uint32_t value_size;
	enum sr_content content;
};

extern const char *const sr_map_names[SR_MAP_MAX];
extern const struct sr_map_shape sr_map_shapes[SR_MAP_MAX];

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
	/* sr_reasons_hash() of the version whose programs count. */
	uint64_t reasons;
	/* 1: whoever entered a connection or a frontend, or led a socket, has noted it in sr_bloom. */
	uint64_t keeps_notes;
	/* sr_programs_hash() of who loaded last. */
	uint64_t programs;
};

struct sr_conn_table;

struct sr_datapath {
	char instance[SR_INSTANCE_NAME_SIZE];
	char folder[SR_PIN_PATH_SIZE];
	enum sr_access access;
	bool is_new;	    /* this process made it */
	bool is_taken_over; /* or found it another version's */
	int lock_fd;	    /* the folder, locked; -1 when only read */
	int state_fd;
	int map_fd[SR_MAP_MAX];
	struct sr_tables *tables;    /* sr_tables_keep()'s, or NULL */
	struct sr_conn_table *conns; /* of sr_conns; NULL: not yet asked for */
	struct sr_bloom *bloom;	     /* the map, to be written; NULL: the instance is only read */
};

/* Does an instance of our layout serve another network namespace than this process's? */
bool sr_state_is_elsewhere(const struct sr_datapath *datapath);

/* Read or write the one element of map `sr_instance`. */
int sr_state_read(const struct sr_datapath *datapath, struct sr_state *out, struct sr_error *err);
int sr_state_write(const struct sr_datapath *datapath, const struct sr_state *state, struct sr_error *err);

/* What the reasons of sr_counters and sr_events are, and in which order. Never 0. */
uint64_t sr_reasons_hash(void);

/* "another version's: 'svcroute load' makes it this one's": -EPROTO. */
int sr_state_refuse(const struct sr_datapath *datapath, struct sr_error *err);

/*
 * Open the instance's `sr_instance`; to load, make it with fresh seeds, or what
 * another version knew of it this one's. -ENOENT: there is none and it is not to
 * be loaded; -EPROTO: another layout, or devices of another network namespace.
 */
int sr_state_open(struct sr_datapath *datapath, bool load, struct sr_error *err);

#endif
