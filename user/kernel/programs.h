/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs by name, where each belongs, and how they get into the kernel.
 */
#ifndef SVCROUTE_KERNEL_PROGRAMS_H
#define SVCROUTE_KERNEL_PROGRAMS_H

#include "kernel/datapath.h"

enum sr_place {
	SR_PLACE_UPLINK_XDP,
	SR_PLACE_UPLINK,
	SR_PLACE_UPLINK_BARE, /* one without a link header */
	SR_PLACE_POD,
	SR_PLACE_CGROUP,
};

struct sr_program {
	const char *name;
	const char *hook; /* for people: "tc ingress" */
	enum sr_place place;
	int attach_type; /* enum bpf_attach_type, by number where headers are older than the kernel */
};

/* tcx (Linux 6.6); the headers of Debian 12 do not have them. */
#define SR_BPF_TCX_INGRESS 46
#define SR_BPF_TCX_EGRESS  47

#define SR_NUM_PROGRAMS 18
/* In the order in which a packet from outside meets them. */
extern const struct sr_program sr_programs[SR_NUM_PROGRAMS];

/* The program of a name, or NULL. */
const struct sr_program *sr_program_find(const char *name);

/* A new fd of a pinned program, or -errno with `err`. */
int sr_program_open(const struct sr_datapath *datapath, const char *name, struct sr_error *err);

/* Id of a program by fd, 0 if it has none. */
uint32_t sr_program_id(int fd);

/*
 * Make what maps are missing and load the programs, unless what is pinned is
 * just that: same object, same configuration, same maps.
 */
int sr_programs_load(struct sr_datapath *datapath, const struct sr_datapath_config *config, struct sr_error *err);

/*
 * Programs for an instance that is not there yet, loaded by a thread while the
 * caller does other things than to use this header: the verifier takes its time.
 * With `config->ahead` sr_programs_load() takes them, if the instance is new and
 * `config` is else the same. NULL: they could not be begun; what is wrong shows
 * when they are loaded.
 */
struct sr_programs_ahead *sr_programs_begin(const struct sr_datapath_config *config);
/*
 * Let go of what was not taken. NULL is allowed. A thread that is still at it is left
 * alone, with what it has: the process is about to end.
 */
void sr_programs_forget(struct sr_programs_ahead *ahead);

/* The BPF object, as it was compiled into this program. */
const void *sr_programs_elf(size_t *size);
/* What tells it from another version's. Never 0. */
uint64_t sr_programs_hash(void);

#endif
